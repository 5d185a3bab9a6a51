/** A call into which a fault was injected. @module */

import { addressesInResult, errorIn } from "../../support/host_local_call.ts";
import {
  type NetworkState,
  readNetwork,
} from "../../support/network_directory.ts";
import type { TraceOutcome } from "../../support/strace.ts";
import type { Fault, FaultPoint } from "./fault_points.ts";
import type { FaultScenario } from "./fault_scenarios.ts";

/** A call into which a fault was injected, and its outcome. */
export interface FaultedCall {
  readonly binary: string;
  readonly scenario: FaultScenario;
  readonly point: FaultPoint;
  readonly fault: Fault;
  readonly config: string;
  readonly network: string;
  readonly before: NetworkState;
  readonly outcome: TraceOutcome;
}

/** Returns the addresses that the ADD printed; undefined if it printed no complete result. */
export function printedBy(
  { scenario, outcome }: FaultedCall,
): string[] | undefined {
  if (scenario.command !== "ADD" || errorIn(outcome.stdout) !== undefined) {
    return undefined;
  }
  try {
    return addressesInResult(outcome.stdout);
  } catch {
    return undefined; // It printed nothing, or only a part.
  }
}

/** Returns whether the ADD has created `.answered`: a repeated ADD then gets the same addresses. */
export function isMarkedAnswered({ network }: FaultedCall): boolean {
  return readNetwork(network).others.includes(".answered");
}
