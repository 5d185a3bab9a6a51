/** The machine and the binaries of a measurement, as lines of a report. @module */

import { capture } from "../process.ts";
import { REPOSITORY } from "../repository.ts";

async function firstMatch(
  command: readonly [string, ...string[]],
  pattern: RegExp,
): Promise<string> {
  try {
    return pattern.exec(await capture(command))?.[1]?.trim() ?? "unknown";
  } catch {
    return "unknown"; // The report does not need it.
  }
}

/** Returns lines of Markdown. `folder` has the networks; `binaries` maps names to paths. */
export async function describeMachine(
  folder: string,
  binaries: Readonly<Record<string, string>>,
): Promise<string[]> {
  const memory = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const lines = [
    `- ${navigator.hardwareConcurrency} CPUs (${await firstMatch([
      "cat",
      "/proc/cpuinfo",
    ], /model name\s*: (.*)/)}), ` +
    `${memory} GiB of memory, Linux ${Deno.osRelease()}`,
    `- file system of the networks: ${await firstMatch([
      "stat",
      "-f",
      "-c",
      "%T",
      folder,
    ], /(.*)/)}`,
    `- this project: ${await firstMatch([
      "git",
      "-C",
      REPOSITORY,
      "rev-parse",
      "--short",
      "HEAD",
    ], /(.*)/)}` +
    `, compiled with the runtime of Deno ${await firstMatch([
      "sh",
      "-c",
      `cat "${REPOSITORY}"/tools/build/*.ts`,
    ], /"(2\.\d+\.\d+)"/)}`,
    `- upstream: Debian's containernetworking-plugins ${await firstMatch([
      "dpkg-query",
      "-W",
      "containernetworking-plugins",
    ], /\t(.*)/)}`,
  ];
  for (const [name, path] of Object.entries(binaries)) {
    const { size } = await Deno.stat(path);
    lines.push(`- size of ${name}: ${(size / 1e6).toFixed(1)} MB`);
  }
  return lines;
}
