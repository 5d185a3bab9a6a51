import { assertEquals } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import { formatLogLine } from "../../../lib/base/log_line.ts";
import type { Result } from "../../../lib/cni/result.ts";
import { hostLocalHandlers } from "../../../lib/host_local/handlers.ts";
import { testRows } from "../../support/rows.ts";
import { factsOf, rejectionOf } from "../base/thrown.ts";
import { invocation, networkConfig } from "../cni/builders.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { ip } from "./builders.ts";
import { DIRECTORY, FakeStores, RESERVED_AT_MS } from "./fake_stores.ts";

type Keys = Readonly<Record<string, unknown>>;

const C1 = "c1\r\neth0";
const C2 = "c2\r\neth0";
const IPAM = {
  type: "host-local",
  subnet: "10.0.0.0/30",
  dataDir: "/d",
} as const;
const NOW_MS = RESERVED_AT_MS + 60_000;

interface Call {
  readonly command: "add" | "del" | "check" | "gc" | "status";
  /** Keys of `ipam`, in addition to those of {@link IPAM}. */
  readonly ipam?: Keys;
  /** Keys of the document. */
  readonly keys?: Keys;
  readonly cniArgs?: string;
  readonly stores?: FakeStores;
  /** Files that `resolvConf` may name. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Addresses of containers that no longer exist; undefined if the host does not tell. */
  readonly gone?: readonly string[];
}

interface Outcome {
  readonly failure: unknown;
  readonly results: readonly Result[];
  readonly logged: readonly string[];
  readonly stores: FakeStores;
}

async function call(
  {
    command,
    ipam = {},
    keys = {},
    cniArgs = "",
    stores = new FakeStores(),
    texts = {},
    gone,
  }: Call,
): Promise<Outcome> {
  const results: Result[] = [];
  const logged: string[] = [];
  const handlers = hostLocalHandlers({
    stores,
    nowMs: () => NOW_MS,
    log: (...event) => void logged.push(formatLogLine(...event)),
    readNamedFile: (path) => {
      const text = texts[path];
      if (text !== undefined) return text;
      throw new SystemError(`open ${path}: no such file or directory`);
    },
    ...(gone === undefined ? {} : {
      findReclaimable: (_, reservations) =>
        Promise.resolve(
          reservations
            .filter(({ address }) => gone.includes(formatIpAddress(address)))
            .map((reservation) => ({
              reservation,
              ended: "its boot is over",
              absent: "no list has it",
            })),
        ),
    }),
  });
  const request = {
    invocation: invocation({ command: command.toUpperCase(), cniArgs }),
    config: networkConfig({ ipam: { ...IPAM, ...ipam }, ...keys }),
  };
  const failure = await rejectionOf(() =>
    handlers[command](request, (result) => {
      results.push(result);
      return Promise.resolve();
    })
  );
  return { failure, results, logged, stores };
}

function filesOf({ stores }: Outcome): Keys {
  return Object.fromEntries(stores.files);
}

function refused(
  code: number,
  { message, details }: { readonly message: string; readonly details: string },
): Keys {
  return { name: "CniError", code, message, details };
}

testRows(
  "what cannot be synced fails",
  [
    { name: "an ADD, which reserves and answers nothing", command: "add" },
    { name: "a DEL", command: "del" },
    { name: "a GC", command: "gc" },
  ] as const,
  async ({ command }) => {
    const syncFailure = new SystemError("fsync /d/net: input/output error");
    const { failure, results, stores } = await call({
      command,
      stores: new FakeStores({ syncFailure }),
      keys: { "cni.dev/valid-attachments": [] },
    });
    assertEquals(failure, factsOf(syncFailure));
    assertEquals([results, [...stores.files]], [[], []]);
  },
);

testRows(
  "what was released is synced although something else could not be, by",
  [
    { name: "DEL", command: "del" },
    { name: "GC", command: "gc" },
  ] as const,
  async ({ command }) => {
    const releaseFailure = new SystemError("unlink /d/net/10.0.0.3: denied");
    const { failure, stores } = await call({
      command,
      stores: new FakeStores({ releaseFailure }),
      keys: { "cni.dev/valid-attachments": [] },
    });
    assertEquals(failure, factsOf(releaseFailure));
    assertEquals(stores.calls, [
      `change ${DIRECTORY}`,
      "unlock and sync",
      "close",
    ]);
  },
);

