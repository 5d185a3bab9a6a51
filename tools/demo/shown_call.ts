/** Plugin calls as a runtime makes them, shown as shell commands. @module */

import { basename } from "node:path";
import { assertEquals } from "@std/assert";
import { print } from "../terminal.ts";

/** A call without its binary. */
export interface ShownCall {
  readonly command: "ADD" | "CHECK" | "DEL";
  /** The CNI_* variables except CNI_COMMAND. */
  readonly variables: Readonly<Record<string, string>>;
  readonly config: unknown;
}

/** Returns a command for sh(1) that runs `program` with these variables, and `text` on stdin. */
export function shellCommand(
  env: Readonly<Record<string, string>>,
  { text, program }: { readonly text: string; readonly program: string },
): string {
  const variables = Object.entries(env).map(([name, value]) =>
    `${name}=${shellWord(value)}`
  );
  return `echo ${shellWord(text)} | ${variables.join(" ")} ${program}`;
}

/** Quotes a word if the shell would read it as anything else. */
function shellWord(text: string): string {
  return /^[\w./:,@%+=-]+$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Runs a call and prints it with its output.
 *
 * @returns The JSON on stdout; undefined if it is empty.
 * @throws {AssertionError} if its exit status is not 0.
 */
export async function showCall(
  binary: string,
  { command, variables, config }: ShownCall,
): Promise<unknown> {
  const env = { CNI_COMMAND: command, ...variables };
  const text = JSON.stringify(config);
  print(
    `$ ${shellCommand(env, { text, program: `dist/${basename(binary)}` })}`,
  );
  const child = new Deno.Command(binary, {
    clearEnv: true,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const [{ code, stdout }] = await Promise.all([
    child.output(),
    new Response(text).body?.pipeTo(child.stdin),
  ]);
  const output = new TextDecoder().decode(stdout);
  if (output !== "") print(output);
  print(`exit status ${code}`);
  assertEquals(code, 0, "exit status");
  return output === "" ? undefined : JSON.parse(output);
}
