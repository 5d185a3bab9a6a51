/** What the launcher makes of the standalone executable. @module */

import { assertEquals } from "@std/assert";
import { waitUntil } from "../../tools/lab/waiting.ts";
import {
  type ParallelRow,
  testRowsInParallel,
} from "../support/parallel_rows.ts";
import { soon } from "../support/waiting.ts";
import { type Call, Installation, type Outcome } from "./installation.ts";
import { type Machine, MACHINES } from "./machines.ts";

const MIB = 1024 * 1024;
const ADD = "CNI_COMMAND=ADD";

/** A call without a resident process. */
interface Row {
  readonly name: string;
  /** The script; `{ link: path }` for a program. */
  readonly standalone: string | { readonly link: string };
  readonly call?: Call;
  /** A part that is not given can be anything. */
  readonly want: Partial<Outcome>;
}

/** Text in which no piece can be lost, doubled or moved without a trace. */
function numbered(length: number): string {
  let text = "";
  for (let n = 0; text.length < length; n++) text += `${n} `;
  return text.slice(0, length);
}

const ROWS: readonly Row[] = [
  ...[0, 1, 65_536, 2 * MIB, 2 * MIB + 1, 3 * MIB].map((length): Row => ({
    name: `passes ${length} bytes of stdin on`,
    standalone: { link: "/bin/cat" },
    call: { stdin: numbered(length) },
    want: { code: 0, stdout: numbered(length), stderr: "" },
  })),
  {
    name: "passes the environment on, in its order",
    standalone: { link: "/usr/bin/printenv" },
    call: { env: ["B=1", ADD, "A=", "CNI_X=2", "TMPDIRS=."] },
    want: {
      code: 0,
      stdout: "B=1\nCNI_COMMAND=ADD\nA=\nCNI_X=2\nTMPDIRS=.\n",
      stderr: "",
    },
  },
  {
    name: "passes stderr on",
    standalone: "echo warning >&2",
    want: { code: 0, stdout: "", stderr: "warning\n" },
  },
  {
    name: "does not wait for stdin if it is not read",
    standalone: "exit 0",
    call: { stdin: "x".repeat(3 * MIB) },
    want: { code: 0, stdout: "" },
  },
  ...[3, 2 * MIB + 1].map((length): Row => ({
    name:
      `ends with the standalone executable, which reads ${length} bytes, although stdin continues`,
    standalone: `head -c ${length} >/dev/null; echo done`,
    call: {
      through: [
        ...["/bin/sh", "-c"],
        `mkfifo fifo; { head -c ${
          2 * MIB + 1
        } /dev/zero; exec sleep 1000; } >fifo &
         "$@" <fifo; status=$?; kill $!; exit $status`,
        "sh",
      ],
    },
    want: { code: 0, stdout: "done\n" },
  })),
  ...[0, 1, 2, 127, 128, 255].map((code): Row => ({
    name: `exits with status ${code}`,
    standalone: `exit ${code}`,
    want: { code, stdout: "", stderr: "" },
  })),
  ...[["HUP", 129], ["KILL", 137], ["PIPE", 141], ["TERM", 143]].map((
    [signal, code],
  ): Row => ({
    name: `exits with status ${code} if SIG${signal} ended the call`,
    standalone: `kill -${signal} $$`,
    want: { code: Number(code), stdout: "", stderr: "" },
  })),
  {
    name: "exits with the status although the caller ignores SIGCHLD",
    standalone: "exit 7",
    call: { through: ["/usr/bin/env", "--ignore-signal=CHLD"] },
    want: { code: 7, stdout: "", stderr: "" },
  },
  {
    name: "leaves SIGPIPE as the caller has it",
    standalone: { link: "/usr/bin/perl" },
    call: { stdin: "kill PIPE, $$; print 'ignored'" },
    want: { code: 141, stdout: "" },
  },
  {
    name: "leaves SIGPIPE ignored if the caller ignores it",
    standalone: { link: "/usr/bin/perl" },
    call: {
      stdin: "kill PIPE, $$; print 'ignored'",
      through: ["/usr/bin/env", "--ignore-signal=PIPE"],
    },
    want: { code: 0, stdout: "ignored" },
  },
  {
    name: "runs the standalone executable at once if there are arguments",
    standalone: 'echo "$CNI_COMMAND" "$TMPDIR" "$@" $$; exec cat',
    call: {
      args: ["daemon", "-socketpath", "a b", ""],
      env: [ADD, "TMPDIR=x"],
      stdin: "x",
    },
    want: { code: 0, stdout: "ADD x daemon -socketpath a b  PID\nx" },
  },
  {
    name: "runs the standalone executable at once without CNI_COMMAND",
    standalone: 'echo "$TMPDIR" $$; exec cat',
    call: { env: ["CNI_IFNAME=eth0", "TMPDIR=x"], stdin: "x" },
    want: { code: 0, stdout: "x PID\nx" },
  },
  {
    name: "runs the standalone executable at once with an empty CNI_COMMAND",
    standalone: "echo $$",
    call: { env: ["CNI_COMMAND="] },
    want: { code: 0, stdout: "PID\n" },
  },
  {
    name: "keeps a working directory that can be reached",
    standalone: { link: "/bin/pwd" },
    call: { cwd: "/usr/lib" },
    want: { code: 0, stdout: "/usr/lib\n" },
  },
  {
    name: "leaves a working directory that was removed",
    standalone: { link: "/bin/pwd" },
    call: {
      through: [
        ...["/bin/sh", "-c", 'mkdir d; cd d; rmdir ../d; exec "$@"', "sh"],
      ],
    },
    want: { code: 0, stdout: "/\n", stderr: "" },
  },
  ...[
    "/tmp",
    "/",
    "/a//b",
    "/.hidden",
    "/a..b/...",
    "/a b",
    "/\u00e9",
  ].map((value): Row => ({
    name: `keeps the TMPDIR ${JSON.stringify(value)}`,
    standalone: { link: "/usr/bin/printenv" },
    call: { env: [ADD, `TMPDIR=${value}`, "A=1"] },
    want: { code: 0, stdout: `CNI_COMMAND=ADD\nTMPDIR=${value}\nA=1\n` },
  })),
  ...[
    "",
    "tmp",
    ".",
    "/a/.",
    "/./a",
    "/..",
    "/a/../b",
    "/a\n",
    "/a\x7f",
  ].map((value): Row => ({
    name: `drops the TMPDIR ${JSON.stringify(value)}`,
    standalone: { link: "/usr/bin/printenv" },
    call: { env: [ADD, `TMPDIR=${value}`, "A=1"] },
    want: { code: 0, stdout: "CNI_COMMAND=ADD\nA=1\n" },
  })),
];