Deno.test("ADD returns address, prefix length, gateway, routes and DNS, and closes the store", async () => {
  const outcome = await call({
    command: "add",
    ipam: { routes: [{ dst: "0.0.0.0/0" }], resolvConf: "/r" },
    texts: { "/r": "nameserver 192.0.2.3" },
  });
  assertEquals(outcome.failure, undefined);
  assertEquals(outcome.results, [{
    ips: [{
      address: { address: ip("10.0.0.2"), prefixLength: 30 },
      gateway: ip("10.0.0.1"),
    }],
    routes: [{ dst: { address: ip("0.0.0.0"), prefixLength: 0 } }],
    dns: { nameservers: ["192.0.2.3"], domain: "", search: [], options: [] },
  }]);
  assertEquals(filesOf(outcome), { "10.0.0.2": C1 });
  assertEquals(outcome.stores.calls, [`create ${DIRECTORY}`, "close"]);
});

Deno.test("ADD returns no gateway in a /31 (small-subnets)", async () => {
  const { results } = await call({
    command: "add",
    ipam: { subnet: "10.0.0.0/31" },
  });
  assertEquals(results.map(({ ips }) => ips), [[{
    address: { address: ip("10.0.0.0"), prefixLength: 31 },
  }]]);
});

Deno.test("ADD logs a gateway outside its subnet (gateway-warning)", async () => {
  const { logged, results } = await call({
    command: "add",
    ipam: { gateway: "fe80::1" },
  });
  assertEquals(logged, [
    "level=warn event=gateway-outside-subnet gateway=fe80::1 range=10.0.0.1-10.0.0.2",
  ]);
  assertEquals(results.length, 1);
});

const ADD_REFUSALS: readonly {
  name: string;
  call: Omit<Call, "command">;
  want: unknown;
}[] = [
  {
    name:
      "code 11 for an exhausted pool, with what is held (code-11-exhausted)",
    call: { stores: new FakeStores({ files: { "10.0.0.2": C2 } }) },
    want: refused(11, {
      message:
        "failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-10.0.0.2",
      details:
        "this range set has 1 usable address, all held in /d/net, 0 of them reserved before the last boot; a DEL or GC by the runtime releases those that are no longer in use, and host-local reclaim shows which containers are gone",
    }),
  },
  {
    name: "code 999 for a duplicate, with its age",
    call: { stores: new FakeStores({ files: { "10.0.0.2": C1 } }) },
    want: refused(999, {
      message:
        "failed to allocate for range 0: 10.0.0.2 has been allocated to c1, duplicate allocation is not allowed",
      details:
        "10.0.0.2 is held by container c1, interface eth0 since 2026-01-01T00:00:00.000Z (1m ago, in this boot): /d/net/10.0.0.2",
    }),
  },
  {
    name: "code 999 for a request for the gateway",
    call: { cniArgs: "IP=10.0.0.1" },
    want: refused(999, {
      message:
        "failed to allocate for range 0: requested ip 10.0.0.1 is subnet's gateway",
      details:
        "a gateway is never allocated; request another address, or configure another gateway",
    }),
  },
  {
    name: "code 4 for bad CNI_ARGS (code-4-args)",
    call: { cniArgs: "foo" },
    want: refused(4, {
      message: 'ARGS: invalid pair "foo"',
      details: "in CNI_ARGS",
    }),
  },
  {
    name: "the configuration's own error",
    call: { ipam: { subnet: "10.0.0.1/30" } },
    want: {
      name: "ConfigError",
      message:
        "invalid range set 0: Network has host bits set. For a subnet mask of length 30 the network address is 10.0.0.0",
      path: "ipam.subnet",
    },
  },
  {
    name: "a missing resolvConf",
    call: { ipam: { resolvConf: "/nope" } },
    want: {
      name: "SystemError",
      message: "open /nope: no such file or directory",
      advice: "",
    },
  },
];

testRows(
  "ADD fails with",
  ADD_REFUSALS,
  async ({ call: input, want }) => {
    const { failure, results } = await call({ ...input, command: "add" });
    assertEquals({ failure, results }, { failure: want, results: [] });
  },
);

Deno.test("ADD reads resolvConf before it opens the store", async () => {
  const { stores } = await call({
    command: "add",
    ipam: { resolvConf: "/nope" },
  });
  assertEquals(stores.calls, []);
});

Deno.test("ADD closes the store after a refusal", async () => {
  const { stores } = await call({ command: "add", cniArgs: "IP=10.0.0.1" });
  assertEquals(stores.calls, [`create ${DIRECTORY}`, "close"]);
});

const RECLAIMED =
  "level=info event=reservation-reclaimed network=net address=10.0.0.2 container=c2 interface=eth0 " +
  "reservedAt=2026-01-01T00:00:00.000Z " +
  'ended="its boot is over" absent="no list has it"';

