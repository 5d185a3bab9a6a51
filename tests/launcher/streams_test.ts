/** Closed, broken and non-blocking streams of the caller. @module */

import { assertEquals } from "@std/assert";
import {
  type ParallelRow,
  testRowsInParallel,
} from "../support/parallel_rows.ts";
import { Installation, type Outcome } from "./installation.ts";
import { type Machine, MACHINES } from "./machines.ts";
import {
  ACCEPTED,
  end,
  nothingMore,
  receive,
  request,
  send,
  stderr,
  stdout,
  type Step,
} from "./resident_process.ts";

const LONG = "x".repeat(1024 * 1024);

/** Runs the launcher with a pipe as stdout that no process reads, and prints its status. */
const WITHOUT_READER = `exec perl -e '
  pipe(READER, WRITER) && open(STDOUT, ">&WRITER") or die; close READER;
  system @ARGV; print STDERR "status ", $? >> 8, "\\n"' "$@"`;

/** A call in which stdout cannot be written, or another stream is unusual. */
interface Row {
  readonly name: string;
  /** Starts the launcher, which is "$@". */
  readonly shell: string;
  readonly stdin?: string;
  /** What the resident process does; it ends with the end of the connection. */
  readonly steps: readonly Step[];
  readonly want: Outcome;
}

/** The document is sent; `p` does not follow; the ADD is undone. */
function unconfirmed(document: string, status: number): readonly Step[] {
  return [
    request,
    send(ACCEPTED),
    receive("g"),
    send(stdout(0, document)),
    nothingMore,
    send(stderr("undone\n"), end(status)),
  ];
}

/** The document is sent and confirmed. */
function confirmed(document: string): readonly Step[] {
  return [
    request,
    send(ACCEPTED),
    receive("g"),
    send(stdout(0, document)),
    receive("p"),
    send(end(0)),
    nothingMore,
  ];
}

const RESIDENT_ROWS: readonly Row[] = [
  {
    name: "a closed stdout fails the call",
    shell: 'exec "$@" >&-',
    steps: unconfirmed("{}", 1),
    want: { code: 1, stdout: "", stderr: "undone\n" },
  },
  {
    name: "a stdout that cannot be written fails the call",
    shell: 'exec "$@" >/dev/full',
    steps: unconfirmed("{}", 1),
    want: { code: 1, stdout: "", stderr: "undone\n" },
  },
  {
    name:
      "a stdout that cannot be written fails the call even if X has status 0",
    shell: 'exec "$@" >/dev/full',
    steps: unconfirmed("{}", 0),
    want: { code: 1, stdout: "", stderr: "undone\n" },
  },
  {
    name: "a reader of stdout that has gone fails the call",
    shell: WITHOUT_READER,
    steps: unconfirmed("{}", 1),
    want: { code: 0, stdout: "", stderr: "undone\nstatus 1\n" },
  },
  {
    name: "a reader of stdout that leaves before the end fails the call",
    shell: '{ "$@"; echo "status $?" >&2; } | head -c 10',
    steps: unconfirmed(LONG, 1),
    want: { code: 0, stdout: "xxxxxxxxxx", stderr: "undone\nstatus 1\n" },
  },
  {
    name: "a non-blocking stdout gets the whole document",
    shell: `exec perl -MFcntl -e '
      fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die; exec @ARGV' "$@"`,
    steps: confirmed(LONG),
    want: { code: 0, stdout: LONG, stderr: "" },
  },
  {
    name: "a non-blocking stdin is read to its end",
    shell: `{ sleep 0.2; printf 12; sleep 0.2; printf 345; } | perl -MFcntl -e '
      fcntl(STDIN, F_SETFL, O_RDONLY | O_NONBLOCK) or die; exec @ARGV' "$@"`,
    steps: [endsWith("\x0012345"), ...confirmed("{}").slice(1)],
    want: { code: 0, stdout: "{}", stderr: "" },
  },
  {
    name: "a stdin that arrives in pieces is read to its end",
    shell: '{ printf 12; sleep 0.2; printf 345; } | "$@"',
    steps: [endsWith("\x0012345"), ...confirmed("{}").slice(1)],
    want: { code: 0, stdout: "{}", stderr: "" },
  },
  {
    name: "a closed stdin is empty",
    shell: 'exec "$@" <&-',
    steps: [endsWith("ADD\0"), ...confirmed("{}").slice(1)],
    want: { code: 0, stdout: "{}", stderr: "" },
  },
  {
    name: "a closed stderr loses what is written to it",
    shell: 'exec "$@" 2>&-',
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stderr("lost"), stdout(0, "{}")),
      receive("p"),
      send(end(0)),
      nothingMore,
    ],
    want: { code: 0, stdout: "{}", stderr: "" },
  },
  {
    name: "three closed streams fail the call",
    shell: 'exec "$@" <&- >&- 2>&-',
    steps: unconfirmed("{}", 1),
    want: { code: 1, stdout: "", stderr: "" },
  },
];

