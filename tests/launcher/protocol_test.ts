/** What the launcher says to the resident process, and what it makes of the answers. @module */

import { assertEquals } from "@std/assert";
import { formatHex } from "../../lib/base/hex.ts";
import {
  type ParallelRow,
  testRowsInParallel,
} from "../support/parallel_rows.ts";
import { Installation, type Outcome } from "./installation.ts";
import { type Machine, MACHINES } from "./machines.ts";
import {
  ACCEPTED,
  BEAT,
  close,
  dribble,
  end,
  frame,
  header,
  NOT_MINE,
  nothingMore,
  pause,
  receive,
  request,
  send,
  stderr,
  stdout,
  type Step,
} from "./resident_process.ts";

/** A test and its name. */
type Named = readonly [name: string, run: () => Promise<void>];

/** What the resident process does in one call, and how the call ends. */
interface Row {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly want: Outcome;
  /** How long it takes, if it waits. */
  readonly seconds?: number;
}

/** The standalone executable prints what it got. */
const STANDALONE = 'printf "standalone: "; cat; echo warning >&2; exit 3';
const FELL_BACK: Outcome = {
  code: 3,
  stdout: "standalone: {}",
  stderr: "warning\n",
};

const MIB = 1024 * 1024;
const MAX_DELAY_SECONDS = 8;