testRows("ADD of a full range set", [
  {
    name: "releases what a container has left behind",
    ipam: { reclaimOnExhaustion: true },
    gone: ["10.0.0.2"],
    want: { files: { "10.0.0.2": C1 }, logged: [RECLAIMED], code: undefined },
  },
  {
    name: "releases nothing without proofs",
    ipam: { reclaimOnExhaustion: true },
    gone: [],
    want: { files: { "10.0.0.2": C2 }, logged: [], code: 11 },
  },
  {
    name: "releases nothing if the host does not tell",
    ipam: { reclaimOnExhaustion: true },
    gone: undefined,
    want: { files: { "10.0.0.2": C2 }, logged: [], code: 11 },
  },
  {
    name: "releases nothing unless that is configured",
    ipam: {},
    gone: ["10.0.0.2"],
    want: { files: { "10.0.0.2": C2 }, logged: [], code: 11 },
  },
], async ({ ipam, gone, want }) => {
  const outcome = await call({
    command: "add",
    ipam,
    stores: new FakeStores({ files: { "10.0.0.2": C2 } }),
    ...(gone === undefined ? {} : { gone }),
  });
  const code = (outcome.failure as { code?: number } | undefined)?.code;
  const { logged } = outcome;
  assertEquals({ files: filesOf(outcome), logged, code }, want);
});

Deno.test("ADD releases at most 16 reservations, those after the cursor first", async () => {
  const names = Array.from(
    { length: 253 },
    (_, index) => `10.0.0.${index + 2}`,
  );
  const outcome = await call({
    command: "add",
    ipam: { subnet: "10.0.0.0/24", reclaimOnExhaustion: true },
    stores: new FakeStores({
      files: Object.fromEntries(names.map((name) => [name, C2])),
    }),
    gone: names,
  });
  const left = Object.entries(filesOf(outcome)).filter(([, owner]) =>
    owner === C2
  );
  assertEquals(left.length, 253 - 16);
  assertEquals(outcome.stores.files.get("10.0.0.2"), C1);
});

Deno.test("ADD reclaims from each of two full range sets", async () => {
  const outcome = await call({
    command: "add",
    ipam: {
      ranges: [[{ subnet: "fd00::/127" }]],
      reclaimOnExhaustion: true,
    },
    stores: new FakeStores({
      files: { "10.0.0.2": C2, "fd00::": C2, "fd00::1": C2 },
    }),
    gone: ["10.0.0.2", "fd00::1"],
  });
  assertEquals(filesOf(outcome), {
    "fd00::": C2,
    "10.0.0.2": C1,
    "fd00::1": C1,
  });
});

Deno.test("DEL releases the addresses of the attachment and closes the store", async () => {
  const stores = new FakeStores({ files: { "10.0.0.2": C1, "10.0.0.3": C2 } });
  const outcome = await call({ command: "del", stores });
  assertEquals(outcome.failure, undefined);
  assertEquals(filesOf(outcome), { "10.0.0.3": C2 });
  assertEquals(stores.calls, [
    `change ${DIRECTORY}`,
    "unlock and sync",
    "close",
  ]);
});

Deno.test("DEL succeeds without a directory", async () => {
  const { failure, logged } = await call({
    command: "del",
    stores: new FakeStores({ exists: false }),
  });
  assertEquals({ failure, logged }, { failure: undefined, logged: [] });
});

const INVALID_CONFIGS = [
  {
    name: "bad CNI_ARGS",
    call: { cniArgs: "foo" },
    reason: 'ARGS: invalid pair "foo"',
  },
  {
    name: "a bad range",
    call: { ipam: { subnet: "nope" } },
    reason: "invalid CIDR address: nope",
  },
  {
    name: "a value of the wrong type",
    call: { ipam: { routes: 5 } },
    reason: "json: cannot unmarshal number into ipam.routes: expected a list",
  },
  {
    name: "an empty subnet",
    call: { ipam: { subnet: "" } },
    reason: "invalid CIDR address: ",
  },
] as const;

testRows(
  "DEL releases (del-best-effort) in spite of, and logs,",
  INVALID_CONFIGS,
  async ({ call: input, reason }) => {
    const stores = new FakeStores({ files: { "10.0.0.2": C1 } });
    const outcome = await call({ ...input, command: "del", stores });
    assertEquals(outcome.failure, undefined);
    assertEquals(filesOf(outcome), {});
    assertEquals(outcome.logged, [
      formatLogLine("warn", "config-invalid", { command: "DEL", reason }),
    ]);
  },
);

