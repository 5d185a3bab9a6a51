/** The daemon with a socket that another program opened, as with systemd. @module */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { BackgroundProcess } from "../../../tools/lab/background_process.ts";
import { cniEnv, runPlugin } from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { testRowsWith } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";

/**
 * Opens the socket as descriptor 3, sets the variables for its own process, and executes the
 * command.
 */
const ACTIVATOR = `use Socket; use POSIX (); $^F = 9;
  socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die $!;
  (my $name = $ENV{SOCKET}) =~ s/^abstract:/\\0/;
  bind($s, sockaddr_un($name)) or die $!; listen($s, 5) or die $!;
  POSIX::dup2(fileno($s), 3) if fileno($s) != 3;
  $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec @ARGV or die $!;`;

/**
 * Starts a daemon on a socket of this name.
 *
 * @returns The daemon and its log line when it serves.
 */
async function activate(
  directory: TempDir,
  socket: string,
  flags: readonly string[],
  { activator = ACTIVATOR }: { readonly activator?: string } = {},
): Promise<{ readonly daemon: BackgroundProcess; readonly line: string }> {
  const daemon = await BackgroundProcess.start(
    ["perl", "-e", activator, DHCP_BIN, "daemon", ...flags],
    {
      logFile: directory.join("log"),
      ready: "event=serving",
      env: { SOCKET: socket },
      cwd: directory.path,
    },
  );
  await daemon.until("line feed", () => daemon.log.endsWith("\n"));
  const [line = ""] = daemon.log.match(/.*event=serving.*/) ?? [];
  return { daemon, line };
}

testRowsWith(
  ["root", "command:perl", `binary:${DHCP_BIN}`],
  "an activated daemon derives its state directory from a socket",
  [
    {
      name: "at a path",
      socket: "@/a.sock",
      flags: ["-socketpath", "@/flag.sock"],
      want: "socket=@/a.sock state=@/a ",
    },
    {
      name: "at a path, with any host prefix",
      socket: "@/a.sock",
      flags: ["-hostprefix", "@/host", "-socketpath", "/flag.sock"],
      want: "socket=@/a.sock state=@/a ",
    },
    {
      name: "at a path, with a state directory elsewhere",
      socket: "@/a.sock",
      flags: ["-socketpath", "@/flag.sock", "-statedir", "@/leases"],
      want: "socket=@/a.sock state=@/leases ",
    },
    {
      name: "with an abstract name",
      socket: "abstract:cni-ipam-@",
      flags: ["-socketpath", "@/flag.sock"],
      want: "socket=@/flag.sock state=@/flag ",
    },
    {
      name: "at a relative path",
      socket: "a.sock",
      flags: ["-socketpath", "@/flag.sock"],
      want: "socket=@/flag.sock state=@/flag ",
    },
  ],
  async ({ socket, flags, want }) => {
    using directory = new TempDir();
    const at = (text: string): string => text.replaceAll("@", directory.path);
    const { daemon, line } = await activate(
      directory,
      at(socket),
      flags.map(at),
    );
    await using _daemon = daemon;
    assert(line.includes(at(want)), line);
  },
);

testWith(
  ["root", "command:perl", `binary:${DHCP_BIN}`],
  "an activated daemon finds the release notes of plugins that use its socket",
  async () => {
    using directory = new TempDir();
    const socket = directory.join("a.sock");
    const { code, stdout } = await runPlugin({
      binary: DHCP_BIN,
      env: cniEnv("DEL"),
      stdin: JSON.stringify({
        cniVersion: "1.1.0",
        name: "net",
        ipam: { type: "dhcp", daemonSocketPath: socket },
      }),
    });
    assertEquals([code, stdout], [0, ""]);
    const releaseNotes = async (): Promise<number> =>
      (await Array.fromAsync(Deno.readDir(directory.join("a"))))
        .filter(({ name }) => name.endsWith(".release")).length;
    assertEquals(await releaseNotes(), 1);
    const flags = ["-socketpath", directory.join("flag.sock")];
    const { daemon } = await activate(directory, socket, flags);
    await using _daemon = daemon;
    assertEquals(await releaseNotes(), 0);
  },
);

for (const moment of ["while it runs", "before it starts"]) {
  testWith(
    ["root", "command:perl", `binary:${DHCP_BIN}`],
    `an activated daemon listens at the path of its socket if the file is removed ${moment}`,
    async () => {
      using directory = new TempDir();
      const socket = directory.join("a.sock");
      const activator = moment === "while it runs"
        ? ACTIVATOR
        : ACTIVATOR.replace("exec", "unlink $name; exec");
      const flags = ["-socketpath", directory.join("flag.sock")];
      const { daemon, line } = await activate(directory, socket, flags, {
        activator,
      });
      await using _daemon = daemon;
      assert(line.includes(`socket=${socket} state=${directory.join("a")} `));
      if (moment === "while it runs") await Deno.remove(socket);
      await daemon.until("socket", async () => {
        const { code } = await runPlugin({
          binary: DHCP_BIN,
          env: cniEnv("STATUS"),
          stdin: JSON.stringify({
            cniVersion: "1.1.0",
            name: "net",
            ipam: { type: "dhcp", daemonSocketPath: socket },
          }),
        });
        return code === 0;
      });
      assert(daemon.log.includes(`event=file-restored path=${socket}`));
    },
  );
}
