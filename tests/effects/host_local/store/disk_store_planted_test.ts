/** Links, directories and FIFOs under the names of a network: never followed, never written through. */

import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { attachment, ip } from "../../../unit/host_local/builders.ts";
import { C1, crowd, Network } from "./network.ts";

const KINDS = ["link", "dangling link", "directory", "fifo"] as const;
type Kind = typeof KINDS[number];

const TREASURE = "not yours";

/** A network with something of that kind under `name`; a link points to a file beside the network. */
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
    case "fifo": {
      const { success } = new Deno.Command("mkfifo", { args: [path] })
        .outputSync();
      if (!success) throw new Error(`mkfifo ${path}`);
    }
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

/** What is said of a file in the place of one of ours. */
function refusal(kind: typeof KINDS[number]): string {
  return kind === "directory" ? "is a directory" : "is not a regular file";
}

for (const kind of KINDS) {
  Deno.test(`DiskStore takes an address for occupied under which there is a ${kind}`, () => {
    using network = planted(kind, { name: "10.0.0.2" });
    const before = facts(network, "10.0.0.2");
    assertEquals(network.add(), ["10.0.0.3"]);
    network.release();
    using store = network.open();
    store.releaseUnless(() => false);
    assertEquals(store.count().total, 1);
    assertEquals(store.find(ip("10.0.0.2"))?.owner, { kind: "unknown" });
    assertEquals(facts(network, "10.0.0.2"), before);
  });

  Deno.test(`DiskStore.add() does without a cursor where there is a ${kind}`, () => {
    using network = planted(kind, { name: "last_reserved_ip.0" });
    const before = facts(network, "last_reserved_ip.0");
    assertEquals(network.add(), ["10.0.0.2"]);
    assertEquals(network.logged, [
      "level=warn event=cursor-not-written " +
      `reason="open ${network.join("last_reserved_ip.0")}: ${refusal(kind)}"`,
    ]);
    assertEquals(facts(network, "last_reserved_ip.0"), before);
    assertEquals(network.read()["10.0.0.2"], C1);
  });

  Deno.test(`DiskStore.add() fails and leaves nothing where .pending is a ${kind}`, () => {
    using network = planted(kind, { name: ".pending" });
    const before = facts(network, ".pending");
    assertThrows(() => network.add(), SystemError, refusal(kind));
    assertEquals(facts(network, ".pending"), before);
    assertEquals(Object.keys(network.read()), [".pending"]);
  });

  Deno.test(`DiskStore reads nothing through .answered if it is a ${kind}`, () => {
    using network = planted(kind, {
      name: ".answered",
      files: { "10.0.0.2": C1 },
    });
    Deno.writeTextFileSync(network.outside("treasure"), C1);
    const before = facts(network, ".answered");
    assertThrows(() => network.add(), Error, "has been allocated to c1");
    assertEquals(facts(network, ".answered"), before);
  });

  Deno.test(`DiskStore.release() works where .answered is a ${kind}`, () => {
    using network = planted(kind, {
      name: ".answered",
      files: { "10.0.0.2": C1 },
    });
    const before = facts(network, ".answered");
    network.release();
    assertEquals(facts(network, ".answered"), before);
    assertEquals(Object.keys(network.read()), [".answered"]);
  });

  Deno.test(`DiskStore writes nothing through .index.db if it is a ${kind}`, () => {
    using network = planted(kind, { name: ".index.db", files: crowd(5) });
    assertEquals(network.add({ options: { indexThreshold: 3 } }), ["10.0.0.7"]);
    assertEquals(network.heldBy({}, { indexThreshold: 3 }), ["10.0.0.7"]);
    assertEquals(Deno.readTextFileSync(network.outside("treasure")), TREASURE);
    assertEquals([...Deno.readDirSync(network.outside(""))].length, 2);
  });

  Deno.test(`DiskStore writes nothing through .cursor if it is a ${kind}`, () => {
    using network = planted(kind, { name: ".cursor" });
    assertEquals(network.add(), ["10.0.0.2"]);
    assertEquals(Deno.readTextFileSync(network.outside("treasure")), TREASURE);
    assertEquals([...Deno.readDirSync(network.outside(""))].length, 2);
  });
}

for (const kind of KINDS) {
  Deno.test(`DiskStore.add() fails and leaves nothing where .answered is a ${kind}`, () => {
    using network = planted(kind, { name: ".answered" });
    const before = facts(network, ".answered");
    assertThrows(() => network.add(), SystemError, refusal(kind));
    assertEquals(facts(network, ".answered"), before);
    assertEquals(Object.keys(network.read()), [".answered"]);
  });
}

Deno.test("DiskStore.heldBy() sees no owner behind a link to a reservation", () => {
  using network = planted("link", { name: "10.0.0.2" });
  Deno.writeTextFileSync(network.outside("treasure"), C1);
  using store = network.open();
  assertEquals(store.heldBy(attachment()), []);
});
