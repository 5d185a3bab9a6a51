/** One attachment's client at work: carries out what the state machine asks for, and brings it what happens. @module */

import type { SystemError } from "../../base/errors.ts";
import type { Lease } from "../client/lease.ts";
import type { ClientSettings } from "../client/settings.ts";
import { type ClientState, leaseInUse, offerOf } from "../client/state.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import { resumeEvent } from "./adoption_policy.ts";
import { clientSettings } from "./client_identity.ts";
import {
  answerDueMs,
  ClientRunner,
  type ClientRunnerOptions,
} from "./client_runner.ts";
import { FLUSH_TIMEOUT_MS, giveBack } from "./release.ts";
import { HeldLease } from "./lease_effects.ts";
import { KeeperError, type KeeperFailure } from "./acquisition_failure.ts";
import {
  attachmentLog,
  type KeeperContext,
  type KeeperSubject,
} from "./lease_client_context.ts";
import type {
  ClientIdentity,
  LeasedGrant,
  LeasedRecord,
} from "./lease_record.ts";
import { LinkWatch } from "./link_watch.ts";
import type { AttachedInterface } from "./ports.ts";
import { Waiters } from "./waiters.ts";
import { Wire } from "./client_socket.ts";
import type { Log } from "../../base/log_line.ts";
import { isSameNetns } from "../../net/netns_identity.ts";

/** Acquires, keeps and gives back the lease of one attachment. */
export class Keeper {
  readonly #context: KeeperContext;
  readonly #log: Log;
  readonly #held: HeldLease;
  readonly #link: LinkWatch;
  readonly #wire: Wire;
  readonly #client: ClientRunner;
  readonly #waiters = new Waiters();
  #isStopping = false;
  #isOrphaned = false;
  /** Why nobody will get a lease from here. */
  #failure: KeeperFailure | undefined;

