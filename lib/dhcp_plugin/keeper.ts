/** One attachment's client at work: carries out what the state machine asks for, and brings it what happens. @module */

import { SystemError } from "../base/errors.ts";
import { type Attachment, attachmentText } from "../dhcp4/client_identifier.ts";
import { messageTypeName } from "../dhcp4/message.ts";
import { OptionCode } from "../dhcp4/option_code.ts";
import type { ClientPacket } from "../dhcp4/packet.ts";
import type { ClientEffect, ClientEvent } from "../dhcp_client/event.ts";
import type { Failure } from "../dhcp_client/failure.ts";
import type { Lease } from "../dhcp_client/lease.ts";
import {
  type ClientState,
  INITIAL_STATE,
  leaseInUse,
} from "../dhcp_client/state.ts";
import { transition } from "../dhcp_client/transition.ts";
import { formatIpAddress } from "../net/ip_address.ts";
import { formatMacAddress } from "../net/mac_address.ts";
import type { LinkInfo } from "../netlink/link.ts";
import type { Ipv4Address } from "../net/ipv4_address.ts";
import { type ClientFlags, clientSettings } from "./client_identity.ts";
import { FLUSH_TIMEOUT_MS, giveBack } from "./give_back.ts";
import { InterfacePolicy } from "./interface_policy.ts";
import type { LeaseOptions } from "./lease_options.ts";
import type { ClientIdentity, Grant, LeaseRecord } from "./lease_record.ts";
import type { Metrics } from "./metrics.ts";
import type {
  AttachedInterface,
  DaemonPorts,
  Exchange,
  InterfaceEvent,
  Log,
  Timer,
} from "./ports.ts";

/** Why there is no lease for those who waited. */
export type KeeperFailure =
  | Failure
  /** Interface or namespace went away meanwhile. */
  | { readonly kind: "interface-gone" }
  /** DEL came, or every caller went away. */
  | { readonly kind: "cancelled" }
  /** The lease could not be written down. */
  | { readonly kind: "not-stored"; readonly error: SystemError };

/** An acquisition that came to nothing. */
export class KeeperError extends Error {
  override readonly name = "KeeperError";
  constructor(readonly failure: KeeperFailure) {
    super(failure.kind);
  }
}

/** Who a keeper works for. */
export interface KeeperSubject {
  readonly attachment: Attachment;
  readonly attached: AttachedInterface;
  readonly identity: ClientIdentity;
  readonly options: LeaseOptions;
}

/** What all keepers share. */
export interface KeeperContext {
  readonly ports: DaemonPorts;
  readonly flags: ClientFlags;
  readonly metrics: Metrics;
  /** The keeper has nothing left to do and nothing on disk: forget it. */
  readonly onEnd: (keeper: Keeper) => void;
}

/** Acquires, keeps and gives back the lease of one attachment. */
export class Keeper {
  readonly attachment: Attachment;
  readonly attached: AttachedInterface;
  readonly options: LeaseOptions;
  readonly #context: KeeperContext;
  readonly #log: Log;
  readonly #policy: InterfacePolicy;
  readonly #timer: Timer;
  readonly #events: ClientEvent[] = [];
  readonly #waiters = new Set<PromiseWithResolvers<Lease>>();
  #identity: ClientIdentity;
  #linkKind: string | undefined;
  #state: ClientState = INITIAL_STATE;
  /** What is written down; undefined: no file. */
  #grant: Grant | undefined;
  #isLost = false;
  #wasSeen = false;
  #isBusy = false;
  #isStopping = false;
  /** Why nobody will get a lease from here. */
  #failure: KeeperFailure | undefined;
  /** The interface is gone. */
  #isOrphaned = false;
  #exchange: Exchange | undefined;
  #probe: Disposable | undefined;
  #watch: Disposable | undefined;