Deno.test("DEL fails if dataDir is not a string", async () => {
  const { failure } = await call({ command: "del", ipam: { dataDir: 5 } });
  assertEquals(failure, {
    name: "DecodeError",
    message:
      "json: cannot unmarshal number into ipam.dataDir: expected a string",
    at: "ipam.dataDir",
  });
});

Deno.test("CHECK accepts a prevResult that matches the reservations, and changes nothing", async () => {
  const stores = new FakeStores({ files: { "10.0.0.2": C1 } });
  const prevResult = { ips: [{ address: "10.0.0.2/30" }] };
  const { failure } = await call({
    command: "check",
    stores,
    keys: { prevResult },
  });
  assertEquals(failure, undefined);
  assertEquals(stores.calls, [`read ${DIRECTORY}`, "close"]);
});

const NOT_FOUND = "host-local: Failed to find address added by container c1";
const CHECK_REFUSALS: readonly {
  name: string;
  call: Omit<Call, "command">;
  want: unknown;
}[] = [
  {
    name: "no reservation",
    call: { stores: new FakeStores({ files: { "10.0.0.2": C2 } }) },
    want: refused(999, {
      message: NOT_FOUND,
      details:
        "no reservation of this container and interface exists (interface eth0, directory /d/net)",
    }),
  },
  {
    name: "no directory",
    call: { stores: new FakeStores({ exists: false }) },
    want: refused(999, {
      message: NOT_FOUND,
      details:
        "no reservation of this container and interface exists (interface eth0, directory /d/net)",
    }),
  },
  {
    name: "another address than in prevResult (check-prev-result)",
    call: {
      stores: new FakeStores({ files: { "10.0.0.2": C1 } }),
      keys: { prevResult: { ips: [{ address: "10.0.0.1/30" }] } },
    },
    want: refused(999, {
      message: NOT_FOUND,
      details:
        "prevResult has 10.0.0.1, which is not reserved for this container and interface (interface eth0, directory /d/net)",
    }),
  },
  {
    name: "bad CNI_ARGS",
    call: { cniArgs: "foo" },
    want: refused(4, {
      message: 'ARGS: invalid pair "foo"',
      details: "in CNI_ARGS",
    }),
  },
];

testRows(
  "CHECK fails with",
  CHECK_REFUSALS,
  async ({ call: input, want }) => {
    const { failure } = await call({ ...input, command: "check" });
    assertEquals<unknown>(failure, want);
  },
);

const LISTED = {
  "cni.dev/valid-attachments": [{ containerID: "c1", ifname: "eth0" }],
} as const;

Deno.test("GC releases the attachments that are not listed", async () => {
  const files = {
    "10.0.0.2": C1,
    "10.0.0.3": C2,
    "10.0.0.4": "c1\r\nnet1",
    "10.0.0.5": "c1",
    "10.0.0.6": "c2",
  };
  const stores = new FakeStores({ files });
  const outcome = await call({ command: "gc", stores, keys: LISTED });
  assertEquals(outcome.failure, undefined);
  assertEquals(filesOf(outcome), { "10.0.0.2": C1, "10.0.0.5": "c1" });
  assertEquals(stores.calls, [
    `change ${DIRECTORY}`,
    "unlock and sync",
    "close",
  ]);
});

const GRACES: readonly [seconds: number, want: Keys][] = [
  [59, {}],
  [60, {}],
  [61, { "10.0.0.2": C2 }],
];

testRows(
  "GC keeps a reservation of 60 s only within gcGraceSeconds",
  GRACES.map(([seconds, want]) => ({ name: String(seconds), seconds, want })),
  async ({ seconds, want }) => {
    const stores = new FakeStores({ files: { "10.0.0.2": C2 } });
    const outcome = await call({
      command: "gc",
      stores,
      keys: LISTED,
      ipam: { gcGraceSeconds: seconds },
    });
    assertEquals(filesOf(outcome), want);
  },
);

Deno.test("GC releases nothing without a list", async () => {
  const stores = new FakeStores({ files: { "10.0.0.2": C2 } });
  const outcome = await call({ command: "gc", stores });
  assertEquals(filesOf(outcome), { "10.0.0.2": C2 });
  assertEquals(outcome.failure, {
    name: "ConfigError",
    message:
      "GC needs a list under cni.dev/valid-attachments; an empty one frees everything",
    path: "cni.dev/valid-attachments",
  });
});

