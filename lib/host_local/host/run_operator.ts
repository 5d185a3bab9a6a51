/** Connects the commands for operators with the host. Loaded only when one is called. @module */

import { SystemError } from "../../base/errors.ts";
import { formatLogLine, type Log } from "../../base/log_line.ts";
import { VERSION } from "../../base/version.ts";
import { writePublicFile } from "../../sys/atomic_file.ts";
import { nowMs } from "../../sys/clock.ts";
import { readConfigs } from "../../sys/config_files.ts";
import { attempt } from "../../sys/files.ts";
import { readNamedFile } from "../../sys/small_file.ts";
import { isReaderGone, PROCESS_IO, writeStderr } from "../../sys/stdio.ts";
import { terminal, writeStdout } from "../../sys/stdout.ts";
import type { OperatorPorts } from "../operator/ports.ts";
import { runCommand } from "../operator/run_command.ts";
import { inspectNetwork } from "../store/inspect_network.ts";
import { diskStores } from "../store/open_store.ts";
import { repairNetwork } from "../store/repair_network.ts";
import { addressesIn } from "../store/addresses_in.ts";
import { networkNames } from "./network_names.ts";
import { readCached, readTraces } from "./runtime_traces.ts";

const log: Log = (level, event, fields) =>
  writeStderr(formatLogLine(level, event, fields));

/** Runs a command for operators. @returns The exit status. */
export async function runOperator(args: readonly string[]): Promise<number> {
  const stores = diskStores({ log });
  const ports: OperatorPorts = {
    networkNames,
    readNetwork: (config, options) =>
      inspectNetwork(config, { log, ...options }),
    addressesIn,
    writeFile: writePublicFile,
    repair: (config, steps) => repairNetwork(config, { steps, log }),
    probe: (config) => stores.probe(config),
    readTraces,
    readCached,
    readConfigs: (path) => readConfigs(path, PROCESS_IO.readStdin),
    readNamedFile,
    nowMs,
    screen: terminal(PROCESS_IO.env("COLUMNS")),
  };
  const { status, stdout, stderr } = await runCommand(args, {
    ports,
    version: VERSION,
  });
  if (stderr !== "") writeStderr(stderr.replace(/\n$/, ""));
  try {
    attempt("write", "stdout", () => writeStdout(stdout));
  } catch (error) {
    // `host-local list | head` has what it wants.
    if (!(error instanceof SystemError) || !isReaderGone(error)) throw error;
  }
  return status;
}
