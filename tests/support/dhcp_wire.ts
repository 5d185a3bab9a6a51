/** A capture of the DHCP messages that clients send to an interface. @module */

import {
  decodeMessage,
  type DhcpMessage,
  messageTypeName,
  SERVER_PORT,
} from "../../lib/dhcp/codec/dhcp_message.ts";
import { formatIpAddress } from "../../lib/net/ip_address.ts";
import { decodeIpv4Udp } from "../../lib/net/ipv4_udp.ts";
import { BPF, ETHER_TYPE } from "../../lib/net/packet_filter.ts";
import { backgroundClosesDone } from "../../lib/linux/background_close.ts";
import { EPOLL, EventLoop, type Watch } from "../../lib/linux/event_loop.ts";
import { openLinkControl } from "../../lib/linux/link_control.ts";
import {
  openPacketSocket,
  type PacketSocket,
} from "../../lib/linux/packet_socket.ts";
import type { TestNetns } from "./network_namespaces.ts";

const EVERYTHING = [{ code: BPF.ret, jt: 0, jf: 0, k: 0xffff }];

/** A message of a client. */
export interface ClientMessage {
  /** `DISCOVER`, `REQUEST`, ... */
  readonly type: string;
  readonly source: string;
  readonly destination: string;
  readonly message: DhcpMessage;
  /** Hardware address of the sender. */
  readonly sender: Uint8Array;
}

/** Captures on `eth0` of a namespace until disposed, beside any server there. */
export class MessageCapture implements AsyncDisposable {
  readonly #messages: ClientMessage[] = [];
  readonly #loop: EventLoop;
  readonly #socket: PacketSocket;
  readonly #watch: Watch;
  readonly #onMessage: (message: ClientMessage) => void;

  constructor(
    netns: TestNetns,
    onMessage: (message: ClientMessage) => void = () => {},
  ) {
    this.#onMessage = onMessage;
    this.#loop = new EventLoop((error) => {
      throw error;
    });
    using opened = netns.open();
    using control = openLinkControl(opened);
    const ifIndex = control.find("eth0")?.index ?? 0;
    this.#socket = openPacketSocket(opened, {
      ifIndex,
      etherType: ETHER_TYPE.ipv4,
      filter: EVERYTHING,
    });
    this.#watch = this.#loop.watch(
      this.#socket.descriptor,
      EPOLL.IN,
      () => this.#receive(),
    );
  }

  /** Every message that has arrived, in order, even if the event loop has not run since. */
  get messages(): readonly ClientMessage[] {
    if (!this.#socket.descriptor.isClosed) this.#receive();
    return this.#messages;
  }

  /**
   * The messages without retransmissions, whose number depends on the speed of the machine: one per
   * exchange and type.
   */
  get distinct(): readonly ClientMessage[] {
    const { messages } = this;
    return messages.filter(({ type, message: { xid } }, index) =>
      messages.findIndex((earlier) =>
        earlier.type === type && earlier.message.xid === xid
      ) === index
    );
  }

  /** How many exchanges have a message of this type so far. */
  count(type: string): number {
    return this.distinct.filter((message) => message.type === type).length;
  }

  /** Sends any bytes as an IPv4 packet, to all hosts or to one. */
  send(packet: Uint8Array, destination = new Uint8Array(6).fill(0xff)): void {
    this.#socket.send(packet, destination);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
    await this.#loop[Symbol.asyncDispose]();
    await backgroundClosesDone();
  }

  #receive(): void {
    for (;;) {
      const received = this.#socket.receive();
      if (received === undefined) return;
      const { packet, sender, checksum } = received;
      const result = decodeIpv4Udp(packet, checksum);
      if (result.kind !== "decoded") continue;
      const { datagram } = result;
      if (datagram.destinationPort !== SERVER_PORT) continue;
      const message = decodeMessage(datagram.payload);
      const entry = {
        type: messageTypeName(message.options.get(53)?.[0] ?? 0) ?? "other",
        source: formatIpAddress(datagram.source),
        destination: formatIpAddress(datagram.destination),
        message,
        sender: sender.slice(),
      };
      this.#messages.push(entry);
      this.#onMessage(entry);
    }
  }
}
