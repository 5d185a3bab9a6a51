/** The daemon: which attachments have a lease, and what plugin calls do to them. @module */

import { SystemError } from "../../base/errors.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import type { Lease } from "../client/lease.ts";
import { adoptLeases, dropLease } from "./adopt_leases.ts";
import { checkLease } from "./check_lease.ts";
import { addTimeoutMs, newIdentity } from "./client_identity.ts";
import { reportError } from "./acquisition_error.ts";
import type { DaemonFlags } from "./flags.ts";
import { Keeper } from "./lease_client.ts";
import { isCancelled } from "./acquisition_failure.ts";
import type { KeeperContext, KeeperSubject } from "./lease_client_context.ts";
import type { LeasedGrant } from "./lease_record.ts";
import { Metrics } from "./metrics.ts";
import type { AttachedInterface, DaemonPorts } from "./ports.ts";
import type { DaemonRequest } from "../protocol/daemon_protocol.ts";
import { leaseResult } from "./lease_result.ts";
import type { Result } from "../../cni/result.ts";
import { attachmentText } from "../../cni/attachment.ts";

type Request<M extends DaemonRequest["method"]> = Extract<
  DaemonRequest,
  { readonly method: M }
>;

const JOINED_EXTRA_MS = 1000;

/** An attachment that has a lease, or will have one, or is being rid of it. */
interface Entry {
  readonly keeper: Keeper;
  /** ADDs that were not confirmed yet. */
  callers: number;
  /** Some ADD was answered and its answer received: the lease stays whatever happens to callers. */
  isConfirmed: boolean;
  /** Set once the lease is being given back. */
  releasing: Promise<void> | undefined;
}

/** An answered ADD. Exactly one of the two must be called. */
export interface Allocation {
  readonly result: Result;
  /** The runtime has the result. */
  confirm(): void;
  /** The caller is gone: unless somebody else has it, the lease is given back. */
  takeBack(): Promise<void>;
}

/** All leases of a host. */
export class Daemon {
  readonly #ports: DaemonPorts;
  readonly #flags: DaemonFlags;
  readonly #metrics = new Metrics();
  readonly #entries = new Map<string, Entry>();
  readonly #keeperContext: KeeperContext;
  #isStopping = false;

