import { assertEquals, assertMatch } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import type { Printed } from "../../../../lib/cli/run_program.ts";
import { runCommand } from "../../../../lib/host_local/operator/run_command.ts";
import type {
  CachedAttachment,
  TraceSource,
} from "../../../../lib/host_local/operator/runtime_traces.ts";
import {
  type ExampleFile,
  ExampleHost,
  type ExampleHostOptions,
  NOW_MS,
} from "../../../support/example_host.ts";
import { testRows } from "../../../support/rows.ts";

const OWNER = "c1\r\neth0";
const CACHE = "/cache/net-c1-eth0";
const CONTAINERD: TraceSource = {
  runtime: "containerd",
  path: "/run/tasks",
  state: "read",
  count: 0,
  isComplete: true,
};
const BOOT_MINUTES = 600;

function minutesAgo(minutes: number): number {
  return NOW_MS - minutes * 60_000;
}

/** A cached result whose namespace is gone. */
function cached(extra: Partial<CachedAttachment> = {}): CachedAttachment {
  return {
    path: CACHE,
    containerId: "c1",
    writtenAtMs: minutesAgo(120),
    netns: "/run/netns/x",
    hasNetns: false,
    hasNetnsFile: false,
    ...extra,
  };
}

/** A host with one reservation. */
function hostOf(
  { file = {}, isEarlier = false, exposure, cache, ...more }:
    & {
      readonly file?: ExampleFile;
      readonly isEarlier?: boolean;
      readonly exposure?: string;
      readonly cache?: CachedAttachment;
    }
    & ExampleHostOptions,
): ExampleHost {
  const given = typeof file === "string" ? { content: file } : file;
  return new ExampleHost({
    networks: {
      net: {
        files: {
          "lock": "",
          "10.1.0.2": {
            content: OWNER,
            minutes: isEarlier ? BOOT_MINUTES + 60 : 180,
            ...given,
          },
        },
        earlierBoot: isEarlier ? ["10.1.0.2"] : [],
        ...(exposure === undefined ? {} : { exposure }),
      },
    },
    bootMinutes: BOOT_MINUTES,
    ...(cache === undefined ? {} : { cached: { [CACHE]: cache } }),
    ...more,
    traces: {
      sources: [CONTAINERD],
      ...(cache === undefined
        ? {}
        : { cached: new Map([["net-c1-eth0", CACHE]]) }),
      ...more.traces,
    },
  });
}

function run(host: ExampleHost, ...args: readonly string[]): Promise<Printed> {
  return runCommand(["reclaim", ...args], { ports: host, version: "" });
}

async function addressesLeft(host: ExampleHost): Promise<string[]> {
  const facts = await host.readNetwork({
    directory: "/var/lib/cni/networks/net",
    lockTimeoutMs: 0,
  });
  return (facts?.files ?? []).map(({ name }) => name).filter((name) =>
    name !== "lock"
  );
}

type Row = Parameters<typeof hostOf>[0] & {
  readonly name: string;
  readonly args?: readonly string[];
  /** Both proofs, or why the reservation is kept. */
  readonly want: readonly [ended: string, absent: string] | string;
};

