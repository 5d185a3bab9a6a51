import { assertEquals } from "@std/assert";
import {
  parseGcGraceMs,
  parseHostLocalConfig,
  parseStoreConfig,
} from "../../../lib/host_local/config.ts";
import { formatRangeSet } from "../../../lib/host_local/range_set.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { networkConfig } from "../cni/builders.ts";
import { ip, rangeSet, texts } from "./builders.ts";

type Keys = Readonly<Record<string, unknown>>;

interface Input {
  readonly keys: Keys;
  readonly cniVersion?: string;
  readonly cniArgs?: string;
}

function parse(
  { keys, cniVersion = "1.0.0", cniArgs = "" }: Input,
): ReturnType<typeof parseHostLocalConfig> {
  return parseHostLocalConfig(networkConfig(keys, { cniVersion }), cniArgs);
}

function ipam(keys: Keys): { readonly ipam: Keys } {
  return { ipam: { type: "host-local", subnet: "10.0.0.0/24", ...keys } };
}

Deno.test("parseHostLocalConfig() fills in every default", () => {
  assertEquals(parse({ keys: ipam({}) }), {
    directory: "/var/lib/cni/networks/net",
    lockTimeoutMs: 10_000,
    rangeSets: [rangeSet("10.0.0.0/24")],
    requestedAddresses: [],
    routes: [],
    statusFailsWhenFull: false,
    reclaimOnExhaustion: false,
  });
});

Deno.test("parseHostLocalConfig() reads every key", () => {
  const keys = {
    ipam: {
      type: "host-local",
      name: "ignored",
      ranges: [[{ subnet: "10.0.0.0/24", gateway: "10.9.9.9" }]],
      routes: [{ dst: "0.0.0.0/0" }],
      resolvConf: "/etc/resolv.conf",
      dataDir: "/run/cni",
      lockTimeoutSeconds: 3,
      gcGraceSeconds: 60,
      statusFailsWhenFull: true,
      cooldownSeconds: 30,
      sticky: "pod",
      ownerDetails: true,
      reclaimOnExhaustion: true,
    },
  };
  assertEquals(parse({ keys, cniArgs: "IP=10.0.0.5" }), {
    directory: "/run/cni/net",
    lockTimeoutMs: 3_000,
    rangeSets: [rangeSet({ subnet: "10.0.0.0/24", gateway: "10.9.9.9" })],
    requestedAddresses: [ip("10.0.0.5")],
    routes: [{ dst: { address: ip("0.0.0.0"), prefixLength: 0 } }],
    resolvConf: "/etc/resolv.conf",
    statusFailsWhenFull: true,
    history: {
      cooldownSeconds: 30,
      isSticky: true,
      recordsOwners: true,
      pod: undefined,
    },
    reclaimOnExhaustion: true,
  });
});

