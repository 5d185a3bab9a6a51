/** One exchange of DISCOVER and OFFER, of which nothing is kept. @module */

import { SystemError } from "../../base/errors.ts";
import type { ProgressReport } from "../../cli/progress.ts";
import { sameAddress } from "../../net/ip_address.ts";
import type { Ipv4Address } from "../../net/ipv4_address.ts";
import { resendGapMs } from "../client/backoff.ts";
import { type AckResult, leaseFromAck } from "../client/lease.ts";
import { checkOffer } from "../client/offer.ts";
import { discover } from "../client/request.ts";
import { withoutUnrequested } from "../client/requested.ts";
import type { ClientSettings } from "../client/settings.ts";
import { type DhcpMessage, encodeMessage } from "../codec/dhcp_message.ts";
import { type DhcpSocket, SendRefusedError } from "../daemon/ports.ts";
import type { ProbeSession } from "./ports.ts";

/** How long to listen for other servers after the first offer. Some look for conflicts first. */
const LISTEN_MS = 3000;
/** Any host of the link can answer, as often as it likes. */
const MAX_ANSWERS = 32;
/** After so many DISCOVERs without an answer, answers by broadcast are asked for. */
const SENDS_BEFORE_BROADCAST = 2;
/** How often the progress is reported. */
const REPORT_MS = 200;

/** An answer to a DISCOVER. */
export interface ProbeAnswer {
  /** The sender in the IPv4 header: the server or a relay. */
  readonly source: Ipv4Address;
  /** The hardware address of the sender. */
  readonly sender: Uint8Array;
  readonly message: DhcpMessage;
  /** How long after the first DISCOVER it came. */
  readonly afterMs: number;
  /** The lease that an ACK with the same values would grant, or why the offer is refused. */
  readonly result: AckResult;
}

/** What an exchange has shown. */
export interface ProbeExchange {
  readonly xid: number;
  /** DISCOVERs. */
  readonly sent: number;
  /** Why the last DISCOVER could not be sent; undefined if it could. */
  readonly sendError: SystemError | undefined;
  readonly answers: readonly ProbeAnswer[];
  /** How many answers came after the most that are kept. */
  readonly moreAnswers: number;
  /** How many packets were no DHCP message, by reason. */
  readonly dropped: ReadonlyMap<string, number>;
  readonly durationMs: number;
}

/** Sends DISCOVERs until a server offers an address, then listens for others a while. */
export async function exchange(
  settings: ClientSettings,
  timeoutMs: number,
  { session, progress }: {
    readonly session: ProbeSession;
    readonly progress: ProgressReport;
  },
): Promise<ProbeExchange> {
  const { scheduler } = session;
  const done = Promise.withResolvers<void>();
  const startMs = scheduler.nowMs();
  using end = scheduler.timer(() => done.resolve());
  end.set(startMs + timeoutMs);
  let work = "waiting for an offer";
  let untilMs = startMs + timeoutMs;
  using running = new RunningExchange(settings, session, {
    startMs,
    onOffer: () => {
      work = "listening for other servers";
      untilMs = Math.min(scheduler.nowMs() + LISTEN_MS, untilMs);
      end.set(untilMs);
    },
    onRefused: () => done.resolve(),
  });
  using tick = scheduler.timer(() => {
    const nowMs = scheduler.nowMs();
    const seconds = Math.ceil(Math.max(0, untilMs - nowMs) / 1000);
    progress.report(`${work}, ${seconds} s left, DHCPDISCOVERs`, running.sent);
    tick.set(nowMs + REPORT_MS);
  });
  tick.set(startMs + REPORT_MS);
  running.send();
  await done.promise;
  return running.result();
}

/** When an exchange began, and what its caller wants to know at once. */
interface ExchangeEvents {
  readonly startMs: number;
  /** Called with the first offer. */
  readonly onOffer: () => void;
  /** Called if no message can be sent at all. */
  readonly onRefused: () => void;
}

