/**
 * The DHCP client of one attachment: receives messages, runs the state machine and carries out its
 * effects.
 *
 * Its events come from the socket, the timer, the probe and the interface. Each event is handled
 * with all its effects before the next one.
 *
 * @module
 */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import type { Timer } from "../../base/timer.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { formatMacAddress } from "../../net/mac_address.ts";
import { isSameNetns } from "../../net/netns_identity.ts";
import type { InterfaceEvent } from "../../netlink/notification.ts";
import { isAwaited } from "../client/acquisition.ts";
import type { ClientEffect, ClientEvent } from "../client/event.ts";
import type { Lease } from "../client/lease.ts";
import type { ClientSettings } from "../client/settings.ts";
import {
  type ClientState,
  INITIAL_STATE,
  leaseInUse,
  offerOf,
} from "../client/state.ts";
import { transition } from "../client/transition.ts";
import type { LeaseReport } from "../protocol/lease_report.ts";
import {
  AcquisitionError,
  type AcquisitionFailure,
  acquisitionFailure,
  reportFailure,
} from "./acquisition_error.ts";
import { attachmentLog } from "./attachment_log.ts";
import { type ClientFlags, clientSettings } from "./client_identity.ts";
import {
  answerDueMs,
  ClientSocket,
  type SendOutcome,
} from "./client_socket.ts";
import { counterOf, eventOf } from "./effect_report.ts";
import { InterfaceSync } from "./interface_sync.ts";
import { LeaseActivity } from "./lease_activity.ts";
import type { LeaseEvents } from "./lease_events.ts";
import type {
  ClientIdentity,
  LeasedGrant,
  LeasedRecord,
} from "./lease_record.ts";
import type { LeaseSubject } from "./lease_subject.ts";
import { LeaseSync } from "./lease_sync.ts";
import { LeaseWaiters } from "./lease_waiters.ts";
import { LinkWatch } from "./link_watch.ts";
import type { Metrics } from "./metrics.ts";
import type { Outgoing } from "./outbox.ts";
import type { PacketRate } from "./packet_rate.ts";
import type { AttachedInterface, DaemonPorts } from "./ports.ts";
import { FLUSH_TIMEOUT_MS, releaseGrant } from "./release.ts";
import { type EventContent, reportEvent, reportLease } from "./report_lease.ts";
import { resumeEvent } from "./resume_policy.ts";
import { StoredLease } from "./stored_lease.ts";

/** What all lease clients share. */
export interface LeaseClientContext {
  readonly ports: DaemonPorts;
  readonly flags: ClientFlags;
  readonly metrics: Metrics;
  readonly rate: PacketRate;
  readonly events: LeaseEvents;
  /** Called when a client has ended by itself; its lease file is removed. */
  readonly onEnd: (subject: LeaseSubject) => void;
}

/** The life of a client. */
type Life =
  | { readonly kind: "running" }
  /** The interface was removed; the lease file stays for the DEL. */
  | { readonly kind: "orphaned" }
  /** No caller gets a lease any more; the client may not have sent its RELEASE yet. */
  | { readonly kind: "ended"; readonly failure: AcquisitionFailure };

/** Acquires, keeps and releases the lease of one attachment. */
export class LeaseClient {
  readonly #context: LeaseClientContext;
  readonly #log: Log;
  readonly #activity: LeaseActivity;
  readonly #stored: StoredLease;
  readonly #interface: InterfaceSync;
  readonly #sync: LeaseSync;
  readonly #timer: Timer;
  readonly #socket: ClientSocket;
  readonly #link: LinkWatch;
  readonly #waiters = new LeaseWaiters();
  readonly #events: ClientEvent[] = [];
  #isHandling = false;
  #isReleaseUnsent = false;
  /** Why the message that is being sent cannot be sent. */
  #refused: AcquisitionFailure | undefined;
  /** The end of storing the lease that was acquired; undefined once it is stored. */
  #storing: Promise<SystemError | undefined> | undefined;
  #state: ClientState = INITIAL_STATE;
  #life: Life = { kind: "running" };

