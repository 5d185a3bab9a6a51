/** The index of a large network: a cache, never the truth. The threshold is lowered to a few files. */

import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { ReservationTable } from "../../../../lib/host_local/reservation_table.ts";
import {
  isIndexCurrent,
  ReservationIndex,
  stampIndex,
} from "../../../../lib/host_local/store/reservation_index.ts";
import { attachment, ip, texts } from "../../../unit/host_local/builders.ts";
import { beforeBootMs, C1, C9, crowd, Network } from "./network.ts";

const INDEXED = { indexThreshold: 3 } as const;
const FIVE = crowd(5);
const C6 = "o4\r\neth0";

/** A network of five others and c1, with a current index; c1 has 10.0.0.7. */
function indexed(): Network {
  const network = new Network(FIVE);
  network.add({ options: INDEXED });
  assertEquals(isCurrent(network), true);
  return network;
}

function isCurrent(network: Network): boolean {
  return isIndexCurrent(network.join(".index.db"), network.path);
}

/** Puts an index in place that counts as current and says what `held` says, true or not. */
function plantIndex(
  network: Network,
  held: Readonly<Record<string, string>>,
): void {
  const table = new ReservationTable();
  for (const [address, owner] of Object.entries(held)) {
    table.insert(ip(address), owner);
  }
  ReservationIndex.create(network.join(".index.db"), table)[Symbol.dispose]();
  stampIndex(network.join(".index.db"), network.path);
}

const SIZES = [
  { files: 2, want: false },
  { files: 3, want: true },
  { files: 4, want: true },
] as const;

for (const { files, want } of SIZES) {
  Deno.test(`DiskStore.add() ${want ? "makes an" : "makes no"} index for reservation ${files + 1} above a threshold of 3`, () => {
    using network = new Network(crowd(files));
    network.add({ options: INDEXED });
    assertEquals([network.hasIndex, isCurrent(network)], [want, want]);
    assertEquals(network.logged, []);
  });
}

Deno.test("DiskStore keeps no index for 200 reservations, and one for 201", () => {
  using network = new Network(crowd(199));
  network.add();
  assertEquals(network.hasIndex, false);
  network.add({ containerId: "c2" });
  assertEquals(network.hasIndex, true);
});

Deno.test("DiskStore.add() makes the index with the mode 0600", () => {
  using network = indexed();
  const mode = Deno.lstatSync(network.join(".index.db")).mode ?? 0;
  assertEquals(mode & 0o777, 0o600 & ~Deno.umask());
});

Deno.test("DiskStore keeps the index current over ADD and DEL", () => {
  using network = indexed();
  const { ino } = Deno.lstatSync(network.join(".index.db"));
  assertEquals(network.add({ containerId: "c2", options: INDEXED }), [
    "10.0.0.8",
  ]);
  network.release({}, INDEXED);
  assertEquals(isCurrent(network), true);
  assertEquals(Deno.lstatSync(network.join(".index.db")).ino, ino);
  assertEquals(network.heldBy({ containerId: "c2" }, INDEXED), ["10.0.0.8"]);
  assertEquals(network.heldBy({}, INDEXED), []);
  assertEquals(network.logged, []);
});

Deno.test("DiskStore drops the index of a network that has become small", () => {
  using network = indexed();
  Deno.removeSync(network.join("10.0.0.2"));
  Deno.removeSync(network.join("10.0.0.3"));
  network.release({}, INDEXED);
  assertEquals(network.hasIndex, false);
});

Deno.test("DiskStore.heldBy() only looks at the index", () => {
  using network = indexed();
  const before = network.snapshot();
  assertEquals(network.heldBy({}, { ...INDEXED, repair: false }), ["10.0.0.7"]);
  assertEquals(network.snapshot(), before);
});

Deno.test("DiskStore.heldBy() only looks at an index that is out of date", () => {
  using network = indexed();
  network.write({ "10.0.0.50": C9 });
  const before = network.snapshot();
  const held = network.heldBy({ containerId: "c9" }, {
    ...INDEXED,
    repair: false,
  });
  assertEquals(held, ["10.0.0.50"]);
  assertEquals(network.snapshot(), before);
});

