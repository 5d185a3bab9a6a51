/** What our plugin owes its callers in every step, whether upstream does the same or not. @module */

import { addressesInResult } from "../../support/host_local_call.ts";
import { ownerText } from "../../support/network_directory.ts";
import { sameFiles, type Step } from "./differential_compare.ts";
import { isOwnedByCaller } from "./differential_facts.ts";

/** The promises that our side of the step broke, in words. */
export function brokenPromises(step: Step): string[] {
  switch (step.call.command) {
    case "ADD":
      return step.ours.outcome.code === 0
        ? brokenByAdd(step)
        : brokenByFailedAdd(step);
    case "DEL":
      return brokenByDel(step);
    case "CHECK":
      return sameFiles(step.ours.after.addresses, step.before.addresses)
        ? []
        : ["CHECK changed files"];
  }
}

/** Every printed address has its file, and none was another's before. */
function brokenByAdd(step: Step): string[] {
  const { CNI_CONTAINERID: id = "", CNI_IFNAME: ifName = "" } = step.call.env;
  const { before, ours } = step;
  return addressesInResult(ours.outcome.stdout).flatMap((address) => {
    const content = ours.after.addresses.get(address);
    const earlier = before.addresses.get(address) ?? "";
    return [
      ...(content === ownerText(id, ifName)
        ? []
        : [`${address} was printed and holds ${JSON.stringify(content)}`]),
      ...(earlier === "" ? [] : [
        `${address} was printed and held ${JSON.stringify(earlier)} before`,
      ]),
    ];
  });
}

/** Nothing is reserved and nothing is freed, but for empty files. */
function brokenByFailedAdd({ before, ours }: Step): string[] {
  const kept = new Map(
    [...before.addresses].filter(([, content]) => content !== ""),
  );
  const after = new Map(
    [...ours.after.addresses].filter(([, content]) => content !== ""),
  );
  return [
    ...(sameFiles(kept, after) ? [] : ["a failed ADD changed reservations"]),
    ...(sameFiles(before.cursors, ours.after.cursors)
      ? []
      : ["a failed ADD moved a cursor"]),
  ];
}

/** What was the caller's is gone, and nothing else. */
function brokenByDel(step: Step): string[] {
  const { CNI_CONTAINERID: id = "", CNI_IFNAME: ifName = "" } = step.call.env;
  const { before, ours, network } = step;
  // Without `ipam` nobody knows where the reservations are.
  if (!network.ipam) return [];
  const left = [...ours.after.addresses].filter(([, content]) =>
    content === ownerText(id, ifName)
  );
  const lost = [...before.addresses].filter(([name, content]) =>
    !ours.after.addresses.has(name) && content !== "" &&
    !isOwnedByCaller(step, content)
  );
  return [
    ...(ours.outcome.code === 0 ? left : []).map(([name]) =>
      `DEL left ${name}`
    ),
    ...lost.map(([name]) => `DEL removed ${name} of another container`),
  ];
}