const ROWS: readonly Row[] = [
  {
    name: "prints the document and exits with the status of X",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stdout(0, '{"ips":[]}')),
      receive("p"),
      send(end(0)),
      nothingMore,
    ],
    want: { code: 0, stdout: '{"ips":[]}', stderr: "" },
  },
  {
    name: "prints an error document and exits with its status",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stdout(1, '{"code":7}')),
      receive("p"),
      send(end(1)),
      nothingMore,
    ],
    want: { code: 1, stdout: '{"code":7}', stderr: "" },
  },
  {
    name: "exits with the status of X if there is no document",
    steps: [request, send(ACCEPTED), receive("g"), send(end(0)), nothingMore],
    want: { code: 0, stdout: "", stderr: "" },
  },
  {
    name: "exits with the highest status",
    steps: [request, send(ACCEPTED), receive("g"), send(end(255)), nothingMore],
    want: { code: 255, stdout: "", stderr: "" },
  },
  {
    name: "confirms a document of no bytes",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stdout(0, "")),
      receive("p"),
      send(end(0)),
      nothingMore,
    ],
    want: { code: 0, stdout: "", stderr: "" },
  },
  {
    name: "fails an ADD that was undone after its document was printed",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stdout(0, "{}")),
      receive("p"),
      send(end(1)),
      nothingMore,
    ],
    want: { code: 1, stdout: "{}", stderr: "" },
  },
  {
    name: "writes each piece of stderr, before and after the document",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stderr("one\n"), stderr(""), BEAT, stderr("two")),
      send(stdout(0, "{}")),
      receive("p"),
      send(stderr(" three\n"), end(0)),
      nothingMore,
    ],
    want: { code: 0, stdout: "{}", stderr: "one\ntwo three\n" },
  },
  {
    name: "puts frames together that arrive byte by byte",
    steps: [
      request,
      dribble(ACCEPTED),
      receive("g"),
      dribble(BEAT, stderr("warning\n"), stdout(0, '{"ips":[]}')),
      receive("p"),
      dribble(end(0)),
      nothingMore,
    ],
    want: { code: 0, stdout: '{"ips":[]}', stderr: "warning\n" },
  },
  {
    name: "takes frames apart that arrive at once",
    steps: [
      request,
      send(ACCEPTED, BEAT, stderr("warning\n"), stdout(0, "{}"), end(0)),
      receive("gp"),
      nothingMore,
    ],
    want: { code: 0, stdout: "{}", stderr: "warning\n" },
  },
  {
    name: "prints the longest document",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stdout(0, "x".repeat(4 * MIB))),
      receive("p"),
      send(end(0)),
      nothingMore,
    ],
    want: { code: 0, stdout: "x".repeat(4 * MIB), stderr: "" },
  },
  {
    name: "exits with the status of the document if X does not follow",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stdout(4, "{}")),
      receive("p"),
      close,
    ],
    want: { code: 4, stdout: "{}", stderr: "" },
  },
  {
    name: "takes a second document for a broken connection",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stdout(0, "{}"), stdout(1, "[]")),
      receive("p"),
      nothingMore,
    ],
    want: { code: 0, stdout: "{}", stderr: "" },
  },
  {
    name: "falls back if the call is not for the resident process",
    steps: [request, send(NOT_MINE), nothingMore],
    want: FELL_BACK,
  },
  {
    name: "falls back if the connection is closed without an answer",
    steps: [request, close],
    want: FELL_BACK,
  },
  {
    name: "falls back if the connection is closed before the request was read",
    steps: [close],
    want: FELL_BACK,
  },
  {
    name: "falls back if the connection is closed within A",
    steps: [request, send(ACCEPTED.subarray(0, 4)), close],
    want: FELL_BACK,
  },
  {
    name: "falls back if the connection is closed after A",
    steps: [request, send(ACCEPTED), receive("g"), close],
    want: FELL_BACK,
  },
  {
    name:
      "falls back if the connection is closed within the document, and prints none of it",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(header("O", 100), Uint8Array.of(0), new Uint8Array(98)),
      close,
    ],
    want: FELL_BACK,
  },
  {
    name: "keeps what was written to stderr before it falls back",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stderr("one\n")),
      close,
    ],
    want: { ...FELL_BACK, stderr: "one\nwarning\n" },
  },
  ...[
    ["JSON", new TextEncoder().encode('{"error":"unknown request"}\n')],
    ["HTTP", new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["a result instead of A", stdout(0, "{}")],
    ["the end instead of A", end(0)],
    ["a beat instead of A", BEAT],
    ["A with a payload", frame("A", Uint8Array.of(0))],
    ["a reason of more than 1 KiB", frame("N", new Uint8Array(1025))],
    ["zeros", new Uint8Array(64)],
  ].map(([what, bytes]): Row => ({
    name: `falls back if the answer is ${what}`,
    steps: [request, send(bytes as Uint8Array), nothingMore],
    want: FELL_BACK,
  })),
  ...[
    ["an unknown frame", frame("Z")],
    ["a second A", ACCEPTED],
    ["N", NOT_MINE],
    ["a document without a status", frame("O")],
    ["a document of more than 4 MiB", header("O", 4 * MIB + 2)],
    ["the longest length", header("E", 0xffffffff)],
    ["X without a status", frame("X")],
    ["X with two bytes", frame("X", Uint8Array.of(0, 0))],
    ["a beat with a payload", frame("B", Uint8Array.of(0))],
  ].map(([what, bytes]): Row => ({
    name: `falls back if the call is answered with ${what}`,
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(bytes as Uint8Array),
      nothingMore,
    ],
    want: FELL_BACK,
  })),
  {
    name: "falls back after 2 seconds without an answer",
    steps: [request, nothingMore],
    want: FELL_BACK,
    seconds: 2,
  },
  {
    name: "falls back after 2 seconds although A has begun",
    steps: [request, pause(1500), send(ACCEPTED.subarray(0, 1)), nothingMore],
    want: FELL_BACK,
    seconds: 2,
  },
  {
    name: "falls back after 10 seconds without a frame",
    steps: [request, send(ACCEPTED), receive("g"), nothingMore],
    want: FELL_BACK,
    seconds: 10,
  },
  {
    name: "waits as long as beats arrive",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      pause(6000),
      send(BEAT),
      pause(6000),
      send(stdout(0, "{}")),
      receive("p"),
      send(end(0)),
      nothingMore,
    ],
    want: { code: 0, stdout: "{}", stderr: "" },
    seconds: 12,
  },
  {
    name: "exits with the status of the document after 10 seconds without X",
    steps: [
      request,
      send(ACCEPTED),
      receive("g"),
      send(stdout(0, "{}")),
      receive("p"),
      nothingMore,
    ],
    want: { code: 0, stdout: "{}", stderr: "" },
    seconds: 10,
  },
];

