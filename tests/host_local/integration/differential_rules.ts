/**
 * The deliberate differences from upstream, each as a condition on a step that it explains.
 *
 * @module
 */

import { type Aspect, sameFiles, type Step } from "./differential_compare.ts";
import {
  cniArgsRequest,
  errorsOf,
  filesBefore,
  isFailedAdd,
  isOwnedByCaller,
  listOf,
  rangesOf,
  requestsOf,
} from "./differential_facts.ts";

/** One deliberate difference. */
export interface Rule {
  /** Its ID in docs/differences.md. */
  readonly id: string;
  /** The aspects that it explains. */
  readonly aspects: readonly Aspect[];
  /** Returns whether the step is a case of it. */
  applies(step: Step): boolean;
}

const ALL: readonly Aspect[] = [
  "exit status",
  "result",
  "error",
  "addresses",
  "cursors",
];

/** Upstream's code is 999, ours is a more specific one; the text is the same. */
function recoded(id: string, code: number, text: RegExp): Rule {
  const applies = (step: Step): boolean => {
    const { theirCode, theirs, ourCode, ours } = errorsOf(step);
    return theirCode === 999 && ourCode === code && theirs === ours &&
      text.test(ours);
  };
  return { id, aspects: ["error"], applies };
}

/** For a value of the wrong JSON type, upstream prints the text of its decoder. */
function isDecodingError(step: Step): boolean {
  const { theirCode, theirs, ourCode } = errorsOf(step);
  return (theirCode === 6 || theirCode === 999) &&
    /json: cannot unmarshal/.test(theirs) && ourCode === 6;
}

/** If several values cannot be decoded, the plugins may report different ones. */
function reportsAnotherValue(step: Step): boolean {
  const { theirs, ours } = errorsOf(step);
  const text = /^(json: cannot unmarshal|invalid (CIDR|IP) address)/;
  return theirs !== ours && text.test(theirs) && text.test(ours);
}

/** Upstream refuses the call because CNI_PATH is missing, alone or among other variables. */
function isWithoutCniPath(step: Step): boolean {
  const { theirs, ours } = errorsOf(step);
  if (step.call.env["CNI_PATH"] !== "") return false;
  return theirs === "required env variables [CNI_PATH] missing" ||
    theirs.replace(",CNI_PATH]", "]") === ours;
}

/**
 * Upstream refuses /31, /32, /127 and /128. Ours accepts them, and may then fail for another
 * reason.
 */
function hasSmallSubnet(step: Step): boolean {
  return / too small to allocate from$/.test(errorsOf(step).theirs);
}

/**
 * A range set that consists of gateways is invalid here. Upstream reports it as full, or allocates
 * the gateway of a sibling range.
 */
function hasOnlyGateways(step: Step): boolean {
  const { ourCode, ours } = errorsOf(step);
  return ourCode === 7 && / is a gateway$/.test(ours);
}

/** Our failed ADD leaves the cursors unchanged. */
function isCursorRestored(step: Step): boolean {
  return isFailedAdd(step) &&
    sameFiles(step.ours.after.cursors, step.before.cursors);
}

/**
 * Upstream's failed ADD releases the addresses that the container held before; ours releases
 * nothing.
 */
function isRolledBack(step: Step): boolean {
  const { before, upstream, ours } = step;
  if (
    !isFailedAdd(step) || !sameFiles(ours.after.addresses, before.addresses)
  ) return false;
  return [...before.addresses].every(([name, content]) =>
    upstream.after.addresses.has(name) || isOwnedByCaller(step, content)
  );
}

/** Our DEL releases what it can find although the configuration or CNI_ARGS is invalid. */
function isBestEffortDel(step: Step): boolean {
  const { call, before, upstream, ours } = step;
  if (
    call.command !== "DEL" || upstream.outcome.code === 0 ||
    ours.outcome.code !== 0
  ) return false;
  return [...before.addresses].every(([name, content]) =>
    ours.after.addresses.has(name) || content === "" ||
    isOwnedByCaller(step, content)
  );
}