const FOREIGN = [
  {
    name: "a file that came",
    change: (network) => network.write({ "10.0.0.8": C9 }),
    next: "10.0.0.9",
    c9: ["10.0.0.8"],
  },
  {
    name: "a file that went",
    change: (network) => Deno.removeSync(network.join("10.0.0.6")),
    next: "10.0.0.8",
    c9: [],
  },
  {
    name: "a file with another name",
    change: (network) =>
      Deno.renameSync(network.join("10.0.0.6"), network.join("10.0.0.8")),
    next: "10.0.0.9",
    c9: [],
  },
  {
    name: "a file in place of another",
    change: (network) => {
      Deno.writeTextFileSync(network.outside("x"), C9);
      Deno.renameSync(network.outside("x"), network.join("10.0.0.6"));
    },
    next: "10.0.0.8",
    c9: ["10.0.0.6"],
  },
] as const satisfies readonly {
  name: string;
  change: (network: Network) => void;
  next: string;
  c9: readonly string[];
}[];

for (const { name, change, next, c9 } of FOREIGN) {
  Deno.test(`DiskStore notices ${name} between two calls`, () => {
    using network = indexed();
    change(network);
    assertEquals(isCurrent(network), false);
    assertEquals<readonly string[]>(
      network.heldBy({ containerId: "c9" }, INDEXED),
      c9,
    );
    assertEquals(network.add({ containerId: "c2", options: INDEXED }), [next]);
    assertEquals(isCurrent(network), true);
  });
}

Deno.test("DiskStore.add() finds an address that was freed behind the index", () => {
  using network = indexed();
  Deno.removeSync(network.join("10.0.0.4"));
  assertEquals(
    network.add({
      containerId: "c2",
      requested: ["10.0.0.4"],
      options: INDEXED,
    }),
    ["10.0.0.4"],
  );
});

Deno.test("DiskStore.release() frees no file that was rewritten for another", () => {
  using network = indexed();
  network.write({ "10.0.0.7": C9 });
  assertEquals(isCurrent(network), true);
  network.release({}, INDEXED);
  assertEquals(network.read()["10.0.0.7"], C9);
});

Deno.test("DiskStore.release() finds a file that was rewritten for its owner", () => {
  using network = indexed();
  network.write({ "10.0.0.6": C9 });
  network.release({ containerId: "c9" }, INDEXED);
  assertEquals(network.read()["10.0.0.6"], undefined);
});

/** What an index can be wrong about; the files are those of `indexed()`. */
const LIES = [
  { name: "knows nothing", held: {} },
  {
    name: "has a free address for taken",
    held: { ...FIVE, "10.0.0.7": C1, "10.0.0.8": C9 },
  },
  {
    name: "has a taken address for free",
    held: { "10.0.0.2": "o0\r\neth0", "10.0.0.7": C1 },
  },
  { name: "has another owner", held: { ...FIVE, "10.0.0.7": C9 } },
  {
    name: "gives the container an address that is not there",
    held: { ...FIVE, "10.0.0.7": C1, "10.0.0.40": C1 },
  },
  {
    name: "gives the container one of another",
    held: { ...FIVE, "10.0.0.6": C1, "10.0.0.7": C1 },
  },
] as const;

for (const { name, held } of LIES) {
  Deno.test(`DiskStore.heldBy() and release() hold against an index that ${name}`, () => {
    using network = indexed();
    plantIndex(network, held);
    assertEquals(network.heldBy({}, INDEXED), ["10.0.0.7"]);
    network.release({}, INDEXED);
    assertEquals<unknown>(network.read(), {
      ...FIVE,
      "last_reserved_ip.0": "10.0.0.7",
    });
  });

  Deno.test(`DiskStore.release() of a stranger holds against an index that ${name}`, () => {
    using network = indexed();
    plantIndex(network, held);
    network.release({ containerId: "c9" }, INDEXED);
    assertEquals<unknown>(network.read(), {
      ...FIVE,
      "10.0.0.7": C1,
      "last_reserved_ip.0": "10.0.0.7",
    });
  });

  Deno.test(`DiskStore.add() reserves nothing twice with an index that ${name}`, () => {
    using network = indexed();
    plantIndex(network, held);
    const [given = ""] = network.add({ containerId: "c2", options: INDEXED });
    const { [given]: file, ...others } = network.read();
    assertEquals(file, "c2\r\neth0");
    assertEquals<unknown>(others, {
      ...FIVE,
      "10.0.0.7": C1,
      "last_reserved_ip.0": given,
    });
  });
}

