/** Directories that are not for leases, in the place of the state directory. @module */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { cniEnv, runPlugin } from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

const NEEDS = ["root", `binary:${DHCP_BIN}`] as const;

/** What `/tmp` is. */
async function makeShared(directory: TempDir): Promise<string> {
  const path = directory.join("shared");
  await Deno.mkdir(path);
  await Deno.chmod(path, 0o1777);
  return path;
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o7777;
}

testWith(
  NEEDS,
  "the daemon does not take a directory like /tmp for its leases, and leaves it as it is",
  async () => {
    using directory = new TempDir();
    const path = await makeShared(directory);
    const { code, stderr } = await new Deno.Command("timeout", {
      args: [
        ...["60", DHCP_BIN, "daemon", "-statedir", path],
        ...["-socketpath", directory.join("d.sock")],
      ],
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stderr);
    assertEquals(code, 1);
    assert(text.includes(`open ${path}: writable by other users`), text);
    assertEquals(await modeOf(path), 0o1777);
  },
);

testWith(
  NEEDS,
  "the plugin leaves no note in a directory like /tmp, and leaves it as it is",
  async () => {
    using directory = new TempDir();
    const path = await makeShared(directory);
    const { code, stdout } = await runPlugin({
      binary: DHCP_BIN,
      env: cniEnv("DEL"),
      stdin: JSON.stringify({
        cniVersion: "1.1.0",
        name: "net",
        ipam: { type: "dhcp", daemonSocketPath: `${path}.sock` },
      }),
    });
    assertEquals([code, JSON.parse(stdout).code, JSON.parse(stdout).msg], [
      1,
      5,
      `open ${path}: writable by other users`,
    ]);
    assertEquals(await modeOf(path), 0o1777);
  },
);
