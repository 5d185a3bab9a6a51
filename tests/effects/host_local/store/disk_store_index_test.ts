/** The index of a large network, which is only a cache. The threshold is lowered to a few files. */

import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SystemError } from "../../../../lib/base/errors.ts";
import { ReservationTable } from "../../../../lib/host_local/reservation_table.ts";
import {
  type DirectoryScan,
  NetworkDirectory,
} from "../../../../lib/host_local/store/network_directory.ts";
import {
  isIndexCurrent,
  ReservationIndex,
  stampIndex,
} from "../../../../lib/host_local/store/reservation_index.ts";
import { testRows } from "../../../support/rows.ts";
import { attachment, ip } from "../../../unit/host_local/builders.ts";
import { beforeBootMs, C1, C9, crowd, Network } from "./network.ts";

const INDEXED = { indexThreshold: 3 } as const;
const FIVE = crowd(5);
const C6 = "o4\r\neth0";

/** A network of five other containers and c1, with a current index. c1 holds 10.0.0.7. */
function indexed(): Network {
  const network = new Network(FIVE);
  network.add({ options: INDEXED });
  assertEquals(isCurrent(network), true);
  return network;
}

function isCurrent(network: Network): boolean {
  return isIndexCurrent(network.join(".index.db"), network.path);
}

/** Replaces the index by a current one that says what `held` says, true or not. */
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
  { name: "3 reservations: no index", files: 2, want: false },
  { name: "4 reservations: an index", files: 3, want: true },
  { name: "5 reservations: an index", files: 4, want: true },
] as const;

testRows("ADD leaves, above a threshold of 3,", SIZES, ({ files, want }) => {
  using network = new Network(crowd(files));
  network.add({ options: INDEXED });
  assertEquals([network.hasIndex, isCurrent(network)], [want, want]);
  assertEquals(network.logged, []);
});

Deno.test("ADD leaves no index for 200 reservations, and one for 201", () => {
  using network = new Network(crowd(199));
  network.add();
  assertEquals(network.hasIndex, false);
  network.add({ containerId: "c2" });
  assertEquals(network.hasIndex, true);
});

const EXPOSED = { ...INDEXED, isExposed: true } as const;

Deno.test("ADD leaves no index where other users can write the directory", () => {
  using network = new Network(FIVE);
  network.add({ options: EXPOSED });
  assertEquals(network.hasIndex, false);
});

Deno.test("ADD and DEL do not believe an index that other users could have written, and remove it", () => {
  using network = indexed();
  plantIndex(network, { "10.0.0.2": C1 });
  assertEquals(network.heldBy({}, { ...EXPOSED, repair: false }), ["10.0.0.7"]);
  network.release({ containerId: "o0" }, EXPOSED);
  assertEquals(network.hasIndex, false);
  assertEquals(network.read()["10.0.0.2"], undefined);
  assertEquals(network.read()["10.0.0.7"], C1);
  assertEquals(network.logged, []);
});

Deno.test("ADD creates the index with mode 0600", () => {
  using network = indexed();
  const mode = Deno.lstatSync(network.join(".index.db")).mode ?? 0;
  assertEquals(mode & 0o777, 0o600 & ~Deno.umask());
});