Deno.test("DiskStore.add() chooses again if a name that is free in the index is taken", () => {
  using network = indexed();
  network.write({ "last_reserved_ip.0": "10.0.0.6" });
  plantIndex(network, FIVE);
  assertEquals(network.add({ containerId: "c2", options: INDEXED }), [
    "10.0.0.8",
  ]);
  assertEquals<unknown>(network.read(), {
    ...FIVE,
    "10.0.0.7": C1,
    "10.0.0.8": "c2\r\neth0",
    "last_reserved_ip.0": "10.0.0.8",
  });
  assertEquals(isCurrent(network), true);
});

Deno.test("DiskStore.add() asks the files before it calls a pool exhausted", () => {
  using network = new Network(crowd(4));
  plantIndex(network, { ...crowd(5), "10.0.0.1": C9 });
  const given = network.add({ subnets: ["10.0.0.0/29"], options: INDEXED });
  assertEquals(given, ["10.0.0.6"]);
});

Deno.test("DiskStore.firstFree() is the index's until it is in doubt", () => {
  using network = indexed();
  using store = network.open(INDEXED);
  assertEquals(
    store.firstFree(ip("10.0.0.2"), ip("10.0.0.254")),
    ip("10.0.0.8"),
  );
  assertEquals(store.heldBy(attachment({ containerId: "c9" })), []);
  assertEquals(
    store.firstFree(ip("10.0.0.2"), ip("10.0.0.254")),
    ip("10.0.0.8"),
  );
});

function otherSchema(path: string): void {
  Deno.removeSync(path);
  const database = new DatabaseSync(path);
  database.exec(
    "CREATE TABLE reservation (ip TEXT); CREATE TABLE something (a, b);",
  );
  database.close();
}

function withoutRuns(path: string): void {
  const database = new DatabaseSync(path);
  database.exec("DROP TABLE run");
  database.close();
}

function flipBytes(path: string): void {
  const bytes = Deno.readFileSync(path);
  // The header stays, so that the file opens; every page behind it is damaged.
  for (let at = 100; at < bytes.length; at += 7) {
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  }
  Deno.writeFileSync(path, bytes);
}

const DAMAGES = [
  { name: "is empty", damage: (path) => Deno.truncateSync(path, 0) },
  {
    name: "is cut in the header",
    damage: (path) => Deno.truncateSync(path, 50),
  },
  {
    name: "is cut behind its first page",
    damage: (path) => Deno.truncateSync(path, 4096),
  },
  {
    name: "is text",
    damage: (path) =>
      Deno.writeTextFileSync(
        path,
        "not a database, but long enough to look at ".repeat(200),
      ),
  },
  { name: "has damaged pages", damage: flipBytes },
  { name: "has another schema", damage: otherSchema },
  { name: "lacks a table", damage: withoutRuns },
] as const satisfies readonly {
  name: string;
  damage: (path: string) => void;
}[];

for (const { name, damage } of DAMAGES) {
  /** A network whose index is damaged but has the right time. */
  const damaged = (): Network => {
    const network = indexed();
    damage(network.join(".index.db"));
    stampIndex(network.join(".index.db"), network.path);
    return network;
  };

  Deno.test(`DiskStore.add() works, and makes a new index, if the old one ${name}`, () => {
    using network = damaged();
    assertEquals(network.add({ containerId: "c2", options: INDEXED }), [
      "10.0.0.8",
    ]);
    assertEquals(network.heldBy({}, INDEXED), ["10.0.0.7"]);
    assertEquals(network.add({ containerId: "c3", options: INDEXED }), [
      "10.0.0.9",
    ]);
    assertEquals(isCurrent(network), true);
  });

  Deno.test(`DiskStore.release() works if the index ${name}`, () => {
    using network = damaged();
    network.release({}, INDEXED);
    assertEquals(network.read()["10.0.0.7"], undefined);
    assertEquals(network.heldBy({ containerId: "o4" }, INDEXED), ["10.0.0.6"]);
  });

  Deno.test(`DiskStore.releaseUnless() works if the index ${name}`, () => {
    using network = damaged();
    {
      using store = network.open(INDEXED);
      store.releaseUnless(({ address }) => texts([address])[0] === "10.0.0.6");
    }
    assertEquals(network.read(), {
      "10.0.0.6": C6,
      "last_reserved_ip.0": "10.0.0.7",
    });
  });
}

