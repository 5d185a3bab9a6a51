import { assert, assertEquals } from "@std/assert";
import { IPAM_KEYS } from "../../../../lib/host_local/config.ts";
import { validate } from "../../../../lib/host_local/operator/validate.ts";
import { RANGE_KEYS } from "../../../../lib/host_local/range.ts";
import { testRows } from "../../../support/rows.ts";

interface Report {
  readonly errors: number;
  readonly warnings: number;
  readonly files: readonly {
    readonly file: string;
    readonly networks: readonly { readonly name: string }[];
    readonly problems: readonly {
      readonly severity: string;
      readonly path: string;
      readonly message: string;
      readonly advice: string;
    }[];
  }[];
}

function reportOn(
  configs: readonly unknown[],
  isStrict = false,
): { readonly status: number; readonly report: Report } {
  const files = configs.map((config, index) => ({
    path: `${index}.conf`,
    text: JSON.stringify(config),
  }));
  const { status, json } = validate(files, { paths: ["x"], isStrict });
  return { status, report: JSON.parse(JSON.stringify(json())) };
}

function network(
  ipam: Record<string, unknown>,
  name = "net",
): Record<string, unknown> {
  return { cniVersion: "1.0.0", name, ipam: { type: "host-local", ...ipam } };
}

/** `severity path` of each problem. */
function problemsOf(...configs: readonly unknown[]): string[] {
  return reportOn(configs).report.files.flatMap(({ problems }) =>
    problems.map(({ severity, path }) => `${severity} ${path}`)
  );
}

const RANGES = [[{ subnet: "10.1.0.0/24" }]];

testRows("validate reports", [
  { name: "nothing for a valid network", ipam: { ranges: RANGES }, want: [] },
  {
    name: "nothing for the deprecated keys of one range",
    ipam: { subnet: "10.1.0.0/24", rangeStart: "10.1.0.9" },
    want: [],
  },
  { name: "missing ranges", ipam: {}, want: ["error ipam.ranges"] },
  {
    name: "every wrong range, and every wrong key of it",
    ipam: {
      ranges: [
        [
          { subnet: "10.1.0.1/24", gateway: "x", rangeEnd: 5 },
          { subnet: "10.2.0.0/24" },
        ],
        [{ rangeStart: "10.0.0.1" }],
        ["10.3.0.0/24"],
      ],
    },
    want: [
      "error ipam.ranges[0][0].gateway",
      "error ipam.ranges[0][0].rangeEnd",
      "error ipam.ranges[0][0].subnet",
      "error ipam.ranges[1][0]",
      "error ipam.ranges[2][0]",
    ],
  },
  {
    name: "wrong deprecated keys, and no missing ranges",
    ipam: { subnet: "nope", gateway: "nope" },
    want: ["error ipam.gateway", "error ipam.subnet"],
  },
  {
    name: "an end outside the subnet",
    ipam: {
      ranges: [[{ subnet: "10.1.0.0/24", rangeEnd: "10.2.0.0" }]],
    },
    want: ["error ipam.ranges[0][0].rangeEnd"],
  },
  {
    name: "an empty set beside a wrong range",
    ipam: { ranges: [[], [{ subnet: "x" }]] },
    want: ["error ipam.ranges[0]", "error ipam.ranges[1][0].subnet"],
  },
  {
    name: "families in one set",
    ipam: { ranges: [[{ subnet: "10.1.0.0/24" }, { subnet: "fd00::/64" }]] },
    want: ["error ipam.ranges[0][1]"],
  },
  {
    name: "an overlap in a set",
    ipam: { ranges: [[{ subnet: "10.1.0.0/24" }, { subnet: "10.1.0.0/25" }]] },
    want: ["error ipam.ranges[0][1]"],
  },
  {
    name: "each overlap of two sets",
    ipam: {
      ranges: [
        ...RANGES,
        [{ subnet: "10.1.0.0/25" }],
        [{ subnet: "10.2.0.0/24" }],
        [{ subnet: "10.2.0.0/25" }],
      ],
    },
    want: ["error ipam.ranges[1]", "error ipam.ranges[3]"],
  },
  {
    name: "a range of gateways",
    ipam: {
      ranges: [[{
        subnet: "10.1.0.0/24",
        rangeStart: "10.1.0.1",
        rangeEnd: "10.1.0.1",
      }]],
    },
    want: ["error ipam.ranges[0][0]"],
  },
  {
    name: "every wrong element of exclude, by its position",
    ipam: {
      ranges: [[{
        subnet: "10.1.0.0/24",
        gateway: "x",
        exclude: ["x", "10.1.0.7", 5, "10.2.0.0", "10.1.0.9-10.1.0.8"],
      }]],
    },
    want: [
      "error ipam.ranges[0][0].exclude[0]",
      "error ipam.ranges[0][0].exclude[2]",
      "error ipam.ranges[0][0].exclude[3]",
      "error ipam.ranges[0][0].exclude[4]",
      "error ipam.ranges[0][0].gateway",
    ],
  },
  {
    name: "wrong elements of exclude beside the deprecated keys",
    ipam: { subnet: "10.1.0.0/24", exclude: ["x", "10.1.0.7", "10.2.0.0"] },
    want: ["error ipam.exclude[0]", "error ipam.exclude[2]"],
  },
  {
    name: "a range of which everything is excluded",
    ipam: { ranges: [[{ subnet: "10.1.0.0/24", exclude: ["10.0.0.0/8"] }]] },
    want: ["error ipam.ranges[0][0]"],
  },
  {
    name: "networks in exclude with host bits",
    ipam: {
      ranges: [[{
        subnet: "10.1.0.0/24",
        exclude: ["10.1.0.8/29", "10.1.0.17/29"],
      }]],
    },
    want: ["warning ipam.ranges[0][0].exclude[1]"],
  },
  {
    name: "unknown keys",
    ipam: {
      ranges: [[{ subnet: "10.1.0.0/24", start: "10.1.0.9" }]],
      routes: [{ dst: "0.0.0.0/0", via: "10.1.0.1" }],
      range: [],
    },
    want: [
      "warning ipam.range",
      "warning ipam.ranges[0][0].start",
      "warning ipam.routes[0].via",
    ],
  },
  {
    name: "a gateway outside the subnet",
    ipam: { ranges: [[{ subnet: "10.1.0.0/24", gateway: "10.2.0.1" }]] },
    want: ["warning ipam.ranges"],
  },
  {
    name: "a relative directory",
    ipam: { ranges: RANGES, dataDir: "state" },
    want: ["warning ipam.dataDir"],
  },
], ({ ipam, want }) => {
  assertEquals(problemsOf(network(ipam)), want);
});

