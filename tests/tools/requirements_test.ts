/** Whether a test can run on this machine. @module */

import { assertEquals } from "@std/assert";
import { missing, type Requirement } from "../support/requirements.ts";

const ROWS: readonly {
  name: string;
  needs: readonly Requirement[];
  want: string | undefined;
}[] = [
  { name: "nothing", needs: [], want: undefined },
  {
    name: "what is there",
    needs: ["command:sh", "binary:/bin/sh"],
    want: undefined,
  },
  {
    name: "an unknown command",
    needs: ["command:no-such"],
    want: 'no command "no-such"',
  },
  {
    name: "an absent file",
    needs: ["binary:/no/such"],
    want: 'no file "/no/such"',
  },
  { name: "a directory", needs: ["binary:/bin"], want: 'no file "/bin"' },
  {
    name: "two absent things and a present one",
    needs: ["command:no-such", "command:sh", "binary:/no/such"],
    want: 'no command "no-such", no file "/no/such"',
  },
];

for (const { name, needs, want } of ROWS) {
  Deno.test(`missing() ${name}`, () => assertEquals(missing(...needs), want));
}

Deno.test("missing() root", () => {
  assertEquals(missing("root"), Deno.uid() === 0 ? undefined : "not root");
});