Deno.test("DiskStore says on stderr that it does not use a damaged index", () => {
  using network = indexed();
  Deno.writeTextFileSync(
    network.join(".index.db"),
    "not a database ".repeat(500),
  );
  stampIndex(network.join(".index.db"), network.path);
  network.heldBy({}, INDEXED);
  assertEquals(network.logged, [
    "level=warn event=index-ignored " +
    `reason="${network.join(".index.db")}: file is not a database"`,
  ]);
});

Deno.test("DiskStore.release() removes an index that it cannot bring up to date", () => {
  using network = indexed();
  withoutRuns(network.join(".index.db"));
  stampIndex(network.join(".index.db"), network.path);
  network.release({}, INDEXED);
  assertEquals(network.read(), { ...FIVE, "last_reserved_ip.0": "10.0.0.7" });
  assertEquals(network.hasIndex, false);
});

Deno.test("DiskStore does not use an index from before the boot", () => {
  using network = indexed();
  plantIndex(network, {});
  const time = new Date(Date.now() - beforeBootMs());
  Deno.utimeSync(network.join(".index.db"), time, time);
  Deno.utimeSync(network.path, time, time);
  assertEquals(isCurrent(network), false);
  assertEquals(network.add({ containerId: "c2", options: INDEXED }), [
    "10.0.0.8",
  ]);
});

Deno.test("DiskStore does not use an index that was copied with its network", () => {
  using network = indexed();
  using copy = new Network();
  for (const { name } of Deno.readDirSync(network.path)) {
    Deno.copyFileSync(network.join(name), copy.join(name));
  }
  assertEquals(isCurrent(copy), false);
  Deno.removeSync(copy.join("10.0.0.4"));
  assertEquals(
    copy.add({ containerId: "c2", requested: ["10.0.0.4"], options: INDEXED }),
    ["10.0.0.4"],
  );
});

Deno.test("DiskStore does not use an index that was written but not stamped, whatever the times", () => {
  using network = indexed();
  plantIndex(network, {});
  const now = new Date();
  Deno.utimeSync(network.join(".index.db"), now, now);
  Deno.utimeSync(network.path, now, now);
  assertEquals(isCurrent(network), false);
  assertEquals(network.heldBy({}, INDEXED), ["10.0.0.7"]);
});

Deno.test("DiskStore does not use an index that is older than the last change of the directory", () => {
  using network = indexed();
  const time = new Date(Date.now() - 500);
  Deno.utimeSync(network.path, time, time);
  assertEquals(isCurrent(network), false);
});

Deno.test("DiskStore.add() takes back an ADD of an indexed network that died", () => {
  using network = indexed();
  network.write({ ".pending": C9 });
  Deno.linkSync(network.join(".pending"), network.join("10.0.0.8"));
  assertEquals(network.add({ containerId: "c2", options: INDEXED }), [
    "10.0.0.8",
  ]);
  assertEquals(network.read()[".pending"], undefined);
});

Deno.test("DiskStore.add() of an indexed network gives what was never answered", () => {
  using network = indexed();
  network.write({ ".answered": C9 });
  Deno.linkSync(network.join(".answered"), network.join("10.0.0.8"));
  assertEquals(network.add({ containerId: "c9", options: INDEXED }), [
    "10.0.0.8",
  ]);
  assertEquals(network.read()[".answered"], undefined);
});

Deno.test("DiskStore.add() of an indexed network asks once and takes all back if the answer fails", () => {
  using network = indexed();
  const before = network.read();
  let answers = 0;
  const failing = (): void =>
    void network.add({
      containerId: "c2",
      options: INDEXED,
      answer: () => {
        answers++;
        throw new TypeError("no");
      },
    });
  assertThrows(failing, TypeError);
  assertEquals(answers, 1);
  assertEquals(network.read(), before);
  assertEquals(network.add({ containerId: "c2", options: INDEXED }), [
    "10.0.0.8",
  ]);
});

Deno.test("DiskStore.add() of an indexed network gives an address from before the boot again", () => {
  using network = new Network({ ...FIVE, "10.0.0.50": C1, "10.0.0.51": C1 });
  network.add({ containerId: "c2", options: INDEXED });
  for (const name of ["10.0.0.50", "10.0.0.51"]) {
    network.age(name, beforeBootMs());
  }
  assertEquals(isCurrent(network), true);
  assertEquals(network.add({ options: INDEXED }), ["10.0.0.50"]);
  assertEquals(network.heldBy({}, INDEXED), ["10.0.0.50"]);
  assertEquals(isCurrent(network), true);
});