/** A `null` in a list: upstream panics, prints it or fails earlier for another reason. */
function hasNullElement(step: Step): boolean {
  const routes = listOf(step.network.ipam?.["routes"]);
  return routes.includes(null) &&
    / must not be null$/.test(errorsOf(step).ours);
}

/**
 * A range that starts at the broadcast address and has no end: upstream's range extends beyond the
 * subnet.
 */
function startsAtBroadcast(step: Step): boolean {
  return rangesOf(step).some((range) => {
    const { subnet, rangeStart, rangeEnd } = range ?? {};
    if (rangeEnd !== undefined && rangeEnd !== "") return false;
    const [, host = "", length = ""] =
      /^\d+\.\d+\.\d+\.(\d+)\/(\d+)$/.exec(String(subnet)) ?? [];
    const broadcast = Number(host) + 2 ** (32 - Number(length)) - 1;
    return length !== "" && String(rangeStart).endsWith(`.${broadcast}`);
  });
}

/** Our ADD refuses a requested address if the container already holds one in the range set. */
function isSecondAddress(step: Step): boolean {
  return requestsOf(step).length > 0 &&
    / has been allocated to .*, duplicate allocation/.test(
      errorsOf(step).ours,
    ) &&
    filesBefore(step, (content) => isOwnedByCaller(step, content)).length > 0;
}

/** If there are several requests, upstream uses a random one and lists the others at random. */
function hasSeveralRequests(step: Step): boolean {
  return requestsOf(step).length > 1;
}

/** `args.cni.ips` replaces `IP=` of CNI_ARGS; upstream merges them. */
function hasArgsAndCniArgs(step: Step): boolean {
  return cniArgsRequest(step) !== undefined &&
    listOf(step.call.argsIps).length > 0;
}

/** Our ADD reclaims an empty file; upstream never does. */
function hasEmptyFile(step: Step): boolean {
  return filesBefore(step, (content) => content === "").length > 0;
}

/** Our plugin finds an owner in a file with LF instead of CR LF; upstream does not. */
function hasLineFeedOwner(step: Step): boolean {
  return filesBefore(
    step,
    (content) => /[^\r]\n./.test(content) && isOwnedByCaller(step, content),
  ).length > 0;
}

/** With two or more range sets upstream also releases files that contain only the container ID. */
function hasLegacyFile(step: Step): boolean {
  const id = step.call.env["CNI_CONTAINERID"];
  return step.call.command === "DEL" &&
    filesBefore(step, (content) => content.trim() === id).length > 0;
}

/** Upstream allocated the gateway of another range in the set. */
function isGatewayAllocated(step: Step): boolean {
  const gateways = rangesOf(step).map((range) =>
    String(range?.["gateway"] ?? "")
  );
  const reserved = [...step.upstream.after.addresses.keys()].filter((name) =>
    !step.before.addresses.has(name)
  );
  return reserved.some((name) =>
    gateways.includes(name) || isDefaultGateway(step, name)
  );
}

function isDefaultGateway(step: Step, address: string): boolean {
  return rangesOf(step).some((range) => {
    const { subnet, gateway } = range ?? {};
    const network = String(subnet).replace(/\/.*/, "");
    return gateway === undefined &&
      [network.replace(/0$/, "1"), `${network}1`].includes(address);
  });
}

/** Upstream's arithmetic turns a subnet inside ::/96 into an IPv4 one. */
function isLowSubnet(step: Step): boolean {
  return rangesOf(step).some((range) =>
    /^::[0-9a-f]{3,4}:/.test(String(range?.["subnet"]))
  );
}

/** Debian's release reports missing variables before invalid ones. */
function reportsMissingFirst(step: Step): boolean {
  const { theirCode, theirs, ourCode, ours } = errorsOf(step);
  return theirCode === 4 && ourCode === 4 &&
    /^required env variables/.test(theirs) &&
    /^(invalid characters in containerID|interface name )/.test(ours);
}

