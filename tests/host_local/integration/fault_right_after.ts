/** What must hold in the directory and in the answer right after a call was killed or failed. @module */

import { assert, assertEquals } from "@std/assert";
import { errorIn } from "../../support/host_local_call.ts";
import {
  addressesOf,
  type NetworkState,
  ownerText,
  readNetwork,
} from "../../support/network_directory.ts";
import { type BrokenCall, printedBy } from "./fault_broken_call.ts";
import { TARGET } from "./fault_scenarios.ts";

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
