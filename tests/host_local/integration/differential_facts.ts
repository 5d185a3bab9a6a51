/** Facts about a step, for the rules of the differential test. @module */

import { errorIn } from "../../support/host_local_call.ts";
import { ownerText } from "../../support/network_directory.ts";
import type { Step } from "./differential_compare.ts";

/** The errors of both plugins; code 0 and empty texts if there is none. */
export interface Errors {
  readonly theirCode: number;
  readonly theirs: string;
  readonly theirDetails: string;
  readonly ourCode: number;
  readonly ours: string;
  readonly ourDetails: string;
}

/** Returns the errors that the two plugins printed. */
export function errorsOf({ upstream, ours }: Step): Errors {
  const theirs = errorIn(upstream.outcome.stdout);
  const mine = errorIn(ours.outcome.stdout);
  return {
    theirCode: theirs?.code ?? 0,
    theirs: theirs?.msg ?? "",
    theirDetails: theirs?.details ?? "",
    ourCode: mine?.code ?? 0,
    ours: mine?.msg ?? "",
    ourDetails: mine?.details ?? "",
  };
}

/** Returns whether the step is an ADD that failed with both plugins. */
export function isFailedAdd({ call, upstream, ours }: Step): boolean {
  return call.command === "ADD" && upstream.outcome.code !== 0 &&
    ours.outcome.code !== 0;
}

/** Returns whether a file with this content belongs to the container and interface of the call. */
export function isOwnedByCaller({ call }: Step, content: string): boolean {
  const { CNI_CONTAINERID: id = "", CNI_IFNAME: ifName = "" } = call.env;
  return [id, ownerText(id, ifName)].includes(
    content.trim().replace(/\r?\n/, "\r\n"),
  );
}

/** Returns the address in `IP=` of CNI_ARGS, if there is one. */
export function cniArgsRequest({ call }: Step): string | undefined {
  const pairs = (call.env["CNI_ARGS"] ?? "").split(";");
  return pairs.findLast((pair) => /^IP=./.test(pair))?.replace("IP=", "");
}

/**
 * Returns the requested addresses of all three sources as written, without prefix lengths and
 * duplicates.
 */
export function requestsOf(step: Step): string[] {
  const { argsIps = [], runtimeIps = [] } = step.call;
  const all = [cniArgsRequest(step) ?? "", ...argsIps, ...runtimeIps].map((
    request,
  ) => String(request).replace(/\/.*/, ""));
  return [...new Set(all)].filter((request) => request !== "");
}

/** A range object of the configuration, as written. */
type GivenRange = Readonly<Record<string, unknown>>;

/** Returns all range objects of the configuration; a `null` range or range set is `null`. */
export function rangesOf({ network }: Step): (GivenRange | null)[] {
  const ipam = network.ipam ?? {};
  const sets = [
    ...listOf(network.runtimeConfig?.["ipRanges"]),
    ...listOf(ipam["ranges"]),
  ];
  const single = "subnet" in ipam ? [ipam] : [];
  return [
    ...single,
    ...sets.flatMap((set) => (set === null ? [null] : listOf(set))),
  ] as (GivenRange | null)[];
}

/** Returns the elements of a list; none if the value is not a list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns the names of the files before the step whose content satisfies the condition. */
export function filesBefore(
  { before }: Step,
  condition: (content: string) => boolean,
): string[] {
  return [...before.addresses].filter(([, content]) => condition(content)).map((
    [name],
  ) => name);
}
