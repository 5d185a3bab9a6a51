/** What must hold after a call was killed or failed, right away and after the calls that follow. @module */

import { assert, assertEquals } from "@std/assert";
import {
  addressesInResult,
  callHostLocal,
  errorIn,
} from "../support/host_local_call.ts";
import {
  addressesOf,
  isAddressName,
  type NetworkState,
  ownerText,
  readNetwork,
} from "../support/network_directory.ts";
import type { TraceOutcome } from "../support/strace.ts";
import type { Fault, FaultPoint } from "./fault_points.ts";
import { type FaultScenario, TARGET } from "./fault_scenarios.ts";

/** A container that asks for addresses after the broken call. */
const NEXT = "next";

/** Files besides addresses, cursors and the lock that may stay in a network's directory. */
const LASTING = new Set([".index.db"]);

/** A broken call with everything that is known about it. */
export interface BrokenCall {
  readonly binary: string;
  readonly scenario: FaultScenario;
  readonly point: FaultPoint;
  readonly fault: Fault;
  readonly config: string;
  readonly network: string;
  readonly before: NetworkState;
  readonly outcome: TraceOutcome;
}

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

/** Addresses that the broken ADD printed, if its result came out whole. */
function printedBy({ scenario, outcome }: BrokenCall): string[] | undefined {
  if (scenario.command !== "ADD" || errorIn(outcome.stdout) !== undefined) {
    return undefined;
  }
  try {
    return addressesInResult(outcome.stdout);
  } catch {
    return undefined; // Nothing or only a part was printed.
  }
}

function assertOthersUntouched(call: BrokenCall, state: NetworkState): void {
  for (const [name, content] of call.before.addresses) {
    if (content.startsWith(TARGET)) continue;
    assertEquals(
      state.addresses.get(name),
      content,
      `${name}, a reservation of another container`,
    );
  }
}

/** No address file is empty or half written, and none names an owner that nobody has asked for. */
function assertWholeReservations(
  call: BrokenCall,
  state: NetworkState,
  owners: readonly string[],
): void {
  const texts = new Set(owners.map((owner) => ownerText(owner)));
  for (const [name, content] of state.addresses) {
    assert(
      texts.has(content) || call.before.addresses.get(name) === content,
      `${name} holds ${JSON.stringify(content)}`,
    );
  }
}

/** Closing a directory that cannot be closed aborts Deno's runtime: no better than a kill, and no worse. */
function isRuntimeAbort({ point, outcome }: BrokenCall): boolean {
  return point.syscall === "close" && outcome.code === 134;
}

/** Whether the broken ADD left its mark that it was answering: a repeated one then gets the same addresses. */
function isMarkedAnswered({ network }: BrokenCall): boolean {
  return readNetwork(network).others.includes(".answered");
}

/**
 * What the target has in the directory. Left out is what it had before, was not given again, and stderr tells of: a
 * file that could not be read may be anybody's, and stays.
 */
function heldByTarget(call: BrokenCall, state: NetworkState): string[] {
  const { before, outcome } = call;
  const printed = printedBy(call) ?? [];
  const isTold = (name: string): boolean =>
    before.addresses.has(name) && !printed.includes(name) &&
    outcome.stderr.includes(name);
  return addressesOf(state, TARGET).filter((name) => !isTold(name)).sort();
}

/** Checks the directory and the answer as the broken call left them. */
export function checkRightAfter(call: BrokenCall): void {
  const state = readNetwork(call.network);
  assertOthersUntouched(call, state);
  assertWholeReservations(call, state, [TARGET]);
  if (call.outcome.code === 0) checkSuccess(call, state);
  else if (call.fault === "KILL" || isRuntimeAbort(call)) {
    checkKilled(call, state);
  } else checkFailure(call, state);
}

function checkSuccess(call: BrokenCall, state: NetworkState): void {
  const { scenario, outcome } = call;
  const printed = printedBy(call);
  if (scenario.command !== "ADD") {
    assertEquals(
      heldByTarget(call, state),
      [],
      `left by a successful ${scenario.command}, and not on stderr`,
    );
    return;
  }
  assert(
    printed !== undefined,
    `exit status 0 with stdout ${JSON.stringify(outcome.stdout)}`,
  );
  assertEquals(
    heldByTarget(call, state),
    printed?.toSorted(),
    "files of the printed addresses",
  );
}

/** Whoever has read the result must find it true, although the call ended badly. */
function checkKilled(call: BrokenCall, state: NetworkState): void {
  const missing = (printedBy(call) ?? []).filter((address) =>
    !addressesOf(state, TARGET).includes(address)
  );
  assertEquals(missing, [], "printed addresses without a file");
}

function checkFailure(call: BrokenCall, state: NetworkState): void {
  const { scenario, outcome, before, point } = call;
  assertEquals(outcome.code, 1, `exit status, with stdout ${outcome.stdout}`);
  assert(
    errorIn(outcome.stdout) !== undefined || point.syscall === "write",
    `stdout of a failed call: ${JSON.stringify(outcome.stdout)}`,
  );
  if (scenario.command !== "ADD") return;
  assertEquals(
    Object.fromEntries(state.addresses),
    Object.fromEntries(before.addresses),
    "addresses after a failed ADD",
  );
  assertEquals(
    Object.fromEntries(state.cursors),
    Object.fromEntries(before.cursors),
    "cursors after a failed ADD",
  );
}

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
