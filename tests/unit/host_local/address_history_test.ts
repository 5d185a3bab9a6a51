import { assertEquals } from "@std/assert";
import {
  AddressHistory,
  type AddressUse,
  coolingSeconds,
  formatUse,
  type HistorySettings,
  MAX_REMEMBERED,
  type Moment,
} from "../../../lib/host_local/address_history.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { testRows } from "../../support/rows.ts";
import { attachment, ip } from "./builders.ts";

const NOW: Moment = { bootId: 7, uptimeSeconds: 1_000, atMs: 5_000_000 };
const POD = { namespace: "shop", name: "web-0" };
const SETTINGS: HistorySettings = {
  cooldownSeconds: 30,
  isSticky: false,
  recordsOwners: false,
  pod: undefined,
};

function use(address: string, facts: Partial<AddressUse> = {}): AddressUse {
  return {
    address: ip(address),
    attachment: attachment(),
    pod: undefined,
    reservedAtMs: 1_000,
    released: undefined,
    ...facts,
  };
}

function at(uptimeSeconds: number, bootId = NOW.bootId): Moment {
  return { bootId, uptimeSeconds, atMs: 4_000_000 };
}

testRows("a use is written as", [
  {
    name: "a line of a held address",
    use: use("10.0.0.5", { pod: POD }),
    line: "10.0.0.5 eth0 c1 shop/web-0 1000",
  },
  {
    name: "a line of a released address",
    use: use("fd00::5", { released: at(900) }),
    line: "fd00::5 eth0 c1 - 1000 7 900 4000000",
  },
  {
    name: "a dash for what is unknown",
    use: use("10.0.0.5", { attachment: { containerId: "", ifName: "" } }),
    line: "10.0.0.5 - - - 1000",
  },
], ({ use, line }) => {
  assertEquals(formatUse(use), line);
  assertEquals(AddressHistory.parse(`${line}\n`).uses(), [use]);
});

testRows("a use is written with a dash for", [
  { name: "a container ID that is too long", containerId: "c".repeat(254) },
  { name: "a text with a space", containerId: "c 1" },
  { name: "a text with a line break", containerId: "c\n1" },
], ({ containerId }) => {
  const facts = { attachment: attachment({ containerId }) };
  assertEquals(formatUse(use("10.0.0.5", facts)), "10.0.0.5 eth0 - - 1000");
});

testRows("a history ignores", [
  { name: "no line at all", text: "" },
  { name: "a torn line", text: "10.0.0.5 eth0 c1 shop/we" },
  { name: "NUL bytes", text: "\0\0\0\0\n" },
  { name: "an address that is none", text: "10.0.0 eth0 c1 - 1000\n" },
  { name: "a part of a moment", text: "10.0.0.5 eth0 c1 - 1000 7 900\n" },
  { name: "an endless number", text: `10.0.0.5 eth0 c1 - ${"9".repeat(99)}\n` },
  { name: "a pod with two slashes", text: "10.0.0.5 eth0 c1 a/b/c 1000\n" },
  { name: "more fields", text: "10.0.0.5 eth0 c1 - 1000 7 900 4000 1\n" },
], ({ text }) => {
  assertEquals(AddressHistory.parse(text).uses(), []);
});

Deno.test("the last line of an address counts", () => {
  const text = "10.0.0.5 eth0 c1 - 1000\n10.0.0.6 eth0 c1 - 1000\n" +
    "10.0.0.5 eth0 c2 - 2000\n";
  const history = AddressHistory.parse(text);
  assertEquals(history.of(ip("10.0.0.5"))?.attachment.containerId, "c2");
  assertEquals(
    history.uses().map(({ address }) => formatIpAddress(address)),
    ["10.0.0.6", "10.0.0.5"],
  );
});

testRows("an address released at 900 s", [
  { name: "cools down at once", now: at(900), want: 30 },
  { name: "cools down in the next second", now: at(901), want: 30 },
  { name: "cools down after half the time", now: at(916), want: 15 },
  { name: "cools down in the last second", now: at(930), want: 1 },
  { name: "is free after that", now: at(931), want: 0 },
  { name: "cools down just after another boot", now: at(1, 8), want: 30 },
  {
    name: "is free that long after another boot",
    now: at(31, 8),
    want: 0,
  },
  {
    name: "counts as one of another boot if the clock went back",
    now: at(20),
    want: 11,
  },
], ({ now, want }) => {
  const released = at(900);
  assertEquals(
    coolingSeconds({ released }, { cooldownSeconds: 30, now }),
    want,
  );
});

