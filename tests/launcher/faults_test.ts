/** System calls of the launcher that fail or are interrupted. @module */

import { assertEquals } from "@std/assert";
import { missing } from "../support/requirements.ts";
import { testRowsInParallel } from "../support/parallel_rows.ts";
import { Installation, type Outcome } from "./installation.ts";
import { type Machine, MACHINES } from "./machines.ts";
import {
  ACCEPTED,
  end,
  nothingMore,
  pause,
  receive,
  request,
  send,
  stderr,
  stdout,
  type Step,
} from "./resident_process.ts";

const ANSWER: readonly Step[] = [
  request,
  send(ACCEPTED),
  receive("g"),
  // So that the launcher waits.
  pause(50),
  send(stderr("warning\n"), stdout(0, "{}")),
  receive("p"),
  send(end(0)),
  nothingMore,
];
const ANSWERED: Outcome = { code: 0, stdout: "{}", stderr: "warning\n" };

const RAN: Outcome = { code: 3, stdout: "ran {}", stderr: "" };

/** Returns the outcome of a call that cannot start the standalone executable. */
function refused(reason: string): Outcome {
  return {
    code: 1,
    stdout: `{
    "cniVersion": "1.1.0",
    "code": 11,
    "msg": "cannot run PATH.standalone: ${reason}",
    "details": "no resident process answers on SOCKET; start it, or install the standalone executable as PATH.standalone"
}`,
    stderr: "",
  };
}

/** A fault as strace's `-e inject=` takes it. */
interface Row {
  readonly fault: string;
  readonly want: Outcome;
}

const RESIDENT_ROWS: readonly Row[] = [
  { fault: "read:error=EINTR:when=1..4", want: ANSWERED },
  { fault: "write:error=EINTR:when=1..2", want: ANSWERED },
  { fault: "sendto:error=EINTR:when=1", want: ANSWERED },
  { fault: "ppoll:error=EINTR:when=1", want: ANSWERED },
  { fault: "connect:error=EAGAIN:when=1..3", want: ANSWERED },
  { fault: "madvise:error=ENOSYS", want: ANSWERED },
];

const STANDALONE_ROWS: readonly Row[] = [
  { fault: "socket:error=EMFILE", want: RAN },
  { fault: "ppoll:error=EINTR:when=1..2", want: RAN },
  { fault: "wait4:error=EINTR:when=1", want: RAN },
  { fault: "execve:error=ENOENT:when=1", want: RAN },
  { fault: "execve:error=ETXTBSY:when=1", want: RAN },
  { fault: "execve:error=ENOMEM", want: refused("error number 12") },
  {
    fault: "clone:error=EAGAIN",
    want: refused("resource temporarily unavailable"),
  },
  { fault: "pipe2:error=EMFILE:when=1", want: refused("error number 24") },
  { fault: "pipe2:error=EMFILE:when=2", want: refused("error number 24") },
  // The launcher ended before the child asked the kernel to end with it.
  { fault: "getppid:retval=1", want: { code: 1, stdout: "", stderr: "" } },
];

/** Starts the launcher under strace, whose own output goes to a file. */
function traced({ folder }: Installation, fault: string): string[] {
  const [call] = fault.split(":");
  return [
    ...["/usr/bin/strace", "-f", "-o", `${folder}/trace`],
    ...["-e", `trace=${call}`, "-e", `inject=${fault}`],
  ];
}

async function runResident(machine: Machine, row: Row): Promise<void> {
  using installation = new Installation(machine);
  using resident = await installation.listen();
  const through = traced(installation, row.fault);
  const [outcome] = await Promise.all([
    installation.call({ through, stdin: "{}" }),
    resident.play(ANSWER),
  ]);
  assertEquals(outcome, row.want);
}

async function runStandalone(machine: Machine, row: Row): Promise<void> {
  using installation = new Installation(machine);
  // Without a program of its own: the fault would meet that, too.
  installation.standalone('read -r line; printf "ran %s" "$line"; exit 3');
  const through = traced(installation, row.fault);
  const outcome = await installation.call({ through, stdin: "{}" });
  const want = row.want.stdout.replaceAll("PATH", installation.path)
    .replace("SOCKET", installation.socket);
  assertEquals(outcome, { ...row.want, stdout: want });
}

for (const machine of MACHINES) {
  const reason = machine.reason ?? missing("binary:/usr/bin/strace") ??
    (machine.emulator.length > 0
      ? "strace would see the system calls of the emulator"
      : undefined);
  testRowsInParallel([], `faults of the launcher for ${machine.name}`, [
    ...RESIDENT_ROWS.map((row) => ({
      name: `asks the resident process despite ${row.fault}`,
      reason,
      run: () => runResident(machine, row),
    })),
    ...STANDALONE_ROWS.map((row) => ({
      name: `handles ${row.fault} in the fallback`,
      reason,
      run: () => runStandalone(machine, row),
    })),
  ]);
}