Deno.test("ADD and DEL keep the index current", () => {
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

Deno.test("DEL removes the index of a network that has become small", () => {
  using network = indexed();
  Deno.removeSync(network.join("10.0.0.2"));
  Deno.removeSync(network.join("10.0.0.3"));
  network.release({}, INDEXED);
  assertEquals(network.hasIndex, false);
});

Deno.test("CHECK does not change a current index", () => {
  using network = indexed();
  const before = network.snapshot();
  assertEquals(network.heldBy({}, { ...INDEXED, repair: false }), ["10.0.0.7"]);
  assertEquals(network.snapshot(), before);
});

Deno.test("CHECK does not change an outdated index", () => {
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

const FOREIGN_CHANGES = [
  {
    name: "a new file",
    change: (network) => network.write({ "10.0.0.8": C9 }),
    next: "10.0.0.9",
    c9: ["10.0.0.8"],
  },
  {
    name: "a removed file",
    change: (network) => Deno.removeSync(network.join("10.0.0.6")),
    next: "10.0.0.8",
    c9: [],
  },
  {
    name: "a renamed file",
    change: (network) =>
      Deno.renameSync(network.join("10.0.0.6"), network.join("10.0.0.8")),
    next: "10.0.0.9",
    c9: [],
  },
  {
    name: "a replaced file",
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

testRows(
  "the next command notices",
  FOREIGN_CHANGES,
  ({ change, next, c9 }) => {
    using network = indexed();
    change(network);
    assertEquals(isCurrent(network), false);
    assertEquals<readonly string[]>(
      network.heldBy({ containerId: "c9" }, INDEXED),
      c9,
    );
    assertEquals(network.add({ containerId: "c2", options: INDEXED }), [next]);
    assertEquals(isCurrent(network), true);
  },
);

Deno.test("ADD allocates an address whose file was removed by another program", () => {
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

Deno.test("DEL leaves a file that was rewritten in place for another container", () => {
  using network = indexed();
  network.write({ "10.0.0.7": C9 });
  assertEquals(isCurrent(network), true);
  network.release({}, INDEXED);
  assertEquals(network.read()["10.0.0.7"], C9);
});

Deno.test("DEL finds a file that was rewritten in place once GC has read every file", () => {
  using network = indexed();
  network.write({ "10.0.0.6": C9 });
  network.release({ containerId: "c9" }, INDEXED);
  assertEquals(network.read()["10.0.0.6"], C9);
  network.gc(() => true, INDEXED);
  network.release({ containerId: "c9" }, INDEXED);
  assertEquals(network.read()["10.0.0.6"], undefined);
});

/** Ways for a current index to be wrong; the files are those of `indexed()`. */
const WRONG_INDEXES: readonly {
  name: string;
  held: Readonly<Record<string, string>>;
  /** Whether it lacks the address of c1, which nothing can contradict. */
  hidesC1?: true;
}[] = [
  { name: "is empty", held: {}, hidesC1: true },
  {
    name: "lists a free address",
    held: { ...FIVE, "10.0.0.7": C1, "10.0.0.8": C9 },
  },
  {
    name: "lacks taken addresses",
    held: { "10.0.0.2": "o0\r\neth0", "10.0.0.7": C1 },
  },
  {
    name: "names another owner of the address",
    held: { ...FIVE, "10.0.0.7": C9 },
    hidesC1: true,
  },
  {
    name: "lists a free address as the owner's",
    held: { ...FIVE, "10.0.0.7": C1, "10.0.0.40": C1 },
  },
  {
    name: "lists another owner's address as the owner's",
    held: { ...FIVE, "10.0.0.6": C1, "10.0.0.7": C1 },
  },
];

const C1_HELD = {
  ...FIVE,
  "10.0.0.7": C1,
  "last_reserved_ip.0": "10.0.0.7",
};

testRows(
  "CHECK and DEL trust only the entries that the files confirm in an index that",
  WRONG_INDEXES,
  ({ held, hidesC1 }) => {
    using network = indexed();
    plantIndex(network, held);
    assertEquals(network.heldBy({}, INDEXED), hidesC1 ? [] : ["10.0.0.7"]);
    network.release({}, INDEXED);
    const { "10.0.0.7": _, ...released } = C1_HELD;
    assertEquals<unknown>(network.read(), hidesC1 ? C1_HELD : released);
  },
);

testRows(
  "DEL finds every address after GC has replaced an index that",
  WRONG_INDEXES,
  ({ held }) => {
    using network = indexed();
    plantIndex(network, held);
    network.gc(() => true, INDEXED);
    assertEquals(isCurrent(network), true);
    assertEquals(network.heldBy({}, INDEXED), ["10.0.0.7"]);
    network.release({}, INDEXED);
    const { "10.0.0.7": _, ...released } = C1_HELD;
    assertEquals<unknown>(network.read(), released);
  },
);

testRows(
  "DEL of an unknown container releases nothing with an index that",
  WRONG_INDEXES,
  ({ held }) => {
    using network = indexed();
    plantIndex(network, held);
    network.release({ containerId: "c9" }, INDEXED);
    assertEquals<unknown>(network.read(), C1_HELD);
  },
);

testRows(
  "ADD reserves no address twice with an index that",
  WRONG_INDEXES,
  ({ held }) => {
    using network = indexed();
    plantIndex(network, held);
    const [given = ""] = network.add({ containerId: "c2", options: INDEXED });
    const { [given]: file, ...others } = network.read();
    assertEquals(file, "c2\r\neth0");
    assertEquals<unknown>(others, { ...C1_HELD, "last_reserved_ip.0": given });
  },
);

Deno.test("ADD reads the files if an address that is free in the index is taken", () => {
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
  assertEquals(network.logged, [
    "level=warn event=index-ignored " +
    `reason="index contradicts ${network.join("10.0.0.7")}"`,
  ]);
});

Deno.test("ADD reads the files before it refuses a range of up to 1,024 addresses as exhausted", () => {
  using network = new Network(crowd(4));
  plantIndex(network, { ...crowd(5), "10.0.0.1": C9 });
  const given = network.add({ subnets: ["10.0.0.0/29"], options: INDEXED });
  assertEquals(given, ["10.0.0.6"]);
});

Deno.test("ADD reads the files before it refuses a requested address as taken", () => {
  using network = indexed();
  plantIndex(network, { ...FIVE, "10.0.0.7": C1, "10.0.0.50": C9 });
  const requested = ["10.0.0.50"];
  const given = network.add({ containerId: "c2", requested, options: INDEXED });
  assertEquals(given, requested);
});

Deno.test("STATUS trusts the index until a file contradicts it", () => {
  using network = indexed();
  plantIndex(network, { ...FIVE, "10.0.0.7": C1, "10.0.0.8": C9 });
  using store = network.open({ ...INDEXED, repair: false });
  const free = (): unknown => store.firstFree(ip("10.0.0.7"), ip("10.0.0.9"));
  assertEquals(free(), ip("10.0.0.9"));
  assertEquals(store.heldBy(attachment({ containerId: "c9" })), []);
  assertEquals(free(), ip("10.0.0.8"));
});

Deno.test("an error that is not about the index does not make a command read the files", () => {
  const failure = new TypeError("broken");
  class BrokenDirectory extends NetworkDirectory {
    override has(): boolean {
      throw failure;
    }
  }
  using network = indexed();
  const directory = new BrokenDirectory(network.path);
  const reads = network.readsOf(() => {
    const add = (): unknown =>
      network.add({ containerId: "c2", options: { ...INDEXED, directory } });
    assertEquals(assertThrows(add, TypeError), failure);
  });
  assertEquals(reads.scans, 0);
  assertEquals(isCurrent(network), true);
});

Deno.test("there is no index while a file cannot be read, so that a DEL in vain fails", () => {
  const failure = new SystemError("read 10.0.0.3: input/output error");
  class DamagedDirectory extends NetworkDirectory {
    override scan(): DirectoryScan {
      return { ...super.scan(), unreadable: [failure] };
    }
  }
  using network = indexed();
  const directory = new DamagedDirectory(network.path);
  network.write({ "note": "" });
  for (const containerId of ["c1", "c9"]) {
    const del = (): void =>
      network.release({ containerId }, { ...INDEXED, directory });
    assertEquals(assertThrows(del, SystemError), failure);
    assertEquals(network.hasIndex, false);
  }
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
  // The header stays, so that the file opens; every page after it is damaged.
  for (let at = 100; at < bytes.length; at += 7) {
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  }
  Deno.writeFileSync(path, bytes);
}

/**
 * Read and write version 2, and a page size that no file has: SQLite opens the log before it
 * refuses the file.
 */
function askForLog(path: string): void {
  const bytes = Deno.readFileSync(path);
  Deno.writeFileSync(path, bytes.fill(2, 16, 32));
}

const DAMAGES = [
  { name: "is empty", damage: (path) => Deno.truncateSync(path, 0) },
  {
    name: "is cut in the header",
    damage: (path) => Deno.truncateSync(path, 50),
  },
  {
    name: "is cut after its first page",
    damage: (path) => Deno.truncateSync(path, 4096),
  },
  {
    name: "is text",
    damage: (path) =>
      Deno.writeTextFileSync(
        path,
        "not a database, but long enough ".repeat(200),
      ),
  },
  { name: "has damaged pages", damage: flipBytes },
  { name: "asks for a write-ahead log", damage: askForLog },
  { name: "has another schema", damage: otherSchema },
  { name: "lacks a table", damage: withoutRuns },
] as const satisfies readonly {
  name: string;
  damage: (path: string) => void;
}[];

/** A network whose index is damaged but has the right time. */
function damagedBy(damage: (path: string) => void): Network {
  const network = indexed();
  damage(network.join(".index.db"));
  stampIndex(network.join(".index.db"), network.path);
  return network;
}

testRows("ADD replaces an index that", DAMAGES, ({ damage }) => {
  using network = damagedBy(damage);
  assertEquals(network.add({ containerId: "c2", options: INDEXED }), [
    "10.0.0.8",
  ]);
  assertEquals(network.heldBy({}, INDEXED), ["10.0.0.7"]);
  assertEquals(network.add({ containerId: "c3", options: INDEXED }), [
    "10.0.0.9",
  ]);
  assertEquals(isCurrent(network), true);
});

testRows("DEL succeeds with an index that", DAMAGES, ({ damage }) => {
  using network = damagedBy(damage);
  network.release({}, INDEXED);
  assertEquals(network.read()["10.0.0.7"], undefined);
  assertEquals(network.heldBy({ containerId: "o4" }, INDEXED), ["10.0.0.6"]);
});

testRows("GC succeeds with an index that", DAMAGES, ({ damage }) => {
  using network = damagedBy(damage);
  network.gc(({ location }) => location.endsWith("/10.0.0.6"), INDEXED);
  assertEquals(network.read(), {
    "10.0.0.6": C6,
    "last_reserved_ip.0": "10.0.0.7",
  });
});

Deno.test("CHECK logs that it ignores a damaged index", () => {
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

Deno.test("DEL removes an index that it cannot update", () => {
  using network = indexed();
  withoutRuns(network.join(".index.db"));
  stampIndex(network.join(".index.db"), network.path);
  network.release({}, INDEXED);
  assertEquals(network.read(), { ...FIVE, "last_reserved_ip.0": "10.0.0.7" });
  assertEquals(network.hasIndex, false);
});

Deno.test("ADD ignores an index from before the boot", () => {
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

Deno.test("ADD ignores an index from another boot, whatever the clock says", () => {
  using network = indexed();
  plantIndex(network, {});
  const database = new DatabaseSync(network.join(".index.db"));
  database.exec("PRAGMA user_version = 1");
  database.close();
  stampIndex(network.join(".index.db"), network.path);
  assertEquals(isCurrent(network), true);
  assertEquals(network.add({ containerId: "c2", options: INDEXED }), [
    "10.0.0.8",
  ]);
  assertEquals(network.logged, []);
});

Deno.test("ADD ignores an index that was copied with its network", () => {
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

Deno.test("CHECK ignores an index that was written but not stamped, even if its times match", () => {
  using network = indexed();
  plantIndex(network, {});
  const now = new Date();
  Deno.utimeSync(network.join(".index.db"), now, now);
  Deno.utimeSync(network.path, now, now);
  assertEquals(isCurrent(network), false);
  assertEquals(network.heldBy({}, INDEXED), ["10.0.0.7"]);
});

Deno.test("an index is outdated if it is older than the last change of the directory", () => {
  using network = indexed();
  const time = new Date(Date.now() - 500);
  Deno.utimeSync(network.path, time, time);
  assertEquals(isCurrent(network), false);
});

Deno.test("ADD in an indexed network undoes an ADD that was killed", () => {
  using network = indexed();
  network.write({ ".pending": C9 });
  Deno.linkSync(network.join(".pending"), network.join("10.0.0.8"));
  assertEquals(network.add({ containerId: "c2", options: INDEXED }), [
    "10.0.0.8",
  ]);
  assertEquals(network.read()[".pending"], undefined);
});

Deno.test("ADD in an indexed network returns the addresses of an ADD that never answered", () => {
  using network = indexed();
  network.write({ ".answered": C9 });
  Deno.linkSync(network.join(".answered"), network.join("10.0.0.8"));
  assertEquals(network.add({ containerId: "c9", options: INDEXED }), [
    "10.0.0.8",
  ]);
  assertEquals(network.read()[".answered"], undefined);
});

Deno.test("ADD in an indexed network answers once, and undoes everything if that fails", () => {
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

Deno.test("ADD leaves the index outdated if it cannot remove .answered", () => {
  using network = indexed();
  const marker = network.join(".answered");
  network.add({
    containerId: "c2",
    options: INDEXED,
    answer: () => {
      Deno.removeSync(marker);
      Deno.mkdirSync(`${marker}/full`, { recursive: true });
    },
  });
  assertEquals(isCurrent(network), false);
  assertEquals(
    network.logged.map((line) => line.split(" ", 2).join(" ")),
    ["level=warn event=marker-not-removed"],
  );
});

Deno.test("ADD in an indexed network reuses an address from before the boot", () => {
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
