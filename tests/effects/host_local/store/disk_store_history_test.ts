/** What is remembered about addresses, in files. */

import { assertEquals } from "@std/assert";
import type {
  HistorySettings,
  Moment,
} from "../../../../lib/host_local/address_history.ts";
import { planAdd, PoolError } from "../../../../lib/host_local/add_plan.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../../unit/base/thrown.ts";
import { attachment, ip, rangeSet } from "../../../unit/host_local/builders.ts";
import { C1, C2, C9, crowd, Network, type OpenOptions } from "./network.ts";

/** Two usable addresses, 10.0.0.2 and 10.0.0.3. */
const SMALL = ["10.0.0.0/30"] as const;

function settings(facts: Partial<HistorySettings> = {}): HistorySettings {
  return {
    cooldownSeconds: 0,
    isSticky: false,
    recordsOwners: false,
    pod: undefined,
    ...facts,
  };
}

function at(uptimeSeconds: number): Moment {
  return { bootId: 7, uptimeSeconds, atMs: 1_000_000 + uptimeSeconds };
}

const COOLDOWN = settings({ cooldownSeconds: 60 });

/** The options of a call at a time. */
function options(
  history: HistorySettings,
  uptimeSeconds: number,
): OpenOptions {
  return { remember: { settings: history, now: at(uptimeSeconds) } };
}

function podSettings(name: string): HistorySettings {
  const pod = { namespace: "shop", name };
  return settings({ isSticky: true, recordsOwners: true, pod });
}

Deno.test("a call without history leaves the file alone", () => {
  using network = new Network({ ".history": "x\n" });
  network.add();
  network.release();
  assertEquals(network.read(), {
    ".history": "x\n",
    "last_reserved_ip.0": "10.0.0.2",
  });
});

Deno.test("DEL records a release, and ADD waits for the cooldown", () => {
  using network = new Network();
  const subnets = ["10.0.0.0/30"];
  assertEquals(network.add({ subnets, options: options(COOLDOWN, 100) }), [
    "10.0.0.2",
  ]);
  assertEquals(network.read()[".history"], undefined);
  network.age("10.0.0.2", 0);
  network.release({}, options(COOLDOWN, 200));
  const [, ...line] = (network.read()[".history"] ?? "").split("1000200");
  assertEquals(line, ["\n"]);
  const add = (uptimeSeconds: number): string[] =>
    network.add({
      containerId: "c2",
      subnets,
      options: options(COOLDOWN, uptimeSeconds),
    });
  assertEquals(thrownBy(() => add(260))?.["kind"], "exhausted");
  assertEquals(add(261), ["10.0.0.2"]);
});

Deno.test("GC records releases with the pods of the ADDs", () => {
  using network = new Network();
  network.add({ options: options(podSettings("web-0"), 100) });
  network.gc(() => false, options(settings({ isSticky: true }), 200));
  assertEquals(
    network.read()[".history"],
    "10.0.0.2 eth0 c1 shop/web-0 1000100\n" +
      "10.0.0.2 eth0 c1 shop/web-0 1000100 7 200 1000200\n",
  );
});

Deno.test("a pod gets its last address back", () => {
  using network = new Network();
  const add = (pod: string, containerId: string): string[] =>
    network.add({ containerId, options: options(podSettings(pod), 100) });
  assertEquals(add("web-0", "c1"), ["10.0.0.2"]);
  assertEquals(add("web-1", "c2"), ["10.0.0.3"]);
  network.release({}, options(podSettings("web-0"), 200));
  assertEquals(add("db-0", "c3"), ["10.0.0.4"]);
  assertEquals(add("web-0", "c4"), ["10.0.0.2"]);
});

Deno.test("another pod gets a kept address when no other is free", () => {
  using network = new Network();
  const add = (pod: string, containerId: string): string[] =>
    network.add({
      containerId,
      subnets: SMALL,
      options: options(podSettings(pod), 100),
    });
  assertEquals(add("web-0", "c1"), ["10.0.0.2"]);
  network.release({}, options(podSettings("web-0"), 200));
  assertEquals(add("web-1", "c2"), ["10.0.0.2"]);
});

Deno.test("a reservation overrides what is remembered", () => {
  using network = new Network({
    "10.0.0.2": C9,
    ".history": "10.0.0.2 eth0 c1 shop/web-0 1 7 100 1\n",
  });
  const added = network.add({ options: options(podSettings("web-0"), 300) });
  assertEquals(added, ["10.0.0.3"]);
});

Deno.test("a DEL that was killed after its record is repeated", () => {
  using network = new Network({
    "10.0.0.2": C1,
    ".history": "10.0.0.2 eth0 c1 - 1 7 100 1\n",
  });
  network.release({}, options(COOLDOWN, 200));
  assertEquals(network.read(), {
    ".history": "10.0.0.2 eth0 c1 - 1 7 100 1\n" +
      "10.0.0.2 eth0 c1 - 1 7 200 1000200\n",
  });
});

