/**
 * The DHCP client as a function: state and event in, state and effects out (RFC 2131 figure 5).
 *
 * It reads no clock, has no source of randomness and sends nothing. Its caller delivers the events
 * and carries out the effects in order. Pure.
 *
 * @module
 */

import { onProbingTimer } from "./bound.ts";
import { onConflict } from "./conflict.ts";
import type { ClientContext, ClientEvent } from "./event.ts";
import { onResume, onStart, onStop } from "./lifecycle.ts";
import { onLinkDown, onLinkUp } from "./link_change.ts";
import {
  onInitRebootTimer,
  onRebootingPacket,
  onRebootingTimer,
} from "./rebooting.ts";
import { onLeaseTimer, onRenew, onRenewalPacket } from "./renewing.ts";
import { withoutUnrequested } from "./requested.ts";
import { onRequestingPacket, onRequestingTimer } from "./requesting.ts";
import {
  onInitTimer,
  onSelectingPacket,
  onSelectingTimer,
} from "./selecting.ts";
import { type ClientState, wakeAtMs } from "./state.ts";
import { after, log, type Step, step } from "./step.ts";

/**
 * Handles one event.
 *
 * This one step does everything that is due at `context.nowMs`, so the first DISCOVER is among the
 * effects of `start`. A `setTimer` effect comes last whenever the wake-up time changed, and after
 * every `timer` event.
 *
 * @param state {@link INITIAL_STATE} at first, then the state that the last call returned.
 */
export function transition(
  state: ClientState,
  event: ClientEvent,
  context: ClientContext,
): Step {
  const settled = settle(onEvent(state, event, context), context);
  const effects = [...settled.effects];
  if (settled.state.state !== state.state) {
    const from = state.state;
    const to = settled.state.state;
    const level = isRoutine(from) && isRoutine(to) ? "debug" : "info";
    effects.unshift(log(level, "state-changed", { from, to }));
  }
  const wake = wakeAtMs(settled.state);
  if (wake !== wakeAtMs(state) || event.kind === "timer") {
    const atMs = wake === Infinity ? undefined : wake;
    effects.push({ kind: "setTimer", atMs });
  }
  return { state: settled.state, effects };
}

/** Returns whether the state is one of a lease that is renewed normally. */
function isRoutine(name: ClientState["state"]): boolean {
  return name === "BOUND" || name === "RENEWING";
}

function onEvent(
  state: ClientState,
  event: ClientEvent,
  context: ClientContext,
): Step {
  switch (event.kind) {
    case "start":
      return state.state === "STOPPED"
        ? onStart(state, event, context)
        : step(state);
    case "resume":
      return state.state === "STOPPED" ? onResume(state, event) : step(state);
    case "stop":
      return onStop(state, event, context);
    case "packet":
      return onPacket(state, event, context);
    case "timer":
      return step(state);
    case "renew":
      return onRenew(state, context);
    case "linkDown":
      return onLinkDown(state, context);
    case "linkUp":
      return onLinkUp(state, context);
    case "conflict":
      return onConflict(state, context);
  }
}

/**
 * Does what is due. It ends because each turn moves the wake-up time of the state towards `nowMs`
 * and past it.
 */
function settle(first: Step, context: ClientContext): Step {
  let settled = first;
  while (wakeAtMs(settled.state) <= context.nowMs) {
    settled = after(settled.effects, onTimer(settled.state, context));
  }
  return settled;
}

function onTimer(state: ClientState, context: ClientContext): Step {
  switch (state.state) {
    case "STOPPED":
      return step(state);
    case "INIT":
      return onInitTimer(state, context);
    case "SELECTING":
      return onSelectingTimer(state, context);
    case "REQUESTING":
      return onRequestingTimer(state, context);
    case "PROBING":
      return onProbingTimer(state, context);
    case "BOUND":
    case "RENEWING":
    case "REBINDING":
      return onLeaseTimer(state, context);
    case "INIT-REBOOT":
      return onInitRebootTimer(state, context);
    case "REBOOTING":
      return onRebootingTimer(state, context);
  }
}

function onPacket(
  state: ClientState,
  received: Extract<ClientEvent, { readonly kind: "packet" }>,
  context: ClientContext,
): Step {
  const message = withoutUnrequested(received.message, context.settings);
  const packet = { ...received, message };
  switch (state.state) {
    case "SELECTING":
      return onSelectingPacket(state, message, context);
    case "REQUESTING":
      return onRequestingPacket(state, message, context);
    case "RENEWING":
    case "REBINDING":
      return onRenewalPacket(state, packet, context);
    case "REBOOTING":
      return onRebootingPacket(state, message, context);
    case "STOPPED":
    case "INIT":
    case "INIT-REBOOT":
    case "PROBING":
    case "BOUND":
      return step(state);
  }
}
