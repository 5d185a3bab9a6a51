/** The launcher where little else can run: other roots, and limits. @module */

import { assertEquals } from "@std/assert";
import { viewOf } from "../../lib/base/bytes.ts";
import { missing, type Requirement } from "../support/requirements.ts";
import {
  type ParallelRow,
  testRowsInParallel,
} from "../support/parallel_rows.ts";
import { Installation, type Outcome } from "./installation.ts";
import { type Machine, MACHINES } from "./machines.ts";
import {
  ACCEPTED,
  end,
  receive,
  request,
  ResidentProcess,
  send,
  stdout,
  type Step,
} from "./resident_process.ts";

const ANSWER: readonly Step[] = [
  request,
  send(ACCEPTED),
  receive("g"),
  send(stdout(0, '{"ips":[]}')),
  receive("p"),
  send(end(0)),
];

/** A command that sets a limit, and runs "$@". */
interface Row {
  readonly name: string;
  readonly shell: string;
  readonly requirements?: readonly Requirement[];
  /** Why the emulator cannot run under this limit. */
  readonly emulated?: string;
}

const MDWE_MISSING = 3;

/** Sets PR_SET_MDWE (prctl(2)), which programs inherit, and runs its arguments. */
const MDWE = `
  my $prctl = qx(uname -m) eq "aarch64\\n" ? 167 : 157;
  syscall($prctl, 65, 1, 0, 0, 0) == 0 or exit ${MDWE_MISSING};
  exec @ARGV or die if @ARGV;
`;

/** Joins a new memory cgroup, whose limit is in bytes, of either version. */
const CGROUP = `
  name=cni-ipam-test-$$
  if [ -d /sys/fs/cgroup/memory ]; then
    cgroup=/sys/fs/cgroup/memory/$name limit=memory.limit_in_bytes
  else
    cgroup=/sys/fs/cgroup/$name limit=memory.max
  fi
  mkdir "$cgroup" && echo 2097152 >"$cgroup/$limit" || exit 3
  ( sh -c 'echo $PPID' >"$cgroup/cgroup.procs"; exec "$@" )
  status=$?
  rmdir "$cgroup"
  exit $status
`;

const ROWS: readonly Row[] = [
  {
    name: "with 32 MiB of address space",
    shell: 'ulimit -v 32768; exec "$@"',
    emulated: "the emulator needs more address space",
  },
  { name: "with 12 descriptors", shell: 'ulimit -n 12; exec "$@"' },
  {
    name: "where no memory can become executable",
    shell: `exec perl -e '${MDWE}' "$@"`,
    requirements: ["command:perl"],
    emulated: "the emulator makes memory executable",
  },
  {
    name: "in a memory cgroup of 2 MiB",
    shell: CGROUP,
    emulated: "the emulator needs more memory",
  },
  {
    name: "without a writable temporary directory",
    shell: 'TMPDIR=relative exec "$@"',
  },
];

const WANT: Outcome = { code: 0, stdout: '{"ips":[]}', stderr: "" };

async function runResident(machine: Machine, { shell }: Row): Promise<void> {
  using installation = new Installation(machine);
  using resident = await installation.listen();
  const [outcome] = await Promise.all([
    installation.call({ through: ["/bin/sh", "-c", shell, "sh"], stdin: "{}" }),
    resident.play(ANSWER),
  ]);
  assertEquals(outcome, WANT);
}

async function runStandalone(machine: Machine, { shell }: Row): Promise<void> {
  using installation = new Installation(machine);
  installation.standalone(
    `printf '{"ips":[]}'`,
    "/bin/busybox sh",
  );
  const outcome = await installation.call({
    through: ["/bin/sh", "-c", shell, "sh"],
    stdin: "{}",
  });
  assertEquals(outcome, WANT);
}

/** Reads files of /proc, which Deno may not. */
async function readProc(pid: number, file: string): Promise<string> {
  const { stdout } = await new Deno.Command("cat", {
    args: [`/proc/${pid}/${file}`],
  }).output();
  return new TextDecoder().decode(stdout);
}

