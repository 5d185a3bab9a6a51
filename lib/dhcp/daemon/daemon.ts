/** The daemon: the attachments that have a lease, and the calls of plugins. @module */

import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import type { Result } from "../../cni/result.ts";
import type { Lease } from "../client/lease.ts";
import type { DaemonRequest } from "../protocol/daemon_protocol.ts";
import type { LeaseEvent } from "../protocol/lease_event.ts";
import { isCancelled, reportError } from "./acquisition_error.ts";
import { checkLease } from "./check_lease.ts";
import { addTimeoutMs } from "./client_identity.ts";
import type { DaemonFlags } from "./flags.ts";
import { LeaseClient, type LeaseClientContext } from "./lease_client.ts";
import { LeaseEvents } from "./lease_events.ts";
import {
  countStates,
  firstExpiryMs,
  type LeasePage,
  leasePage,
} from "./lease_overview.ts";
import type { LeasedGrant } from "./lease_record.ts";
import { leaseResult } from "./lease_result.ts";
import {
  findAttached,
  type LeaseSubject,
  newSubject,
} from "./lease_subject.ts";
import { Metrics } from "./metrics.ts";
import { PacketRate } from "./packet_rate.ts";
import type { DaemonPorts, NetnsReference } from "./ports.ts";
import { renewNow } from "./renew_now.ts";
import {
  releaseStoredLease,
  removeReleaseNote,
  resumeLeases,
} from "./resume_leases.ts";
import { Watchers } from "./watchers.ts";

type Request<M extends DaemonRequest["method"]> = Extract<
  DaemonRequest,
  { readonly method: M }
>;

/** How much longer than the acquisition an ADD waits that joined it later. */
const JOINED_EXTRA_MS = 1000;

/** An attachment with a client: it has a lease, acquires one or releases it. */
interface Entry {
  readonly client: LeaseClient;
  /** ADDs that are not confirmed yet. */
  callers: number;
  /** An ADD was confirmed: the lease stays, whatever happens to other callers. */
  isConfirmed: boolean;
  /** Set once the lease is being released. */
  releasing: Promise<void> | undefined;
}

/** The process that makes a call. */
export interface Caller {
  readonly pid: number;
  /** Aborted when it disconnects. */
  readonly hungUp: AbortSignal;
}

/** An answered ADD. The caller must call exactly one of the two methods. */
export interface Allocation {
  readonly result: Result;
  /** The runtime has the result. */
  confirm(): void;
  /** The plugin has disconnected: releases the lease, unless another ADD has it. */
  cancel(): Promise<void>;
}

/** All leases of a host. */
export class Daemon {
  readonly #ports: DaemonPorts;
  readonly #flags: DaemonFlags;
  readonly #metrics = new Metrics();
  readonly #rate: PacketRate;
  /** The events of the leases. */
  readonly #events = new LeaseEvents();
  /** The callers that watch the leases. */
  readonly watchers: Watchers;
  readonly #entries = new Map<string, Entry>();
  readonly #clientContext: LeaseClientContext;
  #isStopping = false;

  constructor(ports: DaemonPorts, flags: DaemonFlags) {
    this.#ports = ports;
    this.#flags = flags;
    const { scheduler, log } = ports;
    const metrics = this.#metrics;
    this.watchers = new Watchers(this.#events, log);
    this.#rate = new PacketRate(flags.packetRate, { scheduler, log, metrics });
    this.#clientContext = {
      ports,
      flags,
      metrics,
      rate: this.#rate,
      events: this.#events,
      onEnd: (subject) => this.#forget(subject),
    };
  }

  /** Resumes the leases of an earlier daemon. Call it before the first request. */
  async resume(): Promise<void> {
    await resumeLeases(
      this.#clientContext,
      (client) => this.#enter(client, { isConfirmed: true }),
    );
  }

  /**
   * Acquires a lease, or returns the one that exists; concurrent calls share one acquisition.
   *
   * @throws {CniError | SystemError} if there is no lease.
   */
  async allocate(
    request: Request<"allocate">,
    caller: Caller,
  ): Promise<Allocation> {
    const entry = await this.#join(request, caller);
    let lease: Lease;
    try {
      lease = await this.#waitForLease(entry.client, request, caller.hungUp);
      entry.client.prepare(lease);
    } catch (error) {
      await this.#leave(entry);
      throw reportError(error);
    }
    return {
      result: leaseResult(lease, entry.client.subject.options),
      confirm: () => {
        entry.callers -= 1;
        entry.isConfirmed = true;
      },
      cancel: () => this.#leave(entry),
    };
  }

