import { assertEquals } from "@std/assert";
import {
  type Finding,
  findingsIn,
} from "../../../../lib/host_local/operator/state_findings.ts";
import type { RangeSet } from "../../../../lib/host_local/range_set.ts";
import {
  type ExampleNetwork,
  networkFacts,
  NOW_MS,
} from "../../../support/example_host.ts";
import { testRows } from "../../../support/rows.ts";
import { rangeSet } from "../builders.ts";
import { FINDINGS } from "../../../../lib/host_local/operator/finding_meanings.ts";

const OWNER = "c1\r\neth0";
const OTHER = "c2\r\neth0";
const SETS = [rangeSet("10.1.0.0/24"), rangeSet("fd00::/64")];

interface Row {
  readonly name: string;
  readonly network: ExampleNetwork;
  readonly rangeSets?: readonly RangeSet[];
  /** `id name repair` of each finding. */
  readonly want: readonly string[];
}

function textOf({ id, name, repair }: Finding): string {
  const parts = [id, name, repair?.kind ?? ""].filter((part) => part !== "");
  return parts.join(" ");
}

const ROWS: readonly Row[] = [
  { name: "nothing in an empty directory", network: { files: {} }, want: [] },
  {
    name: "nothing in what the plugin leaves",
    network: {
      files: {
        "lock": "",
        "last_reserved_ip.0": "10.1.0.2",
        "last_reserved_ip.1": "fd00::2",
        ".earlier-boot": "",
        ".index.db": "",
        "10.1.0.2": OWNER,
        "fd00::2": OWNER,
      },
      index: { kind: "current" },
    },
    rangeSets: SETS,
    want: [],
  },
  {
    name: "a directory that others can write",
    network: { files: {}, exposure: "writable by other users", mode: 0o777 },
    want: ["directory-exposed protect"],
  },
  {
    name: "a directory of another user, which it does not repair",
    network: { files: {}, exposure: "owned by user 7" },
    want: ["directory-exposed"],
  },
  {
    name: "a missing lock beside reservations",
    network: { files: { "10.1.0.2": OWNER }, lock: { kind: "missing" } },
    want: ["lock-missing lock next call"],
  },
  {
    name: "no missing lock in an empty directory",
    network: { files: {}, lock: { kind: "missing" } },
    want: [],
  },
  {
    name: "a lock that another process holds",
    network: {
      files: { lock: "" },
      lock: {
        kind: "unavailable",
        isRefused: false,
        reason: "held",
        advice: "",
      },
    },
    want: ["lock-held lock"],
  },
  {
    name: "a lock that this user cannot take",
    network: {
      files: { lock: "" },
      lock: {
        kind: "unavailable",
        isRefused: true,
        reason: "permission denied",
        advice: "",
      },
    },
    want: ["lock-refused lock"],
  },
  {
    name: "other things under the plugin's own names",
    network: {
      files: {
        "lock": { kind: "directory" },
        ".pending": { kind: "link" },
        ".answered": { kind: "other" },
        ".cursor": { kind: "directory" },
        ".earlier-boot": { kind: "directory" },
        ".index.db": { kind: "directory" },
        "last_reserved_ip.0": { kind: "link" },
      },
    },
    want: [
      "not-a-file .answered",
      "not-a-file .cursor",
      "not-a-file .earlier-boot",
      "not-a-file .index.db",
      "not-a-file .pending",
      "not-a-file last_reserved_ip.0",
      "not-a-file lock",
    ],
  },
  {
    name: "a directory under the name of an address",
    network: { files: { "10.1.0.2": { kind: "directory" } } },
    want: ["reservation-not-a-file 10.1.0.2"],
  },
  {
    name: "an unreadable reservation",
    network: { files: { "10.1.0.2": { unreadable: "permission denied" } } },
    want: ["reservation-unreadable 10.1.0.2"],
  },
  {
    name: "empty reservations",
    network: {
      files: { "10.1.0.2": "", "fd00::2": "\0\0\0", "10.1.0.3": " \n" },
    },
    want: [
      "reservation-empty 10.1.0.2 next call",
      "reservation-empty 10.1.0.3 next call",
      "reservation-empty fd00::2 next call",
    ],
  },
  {
    name: "a reservation without an owner",
    network: { files: { "10.1.0.2": "to be removed" } },
    want: ["reservation-without-owner 10.1.0.2"],
  },
  {
    name: "a reservation without an interface",
    network: { files: { "10.1.0.2": "c1" } },
    want: ["interface-unknown 10.1.0.2"],
  },
  {
    name: "several addresses of an interface in one range set",
    network: {
      files: {
        "10.1.0.2": OWNER,
        "10.1.0.3": OTHER,
        "10.1.0.4": OWNER,
        "fd00::2": OWNER,
      },
    },
    rangeSets: SETS,
    want: ["several-addresses 10.1.0.2", "several-addresses 10.1.0.4"],
  },
  {
    name: "no several addresses without range sets",
    network: { files: { "10.1.0.2": OWNER, "10.1.0.4": OWNER } },
    want: [],
  },
  {
    name: "a reservation outside the range sets",
    network: { files: { "10.2.0.2": OWNER } },
    rangeSets: SETS,
    want: ["outside-ranges 10.2.0.2"],
  },
  {
    name: "a reserved gateway, inside and outside the range",
    network: { files: { "10.1.0.1": OWNER, "10.3.0.1": OTHER } },
    rangeSets: [
      rangeSet("10.1.0.0/24", { subnet: "10.2.0.0/24", gateway: "10.3.0.1" }),
    ],
    want: ["gateway-reserved 10.1.0.1", "gateway-reserved 10.3.0.1"],
  },
  {
    name: "files that others can write",
    network: {
      files: {
        "10.1.0.2": { content: OWNER, mode: 0o666 },
        "lock": { mode: 0o620 },
        "10.1.0.3": { content: OWNER, mode: 0o644 },
      },
    },
    want: ["file-exposed 10.1.0.2 protect", "file-exposed lock protect"],
  },
  {
    name: "a time in the future, but for a small difference",
    network: {
      files: {
        "10.1.0.2": { content: OWNER, minutes: -5 },
        "10.1.0.3": { content: OTHER, minutes: -1 },
      },
    },
    want: ["time-in-future 10.1.0.2"],
  },
  {
    name: "addresses in other forms",
    network: { files: { "FD00::2": OWNER, "fd00::0": OWNER } },
    want: ["name-not-canonical FD00::2", "name-not-canonical fd00::0"],
  },
  {
    name: "the markers of an ADD",
    network: {
      files: { ".pending": OWNER, ".answered": OTHER, ".cursor": "x" },
    },
    want: [
      "answer-unconfirmed .answered",
      "temporary-left .cursor next call",
      "add-interrupted .pending next call",
    ],
  },
  {
    name: "an outdated index",
    network: { files: { ".index.db": "" }, index: { kind: "outdated" } },
    want: ["index-outdated .index.db next call"],
  },
  {
    name: "a damaged index",
    network: {
      files: { ".index.db": "" },
      index: { kind: "damaged", reason: "x" },
    },
    want: ["index-damaged .index.db next call"],
  },
  {
    name: "leftovers of SQLite",
    network: { files: { ".index.db-journal": "", ".index.db-wal": "" } },
    want: [
      "index-leftover .index.db-journal remove",
      "index-leftover .index.db-wal remove",
    ],
  },
  {
    name: "cursors",
    network: {
      files: {
        "last_reserved_ip.0": "10.9.0.1",
        "last_reserved_ip.1": "nonsense",
        "last_reserved_ip.2": "10.1.0.2",
      },
    },
    rangeSets: SETS,
    want: [
      "cursor-outside last_reserved_ip.0",
      "cursor-invalid last_reserved_ip.1 remove",
      "cursor-unused last_reserved_ip.2",
    ],
  },
  {
    name: "foreign files",
    network: {
      files: {
        "README": "",
        "last_reserved_ip.x": "",
        "10.1.0": "",
        "sub": { kind: "directory" },
      },
    },
    want: [
      "foreign-file 10.1.0",
      "foreign-file README",
      "foreign-file last_reserved_ip.x",
      "foreign-file sub",
    ],
  },
];

