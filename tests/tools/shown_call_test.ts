/** The shell commands that a demonstration shows. @module */

import { assertEquals } from "@std/assert";
import { shellCommand } from "../../tools/demo/shown_call.ts";
import { testRows } from "../support/rows.ts";

/** Runs it with the shell. @returns What the program has on stdin, and the variable `VALUE`. */
async function run(command: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command] })
    .output();
  return new TextDecoder().decode(stdout);
}

testRows("shellCommand() returns a command that passes", [
  {
    name: "a plain value as it is",
    value: "/run/netns/a",
    shown: "/run/netns/a",
  },
  {
    name: "a value with a semicolon",
    value: "IgnoreUnknown=1;K8S_POD_NAME=web-0",
    shown: "'IgnoreUnknown=1;K8S_POD_NAME=web-0'",
  },
  { name: "a quote", value: "it's", shown: `'it'\\''s'` },
  { name: "an empty value", value: "", shown: "''" },
], async ({ value, shown }) => {
  const program = `sh -c 'cat; printf %s "$VALUE"'`;
  const command = shellCommand({ VALUE: value }, { text: '{"a":1}', program });
  assertEquals(command, `echo '{"a":1}' | VALUE=${shown} ${program}`);
  assertEquals(await run(command), `{"a":1}\n${value}`);
});
