/** The stages of a test run: `deno` commands, several at once. @module */

import { print } from "../terminal.ts";
import {
  failure,
  NO_TESTS,
  readSummary,
  type Summary,
  withoutNoise,
  withoutPassed,
} from "./summary.ts";

/** A stage that takes longer hangs: it is ended and counts as failed. */
const TIMEOUT_MS = 30 * 60_000;
/** How long output is awaited after the command has ended. */
const LEFTOVER_MS = 2000;

/** One `deno` command. */
export interface Stage {
  readonly title: string;
  /** A command other than `test` counts only if it fails. */
  readonly args: readonly string[];
}

/**
 * Runs a stage. Prints its outcome once it has ended, and then its output.
 *
 * @param running The titles of the stages that are running.
 */
export async function runStage(
  stage: Stage,
  running: Set<string>,
): Promise<Summary> {
  const { title, args } = stage;
  print(`== ${title}: started`);
  running.add(title);
  const startMs = performance.now();
  const { lines, success } = await run(args);
  running.delete(title);
  const summary = summaryOf(stage, lines, success);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const outcome = summary.failed === 0 ? "ok" : "FAILED";
  print(formatStage(`== ${title}: ${outcome} (${seconds} s)`, lines));
  return summary;
}

/** The first line of a block of output is its title, and the last one is empty. */
export function formatStage(title: string, lines: readonly string[]): string {
  const output = withoutPassed(lines).join("\n")
    .replace(/^\n+/, "").trimEnd();
  return output === "" ? `${title}\n` : `${title}\n${output}\n`;
}

function summaryOf(
  { title, args }: Stage,
  lines: readonly string[],
  success: boolean,
): Summary {
  if (args[0] === "test") {
    return readSummary(lines.join("\n"), { title, success });
  }
  return success ? NO_TESTS : failure(title);
}

/** Runs this version of Deno, and returns the lines of its stdout and stderr that say something. */
async function run(
  args: readonly string[],
): Promise<{ readonly lines: readonly string[]; readonly success: boolean }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).spawn();
  const lines: string[] = [];
  const read = Promise.all([
    collectLines(child.stdout, lines),
    collectLines(child.stderr, lines),
  ]);
  const { success, signal } = await child.status;
  // A process that a test left behind may hold the streams open.
  await Promise.race([read, pause(LEFTOVER_MS)]);
  if (signal !== null) lines.push(`Ended by ${signal}`);
  return { lines: withoutNoise(lines), success };
}

async function collectLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  lines: string[],
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = `${rest}${text}`.split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  }
  if (rest !== "") lines.push(rest);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
