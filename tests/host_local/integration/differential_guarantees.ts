/** The guarantees of our plugin in every step, even where upstream differs. @module */

import { addressesInResult } from "../../support/host_local_call.ts";
import { ownerText } from "../../support/network_directory.ts";
import { sameFiles, type Step } from "./differential_compare.ts";
import { isOwnedByCaller } from "./differential_facts.ts";

/** Returns a description of each guarantee that our plugin violated in the step. */
export function violatedGuarantees(step: Step): string[] {
  switch (step.call.command) {
    case "ADD":
      return step.ours.outcome.code === 0
        ? violatedByAdd(step)
        : violatedByFailedAdd(step);
    case "DEL":
      return violatedByDel(step);
    case "CHECK":
      return sameFiles(step.ours.after.addresses, step.before.addresses)
        ? []
        : ["CHECK changed files"];
  }
}

/** Every printed address has a file that names its owner, and none was reserved before. */
function violatedByAdd(step: Step): string[] {
  const { CNI_CONTAINERID: id = "", CNI_IFNAME: ifName = "" } = step.call.env;
  const { before, ours } = step;
  return addressesInResult(ours.outcome.stdout).flatMap((address) => {
    const content = ours.after.addresses.get(address);
    const earlier = before.addresses.get(address) ?? "";
    return [
      ...(content === ownerText(id, ifName) ? [] : [
        `ADD printed ${address}, whose file holds ${JSON.stringify(content)}`,
      ]),
      ...(earlier === "" ? [] : [
        `ADD printed ${address}, whose file held ${
          JSON.stringify(earlier)
        } before`,
      ]),
    ];
  });
}

/** Nothing is reserved and nothing is released, except empty files. */
function violatedByFailedAdd({ before, ours }: Step): string[] {
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

/** Every address of the caller is released, and no other one. */
function violatedByDel(step: Step): string[] {
  const { CNI_CONTAINERID: id = "", CNI_IFNAME: ifName = "" } = step.call.env;
  const { before, ours, network } = step;
  // Without `ipam` the directory of the reservations is unknown.
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
