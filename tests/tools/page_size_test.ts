/** The archive for the emulated machine, and how its console is read. @module */

import { assertEquals } from "@std/assert";
import { archive } from "../../tools/page_size/archive.ts";
import { problemIn } from "../../tools/page_size/console.ts";
import { testWith } from "../support/requirements.ts";
import { testRows } from "../support/rows.ts";
import { TempDir } from "../support/temp_dir.ts";

const BUSYBOX = "/bin/busybox";

testWith(
  [`binary:${BUSYBOX}`],
  "archive() writes what cpio reads",
  async () => {
    using directory = new TempDir();
    const bytes = archive([
      { name: "bin" },
      { name: "bin/one", content: new TextEncoder().encode("first") },
      { name: "two", content: new Uint8Array(4096).fill(7) },
      { name: "empty", content: new Uint8Array() },
    ]);
    await Deno.writeFile(directory.join("archive"), bytes);
    const { success } = await new Deno.Command("sh", {
      args: ["-c", `mkdir out && cd out && ${BUSYBOX} cpio -i <../archive`],
      cwd: directory.path,
      stderr: "null",
    }).output();
    assertEquals(success, true);
    assertEquals(
      await Deno.readTextFile(directory.join("out/bin/one")),
      "first",
    );
    assertEquals(
      await Deno.readFile(directory.join("out/two")),
      new Uint8Array(4096).fill(7),
    );
    assertEquals((await Deno.stat(directory.join("out/empty"))).size, 0);
    const { mode } = await Deno.stat(directory.join("out/two"));
    assertEquals((mode ?? 0) & 0o777, 0o755);
  },
);

/** What a machine writes if everything works. */
const GOOD = [
  "page-size: 16",
  ...[
    ...["host-local VERSION", "host-local ADD", "host-local DEL"],
    ...["launcher ADD", "launcher DEL", "dhcp VERSION", "dhcp STATUS"],
  ].map((call) => `call: ${call}: 0: {}`),
  "done",
];

testRows("problemIn()", [
  {
    name: "returns nothing if every call succeeds",
    lines: GOOD,
    want: undefined,
  },
  {
    name: "reports another page size",
    lines: ["page-size: 4", ...GOOD.slice(1)],
    want: 'no line "page-size: 16"',
  },
  {
    name: "reports calls that fail or are missing",
    lines: GOOD.filter((line) => !line.includes("dhcp STATUS"))
      .map((line) => line.replace("launcher ADD: 0", "launcher ADD: 139")),
    want: "failed: launcher ADD, dhcp STATUS",
  },
  {
    name: "reports a machine that does not finish",
    lines: GOOD.slice(0, -1),
    want: "the machine did not finish",
  },
], ({ lines, want }) => {
  assertEquals(problemIn(lines.join("\r\n"), 16384), want);
});