const SETS: readonly { name: string; keys: Keys; want: readonly string[] }[] = [
  {
    name: "runtimeConfig.ipRanges, the single range, ipam.ranges",
    keys: {
      runtimeConfig: {
        ipRanges: [[{ subnet: "10.1.0.0/24" }], [{ subnet: "10.2.0.0/24" }]],
      },
      ipam: {
        subnet: "10.3.0.0/24",
        rangeStart: "10.3.0.9",
        ranges: [[{ subnet: "10.4.0.0/24" }, { subnet: "10.5.0.0/24" }]],
      },
    },
    want: [
      "10.1.0.1-10.1.0.254",
      "10.2.0.1-10.2.0.254",
      "10.3.0.9-10.3.0.254",
      "10.4.0.1-10.4.0.254,10.5.0.1-10.5.0.254",
    ],
  },
  {
    name: "no single range without a subnet",
    keys: {
      ipam: {
        rangeStart: "10.3.0.9",
        gateway: "10.3.0.1",
        ranges: [[{ subnet: "10.4.0.0/24" }]],
      },
    },
    want: ["10.4.0.1-10.4.0.254"],
  },
  {
    name: "runtimeConfig.ipRanges alone",
    keys: {
      runtimeConfig: { ipRanges: [[{ subnet: "10.1.0.0/24" }]] },
      ipam: {},
    },
    want: ["10.1.0.1-10.1.0.254"],
  },
  {
    name: "keys in any case",
    keys: {
      RuntimeConfig: { IPRANGES: [[{ SUBNET: "10.1.0.0/24" }]] },
      IPAM: { Ranges: [[{ Subnet: "10.2.0.0/24", RANGEEND: "10.2.0.9" }]] },
    },
    want: ["10.1.0.1-10.1.0.254", "10.2.0.1-10.2.0.9"],
  },
  {
    name: "null as absent, everywhere",
    keys: {
      runtimeConfig: null,
      args: null,
      ipam: {
        type: null,
        name: null,
        dataDir: null,
        resolvConf: null,
        routes: null,
        ranges: [[{
          subnet: "10.2.0.0/24",
          gateway: null,
          rangeStart: null,
          rangeEnd: null,
        }]],
        lockTimeoutSeconds: null,
        gcGraceSeconds: null,
        statusFailsWhenFull: null,
      },
    },
    want: ["10.2.0.1-10.2.0.254"],
  },
  {
    name: "null as absent in runtimeConfig and args",
    keys: {
      runtimeConfig: { ipRanges: null, ips: null },
      args: { cni: null },
      ipam: { subnet: "10.2.0.0/24" },
    },
    want: ["10.2.0.1-10.2.0.254"],
  },
  {
    name: "several sets of several ranges",
    keys: {
      ipam: {
        ranges: [[{ subnet: "fd00::/64" }], [{ subnet: "10.2.0.0/25" }, {
          subnet: "10.2.0.128/25",
        }]],
      },
    },
    want: [
      "fd00::1-fd00::ffff:ffff:ffff:ffff",
      "10.2.0.1-10.2.0.126,10.2.0.129-10.2.0.254",
    ],
  },
];

testRows("parseHostLocalConfig() reads range sets:", SETS, ({ keys, want }) => {
  assertEquals(parse({ keys }).rangeSets.map(formatRangeSet), want);
});

function withRequests(
  { fromArgs, fromRuntime }: {
    readonly fromArgs?: unknown;
    readonly fromRuntime?: unknown;
  },
): Keys {
  return {
    ...ipam({}),
    args: { cni: { ips: fromArgs } },
    runtimeConfig: { ips: fromRuntime },
  };
}

const REQUESTS: readonly {
  name: string;
  input: Input;
  want: readonly string[];
}[] = [
  {
    name: "CNI_ARGS before runtimeConfig.ips",
    input: {
      keys: withRequests({ fromRuntime: ["10.0.0.7"] }),
      cniArgs: "IP=10.0.0.5",
    },
    want: ["10.0.0.5", "10.0.0.7"],
  },
  {
    name: "args.cni.ips before runtimeConfig.ips",
    input: {
      keys: withRequests({ fromArgs: ["10.0.0.6"], fromRuntime: ["10.0.0.7"] }),
    },
    want: ["10.0.0.6", "10.0.0.7"],
  },
  {
    name: "args.cni.ips instead of CNI_ARGS (args-ips-win)",
    input: {
      keys: withRequests({ fromArgs: ["10.0.0.6"] }),
      cniArgs: "IP=10.0.0.5",
    },
    want: ["10.0.0.6"],
  },
  {
    name: "CNI_ARGS if args.cni.ips is empty",
    input: { keys: withRequests({ fromArgs: [] }), cniArgs: "IP=10.0.0.5" },
    want: ["10.0.0.5"],
  },
  {
    name: "addresses without their prefix lengths",
    input: { keys: withRequests({ fromArgs: ["10.0.0.6/8", "fd00::6/64"] }) },
    want: ["10.0.0.6", "fd00::6"],
  },
  {
    name: "one address for three spellings",
    input: {
      keys: withRequests({
        fromArgs: ["fd00::6", "FD00:0::6/64"],
        fromRuntime: ["fd00::0:6"],
      }),
    },
    want: ["fd00::6"],
  },
  {
    name: "an IPv4-mapped address as IPv4",
    input: {
      keys: withRequests({ fromArgs: ["::ffff:10.0.0.6", "10.0.0.6"] }),
    },
    want: ["10.0.0.6"],
  },
  {
    name: "two addresses for the same bits in both families",
    input: { keys: withRequests({ fromArgs: ["10.0.0.6", "::a00:6"] }) },
    want: ["10.0.0.6", "::a00:6"],
  },
];