async function runRow(machine: Machine, row: Row): Promise<void> {
  using installation = new Installation(machine);
  if (typeof row.standalone === "string") {
    installation.standalone(row.standalone);
  } else {
    await Deno.symlink(row.standalone.link, `${installation.path}.standalone`);
  }
  const started = installation.start(row.call);
  const outcome = await soon(started.outcome, "end");
  const stdout = row.want.stdout?.replace("PID", String(started.pid));
  const want = { ...outcome, ...row.want };
  assertEquals(outcome, stdout === undefined ? want : { ...want, stdout });
}

/** A standalone executable that is replaced while it runs. Each run adds a letter to a file. */
interface ReplacedRow {
  readonly name: string;
  readonly first: string;
  readonly second?: string;
  readonly stdin?: string;
  readonly want: Outcome;
  /** The letters. */
  readonly runs: string;
}

const REPLACE = 'mv "$0.next" "$0"; touch "$0"';

const REPLACED_ROWS: readonly ReplacedRow[] = [
  {
    name: "repeats a call without stdout if the file was replaced",
    first: `cat >/dev/null; ${REPLACE}; echo warning >&2; exit 1`,
    second: "exec cat",
    stdin: "{}",
    want: { code: 0, stdout: "{}", stderr: "warning\n" },
    runs: "ab",
  },
  {
    name: "repeats a call that a signal ended if the file was replaced",
    first: `${REPLACE}; kill -KILL $$`,
    second: "exit 4",
    want: { code: 4, stdout: "", stderr: "" },
    runs: "ab",
  },
  {
    name: "repeats a call only once",
    first: `${REPLACE}; exit 1`,
    second: 'sleep 0.05; touch "$0"; exit 2',
    want: { code: 2, stdout: "", stderr: "" },
    runs: "ab",
  },
  {
    name: "does not repeat a call if the file was not replaced",
    first: "exit 1",
    want: { code: 1, stdout: "", stderr: "" },
    runs: "a",
  },
  {
    name: "does not repeat a call that succeeded",
    first: `${REPLACE}; exit 0`,
    second: "exit 0",
    want: { code: 0, stdout: "", stderr: "" },
    runs: "a",
  },
  {
    name: "does not repeat a call that has printed something",
    first: `${REPLACE}; printf x; exit 1`,
    second: "exit 0",
    want: { code: 1, stdout: "x", stderr: "" },
    runs: "a",
  },
  {
    name: "does not repeat a call whose stdin is too long to be kept",
    first: `cat >/dev/null; ${REPLACE}; exit 1`,
    second: "exit 0",
    stdin: "x".repeat(3 * MIB),
    want: { code: 1, stdout: "", stderr: "" },
    runs: "a",
  },
];