/** Reads a request that ends with this text. */
function endsWith(text: string): Step {
  return async (connection) => {
    await request(connection);
    const end = connection.request.subarray(-text.length);
    assertEquals(new TextDecoder().decode(end), text);
  };
}

/** A call that the standalone executable does. */
interface StandaloneRow {
  readonly name: string;
  readonly shell: string;
  readonly standalone: string;
  readonly want: Outcome;
}

/**
 * Waits until the launcher has closed the pipe, which makes the other end readable: it learns about
 * its own stdout some time later.
 */
const AWAITS_CLOSE =
  "perl -e 'vec($stdout, 1, 1) = 1; select($stdout, undef, undef, 60)'\n";
/** Fails if it cannot print, as the plugins do. */
const PRINTS = "exec 2>/dev/null; trap '' PIPE; echo result || exit 5";

const STANDALONE_ROWS: readonly StandaloneRow[] = [
  {
    name: "a closed stdout reaches the standalone executable",
    shell: 'exec "$@" >&-',
    standalone: AWAITS_CLOSE + PRINTS,
    want: { code: 5, stdout: "", stderr: "" },
  },
  {
    name: "a reader that has gone reaches the standalone executable",
    shell: WITHOUT_READER,
    standalone: AWAITS_CLOSE + PRINTS,
    want: { code: 0, stdout: "", stderr: "status 5\n" },
  },
  {
    name: "a closed stdout does not matter if nothing is printed",
    shell: 'exec "$@" >&-',
    standalone: `${AWAITS_CLOSE}exit 0`,
    want: { code: 0, stdout: "", stderr: "" },
  },
  {
    name: "a stdout that cannot be written fails the standalone call",
    shell: 'exec "$@" >/dev/full',
    standalone: "echo result; exit 0",
    want: { code: 1, stdout: "", stderr: "" },
  },
  {
    name: "a closed stdin is empty for the standalone executable",
    shell: 'exec "$@" <&-',
    standalone: "cat; echo end",
    want: { code: 0, stdout: "end\n", stderr: "" },
  },
  {
    name: "a closed stderr stays unusable for the standalone executable",
    shell: 'exec "$@" 2>&-',
    standalone: "echo warning >&2; echo result",
    want: { code: 0, stdout: "result\n", stderr: "" },
  },
];

async function runResident(machine: Machine, row: Row): Promise<void> {
  using installation = new Installation(machine);
  using resident = await installation.listen();
  const [outcome] = await Promise.all([
    installation.call({ through: ["/bin/sh", "-c", row.shell, "sh"] }),
    resident.play(row.steps),
  ]);
  assertEquals(outcome, row.want);
}

async function runStandalone(
  machine: Machine,
  { shell, standalone, want }: StandaloneRow,
): Promise<void> {
  using installation = new Installation(machine);
  installation.standalone(standalone);
  const outcome = await installation.call({
    through: ["/bin/sh", "-c", shell, "sh"],
  });
  assertEquals(outcome, want);
}

for (const machine of MACHINES) {
  const { reason } = machine;
  const rows: readonly ParallelRow[] = [
    ...RESIDENT_ROWS.map((row) => ({
      name: row.name,
      reason,
      run: () => runResident(machine, row),
    })),
    ...STANDALONE_ROWS.map((row) => ({
      name: row.name,
      reason,
      run: () => runStandalone(machine, row),
    })),
  ];
  testRowsInParallel([], `streams of the launcher for ${machine.name}`, rows);
}
