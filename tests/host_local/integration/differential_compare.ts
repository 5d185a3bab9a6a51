/** The outcomes of one call of both plugins, and the aspects in which they differ. @module */

import type { PluginOutcome } from "../../support/plugin_process.ts";
import { errorIn } from "../../support/host_local_call.ts";
import type { NetworkState } from "../../support/network_directory.ts";
import type { RandomCall } from "./differential_call.ts";
import type { RandomNetwork } from "./differential_network.ts";

/** The outcome of the call with one of the plugins. */
export interface PluginRun {
  readonly outcome: PluginOutcome;
  /** The directory after the call. */
  readonly after: NetworkState;
}

/** One call of both plugins, on directories with the same content. */
export interface Step {
  readonly network: RandomNetwork;
  readonly call: RandomCall;
  /** The configuration that our plugin read. */
  readonly config: string;
  /** Both directories before the call. */
  readonly before: NetworkState;
  readonly upstream: PluginRun;
  readonly ours: PluginRun;
}

/** A part of the outcome that can differ. */
export type Aspect =
  | "exit status"
  | "result"
  | "error"
  | "addresses"
  | "cursors";

/** Returns the aspects in which the two plugins differ; empty if they agree. */
export function differences({ upstream, ours }: Step): Aspect[] {
  const aspects: Aspect[] = [];
  if (upstream.outcome.code !== ours.outcome.code) aspects.push("exit status");
  const [theirError, ourError] = [
    errorIn(upstream.outcome.stdout),
    errorIn(ours.outcome.stdout),
  ];
  if (theirError !== undefined || ourError !== undefined) {
    if (!sameError(theirError, ourError)) aspects.push("error");
    if ((theirError === undefined) !== (ourError === undefined)) {
      aspects.push("result");
    }
  } else if (upstream.outcome.stdout !== ours.outcome.stdout) {
    aspects.push("result");
  }
  if (!sameFiles(upstream.after.addresses, ours.after.addresses)) {
    aspects.push("addresses");
  }
  if (!sameFiles(upstream.after.cursors, ours.after.cursors)) {
    aspects.push("cursors");
  }
  return aspects;
}

type PluginError = ReturnType<typeof errorIn>;

/**
 * Compares code and text. Our details may contain more than upstream's, and `cniVersion` is
 * ignored.
 */
function sameError(theirs: PluginError, ours: PluginError): boolean {
  if (theirs === undefined || ours === undefined) return false;
  return theirs.code === ours.code && theirs.msg === ours.msg &&
    (ours.details ?? "").includes(theirs.details ?? "");
}

/** Returns whether two sets of files have the same names and contents. */
export function sameFiles(
  a: ReadonlyMap<string, string>,
  b: ReadonlyMap<string, string>,
): boolean {
  return a.size === b.size &&
    [...a].every(([name, content]) => b.get(name) === content);
}

/** Describes a step, for the report of an unexplained difference. */
export function describeStep(
  { call, config, before, upstream, ours }: Step,
): string {
  const files = (state: NetworkState): string =>
    JSON.stringify(Object.fromEntries([...state.addresses, ...state.cursors]));
  const side = ({ outcome, after }: PluginRun): string =>
    `exit status ${outcome.code}, stdout ${
      outcome.stdout.replace(/\s+/g, " ")
    }, files ${files(after)}${
      outcome.stderr === "" ? "" : `, stderr ${outcome.stderr.slice(0, 400)}`
    }`;
  return [
    `${call.command} ${JSON.stringify(call.env)}`,
    `config   ${config}`,
    `before   ${files(before)}`,
    `upstream ${side(upstream)}`,
    `ours     ${side(ours)}`,
  ].join("\n    ");
}