testRows(
  "parseHostLocalConfig() reads requests:",
  REQUESTS,
  ({ input, want }) => {
    assertEquals(texts(parse(input).requestedAddresses), want);
  },
);

function refused(message: string, path: string): Record<string, unknown> {
  return { name: "ConfigError", message, path };
}

function mistyped(
  kind: string,
  at: string,
  expected: string,
): Record<string, unknown> {
  return {
    name: "DecodeError",
    message: `json: cannot unmarshal ${kind} into ${at}: expected ${expected}`,
    at,
  };
}

function nilRequest(path: string): unknown {
  return refused("cannot understand ip: IP <nil> not v4 nor v6", path);
}

const EMPTY_SET = refused(
  "invalid range set 0: empty range set",
  "ipam.ranges[0]",
);

const TEXTS: readonly { name: string; input: Input; want: unknown }[] = [
  {
    name: "no ipam",
    input: { keys: {} },
    want: refused("IPAM config missing 'ipam' key", "ipam"),
  },
  {
    name: "a null ipam",
    input: { keys: { ipam: null } },
    want: refused("IPAM config missing 'ipam' key", "ipam"),
  },
  {
    name: "an empty request",
    input: { keys: withRequests({ fromArgs: [""] }) },
    want: nilRequest("args.cni.ips[0]"),
  },
  {
    name: "a null request (null-elements)",
    input: { keys: withRequests({ fromRuntime: ["10.0.0.5", null] }) },
    want: nilRequest("runtimeConfig.ips[1]"),
  },
  {
    name: "a request that is not an address",
    input: { keys: withRequests({ fromArgs: ["foo"] }) },
    want: refused("invalid IP address foo", "args.cni.ips[0]"),
  },
  {
    name: "a request with a bad prefix length",
    input: { keys: withRequests({ fromRuntime: ["10.0.0.5", "10.0.0.5/33"] }) },
    want: refused("invalid IP address 10.0.0.5/33", "runtimeConfig.ips[1]"),
  },
  {
    name: "more than 1000 requested addresses",
    input: {
      keys: withRequests({
        fromArgs: new Array(600).fill("10.0.0.5"),
        fromRuntime: new Array(401).fill("10.0.0.5"),
      }),
    },
    want: refused("more than 1000 requested addresses", ""),
  },
  {
    name: "more than 1000 ranges",
    input: {
      keys: ipam({
        ranges: [
          new Array(500).fill({ subnet: "10.1.0.0/24" }),
          new Array(500).fill({ subnet: "10.2.0.0/24" }),
        ],
      }),
    },
    want: refused("more than 1000 ranges", "ipam.ranges"),
  },
  {
    name: "no range set",
    input: { keys: { ipam: {} } },
    want: refused("no IP ranges specified", "ipam.ranges"),
  },
  {
    name: "an empty list of range sets",
    input: { keys: { ipam: { ranges: [] } } },
    want: refused("no IP ranges specified", "ipam.ranges"),
  },
  {
    name: "an empty range set",
    input: { keys: { ipam: { ranges: [[]] } } },
    want: EMPTY_SET,
  },
  {
    name: "a null range set",
    input: { keys: { ipam: { ranges: [null] } } },
    want: EMPTY_SET,
  },
  {
    name: "a null range",
    input: { keys: { ipam: { ranges: [[null]] } } },
    want: refused(
      "invalid range set 0: IP <nil> not v4 nor v6",
      "ipam.ranges[0][0]",
    ),
  },
  {
    name: "an invalid set, counting the runtime's sets first",
    input: {
      keys: {
        runtimeConfig: { ipRanges: [[{ subnet: "10.1.0.0/24" }]] },
        ...ipam({ subnet: "10.0.0.1/24" }),
      },
    },
    want: refused(
      "invalid range set 1: Network has host bits set. For a subnet mask of length 24 the network address is 10.0.0.0",
      "ipam.subnet",
    ),
  },
  {
    name: "overlapping sets",
    input: { keys: ipam({ ranges: [[{ subnet: "10.0.0.0/25" }]] }) },
    want: refused("range set 0 overlaps with 1", "ipam.ranges[0]"),
  },
  {
    name: "ipam of the wrong type",
    input: { keys: { ipam: [] } },
    want: mistyped("array", "ipam", "an object"),
  },
  {
    name: "ranges of the wrong type",
    input: { keys: { ipam: { ranges: {} } } },
    want: mistyped("object", "ipam.ranges", "a list"),
  },
  {
    name: "a range set of the wrong type",
    input: { keys: { ipam: { ranges: [{ subnet: "10.0.0.0/24" }] } } },
    want: mistyped("object", "ipam.ranges[0]", "a list"),
  },
  {
    name: "a range of the wrong type",
    input: { keys: { ipam: { ranges: [["10.0.0.0/24"]] } } },
    want: mistyped("string", "ipam.ranges[0][0]", "an object"),
  },
  {
    name: "a request of the wrong type",
    input: { keys: withRequests({ fromArgs: [5] }) },
    want: mistyped("number", "args.cni.ips[0]", "a string"),
  },
  {
    name: "a name of the wrong type",
    input: { keys: ipam({ name: 5 }) },
    want: mistyped("number", "ipam.name", "a string"),
  },
  {
    name: "a type of the wrong type",
    input: { keys: ipam({ type: 5 }) },
    want: mistyped("number", "ipam.type", "a string"),
  },
  {
    name: "a dataDir of the wrong type",
    input: { keys: ipam({ dataDir: 5 }) },
    want: mistyped("number", "ipam.dataDir", "a string"),
  },
  {
    name: "a resolvConf of the wrong type",
    input: { keys: ipam({ resolvConf: {} }) },
    want: mistyped("object", "ipam.resolvConf", "a string"),
  },
  {
    name: "routes of the wrong type",
    input: { keys: ipam({ routes: {} }) },
    want: mistyped("object", "ipam.routes", "a list"),
  },
  {
    name: "a null route (null-elements)",
    input: { keys: ipam({ routes: [null] }) },
    want: refused("a route must not be null", "ipam.routes[0]"),
  },
  {
    name: "an invalid single range although it is not used",
    input: {
      keys: {
        ipam: { rangeStart: "foo", ranges: [[{ subnet: "10.0.0.0/24" }]] },
      },
    },
    want: refused("invalid IP address: foo", "ipam.rangeStart"),
  },
  {
    name: "a negative lockTimeoutSeconds",
    input: { keys: ipam({ lockTimeoutSeconds: -1 }) },
    want: refused(
      "lockTimeoutSeconds must not be negative",
      "ipam.lockTimeoutSeconds",
    ),
  },
  {
    name: "a fraction as lockTimeoutSeconds",
    input: { keys: ipam({ lockTimeoutSeconds: 0.5 }) },
    want: mistyped("number", "ipam.lockTimeoutSeconds", "an integer"),
  },
  {
    name: "a negative gcGraceSeconds",
    input: { keys: ipam({ gcGraceSeconds: -1 }) },
    want: refused("gcGraceSeconds must not be negative", "ipam.gcGraceSeconds"),
  },
  {
    name: "a string as statusFailsWhenFull",
    input: { keys: ipam({ statusFailsWhenFull: "yes" }) },
    want: mistyped("string", "ipam.statusFailsWhenFull", "true or false"),
  },
  {
    name: "a negative cooldownSeconds",
    input: { keys: ipam({ cooldownSeconds: -1 }) },
    want: refused(
      "cooldownSeconds must not be negative",
      "ipam.cooldownSeconds",
    ),
  },
  {
    name: "a string as cooldownSeconds",
    input: { keys: ipam({ cooldownSeconds: "30s" }) },
    want: mistyped("string", "ipam.cooldownSeconds", "an integer"),
  },
  {
    name: "an unknown kind of sticky",
    input: { keys: ipam({ sticky: "container" }) },
    want: refused('sticky is "container"', "ipam.sticky"),
  },
  {
    name: "sticky that is no text",
    input: { keys: ipam({ sticky: true }) },
    want: mistyped("bool", "ipam.sticky", "a string"),
  },
  {
    name: "ownerDetails that is no boolean",
    input: { keys: ipam({ ownerDetails: 1 }) },
    want: mistyped("number", "ipam.ownerDetails", "true or false"),
  },
  {
    name: "more than 1000 elements of exclude",
    input: {
      keys: ipam({
        ranges: [[{
          subnet: "10.0.0.0/24",
          exclude: Array.from({ length: 1001 }, () => "10.0.0.7"),
        }]],
      }),
    },
    want: refused("more than 1000 elements of exclude", "ipam.ranges"),
  },
  {
    name: "bad CNI_ARGS",
    input: { keys: ipam({}), cniArgs: "foo" },
    want: { name: "CniArgsError", message: 'ARGS: invalid pair "foo"' },
  },
  {
    name: "bad CNI_ARGS although args.cni.ips replaces it",
    input: { keys: withRequests({ fromArgs: ["10.0.0.6"] }), cniArgs: "foo" },
    want: { name: "CniArgsError", message: 'ARGS: invalid pair "foo"' },
  },
];

