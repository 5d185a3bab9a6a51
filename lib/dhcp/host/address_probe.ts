/** Asking a link whether anybody has an address already (RFC 5227 section 2.1.1, with shorter times). @module */

import { decodeArp, encodeArpProbe, isArpConflict } from "../../net/arp.ts";
import { type Ipv4Address, ipv4Bits } from "../../net/ipv4_address.ts";
import { arpFilter } from "../../net/packet_filter.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import { bootTimeMs } from "../../linux/boottime_clock.ts";
import { SyscallError } from "../../linux/errno.ts";
import { EPOLL, type EventLoop } from "../../linux/event_loop.ts";
import type { Netns } from "../../linux/netns.ts";
import {
  ETHER_TYPE,
  openPacketSocket,
  type PacketSocket,
} from "../../linux/packet_socket.ts";
import type { Timers } from "../../linux/timers.ts";

/** PROBE_NUM (RFC 5227 section 1.1). */
const PROBES = 3;
const HARDWARE_BYTES = 6;

/** What is asked, and how. */
export interface AddressProbeOptions {
  readonly loop: EventLoop;
  readonly timers: Timers;
  readonly link: LinkInfo;
  readonly address: Ipv4Address;
  /** The three probes are spread over it; an answer may still come until the probe is disposed of. */
  readonly durationMs: number;
  /** Called at most once. */
  readonly onConflict: () => void;
}

/**
 * Asks until it is disposed of, which the caller does when the time is over. It keeps the namespace alive.
 *
 * Links whose hardware addresses are not 6 bytes long are not asked. Interfaces that share one hardware address (ipvlan)
 * cannot be told from this one.
 *
 * @throws {SyscallError} If the socket cannot be opened.
 */
export function probeAddress(
  netns: Netns,
  options: AddressProbeOptions,
): Disposable {
  const { loop, timers, link, address, durationMs } = options;
  if (link.macAddress.length !== HARDWARE_BYTES) {
    return { [Symbol.dispose]: () => {} };
  }
  const socket = openPacketSocket(netns, {
    ifIndex: link.index,
    etherType: ETHER_TYPE.arp,
    filter: arpFilter(ipv4Bits(address)),
  });
  const stopping = new DisposableStack();
  stopping.use(socket);
  const watch = loop.watch(socket.descriptor, EPOLL.IN, () => {
    if (!sawConflict(socket, options)) return;
    stopping.dispose();
    options.onConflict();
  });
  stopping.use(watch);
  let sent = 0;
  const startMs = bootTimeMs();
  const timer = timers.create(() => {
    ask(socket, options);
    sent += 1;
    if (sent < PROBES) timer.set(startMs + (durationMs * sent) / PROBES);
  });
  stopping.use(timer);
  timer.set(startMs);
  return stopping;
}

function ask(
  socket: PacketSocket,
  { link, address }: AddressProbeOptions,
): void {
  try {
    socket.send(
      encodeArpProbe(link.macAddress, address),
      link.broadcastAddress,
    );
  } catch (error) {
    // The link is down, gone or full: a probe that is lost here is as one that is lost on the way.
    if (!(error instanceof SyscallError)) throw error;
  }
}

function sawConflict(
  socket: PacketSocket,
  { link, address }: AddressProbeOptions,
): boolean {
  for (const { packet: bytes } of socket.receiveSome()) {
    const packet = decodeArp(bytes);
    if (
      packet !== undefined && isArpConflict(packet, address, link.macAddress)
    ) return true;
  }
  return false;
}