class RunningExchange implements Disposable {
  readonly #settings: ClientSettings;
  readonly #session: ProbeSession;
  readonly #events: ExchangeEvents;
  readonly #xid: number;
  readonly #socket: DhcpSocket;
  readonly #resend: Disposable & { set(atMs: number): void };
  readonly #answers: ProbeAnswer[] = [];
  readonly #dropped = new Map<string, number>();
  #moreAnswers = 0;
  #tries = 0;
  #sent = 0;
  #sendError: SystemError | undefined;

  constructor(
    settings: ClientSettings,
    session: ProbeSession,
    events: ExchangeEvents,
  ) {
    this.#settings = settings;
    this.#session = session;
    this.#events = events;
    this.#xid = session.randomU32();
    this.#resend = session.scheduler.timer(() => this.send());
    this.#socket = session.attached.open({
      server: undefined,
      onReadable: () => this.#receive(),
    });
  }

  /** How many DISCOVERs were sent. */
  get sent(): number {
    return this.#sent;
  }

  send(): void {
    const { scheduler, randomU32 } = this.#session;
    const { broadcast, timings: { resendMaxMs } } = this.#settings;
    const nowMs = scheduler.nowMs();
    const { source, destination, message } = discover(this.#settings, {
      xid: this.#xid,
      secs: Math.floor((nowMs - this.#events.startMs) / 1000),
      isBroadcast: broadcast === "auto"
        ? this.#tries >= SENDS_BEFORE_BROADCAST
        : broadcast,
      address: undefined,
    });
    this.#tries += 1;
    const random = randomU32() / 2 ** 32;
    const limits = { resendMaxMs, isAwaited: true, random };
    this.#resend.set(nowMs + resendGapMs(this.#tries, limits));
    try {
      const bytes = encodeMessage(message);
      this.#socket.send({ xid: this.#xid, source, destination, bytes });
      this.#sent += 1;
      this.#sendError = undefined;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#sendError = error;
      if (error instanceof SendRefusedError) this.#events.onRefused();
    }
  }

  result(): ProbeExchange {
    return {
      xid: this.#xid,
      sent: this.#sent,
      sendError: this.#sendError,
      answers: this.#answers,
      moreAnswers: this.#moreAnswers,
      dropped: this.#dropped,
      durationMs: this.#session.scheduler.nowMs() - this.#events.startMs,
    };
  }

  [Symbol.dispose](): void {
    this.#resend[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
  }

  #receive(): void {
    for (const { packet, sender } of this.#socket.receive()) {
      if (packet.kind === "dropped") {
        const { reason } = packet;
        this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
        continue;
      }
      this.#take(packet.message, { source: packet.source, sender });
    }
  }

  #take(
    message: DhcpMessage,
    from: Pick<ProbeAnswer, "source" | "sender">,
  ): void {
    const check = checkOffer(message, this.#xid, this.#settings);
    if (check.kind === "foreign") return;
    const { startMs } = this.#events;
    const nowMs = this.#session.scheduler.nowMs();
    const result: AckResult = check.kind === "refused"
      ? { kind: "unusable", reason: check.reason }
      : leaseFromAck(withoutUnrequested(message, this.#settings), {
        sentMs: nowMs,
      });
    const answer = { ...from, message, afterMs: nowMs - startMs, result };
    // A server answers each DISCOVER.
    if (this.#answers.some((known) => isRepeated(known, answer))) return;
    if (this.#answers.length >= MAX_ANSWERS) {
      this.#moreAnswers += 1;
      return;
    }
    this.#answers.push(answer);
    if (result.kind !== "lease") return;
    this.#resend.set(Infinity);
    if (this.#answers.filter(isUsable).length === 1) this.#events.onOffer();
  }
}

/** Returns whether an offer would be accepted. */
export function isUsable({ result }: ProbeAnswer): boolean {
  return result.kind === "lease";
}

function isRepeated(known: ProbeAnswer, answer: ProbeAnswer): boolean {
  return sameAddress(known.source, answer.source) &&
    sameAddress(known.message.yiaddr, answer.message.yiaddr) &&
    reasonOf(known) === reasonOf(answer);
}

function reasonOf({ result }: ProbeAnswer): string | undefined {
  return result.kind === "unusable" ? result.reason : undefined;
}
