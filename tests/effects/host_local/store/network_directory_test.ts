import { assertEquals } from "@std/assert";
import { NetworkDirectory } from "../../../../lib/host_local/store/network_directory.ts";
import {
  formatIpAddress,
  type IpAddress,
} from "../../../../lib/net/ip_address.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../../unit/base/thrown.ts";
import { ip, texts } from "../../../unit/host_local/builders.ts";
import { C1, C2, Network } from "./network.ts";

Deno.test("scan() tells reservations, empty files and its own files apart", () => {
  using network = new Network({
    "10.0.0.2": C1,
    "2001:db8::2": "c2\n",
    "10.0.0.3": "three\nlines\nhere",
    "10.0.0.4": "",
    "10.0.0.5": "\0\0",
    "last_reserved_ip.0": "10.0.0.2",
    "lock": "",
    ".pending": C2,
    "note": C1,
  });
  Deno.mkdirSync(network.join("10.0.0.6"));
  Deno.symlinkSync(network.join("10.0.0.2"), network.join("10.0.0.7"));
  Deno.mkdirSync(network.join(".answered"));
  const { table, blank, unreadable, own } = new NetworkDirectory(network.path)
    .scan();
  const held = [...table.entries()].map((
    [address, owner],
  ) => [formatIpAddress(address), owner]);
  assertEquals(held.sort(), [
    ["10.0.0.2", C1],
    ["10.0.0.3", ""],
    ["10.0.0.6", ""],
    ["10.0.0.7", ""],
    ["2001:db8::2", "c2"],
  ]);
  assertEquals(texts(blank).sort(), ["10.0.0.4", "10.0.0.5"]);
  assertEquals(unreadable, []);
  assertEquals([...own].sort(), [".pending", "lock"]);
});

/** Longer than any reservation, cursor or marker. */
const TOO_LONG = `x${" ".repeat(1_000_000)}x`;

Deno.test("scan() and find() take a file that is too long for a reservation of an unknown owner", () => {
  using network = new Network({ "10.0.0.2": TOO_LONG, "10.0.0.3": "" });
  Deno.truncateSync(network.join("10.0.0.3"), 2 ** 40);
  const directory = new NetworkDirectory(network.path);
  const { table, blank, unreadable } = directory.scan();
  const held = [...table.entries()].map((
    [address, owner],
  ) => [formatIpAddress(address), owner]);
  assertEquals(held.sort(), [["10.0.0.2", ""], ["10.0.0.3", ""]]);
  assertEquals([blank, unreadable], [[], []]);
  assertEquals(directory.find(ip("10.0.0.2"))?.owner, { kind: "unknown" });
});

const CURSORS: readonly [content: string, want: IpAddress | undefined][] = [
  ["10.0.0.2", ip("10.0.0.2")],
  ["2001:db8::2", ip("2001:db8::2")],
  ["2001:DB8:0::2", ip("2001:db8::2")],
  ["10.0.0.2\n", undefined],
  ["", undefined],
  [TOO_LONG, undefined],
];

testRows(
  "readCursor() parses",
  CURSORS.map(([content, want]) => ({
    name: JSON.stringify(content.slice(0, 20)),
    content,
    want,
  })),
  ({ content, want }) => {
    using network = new Network({ "last_reserved_ip.3": content });
    const directory = new NetworkDirectory(network.path);
    assertEquals([directory.readCursor(3), directory.readCursor(0)], [
      want,
      undefined,
    ]);
  },
);

Deno.test("writeCursorText() creates, replaces and removes", () => {
  using network = new Network();
  const directory = new NetworkDirectory(network.path);
  directory.writeCursorText(1, "10.0.0.2");
  directory.writeCursorText(1, "10.0.0.3");
  assertEquals(network.read(), { "last_reserved_ip.1": "10.0.0.3" });
  directory.writeCursorText(1, undefined);
  assertEquals(network.read(), {});
});

testRows("writeCursorText()", [
  {
    name: "overwrites a cursor of the same length, so that no reader sees half",
    before: "10.0.0.2",
    isReplaced: false,
  },
  {
    name: "overwrites a shorter cursor",
    before: "9.0.0.2",
    isReplaced: false,
  },
  { name: "overwrites an empty cursor", before: "", isReplaced: false },
  {
    name: "replaces a longer cursor, so that no reader sees both",
    before: "10.0.0.20",
    isReplaced: true,
  },
  {
    name: "replaces a file that has another name as well",
    before: "10.0.0.2",
    other: "other",
    isReplaced: true,
  },
], ({ before, other, isReplaced }) => {
  using network = new Network({ "last_reserved_ip.0": before });
  const path = network.join("last_reserved_ip.0");
  if (other !== undefined) Deno.linkSync(path, network.join(other));
  const { ino } = Deno.lstatSync(path);
  new NetworkDirectory(network.path).writeCursorText(0, "10.0.0.3");
  assertEquals(network.read(), {
    "last_reserved_ip.0": "10.0.0.3",
    ...(other === undefined ? {} : { [other]: before }),
  });
  assertEquals(Deno.lstatSync(path).ino !== ino, isReplaced);
});

Deno.test("writeCursorText() refuses a directory and advises to remove it", () => {
  using network = new Network();
  const path = network.join("last_reserved_ip.0");
  Deno.mkdirSync(path);
  assertEquals(
    thrownBy(() =>
      new NetworkDirectory(network.path).writeCursorText(0, "10.0.0.2")
    ),
    {
      name: "SystemError",
      message: `open ${path}: is a directory`,
      advice: `remove ${path}`,
    },
  );
});

Deno.test("pathOf() uses the canonical form of the address", () => {
  assertEquals(
    new NetworkDirectory("/d/net").pathOf(ip("2001:DB8:0::2")),
    "/d/net/2001:db8::2",
  );
});