const ROWS: readonly Row[] = [
  {
    name: "releases what is from an earlier boot and in no list",
    isEarlier: true,
    want: ["earlier boot", "containerd"],
  },
  {
    name: "releases what upstream wrote without an interface",
    isEarlier: true,
    file: { content: "c1" },
    want: ["earlier boot", "containerd"],
  },
  {
    name: "releases what has lost its namespace",
    cache: cached(),
    want: ["namespace gone", "containerd"],
  },
  {
    name: "releases what is not in the list of the operator",
    isEarlier: true,
    traces: { sources: [] },
    files: { "/ids": "c2\nc3\n" },
    args: ["--live", "/ids"],
    want: ["earlier boot", "list"],
  },
  {
    name: "releases with an empty list",
    isEarlier: true,
    stdin: "[]",
    args: ["--live", "-"],
    want: ["earlier boot", "list"],
  },
  {
    name: "takes a list although a runtime cannot be read",
    isEarlier: true,
    stdin: "[]",
    args: ["--live", "-"],
    traces: { sources: [{ ...CONTAINERD, state: "unreadable" }] },
    want: ["earlier boot", "list"],
  },
  {
    name: "keeps what is only absent from the list",
    want: "no proof of its end",
  },
  {
    name: "keeps what is old by the clock of now only",
    isEarlier: true,
    bootMinutes: BOOT_MINUTES + 120,
    want: "no proof of its end",
  },
  {
    name: "keeps what is old if the start of the machine is unknown",
    isEarlier: true,
    bootMinutes: undefined,
    want: "no proof of its end",
  },
  {
    name: "keeps what is only from an earlier boot",
    isEarlier: true,
    traces: { sources: [] },
    want: "no list of containers",
  },
  {
    name: "keeps everything if a runtime cannot be read",
    isEarlier: true,
    traces: {
      sources: [CONTAINERD, { ...CONTAINERD, state: "unreadable" }],
    },
    want: "no list of containers",
  },
  {
    name: "keeps everything if the only list is incomplete",
    isEarlier: true,
    traces: { sources: [{ ...CONTAINERD, isComplete: false }] },
    want: "no list of containers",
  },
  {
    name: "keeps a container that a runtime has, whatever else is known",
    isEarlier: true,
    stdin: "[]",
    args: ["--live", "-"],
    traces: {
      containers: new Map([["c1", { runtime: "runc", path: "/run/runc/c1" }]]),
    },
    want: "alive (runc)",
  },
  {
    name: "keeps a container whose namespace exists",
    isEarlier: true,
    cache: cached({ hasNetns: true, hasNetnsFile: true }),
    want: "alive (netns)",
  },
  {
    name: "keeps a listed container, by the start of its ID",
    isEarlier: true,
    file: { content: "c1234\r\neth0" },
    stdin: "c1",
    args: ["--live", "-"],
    want: "alive (list)",
  },
  {
    name: "keeps a namespace without a mount, but with its file",
    cache: cached({ hasNetnsFile: true }),
    want: "no proof of its end",
  },
  {
    name: "keeps a namespace about which nothing can be found out",
    cache: { path: CACHE, containerId: "c1", netns: "/run/netns/x" },
    want: "no proof of its end",
  },
  {
    name: "does not believe a cached result of an earlier ADD",
    cache: cached({ writtenAtMs: minutesAgo(181) }),
    want: "no proof of its end",
  },
  {
    name: "does not believe a cached result of another container",
    cache: cached({ containerId: "c1-eth0" }),
    want: "no proof of its end",
  },
  {
    name: "keeps what is too young",
    isEarlier: true,
    args: ["--grace", "12h"],
    want: "too young",
  },
  {
    name: "counts the grace period from when the list was written",
    cache: cached(),
    files: { "/ids": "c2" },
    liveMinutes: 150,
    args: ["--live", "/ids"],
    want: "too young",
  },
  {
    name: "keeps a file that names no container",
    isEarlier: true,
    file: { content: "what is this\nx\ny" },
    want: "no owner",
  },
  {
    name: "keeps a file that cannot be read",
    isEarlier: true,
    file: { content: undefined, unreadable: "permission denied" },
    want: "unreadable",
  },
  {
    name: "keeps what other users can write",
    isEarlier: true,
    exposure: "writable by other users",
    want: "exposed",
  },
];

testRows("reclaim", ROWS, async ({ args = [], want, ...row }) => {
  const host = hostOf(row);
  const dry = await run(host, "--json", ...args);
  assertEquals(await addressesLeft(host), ["10.1.0.2"]);
  const { reclaimable, kept } = JSON.parse(dry.stdout);
  assertEquals(
    reclaimable.length > 0
      ? [
        reclaimable[0].proofs.ended.source,
        reclaimable[0].proofs.absent.source,
      ]
      : kept[0].reason.source,
    want,
  );
  assertEquals(reclaimable.length + kept.length, 1);
  const wet = await run(host, "--yes", ...args);
  const isReleased = Array.isArray(want);
  assertEquals(await addressesLeft(host), isReleased ? [] : ["10.1.0.2"]);
  assertEquals(host.logged.length, isReleased ? 1 : 0);
  if (row.file === undefined || !("unreadable" in Object(row.file))) {
    assertEquals([dry.status, wet.status], [isReleased ? 1 : 0, 0]);
  }
});

Deno.test("reclaim logs the reservation with both proofs", async () => {
  const host = hostOf({ isEarlier: true });
  const { stdout } = await run(host, "--yes", "--json");
  assertEquals(host.logged, [
    "level=info event=reservation-reclaimed network=net address=10.1.0.2 container=c1 interface=eth0 " +
    "reservedAt=2026-11-28T01:00:00.000Z " +
    'ended="the address was reserved before the last boot of this host" ' +
    'absent="no container in /run/tasks has the ID"',
  ]);
  assertEquals(JSON.parse(stdout).reclaimable[0].released, true);
});

