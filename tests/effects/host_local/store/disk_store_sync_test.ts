/** What a store syncs, and what may happen meanwhile. @module */

import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { planAdd } from "../../../../lib/host_local/add_plan.ts";
import { diskStores } from "../../../../lib/host_local/store/open_store.ts";
import { BLOCKING_SYNC, type DiskSync } from "../../../../lib/sys/disk_sync.ts";
import { testRows } from "../../../support/rows.ts";
import { factsOf, rejectionOf } from "../../../unit/base/thrown.ts";
import { attachment, rangeSet } from "../../../unit/host_local/builders.ts";
import { C1, C2, Network } from "./network.ts";

const FAILURE = new SystemError("fsync: input/output error");

/** Writes down what is synced, and whether another process could have the lock then. */
class ObservedSync implements DiskSync {
  readonly synced: string[] = [];

  constructor(
    readonly network: Network,
    readonly outcome: () => Promise<void>,
  ) {}

  file(file: Deno.FsFile, path: string): Promise<void> {
    file.close();
    this.#note(path);
    return this.outcome();
  }

  directory(path: string): Promise<void> {
    this.#note(path);
    return this.outcome();
  }

  #note(path: string): void {
    using lock = Deno.openSync(`${this.network.path}/lock`);
    const state = lock.tryLockSync(true) ? "unlocked" : "locked";
    this.synced.push(`${path.slice(this.network.path.length)} ${state}`);
  }
}

testRows(
  "a store syncs",
  [
    {
      name: "the owner of an ADD under the lock",
      call: add,
      want: ["/.pending locked"],
      files: { "10.0.0.2": C1, "10.0.0.3": C2 },
    },
    {
      name: "what a DEL released after it has released the lock",
      call: (network, sync) => release(network, sync, "c2"),
      want: [" unlocked"],
      files: {},
    },
    {
      name: "nothing for a DEL that released nothing",
      call: (network, sync) => release(network, sync, "c3"),
      want: [],
      files: { "10.0.0.3": C2 },
    },
  ] satisfies {
    name: string;
    call: (network: Network, sync: DiskSync) => Promise<void>;
    want: string[];
    files: Record<string, string>;
  }[],
  async ({ call, want, files }) => {
    using network = new Network({ "10.0.0.3": C2, lock: "" });
    const sync = new ObservedSync(network, () => Promise.resolve());
    await call(network, sync);
    assertEquals(sync.synced, want);
    const { lock: _, "last_reserved_ip.0": __, ...reserved } = network.read();
    assertEquals(reserved, files);
  },
);

Deno.test("an ADD whose owner cannot be synced is undone", async () => {
  using network = new Network({ "10.0.0.3": C2, lock: "" });
  const sync = new ObservedSync(network, () => Promise.reject(FAILURE));
  assertEquals(
    await rejectionOf(() => add(network, sync)),
    factsOf(FAILURE),
  );
  assertEquals(network.read(), { "10.0.0.3": C2, lock: "" });
});

Deno.test("a link that cannot be made fails the ADD, whatever becomes of the sync", async () => {
  using network = new Network({ "10.0.0.3": C2, lock: "" });
  const sync = new ObservedSync(network, () => {
    // Another program, without the lock.
    network.write({ "10.0.0.2": C2 });
    return Promise.reject(FAILURE);
  });
  assertEquals(await rejectionOf(() => add(network, sync)), {
    name: "SystemError",
    message: `link ${network.path}/10.0.0.2: file exists`,
    advice: "another process created it without taking the lock",
  });
  const { ".pending": pending } = network.read();
  assertEquals(pending, undefined);
});

Deno.test("a DEL fails if what it released cannot be synced", async () => {
  using network = new Network({ "10.0.0.3": C2, lock: "" });
  const sync = new ObservedSync(network, () => Promise.reject(FAILURE));
  const failure = await rejectionOf(() => release(network, sync, "c2"));
  assertEquals(failure, factsOf(FAILURE));
});

Deno.test("a DEL succeeds if the directory is removed before it is synced", async () => {
  using network = new Network({ "10.0.0.3": C2, lock: "" });
  await release(network, {
    file: () => {},
    directory: (path) => {
      Deno.removeSync(path, { recursive: true });
      return BLOCKING_SYNC.directory(path);
    },
  }, "c2");
});

function storesOf(sync: DiskSync): ReturnType<typeof diskStores> {
  return diskStores({ log: () => {}, sync });
}

function configOf(
  network: Network,
): { directory: string; lockTimeoutMs: number } {
  return { directory: network.path, lockTimeoutMs: 60_000 };
}

/** The store's part of an ADD of c1. */
async function add(network: Network, sync: DiskSync): Promise<void> {
  using store = await storesOf(sync).openOrCreate(configOf(network));
  const plan = planAdd({
    rangeSets: [rangeSet("10.0.0.0/24")],
    requestedAddresses: [],
    containerId: "c1",
  }, store.reservationsOf(attachment()));
  using reserved = store.reserve(attachment(), plan);
  await reserved.synced();
  reserved.keep();
}

/** The store's part of a DEL. */
async function release(
  network: Network,
  sync: DiskSync,
  containerId: string,
): Promise<void> {
  using store = await storesOf(sync).openForChange(configOf(network));
  store?.release(attachment({ containerId }));
  await store?.unlockAndSync();
}
