/**
 * What a test needs from the machine. A test whose requirements are not met is skipped, with the
 * reason.
 *
 * @module
 */

import { report } from "./report.ts";

/** Root, user namespaces, a program on PATH, or a file at an absolute path. */
export type Requirement =
  | "root"
  | "user-namespaces"
  | `command:${string}`
  | `binary:${string}`;

/**
 * Why a test cannot run here; `undefined` if it can.
 *
 * Needs permission to read, and to see the user id.
 */
export function missing(
  ...requirements: readonly Requirement[]
): string | undefined {
  const reasons = requirements.map(reasonAgainst).filter((reason) =>
    reason !== undefined
  );
  return reasons.length === 0 ? undefined : reasons.join(", ");
}

/** Registers a test; it is skipped if something is missing. */
export function testWith(
  requirements: readonly Requirement[],
  name: string,
  fn: (context: Deno.TestContext) => void | Promise<void>,
): void {
  const reason = missing(...requirements);
  if (reason === undefined) Deno.test(name, fn);
  else skipped(name, reason);
}

/** Registers a skipped test, and prints the line `SKIP <name>: <reason>`. */
export function skipped(name: string, reason: string): void {
  report(`SKIP ${name}: ${reason}`);
  // Empty, because the test cannot run here.
  Deno.test({ name, ignore: true, fn: () => {} });
}

/** Registers a test that creates network namespaces. */
export function testAsRoot(
  name: string,
  fn: (context: Deno.TestContext) => void | Promise<void>,
): void {
  testWith(["root"], name, fn);
}

function reasonAgainst(requirement: Requirement): string | undefined {
  if (requirement === "root") return Deno.uid() === 0 ? undefined : "not root";
  if (requirement === "user-namespaces") {
    return canUnshare() ? undefined : "no user namespaces";
  }
  const name = requirement.slice(requirement.indexOf(":") + 1);
  if (requirement.startsWith("binary:")) {
    return isFile(name) ? undefined : `no file "${name}"`;
  }
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return folders.some((folder) => isFile(`${folder}/${name}`))
    ? undefined
    : `no command "${name}"`;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Absent or not accessible: a test cannot use it in either case.
    return false;
  }
}

/** Needs permission to run programs. */
function canUnshare(): boolean {
  try {
    return new Deno.Command("unshare", {
      args: ["-Urnm", "mount", "-t", "tmpfs", "tmpfs", "/run"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    // There is no such program.
    return false;
  }
}
