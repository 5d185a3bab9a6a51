/** A call that was broken, and what is known about it. @module */

import { addressesInResult, errorIn } from "../../support/host_local_call.ts";
import {
  type NetworkState,
  readNetwork,
} from "../../support/network_directory.ts";
import type { TraceOutcome } from "../../support/strace.ts";
import type { Fault, FaultPoint } from "./fault_points.ts";
import type { FaultScenario } from "./fault_scenarios.ts";

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

/** Addresses that the broken ADD printed, if its result came out whole. */
export function printedBy(
  { scenario, outcome }: BrokenCall,
): string[] | undefined {
  if (scenario.command !== "ADD" || errorIn(outcome.stdout) !== undefined) {
    return undefined;
  }
  try {
    return addressesInResult(outcome.stdout);
  } catch {
    return undefined; // Nothing or only a part was printed.
  }
}

/** Whether the broken ADD left its mark that it was answering: a repeated one then gets the same addresses. */
export function isMarkedAnswered({ network }: BrokenCall): boolean {
  return readNetwork(network).others.includes(".answered");
}
