/** `host-local metrics`: how full the networks are, for the textfile collector. Pure. @module */

import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { formatMetrics } from "../../metrics/exposition.ts";
import { buildFamily } from "../../metrics/process_metrics.ts";
import { addressMetrics, METRICS_PREFIX } from "./address_metrics.ts";
import type { Outcome } from "../../cli/outcome.ts";
import type { ConfigFile } from "../../cni/config_document.ts";
import type { OperatorPorts } from "./ports.ts";
import { counted } from "../../base/counted.ts";

/** What `metrics` is called with. */
export interface MetricsOptions {
  readonly dataDir: string;
  readonly files: readonly ConfigFile[];
  readonly version: string;
  /** The file to write; undefined: print the metrics. */
  readonly output: string | undefined;
}

/**
 * Prints the metrics of all networks, or writes them to a file.
 *
 * @throws {SystemError} if the data directory cannot be read, or the file cannot be written.
 */
export async function metrics(
  { dataDir, files, version, output }: MetricsOptions,
  ports: OperatorPorts,
): Promise<Outcome> {
  const { families: addresses, networks, failures } = await addressMetrics(
    { dataDir, files },
    ports,
  );
  const families = [buildFamily(METRICS_PREFIX, version), ...addresses];
  const text = formatMetrics(families);
  if (output !== undefined) ports.writeFile(output, text);
  const written = `${counted(networks, "network")} written to ${output}`;
  return {
    status: failures.length === 0 ? EXIT_STATUS.ok : EXIT_STATUS.failure,
    json: () => ({ families, output: output ?? null }),
    lines: () => [output === undefined ? text.replace(/\n$/, "") : written],
    notes: failures,
    isVerbatim: output === undefined,
  };
}