testRows("an address does not cool down", [
  { name: "without a release", released: undefined, cooldownSeconds: 30 },
  { name: "without a cooldown", released: at(1_000), cooldownSeconds: 0 },
], ({ released, cooldownSeconds }) => {
  assertEquals(coolingSeconds({ released }, { cooldownSeconds, now: NOW }), 0);
});

const RELEASED = use("10.0.0.5", { released: NOW });

testRows("record() writes", [
  {
    name: "a line at the end",
    before: "10.0.0.6 eth0 c1 - 1000\n",
    want: { kind: "append", text: `${formatUse(RELEASED)}\n` },
  },
  {
    name: "a line break before it if the last line is torn",
    before: "10.0.0.6 eth0 c1 - 1000\n10.0.0",
    want: { kind: "append", text: `\n${formatUse(RELEASED)}\n` },
  },
  {
    name: "a new file if the old one cannot be read",
    before: undefined,
    want: { kind: "replace", text: `${formatUse(RELEASED)}\n` },
  },
  {
    name: "a new file if the old one has a line that is too long",
    before: `10.0.0.6 eth0 c1 - 1000\n${"\0".repeat(4_096)}`,
    want: {
      kind: "replace",
      text: `10.0.0.6 eth0 c1 - 1000\n${formatUse(RELEASED)}\n`,
    },
  },
  {
    name: "a new file if many lines are of no more use",
    before: "10.0.0.6 eth0 c1 - 1000\n".repeat(80),
    want: {
      kind: "replace",
      text: `10.0.0.6 eth0 c1 - 1000\n${formatUse(RELEASED)}\n`,
    },
  },
], ({ before, want }) => {
  const history = AddressHistory.parse(before);
  assertEquals(
    history.record([RELEASED], { settings: SETTINGS, now: NOW }),
    want as ReturnType<AddressHistory["record"]>,
  );
});

testRows("record() keeps", [
  { name: "a held address", line: "10.0.0.6 eth0 c1 - 1", isKept: true },
  {
    name: "a cooling address",
    line: "10.0.0.6 eth0 c1 - 1 7 990 1",
    isKept: true,
  },
  {
    name: "no address that has cooled down",
    line: "10.0.0.6 eth0 c1 shop/web-0 1 7 900 1",
    isKept: false,
  },
  {
    name: "the address of a pod that may get it back",
    line: "10.0.0.6 eth0 c1 shop/web-0 1 7 900 1",
    isSticky: true,
    isKept: true,
  },
  {
    name: "no address without a pod to get it back",
    line: "10.0.0.6 eth0 c1 - 1 7 900 1",
    isSticky: true,
    isKept: false,
  },
], ({ line, isKept, isSticky = false }) => {
  const history = AddressHistory.parse(`${line}\n`);
  history.record([], { settings: { ...SETTINGS, isSticky }, now: NOW });
  assertEquals(history.of(ip("10.0.0.6")) !== undefined, isKept);
});

Deno.test("record() forgets the oldest of too many addresses", () => {
  const lines = Array.from(
    { length: MAX_REMEMBERED },
    (_, index) => `10.1.${index >> 8}.${index & 255} eth0 c1 a/b 1\n`,
  );
  const history = AddressHistory.parse(lines.join(""));
  const options = { settings: SETTINGS, now: NOW };
  assertEquals(history.record([], options).kind, "append");
  const { text } = history.record([RELEASED], options);
  assertEquals(text.split("\n").length - 1, 1);
  assertEquals(history.uses().length, 3_072);
  assertEquals(history.of(ip("10.1.0.0")), undefined);
  assertEquals(history.uses().at(-1), RELEASED);
});

Deno.test("a file of forgotten lines is replaced at last", () => {
  const history = new AddressHistory();
  const options = { settings: SETTINGS, now: NOW };
  let size = 0;
  for (let call = 0; call < 20_000; call++) {
    const value = ip("10.1.0.0").value + BigInt(call);
    const { kind, text } = history.record(
      [use(formatIpAddress({ family: 4, value }), { pod: POD })],
      options,
    );
    size = kind === "replace" ? text.length : size + text.length;
  }
  const lineLength = "10.1.78.31 eth0 c1 shop/web-0 1000\n".length;
  assertEquals(size < (2 * MAX_REMEMBERED + 64) * lineLength, true);
});
