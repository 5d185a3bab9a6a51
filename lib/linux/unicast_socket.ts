/**
 * Sending from the leased address with an ordinary UDP socket, as RENEWING and RELEASE need it (RFC 2131 section 4.4.4):
 * the kernel finds the route and the server's hardware address, and servers on ordinary sockets accept the packet.
 *
 * Nothing is read from it: a packet socket sees the reply, also when it is broadcast. While it is open, the kernel does not
 * answer a unicast reply with "port unreachable". @module
 */

import { formatIpAddress } from "../net/ip_address.ts";
import { type Ipv4Address, ipv4Bits } from "../net/ipv4_address.ts";
import { DROP_ALL } from "../net/packet_filter.ts";
import { type Descriptor, prepared } from "./descriptor.ts";
import { checked, isErrno } from "./errno.ts";
import { libc, pinnedBytes } from "./libc.ts";
import { type Netns, withNetns } from "./netns.ts";
import {
  AF,
  attachFilter,
  bindSocket,
  bindToDevice,
  openSocket,
  sendTo,
  setOption,
  SOCK,
  SOL_SOCKET,
} from "./socket.ts";

const SO_REUSEADDR = 2;
/** ioctl: bytes that were sent and have not left the host. */
const SIOCOUTQ = 0x5411n;
const CLIENT_PORT = 68;
const SERVER_PORT = 67;
const FIRST_LOOK_MS = 1;

/** An open socket on port 68 of the leased address. It keeps its namespace alive until disposed. */
export class UnicastSocket implements Disposable {
  readonly #descriptor: Descriptor;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /**
   * Sends a datagram to port 67 of `server`.
   *
   * @throws {SyscallError} ENETUNREACH or EHOSTUNREACH if no way leads there, ENETDOWN if the link is down.
   */
  send(payload: Uint8Array, server: Ipv4Address): void {
    sendTo(this.#descriptor, payload, {
      address: inetAddress(server, SERVER_PORT),
      subject: `${formatIpAddress(server)}:${SERVER_PORT}`,
    });
  }

  /** Whether all that was sent has left the host; until then it waits for the server's hardware address, for instance. */
  isFlushed(): boolean {
    const pending = new Int32Array(1);
    checked(libc().ioctl(this.#descriptor.fd, SIOCOUTQ, pending), "ioctl");
    return pending[0] === 0;
  }

  /**
   * Waits until all that was sent has left the host: after that the interface may go.
   *
   * @returns Whether it did within `timeoutMs`; false too if the socket is closed meanwhile, when nobody can tell.
   */
  async flushed(timeoutMs: number): Promise<boolean> {
    let leftMs = timeoutMs;
    for (let pauseMs = FIRST_LOOK_MS;; pauseMs *= 2) {
      if (this.#descriptor.isClosed) return false;
      if (this.isFlushed()) return true;
      if (leftMs <= 0) return false;
      const waitMs = Math.min(pauseMs, leftMs);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      leftMs -= waitMs;
    }
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

/**
 * Opens the socket in a namespace.
 *
 * @returns Undefined if the address is not on the interface (any more), or another program there has the port; a packet
 *   socket can still send.
 * @throws {SyscallError} If it fails otherwise.
 */
export function openUnicastSocket(
  netns: Netns,
  { address, ifName }: {
    readonly address: Ipv4Address;
    readonly ifName: string;
  },
): UnicastSocket | undefined {
  const socket = withNetns(netns, () => openSocket(AF.INET, SOCK.DGRAM));
  const subject = `${formatIpAddress(address)}:${CLIENT_PORT}`;
  try {
    return new UnicastSocket(
      prepared(socket, () => {
        attachFilter(socket, DROP_ALL);
        setOption(socket, { level: SOL_SOCKET, name: SO_REUSEADDR, value: 1 });
        bindToDevice(socket, ifName);
        bindSocket(socket, inetAddress(address, CLIENT_PORT), subject);
      }),
    );
  } catch (error) {
    if (isErrno(error, "EADDRNOTAVAIL", "EADDRINUSE")) return undefined;
    throw error;
  }
}

/** `struct sockaddr_in { u16 family; be16 port; be32 addr; u8 zero[8]; }` */
function inetAddress(
  address: Ipv4Address,
  port: number,
): Uint8Array<ArrayBuffer> {
  const bytes = pinnedBytes(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF.INET, true);
  view.setUint16(2, port);
  view.setUint32(4, ipv4Bits(address));
  return bytes;
}
