/** Connects the commands for operators with the host. Loaded only when one is called. @module */

import { SystemError } from "../../base/errors.ts";
import { VERSION } from "../../base/version.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { NO_PROGRESS, ProgressLine } from "../../cli/progress.ts";
import { bootTimeMs } from "../../linux/boottime_clock.ts";
import { isErrno } from "../../linux/errno.ts";
import { EventLoop } from "../../linux/event_loop.ts";
import { InterfaceMonitor } from "../../linux/interface_monitor.ts";
import { NotNetnsError } from "../../linux/netns.ts";
import { Timers } from "../../linux/timers.ts";
import { nowMs } from "../../sys/clock.ts";
import { readConfigs } from "../../sys/config_files.ts";
import { attempt } from "../../sys/files.ts";
import {
  isReaderGone,
  PROCESS_IO,
  stderrColumns,
  writeStderr,
  writeTerminal,
} from "../../sys/stdio.ts";
import { terminal, writeStdout } from "../../sys/stdout.ts";
import { connectUnix } from "../../sys/unix_client.ts";
import type { AttachedInterface, Interfaces } from "../daemon/ports.ts";
import type { OperatorPorts, ProbeSession } from "../operator/ports.ts";
import { runCommand } from "../operator/run_command.ts";
import { readBootId } from "./boot_id.ts";
import { readLeaseFiles } from "./lease_files.ts";
import { netnsInterfaces } from "./netns_interface.ts";
import { randomU32 } from "./random.ts";
import { loadSha256 } from "./sha256.ts";

/** Runs a command for operators. @returns The exit status. */
export async function runOperator(args: readonly string[]): Promise<number> {
  const digest = await loadSha256();
  const columns = stderrColumns();
  const line = columns === undefined
    ? undefined
    : new ProgressLine({ columns, write: writeTerminal, nowMs });
  const ports: OperatorPorts = {
    connect: connectUnix,
    readLeases: (stateDir) => ({
      ...readLeaseFiles(stateDir, digest),
      bootId: readBootId(),
    }),
    clock: { nowMs: bootTimeMs, wallMs: nowMs },
    openProbe,
    readConfigs: (path) => readConfigs(path, PROCESS_IO.readStdin),
    print: (line) => print(`${line}\n`),
    screen: terminal(PROCESS_IO.env("COLUMNS")),
    progress: line ?? NO_PROGRESS,
  };
  const { status, stdout, stderr } = await runCommand(args, {
    ports,
    version: VERSION,
  }).finally(() => line?.clear());
  if (stderr !== "") writeStderr(stderr.replace(/\n$/, ""));
  try {
    print(stdout);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    writeStderr(`error: ${error.message}`);
    return EXIT_STATUS.failure;
  }
  return status;
}

/** @returns False if the reader is gone: `dhcp leases | head` has what it wants. */
function print(text: string): boolean {
  try {
    attempt("write", "stdout", () => writeStdout(text));
    return true;
  } catch (error) {
    if (!(error instanceof SystemError) || !isReaderGone(error)) throw error;
    return false;
  }
}

/** @throws {SystemError} with what to write instead, if the interface cannot be found. */
function findInterface(
  interfaces: Interfaces,
  path: string,
  ifName: string,
): AttachedInterface {
  try {
    return interfaces.find({ path, callerPid: 0 }, ifName);
  } catch (error) {
    if (!(error instanceof SystemError) || error.isDenied) throw error;
    const isNetnsWrong = error instanceof NotNetnsError ||
      isErrno(error, "ENOENT", "ENOTDIR", "ENXIO", "ESRCH");
    throw new SystemError(error.message, {
      advice: isNetnsWrong
        ? "--netns must be the path of a network namespace, such as /run/netns/NAME or /proc/PID/ns/net; lsns --type net lists them"
        : "name another interface with --ifname; nsenter --net=PATH ip link lists those of the namespace",
      cause: error,
    });
  }
}

async function openProbe(path: string, ifName: string): Promise<ProbeSession> {
  await using stack = new AsyncDisposableStack();
  const loop = stack.use(
    new EventLoop((error) => {
      throw error;
    }),
  );
  const timers = stack.use(new Timers(loop));
  const monitor = stack.use(new InterfaceMonitor(loop, timers));
  const interfaces = netnsInterfaces({ loop, timers, monitor });
  const attached = findInterface(interfaces, path, ifName);
  const opened = stack.move();
  return {
    attached,
    scheduler: {
      nowMs: bootTimeMs,
      wallMs: nowMs,
      timer: (callback) => timers.create(callback),
    },
    randomU32,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
