import { assert, assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { formatLogLine } from "../../../../lib/base/log_line.ts";
import { planAdd } from "../../../../lib/host_local/add_plan.ts";
import type {
  ReservationStore,
  ReservationStores,
} from "../../../../lib/host_local/ports.ts";
import {
  type HeldLock,
  NetworkLocks,
} from "../../../../lib/host_local/store/network_lock.ts";
import { diskStores } from "../../../../lib/host_local/store/open_store.ts";
import { testRows } from "../../../support/rows.ts";
import { rejectionOf, thrownBy } from "../../../unit/base/thrown.ts";
import {
  attachment,
  ip,
  rangeSet,
  texts,
} from "../../../unit/host_local/builders.ts";
import { C1, crowd, Network } from "./network.ts";

const stores: ReservationStores = diskStores({
  log: (...event) => {
    throw new Error(`unexpected: ${formatLogLine(...event)}`);
  },
});

function config(
  directory: string,
): { directory: string; lockTimeoutMs: number } {
  return { directory, lockTimeoutMs: 60_000 };
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

function permissionsOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o777;
}

Deno.test("openOrCreate() creates the directory and its parents with mode 0755, and the lock", async () => {
  using network = new Network();
  const directory = network.outside("a/b/net");
  using _store = await stores.openOrCreate(config(directory));
  assertEquals(permissionsOf(directory), 0o755 & ~Deno.umask());
  assertEquals(permissionsOf(network.outside("a/b")), 0o755 & ~Deno.umask());
  assertEquals(namesIn(directory), ["lock"]);
  assertEquals(permissionsOf(`${directory}/lock`), 0o750 & ~Deno.umask());
});

Deno.test("openOrCreate() follows a link to the directory", async () => {
  using network = new Network({ "10.0.0.2": C1 });
  await Deno.symlink(network.path, network.outside("link"));
  using store = await stores.openOrCreate(config(network.outside("link")));
  assertEquals(texts(store.heldBy(attachment())), ["10.0.0.2"]);
});

testRows("openOrCreate() makes no directory where the sandbox denies files:", [
  { name: "/proc", directory: "/proc/cni-ipam-test/net" },
  { name: "/sys", directory: "/sys/cni-ipam-test/net" },
  { name: "/dev", directory: "/dev/shm/cni-ipam-test/net" },
], async ({ directory }) => {
  const error = await rejectionOf(() => stores.openOrCreate(config(directory)));
  assertEquals([error?.["message"], error?.["advice"]], [
    `mkdir ${directory}: the plugin's sandbox does not allow paths under /proc, /sys and /dev`,
    "set another dataDir",
  ]);
});

testRows("a network that other users can write is opened with a warning by", [
  {
    name: "openOrCreate()",
    open: (stores: ReservationStores, path: string) =>
      stores.openOrCreate(config(path)),
  },
  {
    name: "openForChange()",
    open: (stores: ReservationStores, path: string) =>
      stores.openForChange(config(path)),
  },
  {
    name: "openForReading()",
    open: (stores: ReservationStores, path: string) =>
      stores.openForReading(config(path)),
  },
], async ({ open }) => {
  using network = new Network(crowd(250));
  // An index that was made when only its owner could write the directory.
  network.add({ subnets: ["10.8.0.0/24"] });
  assertEquals(network.hasIndex, true);
  await Deno.chmod(network.path, 0o777);
  const logged: string[] = [];
  const watched = diskStores({
    log: (...event) => void logged.push(formatLogLine(...event)),
  });
  {
    using store = await open(watched, network.path);
    assertEquals(texts(store?.heldBy(attachment()) ?? []), ["10.8.0.2"]);
  }
  assertEquals(logged, [
    `level=warn event=directory-exposed directory=${network.path} reason="writable by other users"`,
  ]);
});

/** Locks of a directory that is removed as soon as it is locked. */
class LocksOfNothing extends NetworkLocks {
  override async take(
    ...args: Parameters<NetworkLocks["take"]>
  ): Promise<HeldLock | undefined> {
    const held = await super.take(...args);
    Deno.removeSync(dirname(args[0]), { recursive: true });
    return held;
  }
}

Deno.test("a lock is released if the directory cannot be opened after all", async () => {
  using network = new Network({ lock: "" });
  using lock = await Deno.open(`${network.path}/lock`);
  const locks = new LocksOfNothing();
  const opening = diskStores({ log: () => {}, locks })
    .openForChange(config(network.path));
  await rejectionOf(() => opening);
  assertEquals(lock.tryLockSync(true), true);
});

testRows("a large network that is read in turns is the same for", [
  { name: "an ADD", containerId: "c1", marker: false, want: "10.8.0.2" },
  {
    name: "an ADD that is repeated because it could not answer",
    containerId: "c1",
    marker: true,
    want: "10.0.0.2",
  },
], async ({ containerId, marker, want }) => {
  const own = attachment({ containerId });
  using network = new Network({
    ...crowd(1200),
    ...(marker ? { "10.0.0.2": C1, ".answered": C1 } : {}),
    lock: "",
  });
  const inTurns = diskStores({ log: () => {}, takesTurns: true });
  {
    using store = await inTurns.openOrCreate(config(network.path));
    const ranges = rangeSet(marker ? "10.0.0.0/8" : "10.8.0.0/24");
    const plan = planAdd({
      rangeSets: [ranges],
      requestedAddresses: [],
      containerId,
    }, store.reservationsOf(own));
    using reserved = store.reserve(own, plan);
    reserved.keep();
  }
  assertEquals(network.hasIndex, true);
  assertEquals(network.heldBy({ containerId }), [want]);
  assertEquals(network.read()[".answered"], undefined);
  // The index that was written and then changed is that of the directory.
  assertEquals(network.readsOf(() => network.heldBy({ containerId })).scans, 0);
});

Deno.test("openForChange() creates no directory", async () => {
  using network = new Network();
  assertEquals(
    await stores.openForChange(config(network.outside("a/net"))),
    undefined,
  );
  assertEquals(namesIn(network.outside("")), ["net"]);
});

Deno.test("openForChange() creates the lock in a directory without one", async () => {
  using network = new Network({ "10.0.0.2": C1 });
  using store = await stores.openForChange(config(network.path));
  assert(store !== undefined);
  store.release(attachment());
  assertEquals(namesIn(network.path), ["lock"]);
});

const OPENINGS = [
  {
    name: "openOrCreate()",
    open: (directory) => stores.openOrCreate(config(directory)),
  },
  {
    name: "openForChange()",
    open: (directory) => stores.openForChange(config(directory)),
  },
  {
    name: "openForReading()",
    open: (directory) => stores.openForReading(config(directory)),
  },
] as const satisfies readonly {
  name: string;
  open: (directory: string) => Promise<ReservationStore | undefined>;
}[];

testRows("the lock is held until disposal by", OPENINGS, async ({ open }) => {
  using network = new Network({ lock: "" });
  using probe = await Deno.open(network.join("lock"));
  {
    using _store = await open(network.path);
    assertEquals(probe.tryLockSync(true), false);
  }
  assertEquals(probe.tryLockSync(true), true);
});

testRows(
  "a file instead of the directory is refused by",
  OPENINGS,
  async ({ open }) => {
    using network = new Network();
    const path = network.outside("file");
    await Deno.writeTextFile(path, "x");
    const { name: error } = await rejectionOf(async () => await open(path)) ??
      {};
    assertEquals(error, "SystemError");
    assertEquals(await Deno.readTextFile(path), "x");
  },
);

testRows(
  "a file instead of dataDir is refused by",
  OPENINGS,
  async ({ open }) => {
    using network = new Network();
    await Deno.writeTextFile(network.outside("file"), "x");
    const { name: error } =
      await rejectionOf(async () => await open(network.outside("file/net"))) ??
        {};
    assertEquals(error, "SystemError");
  },
);

testRows(
  "a directory instead of the lock is refused by",
  OPENINGS,
  async ({ open }) => {
    using network = new Network();
    await Deno.mkdir(network.join("lock"));
    assertEquals(await rejectionOf(async () => await open(network.path)), {
      name: "SystemError",
      message: `open ${network.join("lock")}: is a directory`,
      advice: `remove ${network.join("lock")}`,
    });
  },
);

Deno.test("openForReading() returns undefined without a directory, and creates none", async () => {
  using network = new Network();
  assertEquals(
    await stores.openForReading(config(network.outside("a/net"))),
    undefined,
  );
  assertEquals(namesIn(network.outside("")), ["net"]);
});

const STATES: readonly { name: string; network: () => Network }[] = [
  { name: "an empty directory", network: () => new Network() },
  {
    name: "a directory without a lock",
    network: () => new Network({ "10.0.0.2": C1 }),
  },
  {
    name: "an empty file left by a crash",
    network: () => new Network({ lock: "", "10.0.0.2": "", "10.0.0.3": C1 }),
  },
  {
    name: "an ADD that was killed",
    network: () => new Network({ lock: "", ".pending": C1, "10.0.0.3": C1 }),
  },
  {
    name: "an ADD that never answered",
    network: () =>
      new Network({
        lock: "",
        ".answered": C1,
        "10.0.0.3": C1,
        ".cursor": "10.0.0.2",
      }),
  },
  {
    name: "a large network without an index",
    network: () => new Network({ lock: "", ...crowd(250) }),
  },
  {
    name: "a current index",
    network: () => {
      const network = new Network({ lock: "", ...crowd(250) });
      network.add({ subnets: ["10.8.0.0/24"] });
      return network;
    },
  },
  {
    name: "an outdated index",
    network: () => {
      const network = new Network({ lock: "", ...crowd(250) });
      network.add({ subnets: ["10.8.0.0/24"] });
      network.write({ "10.9.0.2": C1 });
      return network;
    },
  },
];

testRows(
  "openForReading() does not change (creates-nothing)",
  STATES,
  async ({ network: make }) => {
    using network = make();
    const before = network.snapshot();
    {
      using store = await stores.openForReading(config(network.path));
      store?.heldBy(attachment());
      store?.heldBy(attachment({ containerId: "unknown" }));
      store?.firstFree(ip("10.0.0.2"), ip("10.0.0.254"));
      store?.find(ip("10.0.0.3"));
    }
    assertEquals(network.snapshot(), before);
  },
);

testRows("probe() does not change", STATES, ({ network: make }) => {
  using network = make();
  const before = withoutChangeTimes(network);
  stores.probe(config(network.path));
  assertEquals(withoutChangeTimes(network), before);
});

/**
 * A snapshot without ctimes: to try writing, `probe` sets the times of the lock to what they are.
 */
function withoutChangeTimes(network: Network): unknown {
  return JSON.parse(
    JSON.stringify(network.snapshot()),
    (key, value) => key === "ctime" ? undefined : value,
  );
}

const USABLE = [
  {
    name: "a missing directory",
    path: (network: Network) => network.outside("a/b/net"),
  },
  { name: "an empty directory", path: (network: Network) => network.path },
] as const;

testRows("probe() accepts, and creates nothing,", USABLE, ({ path }) => {
  using network = new Network();
  assertEquals(thrownBy(() => stores.probe(config(path(network)))), undefined);
  assertEquals(namesIn(network.outside("")), ["net"]);
  assertEquals(namesIn(network.path), []);
});

Deno.test("probe() accepts a relative directory", () => {
  assertEquals(
    thrownBy(() => stores.probe(config("no-such-directory/net"))),
    undefined,
  );
});

const UNUSABLE = [
  {
    name: "a file instead of the directory",
    plant: (network: Network) =>
      Deno.writeTextFileSync(network.outside("x"), ""),
    path: "x",
    message: (network: Network) =>
      `open ${network.outside("x")}: not a directory`,
  },
  {
    name: "a file instead of a parent",
    plant: (network: Network) =>
      Deno.writeTextFileSync(network.outside("x"), ""),
    path: "x/y/net",
    message: (network: Network) =>
      `open ${network.outside("x/y/net")}: not a directory`,
  },
  {
    name: "a dangling link instead of the directory",
    plant: (network: Network) =>
      Deno.symlinkSync(network.outside("nothing"), network.outside("x")),
    path: "x",
    message: (network: Network) =>
      `open ${network.outside("x")}: dangling symbolic link`,
  },
] as const;

testRows(
  "probe() refuses, as ADD does,",
  UNUSABLE,
  async ({ plant, path, message }) => {
    using network = new Network();
    plant(network);
    const directory = network.outside(path);
    const refusal = thrownBy(() => stores.probe(config(directory)));
    assertEquals(
      [refusal?.["name"], refusal?.["message"]],
      ["SystemError", message(network)],
    );
    const { name: addError } =
      await rejectionOf(() => stores.openOrCreate(config(directory))) ?? {};
    assertEquals(addError, "SystemError");
  },
);
