/**
 * Sending from the leased address through an ordinary UDP socket, as RENEWING and DHCPRELEASE
 * require (RFC 2131 section 4.4.4).
 *
 * The kernel finds the route and the server's hardware address, and servers on ordinary sockets
 * accept the packet.
 *
 * Nothing is read from the socket: a packet socket receives the reply, broadcast or not. While the
 * socket is open, the kernel does not answer a unicast reply with "port unreachable".
 *
 * @module
 */

import { formatIpAddress } from "../net/ip_address.ts";
import type { Ipv4Address } from "../net/ipv4_address.ts";
import { DROP_ALL } from "../net/packet_filter.ts";
import { type Descriptor, prepared } from "./descriptor.ts";
import { isErrno } from "./errno.ts";
import { type Netns, withNetns } from "./netns.ts";
import { flushed, isFlushed } from "./output_queue.ts";
import {
  attachFilter,
  bindSocket,
  bindToDevice,
  openSocket,
  sendTo,
  setOption,
  SOCK,
  SOL_SOCKET,
} from "./socket.ts";
import { AF, inetAddress } from "./socket_address.ts";

const SO_REUSEADDR = 2;
const CLIENT_PORT = 68;
const SERVER_PORT = 67;
/** The socket cannot be bound to address, port and interface. */
const UNUSABLE = ["EADDRNOTAVAIL", "EADDRINUSE", "EACCES", "EPERM"];

/**
 * An open socket on port 68 of the leased address. It keeps its namespace alive until it is
 * disposed of.
 */
export class UnicastSocket implements Disposable {
  readonly #descriptor: Descriptor;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
  }

  /**
   * Sends a datagram to port 67 of `server`.
   *
   * @throws {SyscallError} ENETUNREACH or EHOSTUNREACH if there is no route, ENETDOWN if the link
   *   is down.
   */
  send(payload: Uint8Array, server: Ipv4Address): void {
    sendTo(this.#descriptor, payload, {
      address: inetAddress(server, SERVER_PORT),
      subject: `${formatIpAddress(server)}:${SERVER_PORT}`,
    });
  }

  /**
   * Returns whether everything that was sent has left the host. Until then it may wait for the
   * server's hardware address, for example.
   */
  isFlushed(): boolean {
    return isFlushed(this.#descriptor);
  }

  /**
   * Waits until everything that was sent has left the host. After that the interface may be
   * removed.
   *
   * @returns False if that takes longer than `timeoutMs`, or the socket is closed first.
   */
  async flushed(timeoutMs: number): Promise<boolean> {
    return await flushed(this.#descriptor, timeoutMs);
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

/**
 * Opens the socket in a namespace.
 *
 * @returns Undefined if the address is not on the interface, another program uses the port, or this
 *   one may not use it (CAP_NET_BIND_SERVICE). A packet socket can send then.
 * @throws {SyscallError} if it fails otherwise.
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
    if (isErrno(error, ...UNUSABLE)) return undefined;
    throw error;
  }
}
