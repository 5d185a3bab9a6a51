/** The calls that follow a killed or failed call, and the checks after them. @module */

import { assert, assertEquals } from "@std/assert";
import {
  addressesInResult,
  callHostLocal,
  errorIn,
} from "../../support/host_local_call.ts";
import {
  addressesOf,
  isAddressName,
  ownerText,
  readNetwork,
} from "../../support/network_directory.ts";
import { type FaultedCall, isMarkedAnswered, printedBy } from "./fault_call.ts";
import { TARGET } from "./fault_scenarios.ts";

/** The container of an ADD after the fault. */
const NEXT = "next";

/** Files that may stay in a network's directory, apart from addresses, cursors and the lock. */
const PERMANENT = new Set([".earlier-boot", ".history", ".index.db"]);

/** The order of the calls after the fault. */
export type FollowUp =
  | "same call first"
  | "another container first"
  | "DEL first";

/** All orders of the calls after the fault. */
export const FOLLOW_UPS: readonly FollowUp[] = [
  "same call first",
  "another container first",
  "DEL first",
];

/**
 * Makes the calls after the fault, and checks that no address was lost, leaked or allocated twice.
 */
export async function checkFollowUps(
  call: FaultedCall,
  order: FollowUp,
): Promise<void> {
  if (call.scenario.command === "ADD") {
    const isMarked = isMarkedAnswered(call);
    const isPrinted = printedBy(call) !== undefined;
    if (order === "same call first") {
      // An ADD that was killed after it removed its mark is complete.
      await repeatAdd(call, isPrinted && !isMarked);
      await addNext(call);
    } else if (order === "another container first") {
      await addNext(call);
      // A call for another container removes the mark; from then on the target holds its addresses.
      await repeatAdd(call, isPrinted || isMarked);
    } else {
      await release(call, TARGET);
      assertEquals(addressesOf(readNetwork(call.network), TARGET), []);
      await repeatAdd(call, false);
      await addNext(call);
    }
  } else if (order === "another container first") {
    await addNext(call);
    await repeatRelease(call);
  } else if (order === "DEL first") {
    await release(call, TARGET);
    await addNext(call);
  } else {
    await repeatRelease(call);
    await addNext(call);
  }
  await release(call, TARGET);
  checkNothingLeft(call);
}

/**
 * Repeats the target's ADD without a DEL; it may be refused as a duplicate if `isDuplicateAllowed`.
 */
async function repeatAdd(
  call: FaultedCall,
  isDuplicateAllowed: boolean,
): Promise<void> {
  const outcome = await callHostLocal({
    ...call,
    command: "ADD",
    containerId: TARGET,
  });
  const state = readNetwork(call.network);
  if (outcome.code !== 0) {
    assert(isDuplicateAllowed, `the repeated ADD failed: ${outcome.stdout}`);
    assert(
      errorIn(outcome.stdout)?.msg.includes("duplicate allocation"),
      outcome.stdout,
    );
    return;
  }
  assertEquals(
    addressesOf(state, TARGET).sort(),
    addressesInResult(outcome.stdout).sort(),
    "files of the repeated ADD",
  );
}

/** Makes an ADD for another container, which must not get an address that is already reserved. */
async function addNext(call: FaultedCall): Promise<void> {
  const taken = readNetwork(call.network).addresses;
  const outcome = await callHostLocal({
    ...call,
    command: "ADD",
    containerId: NEXT,
  });
  assertEquals(
    outcome.code,
    0,
    `ADD of another container: ${outcome.stdout}`,
  );
  const addresses = addressesInResult(outcome.stdout);
  assertEquals(addresses.length, 2);
  assertEquals(
    addressesOf(readNetwork(call.network), NEXT).sort(),
    [...addresses].sort(),
    "files of the other container",
  );
  const printed = call.outcome.code === 0 ? printedBy(call) ?? [] : [];
  for (const address of addresses) {
    assert(
      !printed.includes(address),
      `${address} was printed for two containers`,
    );
    const owner = taken.get(address);
    assert(
      owner === undefined || owner === ownerText(TARGET),
      `${address} belongs to ${JSON.stringify(owner)}`,
    );
  }
}

/** Repeats the DEL or GC without a fault. */
async function repeatRelease(call: FaultedCall): Promise<void> {
  const outcome = await callHostLocal({
    ...call,
    command: call.scenario.command,
    containerId: TARGET,
  });
  assertEquals(
    outcome.code,
    0,
    `repeated ${call.scenario.command}: ${outcome.stdout}`,
  );
  if (call.scenario.command === "DEL") {
    assertEquals(addressesOf(readNetwork(call.network), TARGET), []);
  }
}

async function release(call: FaultedCall, containerId: string): Promise<void> {
  const outcome = await callHostLocal({ ...call, command: "DEL", containerId });
  assertEquals(outcome.code, 0, `DEL of ${containerId}: ${outcome.stdout}`);
}

/**
 * Checks that exactly the reservations of the other containers and of the next one remain, and no
 * temporary file.
 */
function checkNothingLeft(call: FaultedCall): void {
  const state = readNetwork(call.network);
  const foreign = [...call.before.addresses].filter(([, content]) =>
    !content.startsWith(TARGET)
  );
  assertEquals(
    Object.fromEntries(
      [...state.addresses].filter(([, content]) => content !== ownerText(NEXT)),
    ),
    Object.fromEntries(foreign),
    "addresses at the end",
  );
  for (const [name, content] of state.cursors) {
    assert(isAddressName(content), `${name} holds ${JSON.stringify(content)}`);
  }
  assertEquals(
    state.others.filter((name) => !PERMANENT.has(name)),
    [],
    "leftover files",
  );
}
