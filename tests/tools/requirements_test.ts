/** Whether a test can run on this machine. @module */

import { assertEquals } from "@std/assert";
import { missing, type Requirement } from "../support/requirements.ts";
import { testRows } from "../support/rows.ts";

const ROWS: readonly {
  name: string;
  needs: readonly Requirement[];
  want: string | undefined;
}[] = [
  {
    name: "returns undefined without requirements",
    needs: [],
    want: undefined,
  },
  {
    name: "returns undefined if everything is present",
    needs: ["command:sh", "binary:/bin/sh"],
    want: undefined,
  },
  {
    name: "names an unknown command",
    needs: ["command:no-such"],
    want: 'no command "no-such"',
  },
  {
    name: "names an absent file",
    needs: ["binary:/no/such"],
    want: 'no file "/no/such"',
  },
  {
    name: "names a directory that should be a file",
    needs: ["binary:/bin"],
    want: 'no file "/bin"',
  },
  {
    name: "names everything that is absent",
    needs: ["command:no-such", "command:sh", "binary:/no/such"],
    want: 'no command "no-such", no file "/no/such"',
  },
];

testRows("missing()", ROWS, ({ needs, want }) => {
  assertEquals(missing(...needs), want);
});

Deno.test("missing() depends on the user for root", () => {
  assertEquals(missing("root"), Deno.uid() === 0 ? undefined : "not root");
});