/** At least so long; the rest is for a busy machine. */
function assertDuration(startMs: number, seconds: number): void {
  const actual = (performance.now() - startMs) / 1000;
  if (actual < seconds || actual > seconds + MAX_DELAY_SECONDS) {
    throw new Error(`Ended after ${actual} seconds, expected ${seconds}`);
  }
}

async function runRow(machine: Machine, row: Row): Promise<void> {
  using installation = new Installation(machine);
  installation.standalone(STANDALONE);
  using resident = await installation.listen();
  const startMs = performance.now();
  const [outcome] = await Promise.all([
    installation.call({ stdin: "{}" }),
    resident.play(row.steps),
  ]);
  assertEquals(outcome, row.want);
  if (row.seconds !== undefined) assertDuration(startMs, row.seconds);
}

/** A request of which every byte is known, except what the kernel chooses. */
async function exactRequest(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  using resident = await installation.listen();
  const started = installation.start({
    env: ["CNI_COMMAND=ADD", "PATH=/bin", "CNI_B=2=", "CNI_A=", "xCNI_=1"],
    stdin: "{ }\n\0",
  });
  const bytes = await resident.play([
    request,
    send(ACCEPTED),
    receive("g"),
    send(end(0)),
  ]);
  await started.outcome;
  const numbers = new Uint8Array(20);
  const view = new DataView(numbers.buffer);
  const root = await Deno.stat("/");
  view.setUint32(0, started.pid, true);
  view.setBigUint64(4, BigInt(root.dev), true);
  view.setBigUint64(12, BigInt(root.ino ?? 0), true);
  const inHex = (from: number, to: number): string =>
    formatHex(numbers.subarray(from, to));
  assertEquals(
    formatHex(bytes),
    [
      "00434e49", // Magic.
      "01000000", // Version.
      inHex(0, 4),
      "20000000", // 32 bytes of environment.
      "05000000", // 5 bytes of stdin.
      "00000000",
      inHex(4, 12),
      inHex(12, 20),
      formatHex(
        new TextEncoder().encode("CNI_COMMAND=ADD\0CNI_B=2=\0CNI_A=\0"),
      ),
      "7b207d0a00",
    ].join(""),
  );
}

/** A hung process has the request in its buffer when the launcher gives up; later it continues. */
async function lateAnswer(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  installation.standalone(STANDALONE);
  using resident = await installation.listen();
  assertEquals(await installation.call({ stdin: "{}" }), FELL_BACK);
  using connection = await resident.accept();
  await request(connection);
  assertEquals(new TextDecoder().decode(connection.request.subarray(-2)), "{}");
  await send(ACCEPTED)(connection).catch(() => {
    // The launcher has closed the connection.
  });
  await nothingMore(connection);
}

/** With the longest name, the path of the socket has 107 bytes. */
async function longestName(machine: Machine): Promise<void> {
  using installation = new Installation(machine, 93);
  using resident = await installation.listen();
  const started = installation.start();
  await resident.play([request, send(ACCEPTED), receive("g"), send(end(5))]);
  assertEquals(await started.outcome, { code: 5, stdout: "", stderr: "" });
}

/** A resident process undoes an ADD, and frees its lock, when the connection is closed. */
async function closesConnection(
  machine: Machine,
  steps: readonly Step[],
): Promise<void> {
  using installation = new Installation(machine);
  const note = `${installation.folder}/closed`;
  installation.standalone(
    `for i in 1 2 3 4 5 6 7 8 9; do
       [ -e ${note} ] && echo closed && exit
       sleep 1
     done`,
  );
  using resident = await installation.listen();
  const started = installation.start();
  await resident.play([
    ...steps,
    nothingMore,
    () => Deno.writeTextFile(note, ""),
  ]);
  const { stdout } = await started.outcome;
  assertEquals(stdout, "closed\n");
}

/** Connections that fill the queue of a listener. */
async function fillBacklog(path: string): Promise<Deno.Conn[]> {
  const connections: Deno.Conn[] = [];
  for (;;) {
    try {
      connections.push(await Deno.connect({ transport: "unix", path }));
    } catch {
      // EAGAIN: the queue is full.
      return connections;
    }
  }
}

