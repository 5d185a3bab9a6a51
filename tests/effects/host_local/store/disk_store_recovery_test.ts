/** States that a kill leaves, made by hand, and what the next call makes of them. */

import { assertEquals, assertThrows } from "@std/assert";
import { PoolError } from "../../../../lib/host_local/add_plan.ts";
import { attachment } from "../../../unit/host_local/builders.ts";
import { C1, C2, C9, Network } from "./network.ts";

/** A network in which an ADD of c1 came as far as `marker` and the links `names` of it. */
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

for (const { name, names } of PENDING) {
  Deno.test(`DiskStore.add() takes back an ADD that died ${name}`, () => {
    using network = interrupted({ marker: ".pending", names });
    assertEquals(network.add({ containerId: "c2" }), ["10.0.0.2"]);
    assertEquals(network.read(), {
      "10.0.0.2": C2,
      "last_reserved_ip.0": "10.0.0.2",
    });
  });

  Deno.test(`DiskStore.release() of anybody takes back an ADD that died ${name}`, () => {
    using network = interrupted({
      marker: ".pending",
      names,
      files: { "10.0.0.9": C9 },
    });
    network.release({ containerId: "c9" });
    assertEquals(network.read(), {});
  });

  Deno.test(`DiskStore.releaseUnless() takes back an ADD that died ${name}`, () => {
    using network = interrupted({ marker: ".pending", names });
    using store = network.open();
    store.releaseUnless(() => true);
    assertEquals(network.read(), {});
  });

  Deno.test(`DiskStore.add() serves the same container again after an ADD that died ${name}`, () => {
    using network = interrupted({ marker: ".pending", names });
    assertEquals(network.add(), ["10.0.0.2"]);
    assertEquals(network.read(), {
      "10.0.0.2": C1,
      "last_reserved_ip.0": "10.0.0.2",
    });
  });
}

Deno.test("DiskStore takes back only what that ADD reserved", () => {
  using network = interrupted({
    marker: ".pending",
    names: ["10.0.0.2"],
    files: { "10.9.0.2": C1, "10.0.0.3": C2 },
  });
  network.release({ containerId: "c2" });
  assertEquals(network.read(), { "10.9.0.2": C1 });
});

for (const content of ["", "c", "\0\0\0"]) {
  Deno.test(`DiskStore removes a torn marker ${JSON.stringify(content)} that has no links`, () => {
    using network = new Network({ ".pending": content, "10.0.0.2": C1 });
    network.release({ containerId: "c2" });
    assertEquals(network.read(), { "10.0.0.2": C1 });
  });
}

Deno.test("DiskStore.add() gives what an ADD reserved that never answered", () => {
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

Deno.test("DiskStore.add() is a duplicate again once that was answered", () => {
  using network = interrupted({ marker: ".answered", names: ["10.0.0.5"] });
  network.add();
  assertEquals(assertThrows(() => network.add(), PoolError).kind, "duplicate");
});

Deno.test("DiskStore.add() keeps the addresses of another's ADD that never answered", () => {
  using network = interrupted({ marker: ".answered", names: ["10.0.0.2"] });
  assertEquals(network.add({ containerId: "c2" }), ["10.0.0.3"]);
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "10.0.0.3": C2,
    "last_reserved_ip.0": "10.0.0.3",
  });
});

Deno.test("DiskStore.add() does not take another interface for the one that never answered", () => {
  using network = interrupted({ marker: ".answered", names: ["10.0.0.2"] });
  using store = network.open();
  assertEquals(store.heldBy(attachment({ ifName: "net1" })), []);
  network.release({ ifName: "net1" });
  assertEquals(network.read(), { "10.0.0.2": C1 });
});

Deno.test("DiskStore.release() frees what an ADD reserved that never answered", () => {
  using network = interrupted({ marker: ".answered", names: ["10.0.0.2"] });
  network.release();
  assertEquals(network.read(), {});
});

Deno.test("DiskStore.add() goes on over a cursor on its way", () => {
  using network = new Network({ ".cursor": "10.0.0.7" });
  assertEquals(network.add(), ["10.0.0.2"]);
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "last_reserved_ip.0": "10.0.0.2",
  });
});

// H3: what upstream leaves between creating and writing, and what a power cut makes of a file.
for (const content of ["", "\0\0\0\0", " \r\n"]) {
  const shown = JSON.stringify(content);

  Deno.test(`DiskStore.add() reclaims an address whose file holds ${shown}`, () => {
    using network = new Network({ "10.0.0.2": content });
    assertEquals(network.add(), ["10.0.0.2"]);
    assertEquals(network.read()["10.0.0.2"], C1);
  });

  Deno.test(`DiskStore.release() removes a file that holds ${shown}`, () => {
    using network = new Network({ "10.0.0.2": content });
    network.release();
    assertEquals(network.read(), {});
  });

  Deno.test(`DiskStore does not repair ${shown} where it only looks`, () => {
    using network = new Network({ "10.0.0.2": content });
    const before = network.snapshot();
    using store = network.open({ repair: false });
    assertEquals([store.heldBy(attachment()), store.count().total], [[], 0]);
    assertEquals(network.snapshot(), before);
  });
}

Deno.test("DiskStore.heldBy() does not take back an ADD where it only looks", () => {
  using network = interrupted({ marker: ".pending", names: ["10.0.0.2"] });
  const before = network.snapshot();
  network.heldBy({}, { repair: false });
  assertEquals(network.snapshot(), before);
});