  /** @param subject Who it works for. */
  constructor(readonly subject: KeeperSubject, context: KeeperContext) {
    const { attachment, attached } = subject;
    const { ports, metrics } = context;
    const { scheduler, randomU32 } = ports;
    const log = attachmentLog(attachment, ports);
    this.#context = context;
    this.#log = log;
    this.#held = new HeldLease(subject, { ports, metrics, log });
    this.#link = new LinkWatch({
      attached,
      log,
      onLink: (link) => this.#onLink(link),
      onGone: (what) => this.#orphan(what),
    });
    this.#wire = new Wire({
      attached,
      scheduler,
      log,
      metrics,
      onMessage: (message) =>
        this.#client.dispatch({ kind: "packet", message }),
      onConflict: () => this.#client.dispatch({ kind: "conflict" }),
      onGone: () => this.#orphan("interface"),
    });
    this.#client = new ClientRunner({
      scheduler,
      randomU32,
      settings: () => this.#settings(),
      onState: (state) =>
        state.state !== "REQUESTING" ||
        this.#keeps(this.#held.offered(state.offer)),
      onEffect: (effect) => this.#carryOut(effect),
      onIdle: (state) => this.#settle(state),
    });
  }

  /** The lease whose address may be used now. */
  get lease(): Lease | undefined {
    return leaseInUse(this.#client.state);
  }

  /** The name of the client's state; `GONE` if the interface is. */
  get stateName(): string {
    return this.#isOrphaned ? "GONE" : this.#client.state.state;
  }

  /** Whether it works for this very interface, which is not gone. @throws {SystemError} */
  serves({ place }: AttachedInterface): boolean {
    const { attached } = this.subject;
    return !this.#isOver && isSameNetns(attached.place.netns, place.netns) &&
      attached.read() !== undefined;
  }

  /** What another keeper of the attachment could go on with. */
  heirloom(identity: ClientIdentity): LeasedGrant | undefined {
    return this.#held.written.heirloom(identity);
  }

  /**
   * Begins to acquire.
   *
   * @param inherited The lease of an earlier keeper, to go on with, or to give back in the end. Its file stays meanwhile.
   * @throws {SystemError}
   */
  start(inherited: LeasedGrant | undefined): void {
    const { ifName, netnsPath: netns } = this.subject.attached.place;
    this.#log("info", "acquisition-started", { interface: ifName, netns });
    if (inherited !== undefined) this.#held.written.takeOver(inherited);
    const link = this.#link.open({ setUp: true });
    if (link === undefined) return;
    this.#client.dispatch({
      kind: "start",
      link: link.hasCarrier ? "up" : "down",
      ...(inherited === undefined ? {} : { held: offerOf(inherited.lease) }),
    });
  }

  /** Goes on with a stored lease; one that is lost counts as expired. @throws {SystemError} */
  resume(record: LeasedRecord): void {
    const { address } = record.grant.lease;
    this.#held.takeUp(record);
    const link = this.#link.open({ setUp: false });
    if (link === undefined) return;
    this.#log("info", "lease-resumed", { address: formatIpAddress(address) });
    const nowMs = this.#context.ports.scheduler.nowMs();
    this.#client.dispatch(resumeEvent(record, link, nowMs));
    this.#held.followMac(link);
    this.#held.noteAddress(this.lease);
  }

  /**
   * The lease, once there is one.
   *
   * @throws {KeeperError} if there will be none, or the signal is aborted.
   */
  async waitForLease(signal: AbortSignal): Promise<Lease> {
    if (this.lease !== undefined) return this.lease;
    if (this.#isOver) {
      throw new KeeperError(this.#failure ?? { kind: "cancelled" });
    }
    return await this.#waiters.wait(signal);
  }

  /** Ends; what the server has granted is given back. */
  async release(): Promise<void> {
    if (this.#isStopping) return;
    this.#log("info", "release-started");
    this.#end({ kind: "cancelled" });
    try {
      if (this.#isOrphaned) {
        const { grant, isLost } = this.#held.written;
        const settings = this.#settings();
        const held = { grant, isLost, settings, attached: undefined };
        return await giveBack(held, this.#context.ports, this.#log);
      }
      this.#client.dispatch({ kind: "stop", release: true });
      await this.#wire.flushed(FLUSH_TIMEOUT_MS);
    } finally {
      this.#held.written.forget();
      this.#close();
    }
  }

  /** Ends without a word: the lease stays, for the next keeper. */
  suspend(): void {
    this.#end({ kind: "cancelled" });
    this.#close();
  }

  /** It has stopped, or lost its interface. */
  get #isOver(): boolean {
    return this.#isStopping || this.#isOrphaned;
  }

  #settings(): ClientSettings {
    return clientSettings(this.#held.written.identity, this.subject.options, {
      flags: this.#context.flags,
      linkKind: this.#link.kind,
    });
  }

  #onLink(link: LinkInfo): void {
    if (this.#isOver) return;
    this.#held.followMac(link);
    this.#held.noteAddress(this.lease);
    if (this.#held.policy.isParked) return;
    this.#client.dispatch({ kind: link.hasCarrier ? "linkUp" : "linkDown" });
  }

  /** Lets go of what the state has no use for. */
  #settle(state: ClientState): void {
    if (state.state !== "PROBING") this.#wire.endProbe();
    if (this.#isOver) return;
    if (this.#failure !== undefined) return this.#giveUp(this.#failure);
    const dueMs = answerDueMs(state);
    if (dueMs !== undefined) return this.#wire.endExchangeAt(dueMs);
    this.#wire.endExchange();
    if (state.state === "INIT") this.#held.policy.afterExchange();
  }

  #carryOut(effect: Parameters<ClientRunnerOptions["onEffect"]>[0]): void {
    switch (effect.kind) {
      case "send":
        this.#held.policy.beforeSend();
        return this.#wire.send(effect);
      case "probe":
        return this.#wire.probe(effect);
      case "leaseAcquired": {
        // A container that had a lease before goes on with it, written down or not.
        const { isLost } = this.#held.written;
        const error = this.#held.take(effect);
        if (isLost || this.#keeps(error)) this.#waiters.resolve(effect.lease);
        return;
      }
      case "leaseLost":
        // Its sockets belong to the address; and one that is open while the link goes down fails at its next use.
        this.#wire.endExchange();
        this.#held.take(effect);
        // From now on the link is set up for each message, so nobody would tell that its carrier is back.
        if (this.#held.policy.isParked) {
          this.#client.dispatch({ kind: "linkUp" });
        }
        return;
      case "leaseRenewed":
      case "leaseChanged":
        this.#held.take(effect);
        return;
      case "failed":
        this.#context.metrics.count(`failed_${effect.failure.kind}`);
        this.#failure = effect.failure;
        return;
      case "log":
        return this.#log(effect.level, effect.event, effect.fields);
      default:
        effect satisfies never;
    }
  }

  /** Whether to go on: somebody who waits is told of a lease that cannot be written down, instead of getting it. */
  #keeps(error: SystemError | undefined): boolean {
    if (error === undefined || this.#waiters.isEmpty) return true;
    this.#failure = { kind: "not-stored", error };
    return false;
  }

  /** Nobody gets a lease from this keeper. */
  #giveUp(failure: KeeperFailure): void {
    this.#isStopping = true;
    this.#client.dispatch({ kind: "stop", release: true });
    this.#held.written.forget();
    this.#close();
    this.#context.onEnd(this.subject);
    this.#end(failure);
  }

  /** The interface is gone: the lease ends here. With the whole namespace gone, nobody uses the address any more. */
  #orphan(what: "interface" | "namespace"): void {
    if (this.#isStopping) return;
    if (!this.#isOrphaned) {
      this.#isOrphaned = true;
      this.#log("warn", "interface-removed", {
        what,
        interface: this.subject.attached.place.ifName,
      });
      this.#context.metrics.count("leases_orphaned");
      this.#failure = { kind: "interface-gone" };
      this.#client.dispatch({ kind: "stop", release: false });
      this.#wire[Symbol.dispose]();
      this.#waiters.reject(this.#failure);
    }
    if (what === "interface" && this.#held.written.grant !== undefined) return;
    this.release().then(
      () => this.#context.onEnd(this.subject),
      (error) => this.#log("error", "release-failed", { reason: `${error}` }),
    );
  }

  #end(failure: KeeperFailure): void {
    this.#isStopping = true;
    this.#failure ??= failure;
    this.#waiters.reject(this.#failure);
  }

  #close(): void {
    this.#wire[Symbol.dispose]();
    this.#link[Symbol.dispose]();
    this.#client[Symbol.dispose]();
  }
}
