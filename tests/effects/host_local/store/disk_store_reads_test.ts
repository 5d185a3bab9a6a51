/** With a current index, no command but GC reads every file, however many there are. */

import { assertEquals, assertThrows } from "@std/assert";
import { PoolError } from "../../../../lib/host_local/add_plan.ts";
import type { DiskStore } from "../../../../lib/host_local/store/disk_store.ts";
import { testRows } from "../../../support/rows.ts";
import { attachment, ip } from "../../../unit/host_local/builders.ts";
import { type AddCall, C9, crowd, Network } from "./network.ts";

/** The network that commands allocate from; the crowd is elsewhere. */
const POOL = "10.9.0.0/24";
const TAKEN = "10.9.0.2";

/** An indexed network of `size` other containers and c1, which holds 10.9.0.2. */
function indexed(size: number): Network {
  const network = new Network(crowd(size));
  network.add({ subnets: [POOL] });
  return network;
}

/** Makes an ADD that is refused, with the details of the refusal. */
function refuse(network: Network, call: AddCall): void {
  assertThrows(() => network.add({ subnets: [POOL], ...call }), PoolError);
  using store = network.open();
  store.find(ip(TAKEN));
}

function look(network: Network, body: (store: DiskStore) => void): void {
  using store = network.open({ repair: false });
  body(store);
}

const COMMANDS: readonly {
  name: string;
  run: (network: Network) => void;
}[] = [
  {
    name: "ADD",
    run: (network) => network.add({ containerId: "c2", subnets: [POOL] }),
  },
  {
    name: "ADD of a requested address",
    run: (network) =>
      network.add({
        containerId: "c2",
        subnets: [POOL],
        requested: ["10.9.0.9"],
      }),
  },
  { name: "ADD of a duplicate", run: (network) => refuse(network, {}) },
  {
    name: "ADD of an address that is taken",
    run: (network) =>
      refuse(network, { containerId: "c2", requested: [TAKEN] }),
  },
  {
    name: "ADD of an address outside the ranges",
    run: (network) =>
      refuse(network, { containerId: "c2", requested: ["192.0.2.1"] }),
  },
  {
    name: "ADD in an exhausted pool",
    run: (network) =>
      refuse(network, { containerId: "c2", subnets: ["10.0.0.8/30"] }),
  },
  { name: "DEL", run: (network) => network.release() },
  {
    name: "DEL of an unknown container",
    run: (network) => network.release({ containerId: "c9" }),
  },
  {
    name: "a repeated DEL",
    run: (network) => {
      network.release();
      network.release();
    },
  },
  { name: "CHECK", run: (network) => network.heldBy() },
  {
    name: "CHECK of an unknown container",
    run: (network) => network.heldBy({ containerId: "c9" }),
  },
  {
    name: "STATUS of an exhausted pool",
    run: (network) =>
      look(network, (store) => store.firstFree(ip("10.0.0.2"), ip("10.0.3.9"))),
  },
];

// More than what `count` inspects, and what is compared of an exhausted range.
const [SMALLER, LARGER] = [1_100, 2_500];

testRows(
  "the number of files read does not grow with the network:",
  COMMANDS,
  ({ run }) => {
    using smaller = indexed(SMALLER);
    using larger = indexed(LARGER);
    const reads = smaller.readsOf(() => run(smaller));
    assertEquals(reads.scans, 0);
    assertEquals(larger.readsOf(() => run(larger)), reads);
  },
);

const FIRST_COMMANDS: readonly {
  name: string;
  run: (network: Network) => void;
}[] = [
  {
    name: "an ADD",
    run: (network) => network.add({ containerId: "c2", subnets: [POOL] }),
  },
  { name: "a refused ADD", run: (network) => refuse(network, {}) },
  { name: "a DEL", run: (network) => network.release({ containerId: "o1" }) },
  {
    name: "a DEL of an unknown container",
    run: (network) => network.release({ containerId: "c8" }),
  },
  { name: "a GC", run: (network) => network.gc(() => true) },
];

testRows(
  "only the first command after a foreign change reads every file:",
  FIRST_COMMANDS,
  ({ run }) => {
    using network = indexed(300);
    network.write({ "10.9.0.50": C9 });
    assertEquals(network.readsOf(() => run(network)).scans, 1);
    const next = network.readsOf(() => {
      assertEquals(network.heldBy({ containerId: "c9" }), ["10.9.0.50"]);
    });
    assertEquals(next.scans, 0);
  },
);

Deno.test("a failed ADD leaves reading every file to the next command", () => {
  using network = indexed(300);
  const failing = (): unknown =>
    network.add({
      containerId: "c2",
      subnets: [POOL],
      answer: () => {
        throw new TypeError("no");
      },
    });
  assertThrows(failing, TypeError);
  assertEquals(network.readsOf(() => network.release()).scans, 1);
  assertEquals(network.heldBy({ containerId: "c2" }), []);
});

Deno.test("STATUS compares an exhausted range with the files up to 1,024 addresses", () => {
  using network = indexed(1_100);
  look(network, (store) => {
    const reads = (last: string): unknown =>
      network.readsOf(() => store.firstFree(ip("10.0.0.2"), ip(last)));
    assertEquals(reads("10.0.4.1"), { scans: 0, files: 1_024 });
    assertEquals(reads("10.0.4.2"), { scans: 0, files: 0 });
    assertEquals(store.heldBy(attachment()), [ip(TAKEN)]);
  });
});
