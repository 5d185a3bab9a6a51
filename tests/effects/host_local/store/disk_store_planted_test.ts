/**
 * Links, directories and FIFOs with names that the plugin uses are never followed or written
 * through.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { makeFifo } from "../../../support/fifo.ts";
import { testRows } from "../../../support/rows.ts";
import { attachment, ip } from "../../../unit/host_local/builders.ts";
import { C1, crowd, Network } from "./network.ts";

const KINDS = [
  { name: "link" },
  { name: "dangling link" },
  { name: "directory" },
  { name: "fifo" },
] as const;
type Kind = typeof KINDS[number]["name"];

const TREASURE = "not yours";

/**
 * A network with something of that kind under `name`; a link points to a file beside the network.
 */
function planted(
  kind: Kind,
  { name, files = {} }: {
    readonly name: string;
    readonly files?: Readonly<Record<string, string>>;
  },
): Network {
  const network = new Network(files);
  const path = network.join(name);
  Deno.writeTextFileSync(network.outside("treasure"), TREASURE);
  switch (kind) {
    case "link":
      Deno.symlinkSync(network.outside("treasure"), path);
      break;
    case "dangling link":
      Deno.symlinkSync(network.outside("nothing"), path);
      break;
    case "directory":
      Deno.mkdirSync(path);
      Deno.writeTextFileSync(`${path}/inside`, TREASURE);
      break;
    case "fifo":
      makeFifo(path);
  }
  return network;
}

/** What is at `name` and what a link there would have led to. */
function facts(network: Network, name: string): unknown {
  const { ino, isSymlink, isDirectory, isFile } = Deno.lstatSync(
    network.join(name),
  );
  const beside = [...Deno.readDirSync(network.outside(""))].map((entry) =>
    entry.name
  );
  return {
    ino,
    isSymlink,
    isDirectory,
    isFile,
    beside: beside.sort(),
    treasure: Deno.readTextFileSync(network.outside("treasure")),
  };
}

/** Why a file with one of our names is refused. */
function refusal(kind: Kind): string {
  return kind === "directory" ? "is a directory" : "is not a regular file";
}

testRows(
  "an address counts as taken if its name is that of a",
  KINDS,
  ({ name: kind }) => {
    using network = planted(kind, { name: "10.0.0.2" });
    const before = facts(network, "10.0.0.2");
    assertEquals(network.add(), ["10.0.0.3"]);
    network.release();
    using store = network.open();
    store.releaseUnless(() => false);
    assertEquals(
      store.firstFree(ip("10.0.0.3"), ip("10.0.0.3")),
      ip("10.0.0.3"),
    );
    assertEquals(store.find(ip("10.0.0.2"))?.owner, { kind: "unknown" });
    assertEquals(facts(network, "10.0.0.2"), before);
  },
);

testRows(
  "ADD logs that it cannot replace a cursor that is a",
  KINDS,
  ({ name: kind }) => {
    using network = planted(kind, { name: "last_reserved_ip.0" });
    const before = facts(network, "last_reserved_ip.0");
    assertEquals(network.add(), ["10.0.0.2"]);
    assertEquals(network.logged, [
      "level=warn event=cursor-not-written " +
      `reason="open ${network.join("last_reserved_ip.0")}: ${refusal(kind)}"`,
    ]);
    assertEquals(facts(network, "last_reserved_ip.0"), before);
    assertEquals(network.read()["10.0.0.2"], C1);
  },
);

testRows(
  "ADD fails and leaves nothing behind if .pending is a",
  KINDS,
  ({ name: kind }) => {
    using network = planted(kind, { name: ".pending" });
    const before = facts(network, ".pending");
    assertThrows(() => network.add(), SystemError, refusal(kind));
    assertEquals(facts(network, ".pending"), before);
    assertEquals(Object.keys(network.read()), [".pending"]);
  },
);

testRows("ADD does not read a .answered that is a", KINDS, ({ name: kind }) => {
  using network = planted(kind, {
    name: ".answered",
    files: { "10.0.0.2": C1 },
  });
  Deno.writeTextFileSync(network.outside("treasure"), C1);
  const before = facts(network, ".answered");
  assertThrows(() => network.add(), Error, "has been allocated to c1");
  assertEquals(facts(network, ".answered"), before);
});

testRows("DEL ignores a .answered that is a", KINDS, ({ name: kind }) => {
  using network = planted(kind, {
    name: ".answered",
    files: { "10.0.0.2": C1 },
  });
  const before = facts(network, ".answered");
  network.release();
  assertEquals(facts(network, ".answered"), before);
  assertEquals(Object.keys(network.read()), [".answered"]);
});

testRows(
  "ADD does not write through an .index.db that is a",
  KINDS,
  ({ name: kind }) => {
    using network = planted(kind, { name: ".index.db", files: crowd(5) });
    assertEquals(network.add({ options: { indexThreshold: 3 } }), ["10.0.0.7"]);
    assertEquals(network.heldBy({}, { indexThreshold: 3 }), ["10.0.0.7"]);
    assertEquals(Deno.readTextFileSync(network.outside("treasure")), TREASURE);
    assertEquals([...Deno.readDirSync(network.outside(""))].length, 2);
  },
);

testRows(
  "ADD does not write through a .cursor that is a",
  KINDS,
  ({ name: kind }) => {
    using network = planted(kind, { name: ".cursor" });
    assertEquals(network.add(), ["10.0.0.2"]);
    assertEquals(Deno.readTextFileSync(network.outside("treasure")), TREASURE);
    assertEquals([...Deno.readDirSync(network.outside(""))].length, 2);
  },
);

testRows(
  "ADD fails and leaves nothing behind if .answered is a",
  KINDS,
  ({ name: kind }) => {
    using network = planted(kind, { name: ".answered" });
    const before = facts(network, ".answered");
    assertThrows(() => network.add(), SystemError, refusal(kind));
    assertEquals(facts(network, ".answered"), before);
    assertEquals(Object.keys(network.read()), [".answered"]);
  },
);

Deno.test("CHECK does not follow a link to a reservation", () => {
  using network = planted("link", { name: "10.0.0.2" });
  Deno.writeTextFileSync(network.outside("treasure"), C1);
  using store = network.open();
  assertEquals(store.heldBy(attachment()), []);
});
