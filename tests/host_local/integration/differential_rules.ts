/** The deliberate differences, each as the condition under which it explains what a step shows. @module */

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

/** One way in which the two plugins may differ. */
export interface Rule {
  /** The id of its row in docs/differences.md. */
  readonly id: string;
  /** The respects that it accounts for. */
  readonly aspects: readonly Aspect[];
  /** Whether this step is a case of it. */
  applies(step: Step): boolean;
}

const ALL: readonly Aspect[] = [
  "exit status",
  "result",
  "error",
  "addresses",
  "cursors",
];

/** Upstream says 999 where ours has a code of its own, in the same words. */
function recoded(id: string, code: number, text: RegExp): Rule {
  const applies = (step: Step): boolean => {
    const { theirCode, theirs, ourCode, ours } = errorsOf(step);
    return theirCode === 999 && ourCode === code && theirs === ours &&
      text.test(ours);
  };
  return { id, aspects: ["error"], applies };
}

/** A value of the wrong type is reported in the words of the JSON library. */
function isDecodingError(step: Step): boolean {
  const { theirCode, theirs, ourCode } = errorsOf(step);
  return (theirCode === 6 || theirCode === 999) &&
    /json: cannot unmarshal/.test(theirs) && ourCode === 6;
}

/** Of several values that cannot be decoded another one is reported. */
function isOtherUndecodable(step: Step): boolean {
  const { theirs, ours } = errorsOf(step);
  const text = /^(json: cannot unmarshal|invalid (CIDR|IP) address)/;
  return theirs !== ours && text.test(theirs) && text.test(ours);
}

/** Upstream refuses the call for want of CNI_PATH, alone or beside other variables. */
function isWithoutCniPath(step: Step): boolean {
  const { theirs, ours } = errorsOf(step);
  if (step.call.env["CNI_PATH"] !== "") return false;
  return theirs === "required env variables [CNI_PATH] missing" ||
    theirs.replace(",CNI_PATH]", "]") === ours;
}

/** Upstream refuses /31, /32, /127 and /128; ours goes on, to whatever end. */
function hasSmallSubnet(step: Step): boolean {
  return / too small to allocate from$/.test(errorsOf(step).theirs);
}

/** A failed ADD of ours leaves the cursors as they were. */
function isCursorRestored(step: Step): boolean {
  return isFailedAdd(step) &&
    sameFiles(step.ours.after.cursors, step.before.cursors);
}

/** Upstream's failed ADD releases what the container had before; ours leaves all as it was. */
function isRolledBack(step: Step): boolean {
  const { before, upstream, ours } = step;
  if (
    !isFailedAdd(step) || !sameFiles(ours.after.addresses, before.addresses)
  ) return false;
  return [...before.addresses].every(([name, content]) =>
    upstream.after.addresses.has(name) || isOwnedByCaller(step, content)
  );
}

