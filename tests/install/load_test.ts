/** Installations, while calls of host-local run all the time. @module */

import { assert, assertEquals } from "@std/assert";
import { waitUntil } from "../../tools/lab/waiting.ts";
import { LAUNCHER_BIN, OURS } from "../support/binaries.ts";
import { callHostLocal, networkConfig } from "../support/host_local_call.ts";
import { numberFromEnv } from "../support/random.ts";
import { testRowsWith } from "../support/rows.ts";
import { testWith } from "../support/requirements.ts";
import { TempDir } from "../support/temp_dir.ts";
import {
  BIN,
  filesOf,
  install,
  makeHost,
  makeRelease,
  makeSmallRelease,
} from "./release_folder.ts";

const INSTALLATIONS = numberFromEnv("INSTALLATIONS", 3);
/** Sequences of ADD and DEL at the same time. */
const CALLERS = 2;
/** The last byte of the identification of an ELF file, which has no meaning. */
const UNUSED_BYTE = 15;

/** Copies an executable; the copy differs but does the same. */
function differentCopy(from: string, to: string): void {
  Deno.copyFileSync(from, to);
  using file = Deno.openSync(to, { write: true });
  file.seekSync(UNUSED_BYTE, Deno.SeekMode.Start);
  file.writeSync(Uint8Array.of(1));
}

testRowsWith(
  [`binary:${OURS}`, `binary:${LAUNCHER_BIN}`, "command:setsid"],
  "no call is lost while install.sh replaces",
  [
    { name: "the plugin", args: [] },
    {
      name: "the launcher and the standalone executable",
      args: ["--launcher"],
    },
  ],
  async ({ args }) => {
    using temp = new TempDir();
    const copies = {
      "host-local": temp.join("host-local"),
      "cni-launcher": temp.join("cni-launcher"),
    };
    differentCopy(OURS, copies["host-local"]);
    differentCopy(LAUNCHER_BIN, copies["cni-launcher"]);
    const releases = [temp.join("1"), temp.join("2")] as const;
    await makeRelease(releases[0], {
      "host-local": OURS,
      "cni-launcher": LAUNCHER_BIN,
    });
    await makeRelease(releases[1], copies);
    const root = temp.join("root");
    makeHost(root);

    const installed = async (index: number): Promise<string> => {
      const release = releases[index % 2 === 0 ? 0 : 1];
      const { code, output } = await install(
        release,
        ["host-local", "--root", root, ...args],
      );
      assertEquals(code, 0, output);
      return output;
    };
    await installed(0);

    let isDone = false;
    let calls = 0;
    const failures: string[] = [];
    const caller = async (index: number): Promise<void> => {
      const config = networkConfig({
        name: `net${index}`,
        dataDir: temp.join("data"),
        subnets: ["10.1.0.0/24"],
      });
      for (const command = ["ADD", "DEL"]; !isDone; command.reverse()) {
        const { code, stdout, stderr } = await callHostLocal({
          binary: `${root}${BIN}/host-local`,
          command: command[0] ?? "",
          config,
        });
        calls += 1;
        if (code !== 0) failures.push(`${command[0]}: ${stdout} ${stderr}`);
      }
    };
    const callers = Array.from(
      { length: CALLERS },
      (_, index) => caller(index),
    );
    try {
      for (let index = 1; index <= INSTALLATIONS; index++) {
        const output = await installed(index);
        assert(output.includes(`install ${BIN}/host-local\n`), output);
      }
    } finally {
      isDone = true;
      await Promise.all(callers);
    }
    assertEquals(failures, []);
    assert(calls > INSTALLATIONS, `${calls} calls`);
  },
);

/** Like Deno's executables, it opens its own file after its start; here once it has read a line. */
const LATE_OPENING = `
  my $line = <STDIN>;
  my $own = readlink("/proc/self/exe");
  open(my $file, "<", $own) or die "$own: $!";
`;

testWith(
  ["binary:/usr/bin/perl", "command:setsid"],
  "a call that was started before install.sh replaces the plugin finds its own file",
  async () => {
    using temp = new TempDir();
    const executables = { "host-local": "/usr/bin/perl" };
    await makeRelease(temp.join("1"), executables);
    await makeSmallRelease(temp.join("2"), "2");
    const root = temp.join("root");
    makeHost(root);
    const args = ["host-local", "--root", root];
    await install(temp.join("1"), args);
    const plugin = `${root}${BIN}/host-local`;
    await using call = new Deno.Command(plugin, {
      args: ["-e", LATE_OPENING],
      stdin: "piped",
      stdout: "null",
    }).spawn();
    const before = (await Deno.stat(plugin)).ino;
    const installed = install(temp.join("2"), args);
    await waitUntil(
      "replaced plugin",
      async () => (await Deno.stat(plugin)).ino !== before,
    );
    const writer = call.stdin.getWriter();
    await writer.write(new TextEncoder().encode("\n"));
    await writer.close();
    const { code } = await call.status;
    assertEquals(code, 0);
    assertEquals((await installed).code, 0);
    assertEquals(Object.keys(filesOf(`${root}${BIN}`)), ["/host-local"]);
  },
);
