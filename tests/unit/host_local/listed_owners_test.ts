import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../lib/base/json_reader.ts";
import { readValidAttachments } from "../../../lib/cni/valid_attachments.ts";
import { listedOwners } from "../../../lib/host_local/listed_owners.ts";
import { thrownBy } from "../base/thrown.ts";
import { attachment } from "./builders.ts";

const SPEC_KEY = "cni.dev/valid-attachments";
const OLD_KEY = "cni.dev/attachments";
const C1 = { containerID: "c1", ifname: "eth0" } as const;
const C2 = { containerID: "c2", ifname: "net1" } as const;

function read(json: Readonly<Record<string, unknown>>): unknown {
  return readValidAttachments(new JsonObject(json, ""));
}

const READ = [
  {
    name: "the key of SPEC 2",
    json: { [SPEC_KEY]: [C1, C2] },
    want: [attachment(), { containerId: "c2", ifName: "net1" }],
  },
  {
    name: "the older key (A.12)",
    json: { [OLD_KEY]: [C1] },
    want: [attachment()],
  },
  {
    name: "both keys together",
    json: { [SPEC_KEY]: [C1], [OLD_KEY]: [C2] },
    want: [attachment(), { containerId: "c2", ifName: "net1" }],
  },
  { name: "an empty list as meant", json: { [SPEC_KEY]: [] }, want: [] },
  {
    name: "an empty list beside a null one",
    json: { [SPEC_KEY]: [], [OLD_KEY]: null },
    want: [],
  },
  {
    name: "the keys of an element in any letter case",
    json: { [SPEC_KEY]: [{ ContainerId: "c1", IFNAME: "eth0" }] },
    want: [attachment()],
  },
] as const;

for (const { name, json, want } of READ) {
  Deno.test(`readValidAttachments() takes ${name}`, () => {
    assertEquals<unknown>(read(json), want);
  });
}

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
  { name: "a null list", json: { [SPEC_KEY]: null }, want: NO_LIST },
  {
    name: "an element without container ID",
    json: { [SPEC_KEY]: [{ ifname: "eth0" }] },
    want: missing("containerID"),
  },
  {
    name: "an element with an empty container ID",
    json: { [SPEC_KEY]: [{ ...C1, containerID: "" }] },
    want: missing("containerID"),
  },
  {
    name: "an element without interface",
    json: { [SPEC_KEY]: [{ containerID: "c1" }] },
    want: missing("ifname"),
  },
  {
    name: "a null element",
    json: { [SPEC_KEY]: [null] },
    want: missing("containerID"),
  },
  {
    name: "a text for the list",
    json: { [SPEC_KEY]: "c1" },
    want: {
      name: "DecodeError",
      message:
        `json: cannot unmarshal string into ${SPEC_KEY}: expected a list`,
      at: SPEC_KEY,
    },
  },
  {
    name: "a number for the container ID",
    json: { [SPEC_KEY]: [{ ...C1, containerID: 1 }] },
    want: {
      name: "DecodeError",
      message:
        `json: cannot unmarshal number into ${SPEC_KEY}[0].containerID: expected a string`,
      at: `${SPEC_KEY}[0].containerID`,
    },
  },
] as const;

for (const { name, json, want } of REFUSED) {
  Deno.test(`readValidAttachments() refuses ${name}`, () => {
    assertEquals<unknown>(thrownBy(() => read(json)), want);
  });
}

const isListed = listedOwners([
  attachment(),
  attachment({ containerId: "c2", ifName: "net1" }),
]);

const OWNERS = [
  {
    name: "a listed attachment",
    owner: { kind: "attachment", attachment: attachment() },
    want: true,
  },
  {
    name: "another interface of a listed container",
    owner: { kind: "attachment", attachment: attachment({ ifName: "net1" }) },
    want: false,
  },
  {
    name: "an unlisted container",
    owner: {
      kind: "attachment",
      attachment: attachment({ containerId: "c3" }),
    },
    want: false,
  },
  {
    name: "a listed container without interface",
    owner: { kind: "container", containerId: "c2" },
    want: true,
  },
  {
    name: "an unlisted container without interface",
    owner: { kind: "container", containerId: "c3" },
    want: false,
  },
  { name: "an unknown owner", owner: { kind: "unknown" }, want: false },
  { name: "nobody", owner: { kind: "nobody" }, want: false },
] as const;

for (const { name, owner, want } of OWNERS) {
  Deno.test(`listedOwners() says ${want ? "yes" : "no"} to ${name}`, () => {
    assertEquals(isListed(owner), want);
  });
}
