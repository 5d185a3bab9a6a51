/**
 * What a test needs of the machine. A test whose needs are not met is ignored, and says why.
 *
 * @module
 */

import { note } from "./note.ts";

/** Root, being root in namespaces of one's own, a program on PATH, or a file at an absolute path. */
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

/** Registers a test that is ignored, with a line `SKIP <name>: <reason>`, where something is missing. */
export function testWith(
  requirements: readonly Requirement[],
  name: string,
  fn: (context: Deno.TestContext) => void | Promise<void>,
): void {
  const reason = missing(...requirements);
  if (reason === undefined) Deno.test(name, fn);
  else skipped(name, reason);
}

/** Registers a test that is not run, with a line `SKIP <name>: <reason>`: it counts as skipped. */
export function skipped(name: string, reason: string): void {
  note(`SKIP ${name}: ${reason}`);
  // Nothing in it can run here; the line above says why.
  Deno.test({ name, ignore: true, fn: () => {} });
}

/** Registers a test that makes network namespaces. */
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
    // Absent or out of reach: of no use to a test in either case.
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