Deno.test("ADD records the release of an address that it replaces", () => {
  using network = new Network({ ".answered": C1 });
  for (const name of ["10.0.0.2", "10.0.0.4"]) {
    Deno.linkSync(network.join(".answered"), network.join(name));
  }
  network.age(".answered", 0);
  network.add({ options: options(COOLDOWN, 200) });
  const text = network.read()[".history"] ?? "";
  assertEquals(text.startsWith("10.0.0.4 eth0 c1 - "), true);
  assertEquals(text.endsWith(" 7 200 1000200\n"), true);
});

const REFUSED = "level=warn event=history-not-written";

testRows("a release succeeds without its record if .history", [
  {
    name: "is a directory",
    prepare: (path: string) => Deno.mkdirSync(path),
    reason: "is a directory",
  },
  {
    name: "is a symbolic link",
    prepare: (path: string) => Deno.symlinkSync("/dev/null", path),
    reason: "is not a regular file",
  },
], ({ prepare, reason }) => {
  using network = new Network({ "10.0.0.2": C1 });
  const path = network.join(".history");
  prepare(path);
  network.release({}, options(COOLDOWN, 200));
  assertEquals(network.logged, [`${REFUSED} reason="open ${path}: ${reason}"`]);
  assertEquals(network.read()["10.0.0.2"], undefined);
});

Deno.test("a directory that others can write has no history", () => {
  using network = new Network({
    "10.0.0.2": C1,
    ".history": "10.0.0.3 eth0 c1 - 1 7 200 1\n",
  });
  network.release({}, { ...options(COOLDOWN, 200), isExposed: true });
  assertEquals(network.read(), {
    ".history": "10.0.0.3 eth0 c1 - 1 7 200 1\n",
  });
});

Deno.test("a file that is too long is replaced by the next record", () => {
  using network = new Network({
    "10.0.0.2": C1,
    ".history": "x\n".repeat(9 * 1024 * 1024),
  });
  network.release({}, options(COOLDOWN, 200));
  const text = network.read()[".history"] ?? "";
  assertEquals(text.startsWith("10.0.0.2 eth0 c1 - "), true);
});

testRows("what an ADD reclaims is free for it,", [
  { name: "by the files", indexThreshold: 1000 },
  { name: "by the index", indexThreshold: 5 },
], ({ indexThreshold }) => {
  using network = new Network(crowd(10));
  network.add({ options: { indexThreshold } });
  const some = { indexThreshold, ...options(podSettings("web-0"), 200) };
  {
    using store = network.open(some);
    const found = store.find(ip("10.0.0.5"));
    store.reclaim(found === undefined ? [] : [found]);
    const { choices } = planAdd({
      rangeSets: [rangeSet({ subnet: "10.0.0.0/24", rangeEnd: "10.0.0.12" })],
      requestedAddresses: [],
      containerId: "c2",
    }, store.reservationsOf(attachment({ containerId: "c2" })));
    using reserved = store.reserve(attachment({ containerId: "c2" }), {
      choices,
    });
    reserved.keep();
  }
  assertEquals(network.read()["10.0.0.5"], C2);
  assertEquals(network.heldBy({ containerId: "o3" }, some), []);
  assertEquals(network.heldBy({ containerId: "c2" }, some), ["10.0.0.5"]);
  assertEquals(
    network.read()[".history"]?.split("\n").map((line) =>
      line.split(" ").length
    ),
    [8, 5, 1],
  );
});

Deno.test("what an ADD reclaims does not end the ADD that was left unanswered", () => {
  using network = new Network({ ".answered": C1, "10.0.0.9": C9 });
  Deno.linkSync(network.join(".answered"), network.join("10.0.0.2"));
  using store = network.open();
  const found = store.find(ip("10.0.0.9"));
  store.reservationsOf(attachment());
  store.reclaim(found === undefined ? [] : [found]);
  assertEquals(store.reservationsOf(attachment()).held, [
    { address: ip("10.0.0.2"), reusable: true },
  ]);
});

Deno.test("the index stays current when the history is created and replaced", () => {
  using network = new Network(crowd(10));
  const small = { indexThreshold: 5 };
  network.add({ options: small });
  const reads = network.readsOf(() => {
    network.release({}, { ...small, ...options(COOLDOWN, 200) });
    network.add({ options: { ...small, ...options(COOLDOWN, 200) } });
    network.write({ ".history": "x\n".repeat(200) });
    network.release({}, { ...small, ...options(COOLDOWN, 300) });
    network.add({
      containerId: "c2",
      options: { ...small, ...options(COOLDOWN, 300) },
    });
  });
  assertEquals(reads.scans, 0);
  assertEquals(network.read()[".history"]?.split("\n").length, 2);
  assertEquals(network.hasIndex, true);
});

Deno.test("the next call removes the temporary file of a history", () => {
  using network = new Network({ ".cursor": "10.0.0.2 eth0", "10.0.0.5": C2 });
  network.release({ containerId: "c2" }, options(COOLDOWN, 200));
  assertEquals(Object.keys(network.read()), [".history"]);
});

Deno.test("PoolError of a cooldown is no error of the file system", () => {
  using network = new Network({
    ".history": "10.0.0.2 eth0 c9 - 1 7 200 1\n",
  });
  const error = thrownBy(() =>
    network.add({
      requested: ["10.0.0.2"],
      options: options(COOLDOWN, 200),
    })
  );
  assertEquals(error?.["name"], PoolError.name);
});
