/** Runs a command under strace, which records its system calls and can make one fail. @module */

import { waitFor } from "../../tools/lab/waiting.ts";

/** One system call of a trace. */
export interface TracedCall {
  /** The id of its thread. */
  readonly thread: number;
  readonly name: string;
  /** The arguments as strace prints them. */
  readonly args: string;
  /** Its return value, with strace's comment; absent if it did not return. */
  readonly result?: string;
}

/** A command under strace. */
export interface TraceOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** The file for the trace; its folder must exist. */
  readonly traceFile: string;
  /**
   * The file that is stdout, so that strace can match writes to it by path; a file beside the trace
   * by default.
   */
  readonly stdoutFile?: string;
  /** More options of strace, such as `-P` and `-e`. */
  readonly options?: readonly string[];
}

/** How the command ended. */
export interface TraceOutcome {
  readonly calls: readonly TracedCall[];
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status; 128 + n if a signal ended it. */
  readonly code: number;
  /** The lines of the trace about signals and exits. */
  readonly events: readonly string[];
}

/**
 * Runs a command with `strace -f`, which ends with the same exit status or signal as the command.
 */
export async function runTraced(trace: TraceOptions): Promise<TraceOutcome> {
  // stdin and stdout are files, so that their descriptors have the same path in every run.
  const stdinFile = `${trace.traceFile}.stdin`;
  const stdoutFile = trace.stdoutFile ?? `${trace.traceFile}.stdout`;
  await Deno.writeTextFile(stdinFile, trace.stdin);
  const { code, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      'in=$1 out=$2; shift 2; exec "$@" <"$in" >"$out"',
      "sh",
      stdinFile,
      stdoutFile,
      "strace",
      "-f",
      "-o",
      trace.traceFile,
      ...(trace.options ?? []),
      "--",
      ...trace.command,
    ],
    clearEnv: true,
    // PATH is for `sh` and `strace`; the command gets it too.
    env: { PATH: Deno.env.get("PATH") ?? "", ...trace.env },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const { calls, events } = parseTrace(
    await Deno.readTextFile(trace.traceFile),
  );
  return {
    calls,
    events,
    code,
    stdout: await Deno.readTextFile(stdoutFile),
    stderr: new TextDecoder().decode(stderr),
  };
}

/**
 * Reads the trace of a process that has ended and was started by `strace -D -f -o`. Nothing waits
 * for that strace, which may write the end of the trace later.
 *
 * @param pid The process id.
 */
export async function readDetachedTrace(
  traceFile: string,
  pid: number,
): Promise<ReturnType<typeof parseTrace>> {
  const end = new RegExp(`^${pid} +\\+\\+\\+ `, "m");
  const text = await waitFor(`end of ${traceFile}`, async () => {
    const text = await Deno.readTextFile(traceFile);
    return end.test(text) ? text : undefined;
  });
  return parseTrace(text);
}

const WHOLE = /^(\d+) +([a-z_0-9]+)\((.*)\) += (.*)$/;
const UNFINISHED = /^(\d+) +([a-z_0-9]+)\((.*?) *<unfinished \.\.\.>$/;
const RESUMED = /^(\d+) +<\.\.\. ([a-z_0-9]+) resumed>(.*)\) += (.*)$/;

/** Parses the output of `strace -f -o`; calls are in the order in which they were entered. */
export function parseTrace(
  text: string,
): { calls: TracedCall[]; events: string[] } {
  const calls: TracedCall[] = [];
  const events: string[] = [];
  const open = new Map<number, number>();
  for (const line of text.split("\n")) {
    const whole = WHOLE.exec(line);
    const unfinished = whole === null ? UNFINISHED.exec(line) : null;
    const resumed = whole === null && unfinished === null
      ? RESUMED.exec(line)
      : null;
    if (whole !== null) {
      const [, thread = "", name = "", args = "", result = ""] = whole;
      calls.push({ thread: Number(thread), name, args, result });
    } else if (unfinished !== null) {
      const [, thread = "", name = "", args = ""] = unfinished;
      open.set(Number(thread), calls.length);
      calls.push({ thread: Number(thread), name, args });
    } else if (resumed !== null) {
      const [, thread = "", , args = "", result = ""] = resumed;
      const index = open.get(Number(thread));
      const call = index === undefined ? undefined : calls[index];
      if (index !== undefined && call !== undefined) {
        calls[index] = { ...call, args: call.args + args, result };
      }
    } else if (line !== "") {
      events.push(line);
    }
  }
  return { calls, events };
}