  constructor(ports: DaemonPorts, flags: DaemonFlags) {
    this.#ports = ports;
    this.#flags = flags;
    this.#keeperContext = {
      ports,
      flags,
      metrics: this.#metrics,
      onEnd: (subject) => this.#drop(subject),
    };
  }

  /** Takes up what an earlier daemon left. Call it before the first request. */
  async adopt(): Promise<void> {
    await adoptLeases(
      this.#keeperContext,
      (keeper) => this.#enter(keeper, true),
    );
  }

  /**
   * Acquires a lease, or returns the one there is; concurrent calls share one acquisition.
   *
   * @param caller Aborted when the caller is gone.
   * @throws {CniError | SystemError} Why there is none.
   */
  async allocate(
    request: Request<"allocate">,
    caller: AbortSignal,
  ): Promise<Allocation> {
    const entry = await this.#join(request);
    let lease: Lease;
    try {
      lease = await this.#waitForLease(entry.keeper, request, caller);
    } catch (error) {
      await this.#leave(entry);
      throw reportError(error);
    }
    return {
      result: leaseResult(lease, entry.keeper.subject.options),
      confirm: () => {
        entry.callers -= 1;
        entry.isConfirmed = true;
      },
      takeBack: () => this.#leave(entry),
    };
  }

  /** Gives a lease back; one that is not there is fine. An acquisition under way is cancelled. */
  async release({ attachment }: Request<"release">): Promise<void> {
    const { leases } = this.#ports;
    const entry = this.#entries.get(attachmentText(attachment));
    if (entry !== undefined) await this.#release(entry);
    // One that could not be taken up when the daemon started.
    const stored = leases.read(attachment);
    if (stored !== undefined) await dropLease(stored, this.#keeperContext);
    leases.removeTombstone(attachment);
  }

  /** @throws {CniError | SystemError} What is wrong with the lease, compared with what the runtime believes. */
  check({ attachment, netns, addresses }: Request<"check">): void {
    checkLease(this.#entries.get(attachmentText(attachment))?.keeper, {
      attachment,
      addresses,
      here: this.#find(netns, attachment.ifName),
    });
  }

  /** Gives back the leases of a network that are not listed. @returns How many. */
  async gc({ networkName, attachments }: Request<"gc">): Promise<number> {
    const listed = new Set(
      attachments.map((attachment) =>
        attachmentText({ ...attachment, networkName })
      ),
    );
    const stale = [...this.#entries.values()].filter((entry) => {
      const { attachment } = entry.keeper.subject;
      // An ADD that runs now is of a container that the list may be too old for.
      return attachment.networkName === networkName && entry.callers === 0 &&
        !listed.has(attachmentText(attachment));
    });
    await Promise.all(stale.map((entry) => this.#release(entry)));
    return stale.length;
  }

  /** Leases by state, and counters. */
  status(): Readonly<Record<string, unknown>> {
    const leases: Record<string, number> = {};
    for (const { keeper } of this.#entries.values()) {
      leases[keeper.stateName] = (leases[keeper.stateName] ?? 0) + 1;
    }
    return { leases, counters: this.#metrics.toJson() };
  }

  /** Ends without giving anything back: the next daemon goes on. Calls that still run are told so. */
  stop(): void {
    this.#isStopping = true;
    for (const { keeper, releasing } of this.#entries.values()) {
      if (releasing === undefined) keeper.suspend();
    }
    this.#entries.clear();
  }

  /** A new lease has a limit of its own, with a better reason; this one is for those who join in later. */
  async #waitForLease(
    keeper: Keeper,
    { options }: Request<"allocate">,
    caller: AbortSignal,
  ): Promise<Lease> {
    const { scheduler } = this.#ports;
    const limitMs = addTimeoutMs(options, this.#flags) + JOINED_EXTRA_MS;
    const limit = new AbortController();
    using timer = scheduler.timer(() => limit.abort());
    timer.set(scheduler.nowMs() + limitMs);
    try {
      return await keeper.waitForLease(AbortSignal.any([caller, limit.signal]));
    } catch (error) {
      // The client's own reason is the better one, also if both came in one turn.
      if (!limit.signal.aborted || !isCancelled(error)) throw error;
      throw new CniError(
        CniErrorCode.tryAgainLater,
        `no lease within ${limitMs / 1000} s, state ${keeper.stateName}`,
        { cause: error },
      );
    }
  }

  /** The entry of an ADD, with one more caller: the one there is, if it is of this very interface, or a new one. */
  async #join(request: Request<"allocate">): Promise<Entry> {
    for (;;) {
      if (this.#isStopping) {
        const message = "the daemon is stopping";
        throw new CniError(CniErrorCode.tryAgainLater, message);
      }
      const existing = this.#entries.get(attachmentText(request.attachment));
      if (existing?.releasing !== undefined) {
        await existing.releasing;
        continue;
      }
      const attached = this.#find(request.netns, request.attachment.ifName);
      if (!request.netnsOverride) this.#refuseOwn(attached);
      // A note of an earlier life must not end this one.
      this.#ports.leases.removeTombstone(request.attachment);
      if (existing?.keeper.serves(attached)) {
        existing.callers += 1;
        return existing;
      }
      const subject = this.#subjectOf(request, attached);
      // The container was made anew and its DEL never came: its lease goes on in the new place, if it can.
      const inherited = existing?.keeper.heirloom(subject.identity);
      if (existing === undefined || inherited !== undefined) {
        existing?.keeper.suspend();
        return this.#begin(subject, inherited);
      }
      await this.#release(existing);
    }
  }

  #subjectOf(
    { attachment, options }: Request<"allocate">,
    attached: AttachedInterface,
  ): KeeperSubject {
    const link = attached.read();
    if (link === undefined) throw noLink(attached.place.ifName);
    const { digest, machineId } = this.#ports;
    const surroundings = { link, digest, machineId };
    const identity = newIdentity(attachment, options, surroundings);
    return { attachment, attached, identity, options };
  }

  /** A new entry with one caller, which has begun to acquire. */
  #begin(
    subject: KeeperSubject,
    inherited: LeasedGrant | undefined,
  ): Entry {
    const keeper = new Keeper(subject, this.#keeperContext);
    const entry = this.#enter(keeper, false);
    try {
      keeper.start(inherited);
      entry.callers += 1;
      return entry;
    } catch (error) {
      keeper.suspend();
      this.#drop(subject);
      throw error;
    }
  }

  #enter(keeper: Keeper, isConfirmed: boolean): Entry {
    const entry: Entry = {
      keeper,
      callers: 0,
      isConfirmed,
      releasing: undefined,
    };
    this.#entries.set(attachmentText(keeper.subject.attachment), entry);
    return entry;
  }

  /** An interface of the host itself: its lease would be the host's, and so would the loss of it. */
  #refuseOwn({ place: { netns, netnsPath } }: AttachedInterface): void {
    if (!this.#ports.interfaces.isOwn(netns)) return;
    throw new CniError(
      CniErrorCode.invalidNetns,
      "plugin's netns and netns from CNI_NETNS should not be the same",
      {
        details:
          `${netnsPath} is the namespace of the daemon; set CNI_NETNS_OVERRIDE=1 if that is meant`,
      },
    );
  }

  #find(netns: string, ifName: string): AttachedInterface {
    const path = `${this.#flags.hostPrefix}${netns}`;
    return this.#ports.interfaces.find(path, ifName);
  }

  /** A caller goes away without having confirmed. */
  async #leave(entry: Entry): Promise<void> {
    entry.callers -= 1;
    if (entry.callers > 0 || entry.isConfirmed) return;
    await this.#release(entry);
  }

  async #release(entry: Entry): Promise<void> {
    entry.releasing ??= entry.keeper.release().finally(() =>
      this.#drop(entry.keeper.subject)
    );
    await entry.releasing;
  }

  #drop(subject: KeeperSubject): void {
    const name = attachmentText(subject.attachment);
    if (this.#entries.get(name)?.keeper.subject === subject) {
      this.#entries.delete(name);
    }
  }
}

/** Upstream's text. */
function noLink(ifName: string): SystemError {
  const quoted = JSON.stringify(ifName);
  return new SystemError(`error looking up ${quoted}: Link not found`);
}
