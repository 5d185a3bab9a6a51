/** The daemon on a socket that another program opened, as systemd does. @module */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { waitFor } from "../../../tools/lab/waiting.ts";
import { cniEnv, runPlugin } from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

/** Opens the socket as descriptor 3, names the process, and becomes it. */
const ACTIVATOR = `use Socket; use POSIX (); $^F = 9;
  socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die $!;
  (my $name = $ENV{SOCKET}) =~ s/^abstract:/\\0/;
  bind($s, sockaddr_un($name)) or die $!; listen($s, 5) or die $!;
  POSIX::dup2(fileno($s), 3) if fileno($s) != 3;
  $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec @ARGV or die $!;`;

/** A daemon whose socket has this name. */
class Activated implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #logPath: string;

  constructor(
    directory: TempDir,
    socket: string,
    flags: readonly string[],
  ) {
    this.#logPath = directory.join("log");
    this.#child = new Deno.Command("/bin/sh", {
      args: [
        ...["-c", 'exec perl -e "$ACTIVATOR" "$0" "$@" 2>"$LOG"'],
        ...[DHCP_BIN, "daemon", ...flags],
      ],
      env: { ACTIVATOR, SOCKET: socket, LOG: this.#logPath },
      cwd: directory.path,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** What it says when it serves. */
  async serving(): Promise<string> {
    return await waitFor("daemon", async () => {
      const log = await Deno.readTextFile(this.#logPath).catch(() => "");
      return log.match(/.*event=serving.*/)?.[0];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}

for (
  const { name, socket, flags, want } of [
    {
      name: "a path",
      socket: "@/a.sock",
      flags: ["-socketpath", "@/flag.sock"],
      want: "socket=@/a.sock state=@/a ",
    },
    {
      name: "a path, whatever the prefix of the host",
      socket: "@/a.sock",
      flags: ["-hostprefix", "@/host", "-socketpath", "/flag.sock"],
      want: "socket=@/a.sock state=@/a ",
    },
    {
      name: "a path, and leases elsewhere",
      socket: "@/a.sock",
      flags: ["-socketpath", "@/flag.sock", "-statedir", "@/leases"],
      want: "socket=@/a.sock state=@/leases ",
    },
    {
      name: "no path but an abstract name",
      socket: "abstract:cni-ipam-@",
      flags: ["-socketpath", "@/flag.sock"],
      want: "socket=@/flag.sock state=@/flag ",
    },
    {
      name: "a path that leads nowhere from here",
      socket: "a.sock",
      flags: ["-socketpath", "@/flag.sock"],
      want: "socket=@/flag.sock state=@/flag ",
    },
  ]
) {
  testWith(
    ["root", "command:perl", `binary:${DHCP_BIN}`],
    `an activated daemon keeps its leases where its socket is: ${name}`,
    async () => {
      using directory = new TempDir();
      const at = (text: string): string => text.replaceAll("@", directory.path);
      await using daemon = new Activated(directory, at(socket), flags.map(at));
      const line = await daemon.serving();
      assert(line.includes(at(want)), line);
    },
  );
}

testWith(
  ["root", "command:perl", `binary:${DHCP_BIN}`],
  "an activated daemon finds the notes of plugins that call its socket",
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
    const notes = async (): Promise<number> =>
      (await Array.fromAsync(Deno.readDir(directory.join("a")))).length;
    assertEquals(await notes(), 1);
    const flags = ["-socketpath", directory.join("flag.sock")];
    await using daemon = new Activated(directory, socket, flags);
    await daemon.serving();
    assertEquals(await notes(), 0);
  },
);
