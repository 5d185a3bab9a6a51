/**
 * Probes an address: asks the hosts of a link whether one uses it (RFC 5227 section 2.1.1, with
 * shorter times).
 *
 * @module
 */

import { decodeArp, encodeArpProbe, isArpConflict } from "../../net/arp.ts";
import { type Ipv4Address, ipv4Bits } from "../../net/ipv4_address.ts";
import { arpFilter, ETHER_TYPE } from "../../net/packet_filter.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import { bootTimeMs } from "../../linux/boottime_clock.ts";
import { SyscallError } from "../../linux/errno.ts";
import { EPOLL, type EventLoop } from "../../linux/event_loop.ts";
import type { Netns } from "../../linux/netns.ts";
import {
  openPacketSocket,
  type PacketSocket,
} from "../../linux/packet_socket.ts";
import type { Timers } from "../../linux/timers.ts";

/** PROBE_NUM (RFC 5227 section 1.1). */
const PROBES = 3;
const HARDWARE_BYTES = 6;

/** What a probe needs. */
export interface AddressProbeOptions {
  readonly loop: EventLoop;
  readonly timers: Timers;
  readonly link: LinkInfo;
  readonly address: Ipv4Address;
  /**
   * The three ARP probes are spread over this time; an answer counts until the probe is disposed.
   */
  readonly durationMs: number;
  /** Called at most once, when another host uses the address. */
  readonly onConflict: () => void;
}

/**
 * Probes until disposed, which the caller does when the time is over. It keeps the namespace alive.
 *
 * Links whose hardware addresses are not 6 bytes long are not probed. Interfaces that share one
 * hardware address (ipvlan) cannot be distinguished from this one.
 *
 * @throws {SyscallError} if the socket cannot be opened.
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
    // The link is down, gone or congested: the probe is lost, as it may be on the network.
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
