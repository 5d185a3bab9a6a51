/**
 * AF_PACKET sockets: whole packets on one interface of a namespace, even before it has an address
 * (packet(7)).
 *
 * @module
 */

import type { ChecksumPolicy } from "../net/ipv4_udp.ts";
import type { BpfInstruction } from "../net/packet_filter.ts";
import { closeInBackground } from "./background_close.ts";
import { findControlMessage } from "./control_message.ts";
import { type Descriptor, prepared } from "./descriptor.ts";
import { isErrno } from "./errno.ts";
import { MessageReceiver } from "./message_receiver.ts";
import { type Netns, withNetns } from "./netns.ts";
import {
  attachFilter,
  bindSocket,
  openSocket,
  sendTo,
  setOption,
  setReceiveQueue,
  SOCK,
} from "./socket.ts";
import { AF, hardwareAddressOf, linkLayerAddress } from "./socket_address.ts";

const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
const PACKET_IGNORE_OUTGOING = 23;
/**
 * All protocols (linux/if_ether.h). A socket that is bound to a single one does not receive frames
 * that a bridge or tc(8) takes from the interface.
 */
const ETH_P_ALL = 0x0003;
/** The sender left the checksum to the network card, and the packet passed none (veth, bridge). */
const TP_STATUS_CSUMNOTREADY = 1 << 3;

/** The size of the largest IPv4 packet. */
const RECEIVE_BYTES = 0x10000;

/**
 * Enough for about a thousand replies of a hostile neighbor, so that they do not crowd out the
 * server's while the process does not run. Linux's default is enough for some 200.
 */
const RECEIVE_QUEUE_BYTES = 512 * 1024;

/** How many packets are received before other descriptors get their turn. */
const PACKETS_PER_TURN = 64;

/** What a packet socket sends and receives. */
export interface PacketSocketOptions {
  /** Index of the interface. */
  readonly ifIndex: number;
  /** The protocol of the packets that it sends, one of `ETHER_TYPE`. */
  readonly etherType: number;
  /**
   * Which packets to receive, of all protocols. It is given them from the network header on, and
   * may be given those that the host sends.
   */
  readonly filter: readonly BpfInstruction[];
}

/**
 * A received packet. The arrays are views that the next `receive` on any packet socket overwrites.
 */
export interface ReceivedPacket {
  /** From the network header on. */
  readonly packet: Uint8Array;
  /** Hardware address of the sender. */
  readonly sender: Uint8Array;
  /** Whether the UDP checksum can be verified. */
  readonly checksum: ChecksumPolicy;
}

/** Shared by all sockets: a packet is decoded before the next one is received. */
let receiver: MessageReceiver | undefined;

/**
 * An open packet socket; its `descriptor` can be watched by the event loop. It keeps its namespace
 * alive until it is disposed of.
 */
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

  /** Receives only what `filter` passes from now on. Packets that are queued already stay. */
  setFilter(filter: readonly BpfInstruction[]): void {
    attachFilter(this.descriptor, filter);
  }

  /**
   * Sends a packet.
   *
   * @param packet From the network header on; the kernel adds the link header.
   * @param destination Hardware address to send to.
   * @throws {SyscallError} ENETDOWN if the link is down, ENXIO if it is gone, ENOBUFS or EAGAIN if
   *   it is congested.
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
   * Receives the next packet. Does not block. Packets longer than 64 KiB are dropped.
   *
   * @returns Undefined if there is none, or the link went down. The socket receives again when the
   *   link is up.
   * @throws {SyscallError} as recvmsg(2) fails otherwise.
   */
  receive(): ReceivedPacket | undefined {
    receiver ??= new MessageReceiver(RECEIVE_BYTES);
    for (;;) {
      const message = this.#next(receiver);
      if (message === undefined) return undefined;
      if (message.isTruncated) continue;
      const { bytes, sender, control } = message;
      const status =
        findControlMessage(control, SOL_PACKET, PACKET_AUXDATA)?.getUint32(
          0,
          true,
        ) ?? 0;
      return {
        packet: bytes,
        sender: hardwareAddressOf(sender),
        checksum: (status & TP_STATUS_CSUMNOTREADY) !== 0 ? "skip" : "verify",
      };
    }
  }

  /**
   * Receives the queued packets until the socket is closed, but no more than 64: any host on the
   * link can send packets without end.
   */
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
      // The kernel reports it once each time the link goes down.
      if (isErrno(error, "ENETDOWN")) return undefined;
      throw error;
    }
  }

  /** Closes it in the background, because that takes the kernel some 10 ms. */
  [Symbol.dispose](): void {
    closeInBackground(this.descriptor);
  }
}

/**
 * Opens a packet socket in a namespace.
 *
 * It receives nothing before its filter is in place: with protocol 0 a socket receives nothing
 * until it is bound.
 *
 * @throws {SyscallError} ENODEV if there is no such interface; EPERM without CAP_NET_RAW in the
 *   namespace.
 */
export function openPacketSocket(
  netns: Netns,
  options: PacketSocketOptions,
): PacketSocket {
  const { ifIndex, filter } = options;
  const address = linkLayerAddress({
    etherType: ETH_P_ALL,
    ifIndex,
    hardwareAddress: new Uint8Array(0),
  });
  const socket = withNetns(netns, () => openSocket(AF.PACKET, SOCK.DGRAM));
  return new PacketSocket(
    prepared(socket, () => {
      attachFilter(socket, filter);
      setOption(socket, { level: SOL_PACKET, name: PACKET_AUXDATA, value: 1 });
      ignoreOutgoing(socket);
      setReceiveQueue(socket, RECEIVE_QUEUE_BYTES);
      bindSocket(socket, address, `interface ${ifIndex}`);
    }),
    options,
  );
}

/** Saves the kernel a copy of each packet that the host sends; the filter drops them anyway. */
function ignoreOutgoing(socket: Descriptor): void {
  const level = SOL_PACKET;
  try {
    setOption(socket, { level, name: PACKET_IGNORE_OUTGOING, value: 1 });
  } catch (error) {
    // Linux before 4.20 does not have it.
    if (!isErrno(error, "ENOPROTOOPT")) throw error;
  }
}