async function fullBacklog(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  installation.standalone(STANDALONE);
  using _resident = await installation.listen();
  const waiting = await fillBacklog(installation.socket);
  const startMs = performance.now();
  assertEquals(await installation.call({ stdin: "{}" }), FELL_BACK);
  for (const each of waiting) each.close();
  assertDuration(startMs, 2);
}

async function emptiedBacklog(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  using resident = await installation.listen();
  const waiting = await fillBacklog(installation.socket);
  const started = installation.start({ stdin: "{}" });
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const each of waiting) {
    each.close();
    (await resident.accept())[Symbol.dispose]();
  }
  await resident.play([request, send(ACCEPTED), receive("g"), send(end(0))]);
  assertEquals(await started.outcome, { code: 0, stdout: "", stderr: "" });
}

/** What is too long for the protocol does not reach the resident process. */
async function tooLarge(
  machine: Machine,
  call: { readonly env: readonly string[]; readonly stdin: string },
): Promise<void> {
  using installation = new Installation(machine);
  installation.standalone("cat >/dev/null; printf standalone");
  const resident = await installation.listen();
  const isReached = resident.accept().then(() => true, () => false);
  const { stdout } = await installation.call(call);
  resident[Symbol.dispose]();
  assertEquals([stdout, await isReached], ["standalone", false]);
}

async function largest(machine: Machine): Promise<void> {
  using installation = new Installation(machine);
  using resident = await installation.listen();
  const started = installation.start({
    env: environmentOf(256 * 1024),
    stdin: "x".repeat(2 * MIB),
  });
  const bytes = await resident.play([
    request,
    send(ACCEPTED),
    receive("g"),
    send(end(0)),
  ]);
  assertEquals(bytes.length, 40 + 256 * 1024 + 2 * MIB);
  assertEquals(await started.outcome, { code: 0, stdout: "", stderr: "" });
}

/** Variables of `size` bytes with their final zeros; one alone can have 128 KiB. */
function environmentOf(size: number): string[] {
  const variables = ["CNI_COMMAND=ADD"];
  for (let rest = size - 16; rest > 0;) {
    const length = Math.min(rest, 100_000);
    variables.push(`CNI_${variables.length}=`.padEnd(length - 1, "x"));
    rest -= length;
  }
  return variables;
}

for (const machine of MACHINES) {
  const rows: ParallelRow[] = ROWS.map((row) => ({
    name: row.name,
    isLong: row.seconds !== undefined,
    run: () => runRow(machine, row),
  }));
  const others: readonly Named[] = [
    ["sends exactly the request", () => exactRequest(machine)],
    ["connects with the longest name", () => longestName(machine)],
    [
      "closes the connection before it falls back without A",
      () => closesConnection(machine, [request, send(NOT_MINE)]),
    ],
    [
      "closes the connection before it falls back after A",
      () =>
        closesConnection(machine, [
          request,
          send(ACCEPTED),
          receive("g"),
          send(NOT_MINE),
        ]),
    ],
    [
      "never says go to a process that accepts too late",
      () => lateAnswer(machine),
    ],
    [
      "falls back if the environment is too large",
      () =>
        tooLarge(machine, { env: environmentOf(256 * 1024 + 1), stdin: "{}" }),
    ],
    ["falls back if stdin is too large", () =>
      tooLarge(machine, {
        env: ["CNI_COMMAND=ADD"],
        stdin: "x".repeat(2 * MIB + 1),
      })],
  ];
  // One at a time, so that the others are not late for the launcher.
  const large: readonly Named[] = [
    ["sends the largest environment and stdin", () => largest(machine)],
    [
      "falls back after 2 seconds if the queue of connections stays full",
      () => fullBacklog(machine),
    ],
    [
      "waits for room in the queue of connections",
      () => emptiedBacklog(machine),
    ],
  ];
  const { reason } = machine;
  testRowsInParallel(
    [],
    `launcher for ${machine.name}`,
    [
      ...rows,
      ...others.map(([name, run]) => ({ name, run })),
    ].map((row) => ({ ...row, reason })),
  );
  testRowsInParallel(
    [],
    `large calls of the launcher for ${machine.name}`,
    large.map(([name, run]) => ({ name, reason, run })),
    { width: 1 },
  );
}