async function runReplaced(machine: Machine, row: ReplacedRow): Promise<void> {
  using installation = new Installation(machine);
  const note = (letter: string): string =>
    `printf ${letter} >>"${installation.folder}/runs"\n`;
  if (row.second !== undefined) {
    installation.standalone(note("b") + row.second);
    const path = `${installation.path}.standalone`;
    await Deno.rename(path, `${path}.next`);
  }
  installation.standalone(note("a") + row.first);
  const outcome = await installation.call({ stdin: row.stdin ?? "" });
  const runs = await Deno.readTextFile(`${installation.folder}/runs`);
  assertEquals([outcome, runs], [row.want, row.runs]);
}

/** A standalone executable that cannot be run. */
interface RefusedRow {
  readonly name: string;
  readonly prepare: (path: string) => Promise<void>;
  readonly reason: string;
}

const REFUSED_ROWS: readonly RefusedRow[] = [
  {
    name: "is missing",
    prepare: () => Promise.resolve(),
    reason: "no such file or directory",
  },
  {
    name: "is not executable",
    prepare: (path) => Deno.writeTextFile(path, "#!/bin/sh\n", { mode: 0o644 }),
    reason: "permission denied",
  },
  {
    name: "is a directory",
    prepare: (path) => Deno.mkdir(path),
    reason: "permission denied",
  },
  {
    name: "is not a program",
    prepare: (path) => Deno.writeTextFile(path, "x", { mode: 0o755 }),
    reason: "exec format error",
  },
  {
    name: "needs a file that is missing",
    prepare: (path) => Deno.writeTextFile(path, "#!/no/such", { mode: 0o755 }),
    reason: "no such file or directory",
  },
  {
    name: "is a loop of symbolic links",
    prepare: (path) => Deno.symlink(path, path),
    reason: "error number 40",
  },
];

async function runRefused(machine: Machine, row: RefusedRow): Promise<void> {
  using installation = new Installation(machine);
  await row.prepare(`${installation.path}.standalone`);
  const { path, name } = installation;
  assertEquals(await installation.call(), {
    code: 1,
    stdout: `{
    "cniVersion": "1.1.0",
    "code": 11,
    "msg": "cannot run ${path}.standalone: ${row.reason}",
    "details": "no resident process answers on /run/cni/${name}.sock; start it, or install the standalone executable as ${path}.standalone"
}`,
    stderr: "",
  });
}

