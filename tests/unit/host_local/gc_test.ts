import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../lib/base/json_reader.ts";
import type { ContainerInterface } from "../../../lib/cni/attachment.ts";
import { readValidAttachments } from "../../../lib/cni/valid_attachments.ts";
import { keptByGc } from "../../../lib/host_local/gc.ts";
import type { Owner } from "../../../lib/host_local/reservation_format.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { attachment, ip } from "./builders.ts";

const SPEC_KEY = "cni.dev/valid-attachments";
const OLD_KEY = "cni.dev/attachments";
const C1 = { containerID: "c1", ifname: "eth0" } as const;
const C2 = { containerID: "c2", ifname: "net1" } as const;

function read(json: Readonly<Record<string, unknown>>): unknown {
  return readValidAttachments(new JsonObject(json, ""));
}

const READ = [
  {
    name: "the key of SPEC section 2",
    json: { [SPEC_KEY]: [C1, C2] },
    want: [attachment(), { containerId: "c2", ifName: "net1" }],
  },
  {
    name: "the key of older runtimes",
    json: { [OLD_KEY]: [C1] },
    want: [attachment()],
  },
  {
    name: "both keys together",
    json: { [SPEC_KEY]: [C1], [OLD_KEY]: [C2] },
    want: [attachment(), { containerId: "c2", ifName: "net1" }],
  },
  { name: "an empty list", json: { [SPEC_KEY]: [] }, want: [] },
  { name: "null as an empty list", json: { [SPEC_KEY]: null }, want: [] },
  {
    name: "null under the key of older runtimes as an empty list",
    json: { [OLD_KEY]: null },
    want: [],
  },
  {
    name: "a list beside null",
    json: { [SPEC_KEY]: null, [OLD_KEY]: [C1] },
    want: [attachment()],
  },
  {
    name: "an empty list and a null one",
    json: { [SPEC_KEY]: [], [OLD_KEY]: null },
    want: [],
  },
  {
    name: "the keys of an element in any case",
    json: { [SPEC_KEY]: [{ ContainerId: "c1", IFNAME: "eth0" }] },
    want: [attachment()],
  },
] as const;

testRows("readValidAttachments() reads", READ, ({ json, want }) => {
  assertEquals<unknown>(read(json), want);
});

const NO_LIST = {
  name: "ConfigError",
  message: `GC needs a list under ${SPEC_KEY}; an empty one frees everything`,
  path: SPEC_KEY,
} as const;

function missing(key: string): Record<string, unknown> {
  return {
    name: "ConfigError",
    message: `${key} is missing`,
    path: `${SPEC_KEY}[0].${key}`,
  };
}

const REFUSED = [
  { name: "no list at all", json: {}, want: NO_LIST },
  {
    name: "a list under another key",
    json: { "cni.dev/valid": [C1] },
    want: NO_LIST,
  },
  {
    name: "an element without a container ID",
    json: { [SPEC_KEY]: [{ ifname: "eth0" }] },
    want: missing("containerID"),
  },
  {
    name: "an element with an empty container ID",
    json: { [SPEC_KEY]: [{ ...C1, containerID: "" }] },
    want: missing("containerID"),
  },
  {
    name: "an element without an interface name",
    json: { [SPEC_KEY]: [{ containerID: "c1" }] },
    want: missing("ifname"),
  },
  {
    name: "a null element",
    json: { [SPEC_KEY]: [null] },
    want: missing("containerID"),
  },
  {
    name: "a string instead of the list",
    json: { [SPEC_KEY]: "c1" },
    want: {
      name: "DecodeError",
      message:
        `json: cannot unmarshal string into ${SPEC_KEY}: expected a list`,
      at: SPEC_KEY,
    },
  },
  {
    name: "a number as container ID",
    json: { [SPEC_KEY]: [{ ...C1, containerID: 1 }] },
    want: {
      name: "DecodeError",
      message:
        `json: cannot unmarshal number into ${SPEC_KEY}[0].containerID: expected a string`,
      at: `${SPEC_KEY}[0].containerID`,
    },
  },
] as const;

testRows("readValidAttachments() refuses", REFUSED, ({ json, want }) => {
  assertEquals<unknown>(thrownBy(() => read(json)), want);
});

const RESERVED_AT_MS = Date.UTC(2026, 0, 1);

/** Returns whether a GC `ageMs` after the reservation keeps it; c1 eth0 and c2 net1 are listed. */
function isKept(
  owner: Owner,
  { graceMs = 0, ageMs = 60_000 }: {
    readonly graceMs?: number;
    readonly ageMs?: number;
  } = {},
): boolean {
  const keeps = keptByGc({
    attachments: [
      attachment(),
      attachment({ containerId: "c2", ifName: "net1" }),
    ],
    graceMs,
    nowMs: RESERVED_AT_MS + ageMs,
  });
  return keeps({
    address: ip("10.0.0.2"),
    owner,
    reservedAtMs: RESERVED_AT_MS,
    fromEarlierBoot: false,
    location: "/d/net/10.0.0.2",
  });
}

function ownedBy(facts: Partial<ContainerInterface>): Owner {
  return { kind: "attachment", attachment: attachment(facts) };
}

const OWNERS: readonly [name: string, owner: Owner, want: boolean][] = [
  ["a listed attachment", ownedBy({}), true],
  [
    "another interface of a listed container",
    ownedBy({ ifName: "net1" }),
    false,
  ],
  ["an unlisted container", ownedBy({ containerId: "c3" }), false],
  [
    "a listed container without an interface name",
    { kind: "container", containerId: "c2" },
    true,
  ],
  [
    "an unlisted container without an interface name",
    { kind: "container", containerId: "c3" },
    false,
  ],
  ["an unknown owner", { kind: "unknown" }, false],
  ["no owner", { kind: "none" }, false],
];

testRows(
  "keptByGc() tells whether to keep the reservation of",
  OWNERS.map(([name, owner, want]) => ({ name, owner, want })),
  ({ owner, want }) => assertEquals(isKept(owner), want),
);

const AGES: readonly [name: string, graceMs: number, want: boolean][] = [
  ["younger than the grace period", 60_001, true],
  ["as old as the grace period", 60_000, false],
  ["older than the grace period", 59_999, false],
];

testRows(
  "keptByGc() tells whether to keep an unlisted reservation",
  AGES.map(([name, graceMs, want]) => ({ name, graceMs, want })),
  ({ graceMs, want }) => {
    const owner = ownedBy({ containerId: "c3" });
    assertEquals(isKept(owner, { graceMs }), want);
  },
);
