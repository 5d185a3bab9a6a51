/**
 * Reservations from before the last boot, which their containers get again: what is recorded about
 * them, and that the clock alone makes no reservation one of them.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { PoolError } from "../../../../lib/host_local/add_plan.ts";
import { bootIdSeconds } from "../../../../lib/sys/clock.ts";
import { makeFifo } from "../../../support/fifo.ts";
import { testRows } from "../../../support/rows.ts";
import { ip } from "../../../unit/host_local/builders.ts";
import { type AddCall, beforeBootMs, C1, C2, C9, Network } from "./network.ts";

/** An ADD with the lock file open, as every ADD of the plugin has it. */
function add(network: Network, call: AddCall = {}): string[] {
  const options = { lock: network.lock(), ...call.options };
  return network.add({ ...call, options });
}

function refusedAdd(network: Network, call: AddCall = {}): string {
  return assertThrows(() => add(network, call), PoolError).kind;
}

/** Makes a file as old as a clock that is set forward makes it look. */
function age(network: Network, ...names: readonly string[]): void {
  for (const name of names) network.age(name, beforeBootMs());
}

/** A network with these reservations, made before the last boot. */
function afterBoot(files: Readonly<Record<string, string>>): Network {
  const network = new Network(files);
  age(network, ...Object.keys(files));
  return network;
}

function lineOf(network: Network, name: string): string {
  return `${name} ${Deno.lstatSync(network.join(name)).mtime?.getTime()}\n`;
}

Deno.test("ADD gets its reservation from before the boot again (earlier-boot)", () => {
  using network = afterBoot({ "10.0.0.5": C1 });
  assertEquals(add(network), ["10.0.0.5"]);
  assertEquals(refusedAdd(network), "duplicate");
});

Deno.test("ADD is a duplicate if the clock makes its reservation look old", () => {
  using network = new Network();
  assertEquals(add(network), ["10.0.0.2"]);
  age(network, "10.0.0.2");
  assertEquals(refusedAdd(network), "duplicate");
  assertEquals(refusedAdd(network, { requested: ["10.0.0.9"] }), "duplicate");
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "last_reserved_ip.0": "10.0.0.2",
    lock: "",
  });
});

Deno.test("the first ADD after a boot records the reservations from before, and marks the lock", () => {
  using network = afterBoot({ "10.0.0.5": C1, "10.0.0.6": C2 });
  network.write({ "10.0.0.7": C9 });
  const record = lineOf(network, "10.0.0.5") + lineOf(network, "10.0.0.6");
  add(network);
  assertEquals(network.read()[".earlier-boot"], record);
  const { mtime } = Deno.lstatSync(network.join("lock"));
  assertEquals((mtime?.getTime() ?? 0) / 1000, bootIdSeconds());
});

Deno.test("a later ADD gets its recorded reservation again", () => {
  using network = afterBoot({ "10.0.0.5": C1, "2001:db8::5": C2 });
  assertEquals(add(network), ["10.0.0.5"]);
  const subnets = ["2001:db8::/64"];
  assertEquals(add(network, { containerId: "c2", subnets }), ["2001:db8::5"]);
});

Deno.test("ADD is a duplicate if its address was released and reserved after the boot", () => {
  using network = afterBoot({ "10.0.0.5": C1, "10.0.0.6": C2 });
  add(network);
  network.release({ containerId: "c2" });
  add(network, { containerId: "c2", requested: ["10.0.0.6"] });
  Deno.utimeSync(network.join("10.0.0.6"), new Date(0), new Date(0));
  assertEquals(refusedAdd(network, { containerId: "c2" }), "duplicate");
});

Deno.test("ADD does not confuse an address with one that ends like it", () => {
  using network = afterBoot({ "110.0.0.5": C2 });
  add(network, { containerId: "c9", subnets: ["10.0.0.0/24"] });
  network.write({ "10.0.0.5": C1 });
  const { mtime } = Deno.lstatSync(network.join("110.0.0.5"));
  Deno.utimeSync(network.join("10.0.0.5"), mtime ?? 0, mtime ?? 0);
  assertEquals(refusedAdd(network), "duplicate");
});

Deno.test("the first ADD after the next boot replaces the record", () => {
  using network = afterBoot({
    "10.0.0.5": C1,
    lock: "",
    ".earlier-boot": "10.0.0.9 0\n",
  });
  const record = lineOf(network, "10.0.0.5");
  assertEquals(add(network), ["10.0.0.5"]);
  assertEquals(network.read()[".earlier-boot"], record);
});

Deno.test("the first ADD after a boot removes a record if nothing is from before", () => {
  using network = new Network({ ".earlier-boot": "10.0.0.9 0\n" });
  add(network);
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "last_reserved_ip.0": "10.0.0.2",
    lock: "",
  });
});

Deno.test("find() tells which reservations are from before the boot", () => {
  using network = afterBoot({ "10.0.0.5": C1, "10.0.0.6": C2 });
  add(network, { containerId: "c9" });
  age(network, "10.0.0.2", "10.0.0.6");
  using store = network.open({ lock: network.lock() });
  const isOld = (text: string): boolean | undefined =>
    store.find(ip(text))?.fromEarlierBoot;
  assertEquals(
    ["10.0.0.2", "10.0.0.5", "10.0.0.6", "10.0.0.7"].map(isOld),
    [false, true, false, undefined],
  );
});

Deno.test("nothing is from before the boot where other users can write the directory", () => {
  using network = afterBoot({ "10.0.0.5": C1 });
  const options = { isExposed: true };
  assertEquals(refusedAdd(network, { options }), "duplicate");
  assertEquals(add(network, { containerId: "c2", options }), ["10.0.0.2"]);
  assertEquals(network.read()[".earlier-boot"], undefined);
});

testRows("ADD succeeds, and logs, if the record is", [
  {
    name: "a directory",
    plant: (path: string) => Deno.mkdirSync(path),
    reason: "is a directory",
  },
  {
    name: "a link",
    plant: (path: string) => Deno.symlinkSync("x", path),
    reason: "is not a regular file",
  },
  { name: "a FIFO", plant: makeFifo, reason: "is not a regular file" },
], ({ plant, reason }) => {
  using network = afterBoot({ "10.0.0.5": C1 });
  const path = network.join(".earlier-boot");
  plant(path);
  const { ino } = Deno.lstatSync(path);
  assertEquals(add(network), ["10.0.0.5"]);
  assertEquals(network.logged, [
    `level=warn event=boot-record-not-written reason="open ${path}: ${reason}"`,
  ]);
  assertEquals(Deno.lstatSync(path).ino, ino);
});

Deno.test("a record of more than 16 MiB is not read, and nothing is from before the boot", () => {
  using network = afterBoot({ "10.0.0.5": C1, "10.0.0.6": C2 });
  add(network);
  Deno.truncateSync(network.join(".earlier-boot"), 16 * 1024 * 1024 + 1);
  assertEquals(refusedAdd(network, { containerId: "c2" }), "duplicate");
});