async function escapesPath(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  const folder = `${installation.folder}/"\\\n<&>\x01\u00e9\x7f`;
  await Deno.mkdir(folder);
  await Deno.link(installation.path, `${folder}/p`);
  const outcome = await new Deno.Command("/usr/bin/env", {
    args: ["-i", ADD, ...installation.command([], `${folder}/p`)],
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(outcome.stdout);
  const escaped =
    `${installation.folder}/\\u0022\\u005c\\u000a\\u003c\\u0026\\u003e\\u0001\u00e9\x7f/p.standalone`;
  assertEquals(
    text.split("\n")[3],
    `    "msg": "cannot run ${escaped}: no such file or directory",`,
  );
  assertEquals(
    JSON.parse(text).msg,
    `cannot run ${folder}/p.standalone: no such file or directory`,
  );
}

async function refusesArguments(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  assertEquals(await installation.call({ args: ["daemon"] }), {
    code: 1,
    stdout: "",
    stderr:
      `cannot run ${installation.path}.standalone: no such file or directory\n`,
  });
}

/** Calls the launcher by another path to it. Returns what `<path>.standalone` prints. */
async function callBy(
  machine: Machine,
  prepare: (installation: Installation) => Promise<string>,
): Promise<string> {
  using installation = new Installation(machine);
  const path = await prepare(installation);
  await Deno.writeTextFile(
    `${installation.folder}/other.standalone`,
    "#!/bin/sh\necho other",
    { mode: 0o755 },
  );
  installation.standalone("echo own");
  const { stdout } = await new Deno.Command("/bin/bash", {
    args: [
      ...["-c", 'exec -a "$PWD/other" "$@"', "bash"],
      ...installation.command([], path),
    ],
    cwd: installation.folder,
    clearEnv: true,
    env: { CNI_COMMAND: "ADD" },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}

async function usesOwnPath(machine: Machine): Promise<void> {
  const absolute = await callBy(
    machine,
    (installation) => Promise.resolve(installation.path),
  );
  const relative = await callBy(
    machine,
    (installation) => Promise.resolve(`./${installation.name}`),
  );
  assertEquals([absolute, relative], ["own\n", "own\n"]);
}

async function usesNameOfLink(machine: Machine): Promise<void> {
  const printed = await callBy(machine, async ({ folder, path }) => {
    await Deno.symlink(path, `${folder}/other`);
    return `${folder}/other`;
  });
  assertEquals(printed, "other\n");
}

async function missesName(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  const long = `${installation.folder}/${"n".repeat(100)}`;
  await Deno.link(installation.path, long);
  await Deno.symlink("/bin/cat", `${long}.standalone`);
  const { code, stdout } = await new Deno.Command("/usr/bin/env", {
    args: ["-i", ADD, ...installation.command([], long)],
    stdin: "null",
  }).output();
  assertEquals([code, stdout.length], [0, 0]);
}

/** The streams end only when both processes have ended. */
async function diesWithCaller(
  machine: Machine,
  signal: Deno.Signal,
): Promise<void> {
  using installation = new Installation(machine);
  const ready = `${installation.folder}/ready`;
  installation.standalone(`: >"${ready}"; exec sleep 1000`);
  const started = installation.start();
  await waitUntil("standalone executable", () => exists(ready));
  started.kill(signal);
  await soon(started.outcome, "end");
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    // Not yet.
    return false;
  }
}

for (const machine of MACHINES) {
  const { reason } = machine;
  const more: readonly (readonly [string, () => Promise<void>])[] = [
    ["escapes its path in the error document", () => escapesPath(machine)],
    ["finds its path without argv[0]", () => usesOwnPath(machine)],
    ["uses the name of a symbolic link to it", () => usesNameOfLink(machine)],
    [
      "reports on stderr that a daemon cannot be run",
      () => refusesArguments(machine),
    ],
    [
      "falls back if its name is too long for a socket",
      () => missesName(machine),
    ],
    [
      "ends the standalone executable if it is killed",
      () => diesWithCaller(machine, "SIGKILL"),
    ],
    [
      "ends the standalone executable if it is terminated",
      () => diesWithCaller(machine, "SIGTERM"),
    ],
  ];
  const rows: readonly ParallelRow[] = [
    ...ROWS.map((row) => ({ name: row.name, run: () => runRow(machine, row) })),
    ...REPLACED_ROWS.map((row) => ({
      name: row.name,
      run: () => runReplaced(machine, row),
    })),
    ...REFUSED_ROWS.map((row) => ({
      name: `says that the standalone executable ${row.name}`,
      run: () => runRefused(machine, row),
    })),
    ...more.map(([name, run]) => ({ name, run })),
  ].map((row) => ({ ...row, reason }));
  testRowsInParallel([], `fallback of the launcher for ${machine.name}`, rows);
}
