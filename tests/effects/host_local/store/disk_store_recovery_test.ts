/** What a killed command leaves behind, and what the next command does about it. */

import { assertEquals, assertThrows } from "@std/assert";
import { PoolError } from "../../../../lib/host_local/add_plan.ts";
import { testRows } from "../../../support/rows.ts";
import { attachment, ip } from "../../../unit/host_local/builders.ts";
import { C1, C2, C9, Network } from "./network.ts";

/** A network in which an ADD of c1 got as far as `marker` and its links `names`. */
function interrupted(
  { marker, names, files = {} }: {
    readonly marker: ".pending" | ".answered";
    readonly names: readonly string[];
    readonly files?: Readonly<Record<string, string>>;
  },
): Network {
  const network = new Network({ ...files, [marker]: C1 });
  for (const name of names) {
    Deno.linkSync(network.join(marker), network.join(name));
  }
  return network;
}

const PENDING = [
  { name: "before its first address", names: [] },
  { name: "after one address of two", names: ["10.0.0.2"] },
  { name: "after all addresses", names: ["10.0.0.2", "2001:db8::2"] },
] as const;

testRows("ADD undoes an ADD that was killed", PENDING, ({ names }) => {
  using network = interrupted({ marker: ".pending", names });
  assertEquals(network.add({ containerId: "c2" }), ["10.0.0.2"]);
  assertEquals(network.read(), {
    "10.0.0.2": C2,
    "last_reserved_ip.0": "10.0.0.2",
  });
});

testRows(
  "DEL of another container undoes an ADD that was killed",
  PENDING,
  ({ names }) => {
    using network = interrupted({
      marker: ".pending",
      names,
      files: { "10.0.0.9": C9 },
    });
    network.release({ containerId: "c9" });
    assertEquals(network.read(), {});
  },
);

testRows("GC undoes an ADD that was killed", PENDING, ({ names }) => {
  using network = interrupted({ marker: ".pending", names });
  network.gc(() => true);
  assertEquals(network.read(), {});
});

testRows(
  "ADD succeeds when it is repeated after it was killed",
  PENDING,
  ({ names }) => {
    using network = interrupted({ marker: ".pending", names });
    assertEquals(network.add(), ["10.0.0.2"]);
    assertEquals(network.read(), {
      "10.0.0.2": C1,
      "last_reserved_ip.0": "10.0.0.2",
    });
  },
);

Deno.test("ADD undoes nothing for a .pending that is too long, and removes it", () => {
  using network = new Network({
    "10.0.0.2": C1,
    ".pending": `${C1}${"x".repeat(1_000_000)}`,
  });
  assertEquals(network.add({ containerId: "c2" }), ["10.0.0.3"]);
  assertEquals(Object.keys(network.read()).sort(), [
    "10.0.0.2",
    "10.0.0.3",
    "last_reserved_ip.0",
  ]);
});

Deno.test("DEL releases only the addresses that the killed ADD reserved (rollback)", () => {
  using network = interrupted({
    marker: ".pending",
    names: ["10.0.0.2"],
    files: { "10.9.0.2": C1, "10.0.0.3": C2 },
  });
  network.release({ containerId: "c2" });
  assertEquals(network.read(), { "10.9.0.2": C1 });
});

Deno.test("ADD removes a .pending that another user could have made, and undoes nothing", () => {
  using network = interrupted({ marker: ".pending", names: ["10.0.0.2"] });
  const options = { isExposed: true };
  assertEquals(network.add({ containerId: "c2", options }), ["10.0.0.3"]);
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "10.0.0.3": C2,
    "last_reserved_ip.0": "10.0.0.3",
  });
});

Deno.test("ADD does not believe a .answered that another user could have made", () => {
  using network = interrupted({ marker: ".answered", names: ["10.0.0.5"] });
  const add = (): unknown => network.add({ options: { isExposed: true } });
  assertEquals(assertThrows(add, PoolError).kind, "duplicate");
});