testRows("findingsIn() finds", ROWS, ({ network, rangeSets, want }) => {
  const facts = networkFacts("net", network);
  const found = findingsIn(facts, { rangeSets, nowMs: NOW_MS });
  assertEquals(found.map(textOf), [...want]);
});

Deno.test("findingsIn() says which addresses a marker stands for", () => {
  const facts = networkFacts("net", {
    files: {
      ".pending": { content: OWNER, inode: 1 },
      "10.1.0.3": { content: OWNER, inode: 1 },
      "10.1.0.2": { content: OWNER, inode: 1 },
      "10.1.0.4": { content: OWNER, inode: 2 },
    },
  });
  const [marker] = findingsIn(facts, { rangeSets: undefined, nowMs: NOW_MS });
  assertEquals(marker?.detail, "10.1.0.2, 10.1.0.3");
});

Deno.test("every finding has a row", () => {
  const found = new Set(
    ROWS.flatMap(({ want }) => want.map((text) => text.split(" ")[0])),
  );
  assertEquals(
    Object.keys(FINDINGS).filter((id) => !found.has(id)),
    [],
  );
});

Deno.test("findingsIn() of 20,000 addresses of one interface lists few of them", () => {
  const names = Array.from(
    { length: 20_000 },
    (_, index) => `10.1.${index >> 8}.${index & 255}`,
  );
  const facts = networkFacts("net", {
    files: Object.fromEntries(names.map((name) => [name, OWNER])),
  });
  const rangeSets = [rangeSet("10.1.0.0/16")];
  const found = findingsIn(facts, { rangeSets, nowMs: NOW_MS });
  const several = found.filter(({ id }) => id === "several-addresses");
  // The network address is outside the range, and a gateway is in it.
  assertEquals(several.length, 19_999);
  assertEquals(
    several[0]?.detail,
    "the interface holds 10.1.0.1, 10.1.0.2, 10.1.0.3, 10.1.0.4, 10.1.0.5, 10.1.0.6, 10.1.0.7, 10.1.0.8 and 19991 more",
  );
});
