/** Connects the commands for operators with the host. Loaded only when one is called. @module */

import { advised, SystemError } from "../../base/errors.ts";
import { formatLogLine, type Log } from "../../base/log_line.ts";
import { VERSION } from "../../base/version.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { NO_PROGRESS, ProgressLine } from "../../cli/progress.ts";
import { writePublicFile } from "../../sys/atomic_file.ts";
import { bootClockMs, nowMs } from "../../sys/clock.ts";
import { readConfigs } from "../../sys/config_files.ts";
import { attempt } from "../../sys/files.ts";
import { readNamedFile } from "../../sys/small_file.ts";
import {
  isReaderGone,
  PROCESS_IO,
  stderrColumns,
  writeStderr,
  writeTerminal,
} from "../../sys/stdio.ts";
import { terminal, writeStdout } from "../../sys/stdout.ts";
import type { OperatorPorts } from "../operator/ports.ts";
import { runCommand } from "../operator/run_command.ts";
import { presentMoment } from "../store/history_file.ts";
import { inspectNetwork } from "../store/inspect_network.ts";
import { diskStores } from "../store/open_store.ts";
import { readHistory } from "../store/read_history.ts";
import { readReservations } from "../store/read_reservations.ts";
import { repairNetwork } from "../store/repair_network.ts";
import { addressesIn } from "../store/addresses_in.ts";
import { readLive } from "./live_list_file.ts";
import { networkNames } from "./network_names.ts";
import { readCached, readTraces } from "./read_runtime_traces.ts";

/** Runs a command for operators. @returns The exit status. */
export async function runOperator(args: readonly string[]): Promise<number> {
  const columns = stderrColumns();
  const line = columns === undefined
    ? undefined
    : new ProgressLine({ columns, write: writeTerminal, nowMs });
  const log: Log = (level, event, fields) => {
    line?.clear();
    writeStderr(formatLogLine(level, event, fields));
  };
  const { status, stdout, stderr } = await runCommand(args, {
    ports: portsOf(log, line),
    version: VERSION,
  }).finally(() => line?.clear());
  if (stderr !== "") writeStderr(stderr.replace(/\n$/, ""));
  try {
    attempt("write", "stdout", () => writeStdout(stdout));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    // Such as `head`, which has read enough.
    if (isReaderGone(error)) return status;
    writeStderr(`error: ${error.message}`);
    return EXIT_STATUS.failure;
  }
  return status;
}

function portsOf(log: Log, line: ProgressLine | undefined): OperatorPorts {
  const stores = diskStores({ log });
  const progress = line ?? NO_PROGRESS;
  const onFiles =
    (directory: string): (count: number) => void => (count: number): void =>
      progress.report(`reading ${directory}`, count);
  return {
    networkNames,
    readNetwork: (config, options) =>
      inspectNetwork(config, {
        log,
        onFiles: onFiles(config.directory),
        ...options,
      }),
    readReservations: (config) =>
      readReservations(config, { log, onFiles: onFiles(config.directory) }),
    addressesIn,
    readHistory: (directory) => readHistory(directory, log),
    writeFile: (path, content) =>
      advised(
        "--output needs the path of a file, in a directory that exists",
        () => writePublicFile(path, content),
      ),
    repair: (config, steps) => repairNetwork(config, { steps, log }),
    openForChange: (config) => stores.openForChange(config),
    probe: (config) => stores.probe(config),
    readLive: (path) =>
      advised(
        "--live needs a file with container IDs, or - for standard input",
        () => readLive(path, PROCESS_IO.readStdin),
      ),
    bootClockMs,
    readTraces,
    readCached,
    readConfigs: (path) => readConfigs(path, PROCESS_IO.readStdin),
    readNamedFile,
    nowMs,
    moment: presentMoment,
    screen: terminal(PROCESS_IO.env("COLUMNS")),
    log,
    progress,
  };
}
