/** What the processes of both daemons have in common: flags, log lines, exit status. @module */

import { SystemError } from "../base/errors.ts";
import { type FlagSet, parseFlags } from "../base/flags.ts";
import { LogLimiter } from "../base/log_limiter.ts";
import {
  formatDaemonLine,
  journalPrefix,
  type Log,
  type LogFormat,
} from "../base/log_line.ts";
import { isStderrJournal } from "./journal.ts";
import { writeStderr } from "./stdio.ts";

/** How a daemon logs. */
interface LogFlags {
  readonly debug: boolean;
  readonly logFormat: LogFormat;
}

/** A daemon. */
export interface DaemonProgram<Flags> {
  readonly flags: FlagSet<Flags>;
  /** Returns monotonic milliseconds. */
  nowMs(): number;
  /** Serves until a signal stops it. */
  serve(flags: Flags, limiter: LogLimiter): Promise<void>;
}

/**
 * Runs a daemon.
 *
 * @param args The command line after `daemon`.
 * @returns The exit status.
 */
export async function runDaemonProcess<Flags extends LogFlags>(
  args: readonly string[],
  program: DaemonProgram<Flags>,
): Promise<number> {
  const parsed = parseFlags(args, program.flags);
  if (parsed.kind === "exit") {
    writeStderr(parsed.text);
    return parsed.exitStatus;
  }
  const { flags } = parsed;
  const log = logger(flags, await isStderrJournal(Deno.env));
  try {
    await program.serve(flags, new LogLimiter(log, () => program.nowMs()));
    return 0;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const { message, advice } = error;
    log("error", "command-failed", {
      reason: message,
      ...(advice === "" ? {} : { advice }),
    });
    return 1;
  }
}

function logger({ debug, logFormat }: LogFlags, isJournal: boolean): Log {
  return (level, event, fields) => {
    if (level === "debug" && !debug) return;
    const line = formatDaemonLine(logFormat, new Date().toISOString(), {
      level,
      event,
      fields,
    });
    writeStderr(`${isJournal ? journalPrefix(level) : ""}${line}`);
  };
}