const CHANGES: readonly {
  readonly name: string;
  readonly files: Readonly<Record<string, ExampleFile>>;
  readonly status: number;
}[] = [
  {
    name: "was reserved again by the same container",
    files: { "10.1.0.2": { content: OWNER, minutes: 0 } },
    status: 1,
  },
  {
    name: "has another owner",
    files: {
      "10.1.0.2": { content: "c2\r\neth0", minutes: BOOT_MINUTES + 60 },
    },
    status: 1,
  },
  {
    name: "names no container any more",
    files: { "10.1.0.2": { content: "?", minutes: BOOT_MINUTES + 60 } },
    status: 1,
  },
  { name: "was released by its runtime", files: {}, status: 0 },
];

testRows(
  "reclaim --yes does not touch a reservation that meanwhile",
  CHANGES,
  async ({ files, status }) => {
    const host = hostOf({
      isEarlier: true,
      beforeChange: (each) =>
        each.changeNetwork("net", { files, earlierBoot: ["10.1.0.2"] }),
    });
    const printed = await run(host, "--yes");
    assertEquals(await addressesLeft(host), Object.keys(files));
    assertEquals([printed.status, host.logged], [status, []]);
  },
);

Deno.test("reclaim --yes asks the runtimes again under the lock", async () => {
  const host = hostOf({ isEarlier: true });
  let reads = 0;
  const original = host.readTraces.bind(host);
  host.readTraces = () => {
    reads++;
    const containers = new Map([["c1", { runtime: "crun", path: "/c1" }]]);
    return reads === 1 ? original() : { ...original(), containers };
  };
  const { status, stdout } = await run(host, "--yes");
  assertEquals(await addressesLeft(host), ["10.1.0.2"]);
  assertEquals([status, reads], [1, 2]);
  assertMatch(stdout, /not released: .*10\.1\.0\.2:/);
});

Deno.test("reclaim --yes continues with the other networks if one is locked", async () => {
  const network = {
    files: { "10.1.0.2": { content: OWNER, minutes: BOOT_MINUTES + 60 } },
    earlierBoot: ["10.1.0.2"],
  };
  const host = new ExampleHost({
    networks: { a: network, net: network },
    bootMinutes: BOOT_MINUTES,
    traces: { sources: [CONTAINERD] },
    locked: { a: "flock /x: held by another process" },
  });
  const { status, stdout } = await run(host, "--yes");
  assertEquals([status, host.logged.length], [1, 1]);
  assertEquals(await addressesLeft(host), []);
  assertMatch(stdout, /a\/10\.1\.0\.2: flock \/x: held by another\s+process/);
});

Deno.test("reclaim --yes says what it could not bring to the disk", async () => {
  const host = new ExampleHost({
    networks: {
      net: {
        files: { "10.1.0.2": { content: OWNER, minutes: BOOT_MINUTES + 60 } },
        earlierBoot: ["10.1.0.2"],
      },
    },
    bootMinutes: BOOT_MINUTES,
    traces: { sources: [CONTAINERD] },
    sync: () => Promise.reject(new SystemError("fsync /x: input/output error")),
  });
  const { status, stdout } = await run(host, "--yes");
  assertEquals(status, 1);
  assertMatch(stdout, /10\.1\.0\.2: fsync \/x: input\/output\s+error/);
});

Deno.test("reclaim --yes gives up the lock after 10,000 reservations", async () => {
  const names = Array.from(
    { length: 10_001 },
    (_, index) => `10.${index >> 8}.${index & 255}.1`,
  );
  let opened = 0;
  const host = new ExampleHost({
    networks: {
      net: {
        files: Object.fromEntries(
          names.map((name) => [name, {
            content: OWNER,
            minutes: BOOT_MINUTES + 60,
          }]),
        ),
        earlierBoot: names,
      },
    },
    bootMinutes: BOOT_MINUTES,
    traces: { sources: [CONTAINERD] },
    beforeChange: () => opened++,
  });
  const { status } = await run(host, "--yes");
  assertEquals([status, opened, host.logged.length], [0, 2, 10_001]);
});

Deno.test("reclaim of a host without reservations says so", async () => {
  const { status, stdout } = await run(new ExampleHost({}));
  assertEquals(status, 0);
  assertMatch(stdout, /no reservations in \/var\/lib\/cni\/networks/);
});