  constructor(subject: KeeperSubject, context: KeeperContext) {
    this.attachment = subject.attachment;
    this.attached = subject.attached;
    this.options = subject.options;
    this.#identity = subject.identity;
    this.#context = context;
    const name = attachmentText(subject.attachment);
    this.#log = (level, message, fields) =>
      context.ports.log(level, message, { attachment: name, ...fields });
    this.#policy = new InterfacePolicy(
      subject.attached,
      subject.options,
      this.#log,
    );
    this.#timer = context.ports.scheduler.timer(() =>
      this.#dispatch({ kind: "timer" })
    );
  }

  /** The lease whose address may be used now. */
  get lease(): Lease | undefined {
    return leaseInUse(this.#state);
  }

  /** The name of the client's state; `GONE` if the interface is. */
  get stateName(): string {
    return this.#isOrphaned ? "GONE" : this.#state.state;
  }

  /** Whether it has stopped for good or lost its interface: another keeper has to be made. */
  get isOver(): boolean {
    return this.#isStopping || this.#isOrphaned;
  }

  /**
   * Begins to acquire.
   *
   * @param address One to ask for, held before.
   */
  start(address: Ipv4Address | undefined): void {
    this.#log("info", "acquiring lease", {
      interface: this.attached.place.ifName,
      netns: this.attached.place.netnsPath,
    });
    let link = this.#attach();
    if (link?.isUp === false) link = this.#setUp();
    if (link === undefined) return;
    this.#dispatch({
      kind: "start",
      link: link.hasCarrier ? "up" : "down",
      ...(address === undefined ? {} : { address }),
    });
  }

  /** Goes on with a stored lease. */
  resume(
    { grant, isLost, wasSeen }: LeaseRecord & {
      readonly grant: Extract<Grant, { kind: "leased" }>;
    },
  ): void {
    this.#grant = grant;
    this.#wasSeen = wasSeen;
    this.#policy.entrust(grant.lease);
    const link = this.#attach();
    if (link === undefined) return;
    const nowMs = this.#context.ports.scheduler.nowMs();
    const over = { t1Ms: nowMs, t2Ms: nowMs, expiresMs: nowMs };
    this.#log("info", "adopted", {
      address: formatIpAddress(grant.lease.address),
    });
    this.#dispatch({
      kind: "resume",
      link: link.hasCarrier ? "up" : "down",
      lease: isLost ? { ...grant.lease, ...over } : grant.lease,
      verify: false,
    });
  }

  /**
   * The lease, once there is one.
   *
   * @throws {KeeperError} if there will be none, or the signal is aborted.
   */
  async waitForLease(signal: AbortSignal): Promise<Lease> {
    const { lease } = this;
    if (lease !== undefined) return lease;
    const cancelled: KeeperFailure = { kind: "cancelled" };
    if (this.isOver || signal.aborted) {
      throw new KeeperError(this.#failure ?? cancelled);
    }
    const waiter = Promise.withResolvers<Lease>();
    const onAbort = (): void => waiter.reject(new KeeperError(cancelled));
    this.#waiters.add(waiter);
    signal.addEventListener("abort", onAbort);
    try {
      return await waiter.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#waiters.delete(waiter);
    }
  }

  /** Ends; what the server has granted is given back. */
  async release(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#log("info", "releasing lease");
    this.#rejectWaiters({ kind: "cancelled" });
    if (this.#isOrphaned) {
      await this.#giveBackFromHost();
    } else {
      this.#dispatch({ kind: "stop", release: true });
      await this.#exchange?.flushed(FLUSH_TIMEOUT_MS);
    }
    this.#forget();
    this.#close();
  }

  /** Ends without a word: the lease stays, for the next keeper. */
  suspend(): void {
    this.#isStopping = true;
    this.#rejectWaiters({ kind: "cancelled" });
    this.#close();
  }

  /** Looks at the interface now. @throws {SystemError} */
  look(): LinkInfo | undefined {
    const link = this.attached.read();
    if (link === undefined) {
      this.#orphan("removed");
      return undefined;
    }
    this.#linkKind = link.kind;
    this.#followMac(link);
    this.#noteAddress();
    return link;
  }

  #attach(): LinkInfo | undefined {
    const watch = this.#attempt(() =>
      this.attached.watch((event) => this.#onInterface(event))
    );
    this.#watch = watch;
    const link = watch && this.#attempt(() => this.look());
    if (link === undefined) this.#orphan("removed");
    return link;
  }

  #setUp(): LinkInfo | undefined {
    const { ifName } = this.attached.place;
    this.#log("info", `Link ${ifName} down. Attempting to set up`);
    this.#attempt(() => this.attached.setState("up"));
    return this.#attempt(() => this.look());
  }

  /** The result of `body`; undefined, and a line in the log, if the operating system refuses. */
  #attempt<T>(body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log("warn", "interface-refused", { reason: error.message });
      return undefined;
    }
  }

  #onInterface(event: InterfaceEvent): void {
    if (event !== "changed") return this.#orphan(event);
    if (this.isOver) return;
    const link = this.#attempt(() => this.look());
    if (link === undefined || this.#policy.isParked) return;
    this.#dispatch({ kind: link.hasCarrier ? "linkUp" : "linkDown" });
  }

  /** Another hardware address: servers must be able to send to it. The client identifier stays. */
  #followMac({ macAddress }: LinkInfo): void {
    const { chaddr } = this.#identity;
    const after = formatMacAddress(macAddress);
    const before = formatMacAddress(chaddr);
    if (chaddr.length === 0 || before === after) return;
    this.#log("info", "mac-changed", { before, after });
    this.#identity = { ...this.#identity, chaddr: macAddress };
    this.#store();
  }

  #noteAddress(): void {
    const { lease } = this;
    if (this.#wasSeen || lease === undefined) return;
    const addresses = this.#attempt(() => this.attached.addresses()) ?? [];
    this.#wasSeen = addresses.some(({ address }) =>
      address.value === lease.address.value
    );
    if (this.#wasSeen) this.#store();
  }

  #dispatch(event: ClientEvent): void {
    this.#events.push(event);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (;;) {
        const next = this.#events.shift();
        if (next === undefined) break;
        this.#take(next);
      }
    } finally {
      this.#isBusy = false;
    }
    if (this.#failure !== undefined && !this.isOver) this.#giveUp();
  }

  #take(event: ClientEvent): void {
    const { scheduler, randomU32 } = this.#context.ports;
    const { state, effects } = transition(this.#state, event, {
      settings: clientSettings(this.#identity, this.options, {
        flags: this.#context.flags,
        linkKind: this.#linkKind,
      }),
      nowMs: scheduler.nowMs(),
      randomU32,
    });
    this.#state = state;
    if (!this.#noteOffer()) return;
    for (const effect of effects) this.#carryOut(effect);
    if (!isExchanging(this.#state) && !this.#isStopping) this.#endExchange();
  }

  /** Writes down what is about to be asked for, so that it can be given back whatever happens. False: it cannot be. */
  #noteOffer(): boolean {
    if (this.#state.state !== "REQUESTING") return true;
    const { offer } = this.#state;
    const isKnown = this.#grant?.kind === "offered" &&
      this.#grant.offer.address.value === offer.address.value &&
      this.#grant.offer.server.value === offer.server.value;
    // A lost lease stays written down, so that the next daemon goes on seeking another.
    if (isKnown || this.#isLost) return true;
    return this.#store({ kind: "offered", offer });
  }

  #carryOut(effect: ClientEffect): void {
    switch (effect.kind) {
      case "send":
        return this.#send(effect);
      case "setTimer":
        return this.#timer.set(effect.atMs ?? Infinity);
      case "probe":
        return this.#startProbe(effect);
      case "leaseAcquired":
        return this.#acquired(effect.lease);
      case "leaseRenewed":
        this.#context.metrics.count("leases_renewed");
        this.#store({ kind: "leased", lease: effect.lease });
        return this.#noteAddress();
      case "leaseChanged":
        this.#context.metrics.count("leases_changed");
        this.#wasSeen = false;
        this.#store({ kind: "leased", lease: effect.lease });
        this.#policy.update(effect.lease);
        return this.#noteAddress();
      case "leaseLost":
        this.#context.metrics.count(`leases_lost_${effect.reason}`);
        this.#isLost = true;
        this.#store({ kind: "leased", lease: effect.lease });
        return this.#policy.lose(effect.lease);
      case "failed":
        this.#context.metrics.count(`failed_${effect.failure.kind}`);
        this.#failure = effect.failure;
        return;
      case "log":
        return this.#log(effect.level, effect.event, effect.fields);
      default: {
        const unknown: never = effect;
        return unknown;
      }
    }
  }

  #send(effect: Extract<ClientEffect, { kind: "send" }>): void {
    const { type, xid, source, destination } = effect;
    this.#log("debug", "packet-sent", {
      type: `DHCP${type}`,
      xid: formatXid(xid),
      source: formatIpAddress(source),
      destination: formatIpAddress(destination),
    });
    this.#context.metrics.count(`sent_${type.toLowerCase()}`);
    try {
      this.#policy.beforeSend();
      this.#exchange ??= this.attached.open((packet) => this.#receive(packet));
      this.#exchange.send(effect);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#context.metrics.count("send_errors");
      this.#log("warn", "send-failed", {
        type: `DHCP${type}`,
        reason: error.message,
      });
    }
  }

  #receive(packet: ClientPacket): void {
    if (packet.kind === "dropped") {
      const { reason, detail } = packet;
      this.#context.metrics.count(`dropped_${reason}`);
      return this.#log("debug", "packet-dropped", { reason, detail });
    }
    const { message, source } = packet;
    const type = messageTypeName(
      message.options.get(OptionCode.dhcpMessageType)?.[0] ?? 0,
    );
    this.#context.metrics.count(`received_${type?.toLowerCase() ?? "other"}`);
    this.#log("debug", "packet-received", {
      type: type === undefined ? "unknown" : `DHCP${type}`,
      xid: formatXid(message.xid),
      source: formatIpAddress(source),
    });
    this.#dispatch({ kind: "packet", message });
  }

  #startProbe(effect: Extract<ClientEffect, { kind: "probe" }>): void {
    const { address, durationMs } = effect;
    try {
      this.#endProbe();
      this.#probe = this.attached.probe(address, {
        durationMs,
        onConflict: () => this.#dispatch({ kind: "conflict" }),
      });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log("warn", "probe-failed", { reason: error.message });
    }
  }

  #acquired(lease: Lease): void {
    this.#context.metrics.count("leases_acquired");
    const wasLost = this.#isLost;
    this.#isLost = false;
    this.#wasSeen = false;
    const isStored = this.#store({ kind: "leased", lease });
    if (wasLost) this.#policy.update(lease);
    else this.#policy.entrust(lease);
    this.#noteAddress();
    if (lease.mtu !== undefined) this.#log("info", "mtu", { mtu: lease.mtu });
    if (!isStored) return;
    for (const waiter of this.#waiters) waiter.resolve(lease);
  }

  /** Writes the file anew. False: it cannot be written, and a caller who waits is told so instead of getting a lease. */
  #store(grant = this.#grant): boolean {
    if (grant === undefined) return true;
    this.#grant = grant;
    const { ports } = this.#context;
    try {
      ports.leases.write({
        attachment: this.attachment,
        place: this.attached.place,
        identity: this.#identity,
        options: this.options,
        grant,
        bootId: ports.bootId,
        isLost: this.#isLost,
        wasSeen: this.#wasSeen,
      });
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log("error", "lease-not-stored", { reason: error.message });
      if (this.#waiters.size === 0) return true;
      this.#failure = { kind: "not-stored", error };
      return false;
    }
  }

  /** Nobody gets a lease from this keeper. */
  #giveUp(): void {
    if (this.#state.state !== "STOPPED") {
      this.#take({ kind: "stop", release: true });
    }
    this.#isStopping = true;
    this.#rejectWaiters(this.#failure ?? { kind: "cancelled" });
    this.#forget();
    this.#close();
    this.#context.onEnd(this);
  }

  #rejectWaiters(failure: KeeperFailure): void {
    this.#failure = failure;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(new KeeperError(failure));
  }

  /** The interface is gone: the lease ends here. With the whole namespace gone, nobody uses the address any more. */
  #orphan(event: Exclude<InterfaceEvent, "changed">): void {
    if (this.#isStopping) return;
    const isNews = !this.#isOrphaned;
    this.#isOrphaned = true;
    if (isNews) {
      this.#failure = { kind: "interface-gone" };
      const what = event === "removed" ? "interface" : "namespace";
      this.#log("warn", `${what} no longer exists, terminating lease`, {
        interface: this.attached.place.ifName,
      });
      this.#context.metrics.count("leases_orphaned");
      this.#dispatch({ kind: "stop", release: false });
      this.#endExchange();
      this.#rejectWaiters({ kind: "interface-gone" });
    }
    if (this.#grant === undefined || event === "netns-gone") {
      this.release().then(
        () => this.#context.onEnd(this),
        (error) =>
          this.#log("error", "release-failed", { reason: String(error) }),
      );
    }
  }

  async #giveBackFromHost(): Promise<void> {
    const grant = this.#grant;
    if (grant === undefined || this.#isLost) return;
    const { ports, flags } = this.#context;
    const settings = clientSettings(this.#identity, this.options, {
      flags,
      linkKind: this.#linkKind,
    });
    await giveBack(
      { grant, settings, attached: undefined },
      ports,
      this.#log,
    );
  }

  #forget(): void {
    if (this.#grant === undefined) return;
    this.#grant = undefined;
    try {
      this.#context.ports.leases.remove(this.attachment);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#log("error", "lease-not-removed", { reason: error.message });
    }
  }

  #endExchange(): void {
    this.#exchange?.[Symbol.dispose]();
    this.#exchange = undefined;
    if (this.#state.state !== "PROBING") this.#endProbe();
    if (this.#state.state === "INIT") this.#policy.afterExchange();
  }

  #endProbe(): void {
    this.#probe?.[Symbol.dispose]();
    this.#probe = undefined;
  }

  #close(): void {
    this.#exchange?.[Symbol.dispose]();
    this.#exchange = undefined;
    this.#endProbe();
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#timer[Symbol.dispose]();
  }
}

/** Whether an answer is waited for. */
function isExchanging({ state }: ClientState): boolean {
  return state === "SELECTING" || state === "REQUESTING" ||
    state === "RENEWING" || state === "REBINDING" || state === "REBOOTING";
}

function formatXid(xid: number): string {
  return xid.toString(16).padStart(8, "0");
}