testRows(
  "DEL removes a .pending without links that holds",
  ["", "c", "\0\0\0"].map((content) => ({
    name: JSON.stringify(content),
    content,
  })),
  ({ content }) => {
    using network = new Network({ ".pending": content, "10.0.0.2": C1 });
    network.release({ containerId: "c2" });
    assertEquals(network.read(), { "10.0.0.2": C1 });
  },
);

Deno.test("ADD returns the addresses of an ADD that never answered", () => {
  using network = interrupted({
    marker: ".answered",
    names: ["10.0.0.5", "2001:db8::5"],
    files: { "last_reserved_ip.0": "10.0.0.5" },
  });
  const subnets = ["10.0.0.0/24", "2001:db8::/64"];
  assertEquals(network.add({ subnets }), ["10.0.0.5", "2001:db8::5"]);
  assertEquals(network.read(), {
    "10.0.0.5": C1,
    "2001:db8::5": C1,
    "last_reserved_ip.0": "10.0.0.5",
  });
});

Deno.test("ADD is a duplicate again once it has answered", () => {
  using network = interrupted({ marker: ".answered", names: ["10.0.0.5"] });
  network.add();
  assertEquals(assertThrows(() => network.add(), PoolError).kind, "duplicate");
});

Deno.test("ADD leaves the addresses of another ADD that never answered alone", () => {
  using network = interrupted({ marker: ".answered", names: ["10.0.0.2"] });
  assertEquals(network.add({ containerId: "c2" }), ["10.0.0.3"]);
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "10.0.0.3": C2,
    "last_reserved_ip.0": "10.0.0.3",
  });
});

Deno.test("CHECK and DEL of another interface leave an ADD that never answered alone", () => {
  using network = interrupted({ marker: ".answered", names: ["10.0.0.2"] });
  using store = network.open();
  assertEquals(store.heldBy(attachment({ ifName: "net1" })), []);
  network.release({ ifName: "net1" });
  assertEquals(network.read(), { "10.0.0.2": C1 });
});

Deno.test("DEL releases the addresses of an ADD that never answered", () => {
  using network = interrupted({ marker: ".answered", names: ["10.0.0.2"] });
  network.release();
  assertEquals(network.read(), {});
});

Deno.test("ADD ignores a leftover .cursor", () => {
  using network = new Network({ ".cursor": "10.0.0.7" });
  assertEquals(network.add(), ["10.0.0.2"]);
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "last_reserved_ip.0": "10.0.0.2",
  });
});

/**
 * What upstream leaves between creating and writing a file, and what a power failure makes of one.
 */
const EMPTY_CONTENTS = ["", "\0\0\0\0", " \r\n"].map((content) => ({
  name: JSON.stringify(content),
  content,
}));

testRows(
  "ADD reclaims an address whose file holds (empty-files-reclaimed)",
  EMPTY_CONTENTS,
  ({ content }) => {
    using network = new Network({ "10.0.0.2": content });
    assertEquals(network.add(), ["10.0.0.2"]);
    assertEquals(network.read()["10.0.0.2"], C1);
  },
);

testRows("DEL removes a file that holds", EMPTY_CONTENTS, ({ content }) => {
  using network = new Network({ "10.0.0.2": content });
  network.release();
  assertEquals(network.read(), {});
});

testRows(
  "CHECK and STATUS do not remove a file that holds",
  EMPTY_CONTENTS,
  ({ content }) => {
    using network = new Network({ "10.0.0.2": content });
    const before = network.snapshot();
    using store = network.open({ repair: false });
    assertEquals(store.heldBy(attachment()), []);
    assertEquals(
      store.firstFree(ip("10.0.0.2"), ip("10.0.0.2")),
      ip("10.0.0.2"),
    );
    assertEquals(network.snapshot(), before);
  },
);

Deno.test("CHECK does not undo an ADD that was killed", () => {
  using network = interrupted({ marker: ".pending", names: ["10.0.0.2"] });
  const before = network.snapshot();
  network.heldBy({}, { repair: false });
  assertEquals(network.snapshot(), before);
});