  constructor(readonly subject: LeaseSubject, context: LeaseClientContext) {
    const { attachment, attached, identity, options } = subject;
    const { location } = attached;
    const { metrics, ports: { scheduler, bootId, leases: store } } = context;
    this.#activity = new LeaseActivity({
      metrics,
      log: attachmentLog(attachment, context.ports.log),
      wallMs: () => scheduler.wallMs(),
    });
    const { log } = this.#activity;
    this.#context = context;
    this.#log = log;
    this.#stored = new StoredLease(
      { attachment, location, options, bootId },
      identity,
      { store, log },
    );
    this.#interface = new InterfaceSync(attached, options, { scheduler, log });
    this.#sync = new LeaseSync({
      stored: this.#stored,
      interfaceSync: this.#interface,
      attached,
      log,
    });
    this.#timer = scheduler.timer(() => this.#dispatch({ kind: "timer" }));
    this.#socket = new ClientSocket({
      attached,
      scheduler,
      log,
      metrics: this.#activity,
      rate: context.rate,
      onSent: (message, outcome, isLate) =>
        this.#onSent(message, outcome, isLate),
      onReadable: () => this.#receive(),
      onConflict: () => this.#dispatch({ kind: "conflict" }),
    });
    this.#link = new LinkWatch({
      attached,
      log,
      onEvent: (event) => this.#inspectLink(event),
    });
  }

  /** The lease whose address may be used now; undefined if there is none. */
  get lease(): Lease | undefined {
    return leaseInUse(this.#state);
  }

  /** The name of the client's state; `GONE` if its interface was removed. */
  get stateName(): string {
    return this.#life.kind === "orphaned" ? "GONE" : this.#state.state;
  }

  /** What operators can see of the lease. */
  get report(): LeaseReport {
    const { attachment, attached } = this.subject;
    const { netnsPath, ifName } = attached.location;
    const { lease } = this;
    const { packets, lastProblem } = this.#activity;
    const state = this.#state;
    return {
      attachment,
      state: this.stateName,
      netns: netnsPath,
      ifName,
      macAddress: formatMacAddress(this.#stored.identity.chaddr),
      lease: lease && reportLease(lease, this.#context.ports.scheduler),
      unanswered: "exchange" in state ? state.exchange.sends : 0,
      packets,
      lastProblem,
    };
  }

  /**
   * Whether the client works for this very interface, and the interface exists.
   *
   * @throws {SystemError} if the interface cannot be read.
   */
  serves({ location }: AttachedInterface): boolean {
    const { attached } = this.subject;
    return this.#life.kind === "running" &&
      isSameNetns(attached.location.netns, location.netns) &&
      attached.location.ifIndex === location.ifIndex &&
      attached.read() !== undefined;
  }

  /** Returns the lease if another client with `identity` can continue it. */
  resumableGrant(identity: ClientIdentity): LeasedGrant | undefined {
    return this.#stored.resumableGrant(identity);
  }

  /**
   * Begins to acquire a lease.
   *
   * @param inherited The lease of an earlier client, to ask for first. If the acquisition fails it
   * is released; until then its file stays.
   * @throws {SystemError} if the interface cannot be set up or watched.
   */
  start(inherited: LeasedGrant | undefined): void {
    const { ifName, netnsPath: netns } = this.subject.attached.location;
    this.#log("info", "acquisition-started", { interface: ifName, netns });
    if (inherited !== undefined) this.#stored.inherit(inherited);
    const link = this.#link.open({ setUp: true });
    if (link === undefined) return this.#orphan("interface");
    this.#dispatch({
      kind: "start",
      link: link.hasCarrier ? "up" : "down",
      ...(inherited === undefined ? {} : { held: offerOf(inherited.lease) }),
    });
  }

  /**
   * Continues with a stored lease, and with what the earlier daemon did not complete.
   *
   * @throws {SystemError} if the interface cannot be watched.
   */
  resume(record: LeasedRecord): void {
    this.#sync.resume(record);
    this.#socket.server = record.serverMac;
    const link = this.#link.open({ setUp: false });
    if (link === undefined) return this.#orphan("interface");
    this.#log("info", "lease-resumed", {
      address: formatIpAddress(record.grant.lease.address),
    });
    const nowMs = this.#context.ports.scheduler.nowMs();
    this.#dispatch(resumeEvent(record, link, nowMs));
    this.#sync.followMac(link);
    this.#sync.recordAddressSeen(this.lease);
  }

  /**
   * Waits for the lease.
   *
   * @throws {AcquisitionError} if there will be none, or once the signal is aborted.
   */
  async waitForLease(signal: AbortSignal): Promise<Lease> {
    const { lease } = this;
    if (lease !== undefined && this.#storing === undefined) return lease;
    switch (this.#life.kind) {
      case "running":
        return await this.#waiters.wait(signal);
      case "orphaned":
        throw new AcquisitionError({ kind: "interface-gone" });
      case "ended":
        throw new AcquisitionError(this.#life.failure);
    }
  }

  /** Prepares the interface for the main plugin, before the caller receives the lease. */
  prepare(lease: Lease): void {
    if (this.#life.kind === "running") this.#interface.prepare(lease);
  }

  /**
   * Renews the lease now. An event says what came of it, unless the client has no lease.
   *
   * @returns Why it cannot be renewed now; undefined if the server is being asked.
   */
  renew(): string | undefined {
    if (this.#life.kind !== "running") return "the interface was removed";
    if (this.lease === undefined) return `no lease, state ${this.stateName}`;
    if (this.#state.link === "down") return "the link is down";
    this.#dispatch({ kind: "renew" });
    return undefined;
  }

  /** Ends; releases what a server has granted, and removes the lease file. */
  async release(): Promise<void> {
    const { kind } = this.#life;
    if (kind === "ended") return;
    const { lease } = this;
    this.#log("info", "release-started");
    this.#publish({ kind: "released", lease });
    this.#end({ kind: "cancelled" });
    try {
      if (kind === "orphaned") {
        // It may have come back: moved into its namespace again, or mounted again.
        return await this.#releaseThrough(this.#findAgain());
      }
      this.#dispatch({ kind: "stop", release: true });
      await this.#socket.flushed(FLUSH_TIMEOUT_MS);
      if (this.#isReleaseUnsent) await this.#releaseThrough(undefined);
      // Not earlier: the RELEASE may need these routes.
      if (lease !== undefined) this.#interface.undoPrepare(lease);
    } finally {
      this.#stored.remove();
      this.#close();
    }
  }

  /** Writes the lease file again, in case it was removed. A failure is logged. */
  store(): void {
    this.#stored.write({});
  }

  /** Ends without a message: the lease stays for the next client. */
  suspend(): void {
    this.#end({ kind: "cancelled" });
    this.#close();
  }

  /** Handles the messages that wait in the socket. */
  #receive(): void {
    for (const { message, source } of this.#socket.receive()) {
      this.#dispatch({ kind: "packet", message, source });
    }
  }

  /** Handles an event of the interface. */
  #inspectLink(event: InterfaceEvent): void {
    if (event === "set-down") this.#interface.noteDown();
    const status = this.#link.inspect(event);
    if (status.kind === "unknown") return;
    if (status.kind === "gone") return this.#orphan(status.what);
    if (this.#life.kind !== "running") return;
    this.#sync.followMac(status.link);
    this.#sync.recordAddressSeen(this.lease);
    if (this.#interface.holdsLinkDown) return;
    if (this.lease !== undefined) this.#interface.restoreRoutes(status.link);
    const { hasCarrier } = status.link;
    this.#dispatch({ kind: hasCarrier ? "linkUp" : "linkDown" });
  }

  /**
   * Ends because the interface is gone. The lease file stays for the DEL, which releases the lease.
   */
  #orphan(what: "interface" | "namespace"): void {
    if (this.#life.kind === "ended") return;
    if (this.#life.kind === "running") {
      this.#life = { kind: "orphaned" };
      const { ifName } = this.subject.attached.location;
      this.#log("warn", "interface-removed", { what, interface: ifName });
      this.#context.metrics.count("leases_orphaned");
      this.#dispatch({ kind: "stop", release: false });
      this.#socket[Symbol.dispose]();
      this.#waiters.reject({ kind: "interface-gone" });
    }
    // With the namespace gone, nothing uses the address any more.
    if (what === "interface" && this.#stored.grant !== undefined) return;
    this.release().then(
      () => this.#context.onEnd(this.subject),
      (error) => this.#log("error", "release-failed", { reason: `${error}` }),
    );
  }

  /** Handles an event, now or after those before it. */
  #dispatch(event: ClientEvent): void {
    this.#events.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    try {
      for (;;) {
        const next = this.#events.shift();
        if (next === undefined) break;
        this.#handle(next);
      }
    } finally {
      this.#isHandling = false;
    }
    this.#closeUnused();
  }

  /**
   * Makes one transition. An effect that fails ends the client, and the effects after it are
   * dropped.
   */
  #handle(event: ClientEvent): void {
    const { scheduler, randomU32 } = this.#context.ports;
    const { state, effects } = transition(this.#state, event, {
      settings: this.#settings(),
      nowMs: scheduler.nowMs(),
      randomU32,
    });
    const before = this.#state;
    if (before.state === "RENEWING" && state.state === "REBINDING") {
      this.#context.metrics.count("renewals_failed");
    }
    this.#state = state;
    for (const effect of effects) {
      const failure = this.#carryOut(effect);
      if (failure !== undefined) return this.#fail(failure);
      const counter = counterOf(effect);
      if (counter !== undefined) this.#context.metrics.count(counter);
      const event = eventOf(effect, { before, after: state });
      if (event !== undefined) this.#publish(event);
    }
  }

  /** @returns Why the callers that wait get no lease. */
  #carryOut(effect: ClientEffect): AcquisitionFailure | undefined {
    switch (effect.kind) {
      case "setTimer":
        this.#timer.set(effect.atMs ?? Infinity);
        return undefined;
      case "send":
        return this.#send(effect);
      case "probe":
        this.#socket.probe(effect);
        return undefined;
      case "offerAccepted":
        return this.#notStored(
          this.#sync.accept(effect.offer, this.#socket.server),
        );
      case "leaseAcquired":
        this.#acquire(effect.lease);
        return undefined;
      case "leaseRenewed":
        this.#sync.renew(effect.lease, this.#socket.server);
        return undefined;
      case "leaseChanged":
        this.#sync.change(effect, this.#socket.server);
        return undefined;
      case "leaseLost":
        this.#lose(effect.lease);
        return undefined;
      case "renewalFailed":
        return undefined;
      case "failed": {
        const failure = acquisitionFailure(effect.failure, this.#socket);
        const { kind } = failure.kind === "delayed" ? failure.failure : failure;
        this.#context.metrics.count(`failed_${kind}`);
        return failure;
      }
      case "log":
        this.#log(effect.level, effect.event, effect.fields);
        return undefined;
    }
  }

  /** Sends a message. A caller that waits gets an error at once if none can be sent. */
  #send(message: Outgoing): AcquisitionFailure | undefined {
    this.#interface.beforeSend();
    this.#refused = undefined;
    this.#socket.send(message);
    return this.#refused;
  }

  /** Handles what became of a message. `isLate`: it has waited for its turn. */
  #onSent(message: Outgoing, outcome: SendOutcome, isLate: boolean): void {
    if (message.type === "RELEASE") {
      this.#isReleaseUnsent = outcome.kind !== "sent";
    }
    switch (outcome.kind) {
      case "sent":
      case "failed":
        return;
      case "gone":
        return this.#orphan("interface");
      case "refused": {
        const state = this.#state;
        if (!("acquisition" in state && isAwaited(state.acquisition))) return;
        const { error } = outcome;
        this.#log("warn", "acquisition-failed", { reason: error.message });
        this.#context.metrics.count("failed_not-sent");
        const failure = { kind: "not-sent", error } as const;
        if (isLate) this.#fail(failure);
        else this.#refused = failure;
      }
    }
  }

  #acquire(lease: Lease): void {
    if (lease.mtu !== undefined) {
      this.#log("info", "mtu-offered", { mtu: lease.mtu });
    }
    const storing = this.#sync.acquire(lease, this.#socket.server);
    this.#storing = storing;
    if (storing === undefined) return this.#handOut(lease);
    storing.then((error) => this.#onStored(storing, error)).catch((error) =>
      this.#log("error", "unexpected-error", { stack: `${error}` })
    );
  }

  /** Hands the lease to the callers that wait, once it is stored. */
  #onStored(
    storing: Promise<SystemError | undefined>,
    error: SystemError | undefined,
  ): void {
    if (this.#storing !== storing) return;
    this.#storing = undefined;
    if (this.#life.kind !== "running") return;
    const failure = this.#notStored(error);
    if (failure !== undefined) return this.#fail(failure);
    if (this.lease !== undefined) this.#handOut(this.lease);
  }

  #handOut(lease: Lease): void {
    this.#waiters.resolve(lease);
    this.#publish({ kind: "acquired", lease });
  }

  #lose(lease: Lease): void {
    // A socket belongs to its address, and fails at its next use if its link was down meanwhile.
    this.#socket.close();
    this.#storing = undefined;
    this.#sync.lose(lease);
    // The link is set up for each message from now on, and no event reports its carrier.
    if (this.#interface.holdsLinkDown) this.#dispatch({ kind: "linkUp" });
  }

  /** Tells watchers what has happened. */
  #publish(content: EventContent): void {
    const { events, ports: { scheduler } } = this.#context;
    if (events.isUnheard) return;
    const { attachment } = this.subject;
    events.publish(reportEvent(content, { attachment, scheduler }));
  }

  /**
   * A caller that waits must not get a lease that is not stored; without callers the client
   * continues.
   */
  #notStored(error: SystemError | undefined): AcquisitionFailure | undefined {
    return error === undefined || this.#waiters.isEmpty
      ? undefined
      : { kind: "not-stored", error };
  }

  /** Closes what the state does not need. */
  #closeUnused(): void {
    if (this.#state.state !== "PROBING") this.#socket.endProbe();
    if (this.#life.kind !== "running") return;
    const dueMs = answerDueMs(this.#state);
    if (dueMs !== undefined) return this.#socket.closeAt(dueMs);
    this.#socket.close();
    if (this.#state.state === "INIT") this.#interface.afterExchange();
  }

  /** Ends without a lease: releases what a server has granted, and fails the calls that wait. */
  #fail(failure: AcquisitionFailure): void {
    if (this.#life.kind !== "running") return;
    this.#life = { kind: "ended", failure };
    const detail = reportFailure(failure).message;
    this.#publish({ kind: "failed", detail });
    this.#handle({ kind: "stop", release: true });
    this.#stored.remove();
    this.#close();
    this.#context.onEnd(this.subject);
    this.#waiters.reject(failure);
  }

  /** @param attached Undefined: from the host. */
  async #releaseThrough(
    attached: AttachedInterface | undefined,
  ): Promise<void> {
    const { grant, isLost, serverMac } = this.#stored;
    const { hostDevice } = this.subject.options;
    const settings = this.#settings();
    const held = { grant, isLost, settings, attached, hostDevice, serverMac };
    await releaseGrant(held, this.#context, this.#log);
  }

  #findAgain(): AttachedInterface | undefined {
    try {
      const { location } = this.subject.attached;
      return this.#context.ports.interfaces.findAgain(location);
    } catch (error) {
      // The host can send without it.
      if (error instanceof SystemError) return undefined;
      throw error;
    }
  }

  #end(failure: AcquisitionFailure): void {
    if (this.#life.kind === "ended") return;
    this.#life = { kind: "ended", failure };
    this.#waiters.reject(failure);
  }

  #close(): void {
    this.#socket[Symbol.dispose]();
    this.#link[Symbol.dispose]();
    this.#interface[Symbol.dispose]();
    this.#timer[Symbol.dispose]();
  }

  #settings(): ClientSettings {
    return clientSettings(this.#stored.identity, this.subject.options, {
      flags: this.#context.flags,
      linkKind: this.#link.kind,
      mtu: this.#link.mtu,
    });
  }
}