testRows("parseHostLocalConfig() refuses", TEXTS, ({ input, want }) => {
  assertEquals(thrownBy(() => parse(input)), want);
});

const BAD_ARGS = { name: "CniArgsError", message: 'ARGS: invalid pair "foo"' };
const TWO_SETS = { ranges: [[{ subnet: "10.1.0.0/24" }]] };
const ORDER: readonly { name: string; input: Input; want: unknown }[] = [
  {
    name: "wrong types before a missing ipam",
    input: { keys: { runtimeConfig: 5 }, cniArgs: "foo" },
    want: mistyped("number", "runtimeConfig", "an object"),
  },
  {
    name: "wrong types before CNI_ARGS",
    input: { keys: ipam({ routes: 5 }), cniArgs: "foo" },
    want: mistyped("number", "ipam.routes", "a list"),
  },
  {
    name: "a missing ipam before CNI_ARGS",
    input: { keys: {}, cniArgs: "foo" },
    want: refused("IPAM config missing 'ipam' key", "ipam"),
  },
  {
    name: "CNI_ARGS before requests",
    input: { keys: withRequests({ fromArgs: [""] }), cniArgs: "foo" },
    want: BAD_ARGS,
  },
  {
    name: "requests before missing ranges",
    input: { keys: { ipam: {}, args: { cni: { ips: [""] } } } },
    want: nilRequest("args.cni.ips[0]"),
  },
  {
    name: "an invalid set before too many sets of a family",
    input: {
      keys: ipam({ ranges: [[{ subnet: "10.1.0.1/24" }]] }),
      cniVersion: "0.2.0",
    },
    want: refused(
      "invalid range set 1: Network has host bits set. For a subnet mask of length 24 the network address is 10.1.0.0",
      "ipam.ranges[0][0].subnet",
    ),
  },
  {
    name: "too many sets of a family before overlaps",
    input: {
      keys: ipam({ ranges: [[{ subnet: "10.0.0.0/24" }]] }),
      cniVersion: "0.2.0",
    },
    want: refused(
      "CNI version 0.2.0 does not support more than 1 address per family",
      "cniVersion",
    ),
  },
];

