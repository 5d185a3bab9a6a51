/** A renewal that an operator asks for, before T1. @module */

import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import type { LeaseEvent } from "../protocol/lease_event.ts";
import type { LeaseClient } from "./lease_client.ts";
import type { LeaseEvents } from "./lease_events.ts";
import type { Scheduler } from "./ports.ts";

/** How long it may take. Before T1 the client itself abandons it earlier. */
const TIMEOUT_MS = 12_000;

/**
 * Renews a lease, and waits for what comes of it.
 *
 * @param client Undefined if there is none for the attachment.
 * @throws {CniError} if the lease cannot be renewed, or no server answers.
 */
export async function renewNow(
  attachment: Attachment,
  client: Pick<LeaseClient, "renew"> | undefined,
  { events, scheduler, hungUp }: {
    readonly events: LeaseEvents;
    readonly scheduler: Scheduler;
    /** Aborted when the caller disconnects. */
    readonly hungUp: AbortSignal;
  },
): Promise<LeaseEvent> {
  if (client === undefined) throw refused("no such lease");
  const name = attachmentText(attachment);
  const answer = Promise.withResolvers<LeaseEvent>();
  using _listener = events.listen((event) => {
    if (attachmentText(event.attachment) === name) answer.resolve(event);
  });
  const giveUp = (): void => answer.reject(refused("no DHCPACK received"));
  using timer = scheduler.timer(giveUp);
  timer.set(scheduler.nowMs() + TIMEOUT_MS);
  hungUp.addEventListener("abort", giveUp);
  try {
    const problem = client.renew();
    if (problem !== undefined) throw refused(problem);
    return await answer.promise;
  } finally {
    hungUp.removeEventListener("abort", giveUp);
  }
}

function refused(reason: string): CniError {
  return new CniError(
    CniErrorCode.tryAgainLater,
    `the lease is not renewed: ${reason}`,
  );
}
