import { assert, assertEquals } from "@std/assert";
import type {
  ReservationStore,
  ReservationStores,
} from "../../../../lib/host_local/reservation_store.ts";
import { diskStores } from "../../../../lib/host_local/store/open_store.ts";
import { rejectionOf, thrownBy } from "../../../unit/base/thrown.ts";
import { attachment, ip, texts } from "../../../unit/host_local/builders.ts";
import { C1, crowd, Network } from "./network.ts";

const stores: ReservationStores = diskStores((message) => {
  throw new Error(`unexpected warning: ${message}`);
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

Deno.test("openOrCreate() 1.1 makes the directory with its parents, mode 0755, and the lock", async () => {
  using network = new Network();
  const directory = network.outside("a/b/net");
  using _store = await stores.openOrCreate(config(directory));
  assertEquals(permissionsOf(directory), 0o755 & ~Deno.umask());
  assertEquals(permissionsOf(network.outside("a/b")), 0o755 & ~Deno.umask());
  assertEquals(namesIn(directory), ["lock"]);
  assertEquals(permissionsOf(`${directory}/lock`), 0o750 & ~Deno.umask());
});

Deno.test("openOrCreate() takes a directory behind a link", async () => {
  using network = new Network({ "10.0.0.2": C1 });
  await Deno.symlink(network.path, network.outside("link"));
  using store = await stores.openOrCreate(config(network.outside("link")));
  assertEquals(texts(store.heldBy(attachment())), ["10.0.0.2"]);
});

Deno.test("openForChange() makes no directory", async () => {
  using network = new Network();
  assertEquals(
    await stores.openForChange(config(network.outside("a/net"))),
    undefined,
  );
  assertEquals(namesIn(network.outside("")), ["net"]);
});

Deno.test("openForChange() 1.13 makes the lock in a directory without one", async () => {
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

for (const { name, open } of OPENINGS) {
  Deno.test(`${name} 1.13 holds the lock until the store is disposed of`, async () => {
    using network = new Network({ lock: "" });
    using probe = await Deno.open(network.join("lock"));
    {
      using _store = await open(network.path);
      assertEquals(probe.tryLockSync(true), false);
    }
    assertEquals(probe.tryLockSync(true), true);
  });

  Deno.test(`${name} refuses a file in place of the directory`, async () => {
    using network = new Network();
    const path = network.outside("file");
    await Deno.writeTextFile(path, "x");
    const { name: error } = await rejectionOf(async () => await open(path)) ??
      {};
    assertEquals(error, "SystemError");
    assertEquals(await Deno.readTextFile(path), "x");
  });

  Deno.test(`${name} 1.13 refuses a file in place of the data directory`, async () => {
    using network = new Network();
    await Deno.writeTextFile(network.outside("file"), "x");
    const { name: error } = await rejectionOf(async () =>
      await open(network.outside("file/net"))
    ) ?? {};
    assertEquals(error, "SystemError");
  });

  Deno.test(`${name} refuses a lock that is a directory`, async () => {
    using network = new Network();
    await Deno.mkdir(network.join("lock"));
    assertEquals(await rejectionOf(async () => await open(network.path)), {
      name: "SystemError",
      message: `open ${network.join("lock")}: is a directory`,
      advice: `remove ${network.join("lock")}`,
    });
  });
}

Deno.test("openForReading() finds nothing where there is no directory, and makes none", async () => {
  using network = new Network();
  assertEquals(
    await stores.openForReading(config(network.outside("a/net"))),
    undefined,
  );
  assertEquals(namesIn(network.outside("")), ["net"]);
});

// H22: what is there, whole or broken, stays as it is, times included.
const STATES: readonly { name: string; network: () => Network }[] = [
  { name: "an empty directory", network: () => new Network() },
  {
    name: "a directory without lock",
    network: () => new Network({ "10.0.0.2": C1 }),
  },
  {
    name: "an empty file of a crash",
    network: () => new Network({ lock: "", "10.0.0.2": "", "10.0.0.3": C1 }),
  },
  {
    name: "an ADD that died",
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
    name: "more files than an index is made for",
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
    name: "an index that is out of date",
    network: () => {
      const network = new Network({ lock: "", ...crowd(250) });
      network.add({ subnets: ["10.8.0.0/24"] });
      network.write({ "10.9.0.2": C1 });
      return network;
    },
  },
];

for (const { name, network: make } of STATES) {
  Deno.test(`openForReading() H22 changes nothing of ${name}`, async () => {
    using network = make();
    const before = network.snapshot();
    {
      using store = await stores.openForReading(config(network.path));
      store?.heldBy(attachment());
      store?.heldBy(attachment({ containerId: "nobody" }));
      store?.firstFree(ip("10.0.0.2"), ip("10.0.0.254"));
      store?.list();
      store?.find(ip("10.0.0.3"));
    }
    assertEquals(network.snapshot(), before);
  });

  Deno.test(`probe() H22 changes nothing of ${name}`, () => {
    using network = make();
    const before = withoutChangeTimeOfLock(network);
    stores.probe(config(network.path));
    assertEquals(withoutChangeTimeOfLock(network), before);
  });
}

/** A snapshot; setting the times of the lock to what they are moves its change time, and that is how writing is tried. */
function withoutChangeTimeOfLock(network: Network): unknown {
  return JSON.parse(
    JSON.stringify(network.snapshot()),
    (key, value) => key === "ctime" ? undefined : value,
  );
}

const USABLE = [
  {
    name: "without a directory",
    path: (network: Network) => network.outside("a/b/net"),
  },
  { name: "with an empty directory", path: (network: Network) => network.path },
] as const;

for (const { name, path } of USABLE) {
  Deno.test(`probe() passes ${name} and makes nothing`, () => {
    using network = new Network();
    assertEquals(
      thrownBy(() => stores.probe(config(path(network)))),
      undefined,
    );
    assertEquals(namesIn(network.outside("")), ["net"]);
    assertEquals(namesIn(network.path), []);
  });
}

Deno.test("probe() ends for a relative directory", () => {
  assertEquals(
    thrownBy(() => stores.probe(config("no-such-directory/net"))),
    undefined,
  );
});

const UNUSABLE = [
  {
    name: "a file in place of the directory",
    plant: (network: Network) =>
      Deno.writeTextFileSync(network.outside("x"), ""),
    path: "x",
  },
  {
    name: "a file in place of a parent",
    plant: (network: Network) =>
      Deno.writeTextFileSync(network.outside("x"), ""),
    path: "x/y/net",
  },
  {
    name: "a link to nothing in place of the directory",
    plant: (network: Network) =>
      Deno.symlinkSync(network.outside("nothing"), network.outside("x")),
    path: "x",
  },
] as const;

for (const { name, plant, path } of UNUSABLE) {
  Deno.test(`probe() SPEC 2 refuses ${name}, as ADD would`, async () => {
    using network = new Network();
    plant(network);
    const directory = network.outside(path);
    const { name: error } = thrownBy(() => stores.probe(config(directory))) ??
      {};
    assertEquals(error, "SystemError");
    const { name: addError } = await rejectionOf(() =>
      stores.openOrCreate(config(directory))
    ) ?? {};
    assertEquals(addError, "SystemError");
  });
}
