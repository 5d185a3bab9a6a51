/** State directories that other users may write to. @module */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { cniEnv, runPlugin } from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

const NEEDS = ["root", `binary:${DHCP_BIN}`] as const;

/** Creates a directory with the mode of `/tmp`. */
async function createShared(directory: TempDir): Promise<string> {
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
  "the daemon refuses a shared state directory such as /tmp, and does not change it",
  async () => {
    using directory = new TempDir();
    const path = await createShared(directory);
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
  "DEL writes no release note to a shared directory such as /tmp, and does not change it",
  async () => {
    using directory = new TempDir();
    const path = await createShared(directory);
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