for (const key of IPAM_KEYS.filter((key) => !RANGE_KEYS.includes(key))) {
  Deno.test(`validate reports a wrong value of ${key}`, () => {
    const ipam = { ranges: RANGES, type: "host-local", [key]: { wrong: [] } };
    // Without its type nothing says that the configuration is one of host-local.
    const want = key === "type" ? [] : [`error ipam.${key}`];
    assertEquals(problemsOf({ name: "net", ipam }), want);
  });
}

for (const key of RANGE_KEYS) {
  Deno.test(`validate reports a wrong value of ${key} in a range`, () => {
    const ranges = [[{ subnet: "10.1.0.0/24", [key]: {} }]];
    assertEquals(problemsOf(network({ ranges })), [
      `error ipam.ranges[0][0].${key}`,
    ]);
  });
}

Deno.test("validate says for each error what to write instead", () => {
  const config = network({
    dataDir: 1,
    gcGraceSeconds: -1,
    ranges: [
      [{ subnet: "10.1.0.7/24", gateway: "x" }],
      [],
      [{}],
      [{ subnet: "10.1.0.0/24", rangeStart: "10.2.0.0" }],
    ],
    routes: [null, { dst: "x" }],
  }, "a b");
  const [file] = reportOn([config]).report.files;
  assert(file !== undefined && file.problems.length >= 9);
  assertEquals(file.problems.filter(({ advice }) => advice === ""), []);
});

testRows("validate compares networks and reports", [
  {
    name: "shared addresses of two names",
    configs: [
      network({ ranges: RANGES }, "a"),
      network({ ranges: RANGES }, "b"),
    ],
    want: ["warning ipam.ranges"],
  },
  {
    name: "nothing for the same network twice",
    configs: [network({ ranges: RANGES }), network({ ranges: RANGES })],
    want: [],
  },
  {
    name: "one name with two ranges",
    configs: [
      network({ ranges: RANGES }),
      network({ ranges: [[{ subnet: "10.2.0.0/24" }]] }),
    ],
    want: ["warning ipam.ranges"],
  },
  {
    name: "nothing for one name in two data directories",
    configs: [
      network({ ranges: RANGES }),
      network({ ranges: [[{ subnet: "10.2.0.0/24" }]], dataDir: "/x" }),
    ],
    want: [],
  },
  {
    name: "nothing for slices of one subnet",
    configs: [
      network(
        { ranges: [[{ subnet: "10.1.0.0/24", rangeEnd: "10.1.0.99" }]] },
        "a",
      ),
      network({
        ranges: [[{ subnet: "10.1.0.0/24", rangeStart: "10.1.0.100" }]],
      }, "b"),
    ],
    want: [],
  },
], ({ configs, want }) => {
  assertEquals(problemsOf(...configs), want);
});

testRows("validate exits with", [
  {
    name: "0 without problems",
    ipam: { ranges: RANGES },
    isStrict: true,
    want: 0,
  },
  {
    name: "0 with warnings",
    ipam: { ranges: RANGES, x: 1 },
    isStrict: false,
    want: 0,
  },
  {
    name: "1 with warnings if strict",
    ipam: { ranges: RANGES, x: 1 },
    isStrict: true,
    want: 1,
  },
  { name: "1 with errors", ipam: {}, isStrict: false, want: 1 },
], ({ ipam, isStrict, want }) => {
  assertEquals(reportOn([network(ipam)], isStrict).status, want);
});

Deno.test("validate does not check configurations of other plugins", () => {
  const { status, report } = reportOn([
    { name: "a", ipam: { type: "dhcp", ranges: 5 } },
    { name: "b", type: "loopback" },
  ]);
  assertEquals([status, report.errors, report.warnings], [0, 0, 0]);
});

Deno.test("validate says where it found no configuration", () => {
  const { status, notes } = validate([], {
    paths: ["/etc/cni/net.d", "/x\u001b"],
    isStrict: false,
  });
  assertEquals({ status, notes }, {
    status: 0,
    notes: [
      "no file in /etc/cni/net.d, /x\\u001b ends with .conf, .conflist or .json",
    ],
  });
});