/** DEL frees what it can although the config or CNI_ARGS is wrong. */
function isDelInSpite(step: Step): boolean {
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

/** A null in a list: upstream panics, prints it or stumbles over something else first. */
function hasNullElement(step: Step): boolean {
  const routes = listOf(step.network.ipam?.["routes"]);
  return routes.includes(null) &&
    / must not be null$/.test(errorsOf(step).ours);
}

/** A range that begins at the broadcast address and has no end: upstream's goes on beyond the subnet. */
function beginsAtBroadcast(step: Step): boolean {
  return rangesOf(step).some((range) => {
    const { subnet, rangeStart, rangeEnd } = range ?? {};
    if (rangeEnd !== undefined && rangeEnd !== "") return false;
    const [, host = "", length = ""] =
      /^\d+\.\d+\.\d+\.(\d+)\/(\d+)$/.exec(String(subnet)) ?? [];
    const broadcast = Number(host) + 2 ** (32 - Number(length)) - 1;
    return length !== "" && String(rangeStart).endsWith(`.${broadcast}`);
  });
}

/** A container that has an address in the range set gets no other for asking. */
function isSecondAddress(step: Step): boolean {
  return requestsOf(step).length > 0 &&
    / has been allocated to .*, duplicate allocation/.test(
      errorsOf(step).ours,
    ) &&
    filesBefore(step, (content) => isOwnedByCaller(step, content)).length > 0;
}

/** Of several requests upstream takes one at random, and lists those left in a random order. */
function hasSeveralRequests(step: Step): boolean {
  return requestsOf(step).length > 1;
}

/** `args.cni.ips` stands in for `IP=`; upstream adds them up. */
function hasArgsAndCniArgs(step: Step): boolean {
  return cniArgsRequest(step) !== undefined &&
    listOf(step.call.argsIps).length > 0;
}

/** An empty file is no reservation; upstream's address is lost. */
function hasEmptyFile(step: Step): boolean {
  return filesBefore(step, (content) => content === "").length > 0;
}

/** An owner written with a bare line feed is one to ours and nobody to upstream. */
function hasLineFeedOwner(step: Step): boolean {
  return filesBefore(
    step,
    (content) => /[^\r]\n./.test(content) && isOwnedByCaller(step, content),
  ).length > 0;
}

/** With two range sets or more upstream frees id-only files beside others. */
function hasLegacyFile(step: Step): boolean {
  const id = step.call.env["CNI_CONTAINERID"];
  return step.call.command === "DEL" &&
    filesBefore(step, (content) => content.trim() === id).length > 0;
}

/** Upstream handed out the gateway of another range of the set. */
function isGatewayHandedOut(step: Step): boolean {
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

/** A subnet inside ::/96 becomes an IPv4 one in upstream's arithmetic. */
function isLowSubnet(step: Step): boolean {
  return rangesOf(step).some((range) =>
    /^::[0-9a-f]{3,4}:/.test(String(range?.["subnet"]))
  );
}

/** Debian's release looks for missing variables before it looks at those that are there. */
function isOtherOrder(step: Step): boolean {
  const { theirCode, theirs, ourCode, ours } = errorsOf(step);
  return theirCode === 4 && ourCode === 4 &&
    /^required env variables/.test(theirs) &&
    /^(invalid characters in containerID|interface name )/.test(ours);
}

/** Debian's release does not know 1.1.0, prints 1.x results in another order, and knows only `dst` and `gw` of a route. */
function isOfDebian(step: Step): boolean {
  const { theirs, ours, theirDetails, ourDetails } = errorsOf(step);
  if (theirs === "incompatible CNI versions") {
    return ours === theirs &&
      ourDetails.startsWith(theirDetails.replace(/\]$/, ""));
  }
  if (isOtherOrder(step)) return true;
  const { upstream, ours: mine } = step;
  return upstream.outcome.code === 0 && mine.outcome.code === 0 &&
    plainResult(upstream.outcome.stdout) === plainResult(mine.outcome.stdout);
}

/** A result without what Debian's release does not know, its keys in one order. */
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

/** All rules; the first ones are asked first. */
export const RULES: readonly Rule[] = [
  recoded("code-7-config", 7, /./),
  recoded("code-4-args", 4, /^ARGS: /),
  recoded("code-5-io", 5, /^open .*: no such file or directory$/),
  recoded("code-11-exhausted", 11, /no IP addresses available in range set/),
  { id: "code-6-decoding", aspects: ["error"], applies: isDecodingError },
  { id: "json-texts", aspects: ["error"], applies: isOtherUndecodable },
  { id: "debian-age", aspects: ["error", "result"], applies: isOfDebian },
  { id: "cni-path-optional", aspects: ALL, applies: isWithoutCniPath },
  { id: "cursor-restored", aspects: ["cursors"], applies: isCursorRestored },
  { id: "rollback", aspects: ["addresses"], applies: isRolledBack },
  {
    id: "del-best-effort",
    aspects: ["exit status", "error", "result", "addresses"],
    applies: isDelInSpite,
  },
  { id: "small-subnets", aspects: ALL, applies: hasSmallSubnet },
  { id: "null-elements", aspects: ALL, applies: hasNullElement },
  { id: "ipv6-low-96", aspects: ALL, applies: isLowSubnet },
  { id: "sibling-gateways", aspects: ALL, applies: isGatewayHandedOut },
  { id: "legacy-fallback", aspects: ["addresses"], applies: hasLegacyFile },
  { id: "range-end-clamped", aspects: ALL, applies: beginsAtBroadcast },
  { id: "no-second-address", aspects: ALL, applies: isSecondAddress },
  { id: "args-ips-win", aspects: ALL, applies: hasArgsAndCniArgs },
  { id: "requests-in-order", aspects: ALL, applies: hasSeveralRequests },
  { id: "empty-files-reclaimed", aspects: ALL, applies: hasEmptyFile },
  { id: "lf-separator", aspects: ALL, applies: hasLineFeedOwner },
];

/** Which rules account for the differences, and what is left that none does. */
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