Deno.test("GC releases addresses despite a configuration that ADD refuses, and logs the error", async () => {
  const stores = new FakeStores({ files: { "10.0.0.2": C2 } });
  const outcome = await call({
    command: "gc",
    stores,
    keys: LISTED,
    ipam: { subnet: "nope" },
  });
  assertEquals(filesOf(outcome), {});
  assertEquals(outcome.logged, [
    'level=warn event=config-invalid command=GC reason="invalid CIDR address: nope"',
  ]);
});

Deno.test("GC succeeds without a directory", async () => {
  const { failure } = await call({
    command: "gc",
    stores: new FakeStores({ exists: false }),
    keys: LISTED,
  });
  assertEquals(failure, undefined);
});

const FULL_TEXT = refused(50, {
  message: "no IP addresses available in range set: 10.0.0.1-10.0.0.2",
  details: "directory /d/net",
});
const FULL = { "10.0.0.2": C2 } as const;
const UNUSABLE = new SystemError("open /d/net: not a directory", {
  advice: "remove it",
});

const STATUSES: readonly {
  name: string;
  call: Omit<Call, "command">;
  want: unknown;
  log: readonly string[];
}[] = [
  {
    name: "accepts a usable directory",
    call: {},
    want: undefined,
    log: ["probe /d/net"],
  },
  {
    name: "accepts an exhausted pool",
    call: { stores: new FakeStores({ files: FULL }) },
    want: undefined,
    log: ["probe /d/net"],
  },
  {
    name:
      "fails with code 50 for an exhausted pool with statusFailsWhenFull (SPEC section 5)",
    call: {
      stores: new FakeStores({ files: FULL }),
      ipam: { statusFailsWhenFull: true },
    },
    want: FULL_TEXT,
    log: ["probe /d/net", "read /d/net", "close"],
  },
  {
    name: "accepts an exhausted pool that ADD can reclaim from",
    call: {
      stores: new FakeStores({ files: FULL }),
      ipam: { statusFailsWhenFull: true, reclaimOnExhaustion: true },
      gone: ["10.0.0.2"],
    },
    want: undefined,
    log: ["probe /d/net", "read /d/net", "close"],
  },
  {
    name: "fails for an exhausted pool that ADD cannot reclaim from",
    call: {
      stores: new FakeStores({ files: FULL }),
      ipam: { statusFailsWhenFull: true, reclaimOnExhaustion: true },
      gone: [],
    },
    want: FULL_TEXT,
    log: ["probe /d/net", "read /d/net", "close"],
  },
  {
    name: "accepts a pool with a free address with statusFailsWhenFull",
    call: { ipam: { statusFailsWhenFull: true } },
    want: undefined,
    log: ["probe /d/net", "read /d/net", "close"],
  },
  {
    name: "accepts a missing directory with statusFailsWhenFull",
    call: {
      stores: new FakeStores({ exists: false }),
      ipam: { statusFailsWhenFull: true },
    },
    want: undefined,
    log: ["probe /d/net"],
  },
  {
    name: "fails with code 50 for an unusable directory (SPEC section 5)",
    call: { stores: new FakeStores({ failure: UNUSABLE }) },
    want: refused(50, {
      message: "open /d/net: not a directory",
      details: "remove it",
    }),
    log: [],
  },
  {
    name: "fails with a missing resolvConf, as ADD does",
    call: { ipam: { resolvConf: "/nope" } },
    want: refused(50, {
      message: "open /nope: no such file or directory",
      details: "",
    }),
    log: ["probe /d/net"],
  },
  {
    name: "fails with a bad configuration",
    call: { ipam: { subnet: "10.0.0.1/30" } },
    want: {
      name: "ConfigError",
      message:
        "invalid range set 0: Network has host bits set. For a subnet mask of length 30 the network address is 10.0.0.0",
      path: "ipam.subnet",
    },
    log: [],
  },
];

testRows(
  "STATUS",
  STATUSES,
  async ({ call: input, want, log }) => {
    const { failure, stores } = await call({ ...input, command: "status" });
    assertEquals({ failure, log: stores.calls }, {
      failure: want,
      log: [...log],
    });
  },
);

testRows(
  "a command passes on a failure of the store:",
  [{ name: "add" }, { name: "del" }, { name: "check" }, {
    name: "gc",
  }] as const,
  async ({ name: command }) => {
    const stores = new FakeStores({
      failure: new SystemError("flock", { advice: "wait" }),
    });
    const { failure } = await call({ command, stores, keys: LISTED });
    assertEquals(failure, {
      name: "SystemError",
      message: "flock",
      advice: "wait",
    });
  },
);