  /** Releases a lease, if there is one; cancels an acquisition in progress. */
  async release(
    { attachment }: { readonly attachment: Attachment },
  ): Promise<void> {
    const { leases } = this.#ports;
    const entry = this.#entries.get(attachmentText(attachment));
    if (entry !== undefined) await this.#release(entry);
    // A lease that could not be resumed when the daemon started.
    const stored = leases.read(attachment);
    if (stored !== undefined) {
      await releaseStoredLease(stored, this.#clientContext);
    }
    removeReleaseNote(attachment, this.#ports);
  }

  /** Releases the leases for which plugins that did not reach this daemon left release notes. */
  async releaseNoted(): Promise<void> {
    // All at once: a note that an ADD removes later must not end the lease of that ADD.
    const { attachments } = this.#ports.releaseNotes.readAll();
    await Promise.all(
      attachments.map((attachment) => this.release({ attachment })),
    );
  }

  /** Writes all lease files again, in case the state directory was removed. */
  storeLeases(): void {
    for (const { client } of this.#entries.values()) client.store();
  }

  /**
   * Checks a lease and its interface, even if that has another name by now.
   *
   * @throws {CniError | SystemError} if lease, `prevResult` and interface differ.
   */
  check(
    { attachment, netns, addresses }: Request<"check">,
    { pid }: Pick<Caller, "pid">,
  ): void {
    const client = this.#entries.get(attachmentText(attachment))?.client;
    const identity = this.#ports.interfaces.identify(this.#onHost(netns, pid));
    const held = client && {
      lease: client.lease,
      stateName: client.stateName,
      attached: client.subject.attached,
    };
    checkLease(held, { attachment, addresses, netns: identity });
  }

  /**
   * Adds a caller until disposed: a namespace of a lease may be visible only to the process that
   * calls.
   */
  addCaller(pid: number): Disposable {
    return this.#ports.interfaces.addCaller(pid);
  }

  /** Releases the leases of a network that are not listed. @returns How many. */
  async gc({ networkName, attachments }: Request<"gc">): Promise<number> {
    const listed = new Set(
      attachments.map((attachment) =>
        attachmentText({ ...attachment, networkName })
      ),
    );
    const stale = [...this.#entries.values()].filter((entry) => {
      const { attachment } = entry.client.subject;
      // The list may be older than the container of an ADD that is still running.
      return attachment.networkName === networkName && entry.callers === 0 &&
        !listed.has(attachmentText(attachment));
    });
    await Promise.all(stale.map((entry) => this.#release(entry)));
    return stale.length;
  }

  /** Returns the number of leases in each state, and the counters. */
  status(): {
    readonly leases: Readonly<Record<string, number>>;
    readonly counters: Readonly<Record<string, number>>;
  } {
    return {
      leases: countStates(this.#clients()),
      counters: this.#metrics.toJson(),
    };
  }

  /** When the first lease expires, on the clock of the scheduler; undefined if none does. */
  get nextExpiryMs(): number | undefined {
    return firstExpiryMs(this.#clients());
  }

  /**
   * Returns a number of leases in the order of {@link attachmentText}.
   *
   * @param after Only leases after this text.
   */
  leases({ after }: Request<"leases">): LeasePage {
    const clients = this.#entries.entries()
      .map(([name, { client }]) => [name, client] as const);
    return leasePage(clients, after);
  }

  /**
   * Renews a lease now, and waits for what comes of it.
   *
   * @throws {CniError} if it cannot be renewed, or no server answers.
   */
  async renew(
    { attachment }: Request<"renew">,
    { hungUp }: Pick<Caller, "hungUp">,
  ): Promise<LeaseEvent> {
    const client = this.#entries.get(attachmentText(attachment))?.client;
    const { scheduler } = this.#ports;
    const events = this.#events;
    return await renewNow(attachment, client, { events, scheduler, hungUp });
  }

  /** Ends and fails the calls that wait. Leases stay for the next daemon. */
  stop(): void {
    this.#isStopping = true;
    for (const { client, releasing } of this.#entries.values()) {
      if (releasing === undefined) client.suspend();
    }
    this.#entries.clear();
    // What waits now are RELEASEs: there is no time to send them one after the other.
    this.#rate.open();
  }

  /**
   * A new client has its own limit and fails with a better reason; this limit is for calls that
   * join later.
   */
  async #waitForLease(
    client: LeaseClient,
    { options }: Request<"allocate">,
    caller: AbortSignal,
  ): Promise<Lease> {
    const { scheduler } = this.#ports;
    const limitMs = addTimeoutMs(options, this.#flags) + JOINED_EXTRA_MS;
    const limit = new AbortController();
    using timer = scheduler.timer(() => limit.abort());
    timer.set(scheduler.nowMs() + limitMs);
    try {
      return await client.waitForLease(AbortSignal.any([caller, limit.signal]));
    } catch (error) {
      // The reason of the client is better, also if both limits passed in one turn.
      if (!limit.signal.aborted || !isCancelled(error)) throw error;
      throw new CniError(
        CniErrorCode.tryAgainLater,
        `no lease within ${limitMs / 1000} s, state ${client.stateName}`,
        { cause: error },
      );
    }
  }

  /**
   * Returns the entry for an ADD, with one more caller: the one for this very interface, or a new
   * one.
   */
  async #join(
    request: Request<"allocate">,
    { pid }: Pick<Caller, "pid">,
  ): Promise<Entry> {
    for (;;) {
      if (this.#isStopping) {
        const message = "the daemon is shutting down";
        throw new CniError(CniErrorCode.tryAgainLater, message);
      }
      const existing = this.#entries.get(attachmentText(request.attachment));
      if (existing?.releasing !== undefined) {
        await existing.releasing;
        continue;
      }
      const netns = this.#onHost(request.netns, pid);
      const attached = findAttached(request, netns, this.#ports);
      // A release note for an earlier lease must not end this one.
      this.#ports.releaseNotes.remove(request.attachment);
      if (existing?.client.serves(attached)) {
        existing.callers += 1;
        return existing;
      }
      const subject = newSubject(request, attached, this.#ports);
      // The container was recreated without a DEL: if possible its lease continues at the new
      // location.
      const inherited = existing?.client.resumableGrant(subject.identity);
      if (existing === undefined || inherited !== undefined) {
        existing?.client.suspend();
        return this.#start(subject, inherited);
      }
      await this.#release(existing);
    }
  }

  /** Returns a new entry with one caller, whose client has begun to acquire. */
  #start(subject: LeaseSubject, inherited: LeasedGrant | undefined): Entry {
    const client = new LeaseClient(subject, this.#clientContext);
    const entry = this.#enter(client, { isConfirmed: false });
    try {
      client.start(inherited);
      entry.callers += 1;
      return entry;
    } catch (error) {
      client.suspend();
      this.#forget(subject);
      throw error;
    }
  }

  #enter(
    client: LeaseClient,
    { isConfirmed }: Pick<Entry, "isConfirmed">,
  ): Entry {
    const entry = { client, callers: 0, isConfirmed, releasing: undefined };
    this.#entries.set(attachmentText(client.subject.attachment), entry);
    return entry;
  }

  /** Returns the namespace that a caller names, as the daemon sees it. */
  #onHost(netns: string, callerPid: number): NetnsReference {
    return { path: `${this.#flags.hostPrefix}${netns}`, callerPid };
  }

  #clients(): IteratorObject<LeaseClient> {
    return this.#entries.values().map(({ client }) => client);
  }

  /** Handles a caller that leaves without a confirmation. */
  async #leave(entry: Entry): Promise<void> {
    entry.callers -= 1;
    if (entry.callers > 0 || entry.isConfirmed) return;
    await this.#release(entry);
  }

  async #release(entry: Entry): Promise<void> {
    entry.releasing ??= entry.client.release().finally(() =>
      this.#forget(entry.client.subject)
    );
    await entry.releasing;
  }

  #forget(subject: LeaseSubject): void {
    const name = attachmentText(subject.attachment);
    if (this.#entries.get(name)?.client.subject === subject) {
      this.#entries.delete(name);
    }
  }
}