/** While it waits for the result of a small call. */
async function usesLittleMemory(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  using resident = await installation.listen();
  const started = installation.start({ stdin: "{}" });
  let status = "";
  let mappings = "";
  await resident.play([
    request,
    async () => {
      status = await readProc(started.pid, "status");
      mappings = await readProc(started.pid, "smaps");
    },
    ...ANSWER.slice(1),
  ]);
  await started.outcome;
  const peakKiB = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  assertEquals(peakKiB <= 128, true, `VmHWM is ${peakKiB} KiB`);
  // Both buffers, where the kernel has huge pages.
  const flags = mappings.match(/^VmFlags:.* nh/gm) ?? [];
  const hasHugePages = mappings.includes("THPeligible:");
  assertEquals(flags.length >= 2 || !hasHugePages, true, mappings);
}

/** A root with the launcher, its emulator if any, and nothing else. */
async function emptyRoot(
  machine: Machine,
  installation: Installation,
): Promise<{ readonly root: string; readonly command: readonly string[] }> {
  const root = `${installation.folder}/root`;
  await Deno.mkdir(`${root}/run/cni`, { recursive: true });
  await Deno.link(installation.path, `${root}/p`);
  const [emulator] = machine.emulator;
  if (emulator === undefined) return { root, command: ["/p"] };
  await Deno.copyFile(emulator, `${root}/qemu`);
  return { root, command: ["/qemu", "/p"] };
}

async function callsFromEmptyRoot(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  const { root, command } = await emptyRoot(machine, installation);
  using resident = new ResidentProcess(`${root}/run/cni/p.sock`);
  const call = new Deno.Command("chroot", {
    args: [root, ...command],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", CNI_COMMAND: "ADD" },
    stdin: "null",
  }).output();
  const bytes = await resident.play(ANSWER);
  const { code, stdout: printed } = await call;
  assertEquals([code, new TextDecoder().decode(printed)], [0, '{"ips":[]}']);
  const { dev, ino } = await Deno.stat(root);
  const header = viewOf(bytes);
  assertEquals(
    [header.getBigUint64(24, true), header.getBigUint64(32, true)],
    [BigInt(dev), BigInt(ino ?? 0)],
  );
}

/** Changes the root, but not the working directory, as Multus does. */
async function fallsBackInOtherRoot(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  const { root, command } = await emptyRoot(machine, installation);
  await Deno.copyFile("/bin/busybox", `${root}/busybox`);
  await Deno.writeTextFile(
    `${root}/p.standalone`,
    "#!/busybox sh\npwd\n/busybox cat",
    {
      mode: 0o755,
    },
  );
  const child = new Deno.Command("perl", {
    args: ["-e", "chroot shift or die; exec @ARGV", root, ...command],
    cwd: "/usr",
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", CNI_COMMAND: "ADD" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("{}"));
  await writer.close();
  const { code, stdout: printed } = await child.output();
  assertEquals([code, new TextDecoder().decode(printed)], [0, "/\n{}"]);
}

/** Returns whether the shell command can set its limit here. */
async function canLimit(shell: string): Promise<boolean> {
  const { success } = await new Deno.Command("/bin/sh", {
    args: ["-c", shell, "sh", "/bin/busybox", "true"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}

async function reasonAgainst(
  machine: Machine,
  { shell, requirements = [], emulated }: Row,
): Promise<string | undefined> {
  const reason = machine.reason ??
    missing("binary:/bin/busybox", ...requirements);
  if (reason !== undefined) return reason;
  if (machine.emulator.length > 0 && emulated !== undefined) return emulated;
  return await canLimit(shell) ? undefined : "the limit cannot be set";
}

for (const machine of MACHINES) {
  const rows: ParallelRow[] = [];
  for (const row of ROWS) {
    const reason = await reasonAgainst(machine, row);
    rows.push(
      {
        name: `asks the resident process ${row.name}`,
        reason,
        run: () => runResident(machine, row),
      },
      {
        name: `runs the standalone executable ${row.name}`,
        reason,
        run: () => runStandalone(machine, row),
      },
    );
  }
  rows.push(
    {
      name: "uses at most 128 KiB of memory for a small call",
      reason: machine.reason ??
        (machine.emulator.length > 0
          ? "the emulator needs more memory"
          : undefined),
      run: () => usesLittleMemory(machine),
    },
    {
      name: "asks the resident process from a root with nothing else",
      reason: machine.reason,
      run: () => callsFromEmptyRoot(machine),
    },
    {
      name: "falls back in a root without the working directory",
      reason: machine.reason ??
        missing("binary:/bin/busybox", "command:perl"),
      run: () => fallsBackInOtherRoot(machine),
    },
  );
  testRowsInParallel(
    [],
    `surroundings of the launcher for ${machine.name}`,
    rows,
  );
}