testRows("parseHostLocalConfig() reports first", ORDER, ({ input, want }) => {
  assertEquals(thrownBy(() => parse(input)), want);
});

const TWO_SETS_BY_VERSION: readonly [version: string, allowed: boolean][] = [
  ["", false],
  ["0.1.0", false],
  ["0.2.0", false],
  ["0.3.0", true],
  ["0.3.1", true],
  ["0.4.0", true],
  ["1.0.0", true],
  ["1.1.0", true],
];

testRows(
  "parseHostLocalConfig() allows two IPv4 sets from 0.3.0 on: version",
  TWO_SETS_BY_VERSION.map(([version, allowed]) => ({
    name: JSON.stringify(version),
    version,
    allowed,
  })),
  ({ version, allowed }) => {
    const refusal = thrownBy(() =>
      parse({ keys: ipam(TWO_SETS), cniVersion: version })
    );
    const want = refused(
      `CNI version ${version} does not support more than 1 address per family`,
      "cniVersion",
    );
    assertEquals<unknown>(refusal, allowed ? undefined : want);
  },
);

const OLD = [
  {
    name: "refuses two IPv6 sets",
    subnets: ["fd00::/64", "fd01::/64"],
    allowed: false,
  },
  {
    name: "refuses two IPv4 sets and one IPv6 set",
    subnets: ["10.1.0.0/24", "fd00::/64", "10.2.0.0/24"],
    allowed: false,
  },
  {
    name: "allows one set per family",
    subnets: ["fd00::/64", "10.2.0.0/24"],
    allowed: true,
  },
] as const;

