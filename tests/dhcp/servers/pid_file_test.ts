/** The pid file of the daemon. @module */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { testWith } from "../../support/requirements.ts";
import { testRowsWith } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { DhcpHost } from "./dhcp_host.ts";

const NEEDS = ["root", `binary:${DHCP_BIN}`] as const;

async function run(
  ...flags: readonly string[]
): Promise<{ readonly code: number; readonly stderr: string }> {
  const { code, stderr } = await new Deno.Command("timeout", {
    args: ["60", DHCP_BIN, "daemon", ...flags],
    stdin: "null",
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

testRowsWith(
  NEEDS,
  "a second daemon keeps the pid file of the first if it cannot use",
  [
    {
      name: "its socket",
      flags: ({ socketPath }: DhcpHost) => ["-socketpath", socketPath],
    },
    {
      name: "its state directory",
      flags: ({ stateDir, directory }: DhcpHost) => [
        ...["-statedir", stateDir],
        ...["-socketpath", directory.join("other.sock")],
      ],
    },
  ],
  async ({ flags }) => {
    await using host = new DhcpHost();
    const path = host.directory.join("pid");
    const first = await host.daemon("-pidfile", path);
    const { code } = await run("-pidfile", path, ...flags(host));
    assertEquals(code, 1);
    assertEquals(await Deno.readTextFile(path), String(first.pid));
    assertEquals(await first.end("SIGTERM"), 0);
    assertEquals(await Deno.stat(path).catch(() => "gone"), "gone");
  },
);

testWith(
  NEEDS,
  "the daemon refuses a relative pid file before it creates anything",
  async () => {
    using directory = new TempDir();
    const { code, stderr } = await run(
      ...["-pidfile", "rel.pid"],
      ...["-socketpath", directory.join("run/s.sock")],
    );
    assertEquals(code, 1);
    assert(
      stderr.includes('Error writing pidfile \\"rel.pid\\": path not absolute'),
      stderr,
    );
    assertEquals(await Array.fromAsync(Deno.readDir(directory.path)), []);
  },
);

testWith(
  NEEDS,
  "a daemon that cannot write its pid file exits without a socket",
  async () => {
    using directory = new TempDir();
    const pidFile = directory.join("none/pid");
    const { code, stderr } = await run(
      ...["-pidfile", pidFile],
      ...["-socketpath", directory.join("s.sock")],
    );
    assertEquals(code, 1);
    assert(stderr.includes(`Error writing pidfile \\"${pidFile}\\": `), stderr);
    const left = await Array.fromAsync(Deno.readDir(directory.path));
    assertEquals(left.map(({ name }) => name), ["s"]);
  },
);
