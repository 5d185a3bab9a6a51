/** AF_PACKET sockets: whole packets on one interface of a namespace, before it has an address (packet(7)). @module */

import type { ChecksumPolicy } from "../net/ipv4_udp.ts";
import type { BpfInstruction } from "../net/packet_filter.ts";
import { closeInBackground } from "./background_close.ts";
import { findControlMessage } from "./control_message.ts";
import { type Descriptor, prepared } from "./descriptor.ts";
import { isErrno } from "./errno.ts";
import { pinnedBytes } from "./libc.ts";
import { MessageReceiver } from "./message_receiver.ts";
import { type Netns, withNetns } from "./netns.ts";
import {
  AF,
  attachFilter,
  bindSocket,
  openSocket,
  sendTo,
  setOption,
  SOCK,
} from "./socket.ts";

/** What a packet socket can be bound to (linux/if_ether.h). */
export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806 } as const;

const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
/** The sender left the checksum to the network card, and none was passed (veth, bridge). */
const TP_STATUS_CSUMNOTREADY = 1 << 3;

/**
 * ```text
 * struct sockaddr_ll { u16 family; be16 protocol; i32 ifindex; u16 hatype; u8 pkttype; u8 halen; u8 addr[8 or halen]; }
 * ```
 */
const SOCKADDR_LL = 12;
const MIN_ADDRESS = 8;

/** The largest IPv4 packet. */
const RECEIVE_BYTES = 0x10000;

/** How many are taken before others get their turn. */
const PACKETS_PER_TURN = 64;

/** What a packet socket is bound to. */
export interface PacketSocketOptions {
  /** Number of the interface. */
  readonly ifIndex: number;
  /** One of {@link ETHER_TYPE}. */
  readonly etherType: number;
  /** What to receive; it sees packets from the network header on. */
  readonly filter: readonly BpfInstruction[];
}

/** A received packet. The arrays are views, overwritten by the next `receive` on any packet socket. */
export interface ReceivedPacket {
  /** From the network header on. */
  readonly packet: Uint8Array;
  /** Hardware address of the sender. */
  readonly sender: Uint8Array;
  /** How to judge the UDP checksum. */
  readonly checksum: ChecksumPolicy;
}

/** One for all sockets: a packet is looked at before the next is taken. */
let receiver: MessageReceiver | undefined;

/** An open packet socket. Register its `descriptor` with the event loop; it keeps its namespace alive until disposed. */
export class PacketSocket implements Disposable {
  readonly #ifIndex: number;
  readonly #etherType: number;

  constructor(
    readonly descriptor: Descriptor,
    { ifIndex, etherType }: PacketSocketOptions,
  ) {
    this.#ifIndex = ifIndex;
    this.#etherType = etherType;
  }

  /** Receives only what `filter` passes, from now on. What waits already stays. */
  setFilter(filter: readonly BpfInstruction[]): void {
    attachFilter(this.descriptor, filter);
  }

  /**
   * Sends a packet.
   *
   * @param packet From the network header on; the kernel adds the link's.
   * @param destination Hardware address to send to.
   * @throws {SyscallError} ENETDOWN if the link is down, ENXIO if it is gone, ENOBUFS or EAGAIN if it is congested.
   */
  send(packet: Uint8Array, destination: Uint8Array): void {
    const address = linkLayerAddress({
      etherType: this.#etherType,
      ifIndex: this.#ifIndex,
      hardwareAddress: destination,
    });
    sendTo(this.descriptor, packet, { address, subject: "packet" });
  }

  /**
   * Takes the next packet; never waits. Packets that were longer than 64 KiB are left out.
   *
   * @returns Undefined if there is none, or the link went down; the socket receives again when it is up.
   * @throws {SyscallError} If it is broken otherwise.
   */
  receive(): ReceivedPacket | undefined {
    receiver ??= new MessageReceiver(RECEIVE_BYTES);
    for (;;) {
      const message = this.#next(receiver);
      if (message === undefined) return undefined;
      if (message.isTruncated) continue;
      const { bytes, name, control } = message;
      const status =
        findControlMessage(control, SOL_PACKET, PACKET_AUXDATA)?.getUint32(
          0,
          true,
        ) ?? 0;
      return {
        packet: bytes,
        sender: name.subarray(SOCKADDR_LL, SOCKADDR_LL + (name[11] ?? 0)),
        checksum: (status & TP_STATUS_CSUMNOTREADY) !== 0 ? "skip" : "verify",
      };
    }
  }

  /** What waits, until the socket is closed, but no more than 64 packets: anybody on the link can send as many as it likes. */
  *receiveSome(): Generator<ReceivedPacket> {
    for (let count = 0; count < PACKETS_PER_TURN; count++) {
      const received = this.descriptor.isClosed ? undefined : this.receive();
      if (received === undefined) return;
      yield received;
    }
  }

  #next(receiver: MessageReceiver): ReturnType<MessageReceiver["receive"]> {
    try {
      return receiver.receive(this.descriptor);
    } catch (error) {
      // Reported once for each time that the link goes down.
      if (isErrno(error, "ENETDOWN")) return undefined;
      throw error;
    }
  }

  /** Closes it, in the background because that takes the kernel some 10 ms. */
  [Symbol.dispose](): void {
    closeInBackground(this.descriptor);
  }
}

/**
 * Opens a packet socket in a namespace.
 *
 * It receives nothing before its filter is in place: a socket of protocol 0 is not connected to the interface until it is
 * bound, so there is nothing unfiltered to throw away.
 *
 * @throws {SyscallError} ENODEV if there is no such interface; EPERM without CAP_NET_RAW in the namespace.
 */
export function openPacketSocket(
  netns: Netns,
  options: PacketSocketOptions,
): PacketSocket {
  const { ifIndex, etherType, filter } = options;
  const address = linkLayerAddress({
    etherType,
    ifIndex,
    hardwareAddress: new Uint8Array(0),
  });
  const socket = withNetns(netns, () => openSocket(AF.PACKET, SOCK.DGRAM));
  return new PacketSocket(
    prepared(socket, () => {
      attachFilter(socket, filter);
      setOption(socket, { level: SOL_PACKET, name: PACKET_AUXDATA, value: 1 });
      bindSocket(socket, address, `interface ${ifIndex}`);
    }),
    options,
  );
}

function linkLayerAddress({ etherType, ifIndex, hardwareAddress }: {
  readonly etherType: number;
  readonly ifIndex: number;
  readonly hardwareAddress: Uint8Array;
}): Uint8Array<ArrayBuffer> {
  const address = pinnedBytes(
    SOCKADDR_LL + Math.max(MIN_ADDRESS, hardwareAddress.length),
  );
  const view = new DataView(address.buffer);
  view.setUint16(0, AF.PACKET, true);
  view.setUint16(2, etherType);
  view.setInt32(4, ifIndex, true);
  view.setUint8(11, hardwareAddress.length);
  address.set(hardwareAddress, SOCKADDR_LL);
  return address;
}