testRows("parseHostLocalConfig() in 0.2.0", OLD, ({ subnets, allowed }) => {
  const keys = { ipam: { ranges: subnets.map((subnet) => [{ subnet }]) } };
  const refusal = thrownBy(() => parse({ keys, cniVersion: "0.2.0" }));
  assertEquals(refusal === undefined, allowed);
});

const DIRECTORIES = [
  { name: "the default", ipam: {}, want: "/var/lib/cni/networks/net" },
  {
    name: "the default for an empty dataDir",
    ipam: { dataDir: "" },
    want: "/var/lib/cni/networks/net",
  },
  {
    name: "the default without ipam",
    ipam: undefined,
    want: "/var/lib/cni/networks/net",
  },
  { name: "a dataDir", ipam: { dataDir: "/run/cni" }, want: "/run/cni/net" },
  {
    name: "a dataDir with trailing slashes",
    ipam: { dataDir: "/run/cni//" },
    want: "/run/cni/net",
  },
  { name: "the root", ipam: { dataDir: "/" }, want: "/net" },
  {
    name: "a relative dataDir",
    ipam: { dataDir: "run/cni" },
    want: "run/cni/net",
  },
  {
    name: "a cleaned dataDir",
    ipam: { dataDir: "/run/x/../cni/./a" },
    want: "/run/cni/a/net",
  },
  {
    name: "a dataDir whose key is in another case",
    ipam: { DATADIR: "/run/cni" },
    want: "/run/cni/net",
  },
] as const;

testRows(
  "parseStoreConfig() reads the directory:",
  DIRECTORIES,
  ({ ipam: keys, want }) => {
    assertEquals(
      parseStoreConfig(networkConfig({ ipam: keys }), "").directory,
      want,
    );
  },
);

const TIMEOUTS = [
  { name: "the default", value: undefined, want: 10_000 },
  { name: "seconds", value: 3, want: 3_000 },
  { name: "zero", value: 0, want: 0 },
  { name: "the default for a negative number", value: -1, want: 10_000 },
  { name: "the default for a string", value: "3", want: 10_000 },
] as const;

