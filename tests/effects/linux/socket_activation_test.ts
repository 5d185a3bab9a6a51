import { assertEquals } from "@std/assert";
import { connectUnix } from "../../../lib/sys/unix_client.ts";
import { waitFor } from "../../../tools/lab/waiting.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { soon } from "../../support/waiting.ts";

/** Reached only if something fails. */
const LIMITS = { timeoutMs: 60_000, maxLineBytes: 100 };
const PROGRAM = new URL("activation_program.ts", import.meta.url).pathname;

/**
 * Perl code that opens descriptors from 3 on and executes the program with LISTEN_PID set, as
 * systemd does.
 */
function activator(setUp: string, fds: number, pid = "$$"): string {
  return `use Socket; use POSIX (); $^F = 9; ${setUp}
    $ENV{LISTEN_PID} = ${pid}; $ENV{LISTEN_FDS} = ${fds};
    exec @ARGV or die $!;`;
}

function listening(path: string, fd: number): string {
  return `socket(my $s${fd}, PF_UNIX, SOCK_STREAM, 0) or die $!; unlink "${path}";
    bind($s${fd}, sockaddr_un("${path}")) or die $!; listen($s${fd}, 5) or die $!;
    POSIX::dup2(fileno($s${fd}), ${fd}) if fileno($s${fd}) != ${fd};`;
}

function spawn(perl: string): Deno.ChildProcess {
  return new Deno.Command("perl", {
    args: [
      ...["-e", perl, Deno.execPath()],
      ...["run", "--no-prompt", "--allow-ffi", "--allow-env", "--allow-read"],
      ...["--allow-write", PROGRAM],
    ],
    stdout: "piped",
  }).spawn();
}

async function outputOf(
  child: Deno.ChildProcess,
): Promise<{ text: string; code: number }> {
  const { stdout, code } = await soon(child.output(), "end of the program");
  return { text: new TextDecoder().decode(stdout).trim(), code };
}

Deno.test("activatedListener() serves on descriptor 3 and keeps its file", async () => {
  using directory = new TempDir();
  const path = directory.join("s");
  const child = spawn(activator(listening(path, 3), 1));
  const output = outputOf(child);
  // The socket is there before the program is, but not before perl is.
  using client = await waitFor(
    "socket",
    () => connectUnix(path).catch(() => undefined),
  );
  const answer = await client.call("hello", LIMITS);
  assertEquals(answer, "echo hello");
  assertEquals(await output, { text: `left nothing\nat ${path}`, code: 0 });
  assertEquals((await Deno.lstat(path)).isSocket, true);
});

const rows = [
  {
    name: "refuses two descriptors with upstream's text",
    setUp: (path: string) => listening(path, 3) + listening(`${path}2`, 4),
    fds: 2,
    want: {
      text: "Too many (2) FDs passed through socket activation",
      code: 1,
    },
  },
  {
    name: "refuses if descriptor 3 is not open",
    setUp: () => "POSIX::close(3);",
    fds: 1,
    want: { text: "LISTEN_FDS=1 but no FD found", code: 1 },
  },
  {
    name: "refuses if descriptor 3 is a file",
    setUp: () => `POSIX::dup2(POSIX::open("/dev/null"), 3);`,
    fds: 1,
    want: { text: "LISTEN_FDS=1 but no FD found", code: 1 },
  },
  {
    name: "refuses if descriptor 3 is a socket that does not listen",
    setUp: () =>
      "socket(my $s, PF_UNIX, SOCK_STREAM, 0); POSIX::dup2(fileno($s), 3) if fileno($s) != 3;",
    fds: 1,
    want: { text: "LISTEN_FDS=1 but no FD found", code: 1 },
  },
  {
    name: "returns undefined if the variables are for another process",
    setUp: (path: string) => listening(path, 3),
    fds: 1,
    pid: "1",
    want: { text: "none", code: 0 },
  },
  {
    name: "returns undefined if no descriptor is passed",
    setUp: () => "",
    fds: 0,
    want: { text: "none", code: 0 },
  },
] as const;

for (const { name, setUp, fds, want, ...rest } of rows) {
  Deno.test(`activatedListener() ${name}`, async () => {
    using directory = new TempDir();
    const pid = "pid" in rest ? rest.pid : "$$";
    const perl = activator(setUp(directory.join("s")), fds, pid);
    assertEquals(await outputOf(spawn(perl)), want);
  });
}
