/** The calls that follow a killed or failed one, and what must hold after them. @module */

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
import {
  type BrokenCall,
  isMarkedAnswered,
  printedBy,
} from "./fault_broken_call.ts";
import { TARGET } from "./fault_scenarios.ts";

/** A container that asks for addresses after the broken call. */
const NEXT = "next";

/** Files besides addresses, cursors and the lock that may stay in a network's directory. */
const LASTING = new Set([".index.db"]);

/** Which calls come after the broken one. */
export type FollowUp =
  | "the same again"
  | "another container first"
  | "DEL first";

/** All orders of the calls that follow. */
export const FOLLOW_UPS: readonly FollowUp[] = [
  "the same again",
  "another container first",
  "DEL first",
];

/** Makes the calls that follow and checks that nothing was lost, doubled or leaked. */
export async function checkFollowUps(
  call: BrokenCall,
  order: FollowUp,
): Promise<void> {
  if (call.scenario.command === "ADD") {
    const isMarked = isMarkedAnswered(call);
    const isPrinted = printedBy(call) !== undefined;
    if (order === "the same again") {
      // Killed after the last word of its work, it is as good as done.
      await repeatAdd(call, isPrinted && !isMarked);
      await addNext(call);
    } else if (order === "another container first") {
      await addNext(call);
      // The mark goes with anybody else's call; the target then counts as one that has its addresses.
      await repeatAdd(call, isPrinted || isMarked);
    } else {
      await release(call, TARGET);
      assertEquals(addressesOf(readNetwork(call.network), TARGET), []);
      await repeatAdd(call, false);
      await addNext(call);
    }
  } else if (order === "another container first") {
    await addNext(call);
    await repeatFreeing(call);
  } else if (order === "DEL first") {
    await release(call, TARGET);
    await addNext(call);
  } else {
    await repeatFreeing(call);
    await addNext(call);
  }
  await release(call, TARGET);
  checkNothingLeft(call);
}

/** The target's ADD again, without a DEL before; `duplicateAllowed` if it may count as holding its addresses. */
async function repeatAdd(
  call: BrokenCall,
  duplicateAllowed: boolean,
): Promise<void> {
  const outcome = await callHostLocal({
    ...call,
    command: "ADD",
    containerId: TARGET,
  });
  const state = readNetwork(call.network);
  if (outcome.code !== 0) {
    assert(duplicateAllowed, `the repeated ADD failed: ${outcome.stdout}`);
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

/** ADD of another container, which must not get what is taken. */
async function addNext(call: BrokenCall): Promise<void> {
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
      `${address} was printed to two containers`,
    );
    const owner = taken.get(address);
    assert(
      owner === undefined || owner === ownerText(TARGET),
      `${address} was taken by ${JSON.stringify(owner)}`,
    );
  }
}

/** The broken DEL or GC again, now whole. */
async function repeatFreeing(call: BrokenCall): Promise<void> {
  const outcome = await callHostLocal({
    ...call,
    command: call.scenario.command,
    containerId: TARGET,
  });
  assertEquals(
    outcome.code,
    0,
    `${call.scenario.command} again: ${outcome.stdout}`,
  );
  if (call.scenario.command === "DEL") {
    assertEquals(addressesOf(readNetwork(call.network), TARGET), []);
  }
}

async function release(call: BrokenCall, containerId: string): Promise<void> {
  const outcome = await callHostLocal({ ...call, command: "DEL", containerId });
  assertEquals(outcome.code, 0, `DEL of ${containerId}: ${outcome.stdout}`);
}

/** The target is released: exactly the others' reservations and that of the next container are left, and no temporary file. */
function checkNothingLeft(call: BrokenCall): void {
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
    state.others.filter((name) => !LASTING.has(name)),
    [],
    "files that nobody owns",
  );
}