/**
 * Debian's release does not support 1.1.0, prints the keys of 1.x results in another order, and
 * supports only `dst` and `gw` of a route.
 */
function isDebianRelease(step: Step): boolean {
  const { theirs, ours, theirDetails, ourDetails } = errorsOf(step);
  if (theirs === "incompatible CNI versions") {
    return ours === theirs &&
      ourDetails.startsWith(theirDetails.replace(/\]$/, ""));
  }
  if (reportsMissingFirst(step)) return true;
  const { upstream, ours: mine } = step;
  return upstream.outcome.code === 0 && mine.outcome.code === 0 &&
    plainResult(upstream.outcome.stdout) === plainResult(mine.outcome.stdout);
}

/**
 * Returns a result without the keys that Debian's release does not support, with its keys sorted.
 */
function plainResult(stdout: string): string {
  const newer = new Set([
    "mtu",
    "advmss",
    "priority",
    "table",
    "scope",
    "cniVersion",
  ]);
  return JSON.stringify(JSON.parse(stdout || "null"), (key, value: unknown) => {
    if (newer.has(key) || (key === "dns" && JSON.stringify(value) === "{}")) {
      return undefined;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return value;
    }
    return Object.fromEntries(
      Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  });
}

/** All rules. The first ones have precedence. */
export const RULES: readonly Rule[] = [
  recoded("code-7-config", 7, /./),
  recoded("code-4-args", 4, /^ARGS: /),
  recoded("code-5-io", 5, /^open .*: no such file or directory$/),
  { id: "only-gateways", aspects: ALL, applies: hasOnlyGateways },
  recoded("code-11-exhausted", 11, /no IP addresses available in range set/),
  { id: "code-6-decoding", aspects: ["error"], applies: isDecodingError },
  { id: "json-texts", aspects: ["error"], applies: reportsAnotherValue },
  { id: "debian-age", aspects: ["error", "result"], applies: isDebianRelease },
  { id: "cni-path-optional", aspects: ALL, applies: isWithoutCniPath },
  { id: "cursor-restored", aspects: ["cursors"], applies: isCursorRestored },
  { id: "rollback", aspects: ["addresses"], applies: isRolledBack },
  {
    id: "del-best-effort",
    aspects: ["exit status", "error", "result", "addresses"],
    applies: isBestEffortDel,
  },
  { id: "small-subnets", aspects: ALL, applies: hasSmallSubnet },
  { id: "null-elements", aspects: ALL, applies: hasNullElement },
  { id: "ipv6-low-96", aspects: ALL, applies: isLowSubnet },
  { id: "sibling-gateways", aspects: ALL, applies: isGatewayAllocated },
  { id: "legacy-fallback", aspects: ["addresses"], applies: hasLegacyFile },
  { id: "range-end-clamped", aspects: ALL, applies: startsAtBroadcast },
  { id: "no-second-address", aspects: ALL, applies: isSecondAddress },
  { id: "args-ips-win", aspects: ALL, applies: hasArgsAndCniArgs },
  { id: "requests-in-order", aspects: ALL, applies: hasSeveralRequests },
  { id: "empty-files-reclaimed", aspects: ALL, applies: hasEmptyFile },
  { id: "lf-separator", aspects: ALL, applies: hasLineFeedOwner },
];

/**
 * Returns the ids of the rules that explain the differences, and the aspects that no rule explains.
 */
export function explain(
  step: Step,
  aspects: readonly Aspect[],
): { readonly ids: string[]; readonly left: Aspect[] } {
  let left = [...aspects];
  const ids: string[] = [];
  for (const rule of RULES) {
    if (
      !left.some((aspect) => rule.aspects.includes(aspect)) ||
      !rule.applies(step)
    ) continue;
    left = left.filter((aspect) => !rule.aspects.includes(aspect));
    ids.push(rule.id);
  }
  return { ids, left };
}