testRows(
  "parseStoreConfig() reads lockTimeoutSeconds:",
  TIMEOUTS,
  ({ value, want }) => {
    const keys = { ipam: { lockTimeoutSeconds: value } };
    assertEquals(parseStoreConfig(networkConfig(keys), "").lockTimeoutMs, want);
  },
);

const POD_ARGS = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0";
const POD = { namespace: "shop", name: "web-0" };

testRows("parseStoreConfig() remembers", [
  { name: "nothing by default", keys: {}, want: undefined },
  {
    name: "nothing for values that mean nothing",
    keys: { cooldownSeconds: 0, sticky: "", ownerDetails: false },
    want: undefined,
  },
  {
    name: "nothing for invalid values",
    keys: { cooldownSeconds: "30", sticky: true, ownerDetails: "yes" },
    want: undefined,
  },
  {
    name: "releases for cooldownSeconds",
    keys: { cooldownSeconds: 30 },
    want: {
      cooldownSeconds: 30,
      isSticky: false,
      recordsOwners: false,
      pod: POD,
    },
  },
  {
    name: "pods for sticky",
    keys: { sticky: "pod" },
    want: { cooldownSeconds: 0, isSticky: true, recordsOwners: true, pod: POD },
  },
  {
    name: "pods for ownerDetails",
    keys: { ownerDetails: true },
    want: {
      cooldownSeconds: 0,
      isSticky: false,
      recordsOwners: true,
      pod: POD,
    },
  },
], ({ keys, want }) => {
  const config = networkConfig({ ipam: keys });
  assertEquals(parseStoreConfig(config, POD_ARGS).history, want);
});

Deno.test("parseStoreConfig() ignores errors elsewhere (del-best-effort)", () => {
  const keys = {
    ipam: { dataDir: "/d", ranges: 5, routes: "x", subnet: "bad" },
  };
  assertEquals(parseStoreConfig(networkConfig(keys), ""), {
    directory: "/d/net",
    lockTimeoutMs: 10_000,
  });
});

const UNKNOWN_DIRECTORIES: readonly [keys: Keys, want: unknown][] = [
  [{ ipam: 5 }, mistyped("number", "ipam", "an object")],
  [{ ipam: { dataDir: 5 } }, mistyped("number", "ipam.dataDir", "a string")],
];

testRows(
  "parseStoreConfig() refuses, because the directory is unknown,",
  UNKNOWN_DIRECTORIES.map(([keys, want]) => ({
    name: JSON.stringify(keys),
    keys,
    want,
  })),
  ({ keys, want }) => {
    assertEquals(
      thrownBy(() => parseStoreConfig(networkConfig(keys), "")),
      want,
    );
  },
);

const GRACES = [
  { name: "zero without the key", keys: { ipam: {} }, want: 0 },
  { name: "zero without ipam", keys: {}, want: 0 },
  { name: "zero for null", keys: { ipam: { gcGraceSeconds: null } }, want: 0 },
  { name: "seconds", keys: { ipam: { gcGraceSeconds: 60 } }, want: 60_000 },
] as const;

testRows("parseGcGraceMs() returns", GRACES, ({ keys, want }) => {
  assertEquals(parseGcGraceMs(networkConfig(keys)), want);
});

const BAD_GRACES = [
  {
    name: "a negative number",
    value: -1,
    want: refused("gcGraceSeconds must not be negative", "ipam.gcGraceSeconds"),
  },
  {
    name: "a string",
    value: "60",
    want: mistyped("string", "ipam.gcGraceSeconds", "an integer"),
  },
] as const;

testRows("parseGcGraceMs() refuses", BAD_GRACES, ({ value, want }) => {
  const keys = { ipam: { gcGraceSeconds: value } };
  assertEquals<unknown>(
    thrownBy(() => parseGcGraceMs(networkConfig(keys))),
    want,
  );
});
