/** Checks of the directory and the answer right after a call was killed or failed. @module */

import { assert, assertEquals } from "@std/assert";
import { errorIn } from "../../support/host_local_call.ts";
import {
  addressesOf,
  type NetworkState,
  ownerText,
  readNetwork,
} from "../../support/network_directory.ts";
import { type FaultedCall, printedBy } from "./fault_call.ts";
import { TARGET } from "./fault_scenarios.ts";

function assertOthersUntouched(call: FaultedCall, state: NetworkState): void {
  for (const [name, content] of call.before.addresses) {
    if (content.startsWith(TARGET)) continue;
    assertEquals(
      state.addresses.get(name),
      content,
      `${name}, a reservation of another container`,
    );
  }
}

/** No address file is empty or incomplete, and each new one names one of these owners. */
function assertCompleteReservations(
  call: FaultedCall,
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

/** Deno's runtime aborts when closing a directory fails. That is equivalent to a kill. */
function isRuntimeAbort({ point, outcome }: FaultedCall): boolean {
  return point.syscall === "close" && outcome.code === 134;
}

/**
 * Returns the addresses of the target in the directory, without those that it held before, did not
 * get again and that stderr names: a file that cannot be read may belong to another container, so
 * it stays.
 */
function heldByTarget(call: FaultedCall, state: NetworkState): string[] {
  const { before, outcome } = call;
  const printed = printedBy(call) ?? [];
  const isReported = (name: string): boolean =>
    before.addresses.has(name) && !printed.includes(name) &&
    outcome.stderr.includes(name);
  return addressesOf(state, TARGET).filter((name) => !isReported(name)).sort();
}

/** Checks the directory and the answer after the fault. */
export function checkOutcome(call: FaultedCall): void {
  const state = readNetwork(call.network);
  assertOthersUntouched(call, state);
  assertCompleteReservations(call, state, [TARGET]);
  if (call.outcome.code === 0) checkSuccess(call, state);
  else if (call.fault === "KILL" || isRuntimeAbort(call)) {
    checkKilled(call, state);
  } else checkFailure(call, state);
}

function checkSuccess(call: FaultedCall, state: NetworkState): void {
  const { scenario, outcome } = call;
  const printed = printedBy(call);
  if (scenario.command !== "ADD") {
    assertEquals(
      heldByTarget(call, state),
      [],
      `addresses left by a successful ${scenario.command} and not named on stderr`,
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

/**
 * The runtime may have read the result before the process was killed, so the result must be true.
 */
function checkKilled(call: FaultedCall, state: NetworkState): void {
  const missing = (printedBy(call) ?? []).filter((address) =>
    !addressesOf(state, TARGET).includes(address)
  );
  assertEquals(missing, [], "printed addresses without a file");
}

function checkFailure(call: FaultedCall, state: NetworkState): void {
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
