/** What `readReservations()` reads, from an index or from the files, compared with all facts. */

import { assert, assertEquals } from "@std/assert";
import {
  type RecordedReservation,
  reservationsIn,
} from "../../../../lib/host_local/operator/network_facts.ts";
import { inspectNetwork } from "../../../../lib/host_local/store/inspect_network.ts";
import { readReservations } from "../../../../lib/host_local/store/read_reservations.ts";
import { isIndexCurrent } from "../../../../lib/host_local/store/reservation_index.ts";
import { diskStores } from "../../../../lib/host_local/store/open_store.ts";
import {
  ownerText,
  reservations,
  writeNetwork,
} from "../../../support/network_directory.ts";
import { testRows } from "../../../support/rows.ts";
import { TempDir } from "../../../support/temp_dir.ts";

const log = (): void => {};

/** Enough for an index. */
const MANY = reservations(250);

const UNUSUAL: Readonly<Record<string, string>> = {
  "lock": "",
  "10.2.0.2": "c1",
  "10.2.0.3": " c2 \neth0\n",
  "10.2.0.4": "what is this\nx\ny",
  "10.2.0.5": "",
  "10.2.0.6": "\0\0\0",
  "10.2.0.7": `${"c".repeat(6000)}\r\neth0`,
  "10.2.0.8": "c8\r\nnäme 0",
  "fd00::2": ownerText("c1"),
  "FD00::3": ownerText("c1"),
  "::ffff:10.0.0.1": ownerText("c1"),
  "last_reserved_ip.0": "10.1.0.2",
};

function fieldsOf(each: RecordedReservation): unknown {
  const { name, address, owner, reservedAtMs, fromEarlierBoot, location } =
    each;
  return {
    name,
    address,
    owner,
    reservedAtMs,
    fromEarlierBoot,
    location,
    unreadable: each.unreadable,
  };
}

/** Compares both ways to read a directory. @returns How many reservations it has. */
async function compare(directory: string): Promise<number> {
  const config = { directory, lockTimeoutMs: 1000 };
  const facts = await inspectNetwork(config, { log });
  const read = await readReservations(config, { log });
  assert(facts !== undefined && read !== undefined);
  const { name, lock, reservations: rows } = read;
  assertEquals([name, read.directory, lock], [
    facts.name,
    facts.directory,
    facts.lock,
  ]);
  assertEquals(read.exposure, facts.exposure);
  assertEquals(rows.map(fieldsOf), reservationsIn(facts).map(fieldsOf));
  return rows.length;
}

/** Makes a current index, as a call of the plugin does. */
async function index(directory: string): Promise<void> {
  const config = { directory, lockTimeoutMs: 1000 };
  using store = await diskStores({ log }).openForChange(config);
  store?.releaseUnless(() => true);
}

function hasCurrentIndex(directory: string): boolean {
  return isIndexCurrent(`${directory}/.index.db`, directory);
}

testRows("readReservations() reads from the files", [
  { name: "an empty directory", files: {} },
  { name: "usual reservations", files: MANY },
  { name: "unusual reservations", files: UNUSUAL },
], async ({ files }) => {
  using dir = new TempDir();
  writeNetwork(dir.path, files);
  await compare(dir.path);
});

testRows("readReservations() reads from the index", [
  {
    name: "what the files say",
    change: () => {},
  },
  {
    name: "and notices a file that was changed in place",
    change: (path: string) =>
      Deno.writeTextFileSync(`${path}/10.1.0.9`, ownerText("changed")),
  },
  {
    name: "and notices a file that was emptied",
    change: (path: string) => Deno.truncateSync(`${path}/10.1.0.9`),
  },
  {
    name: "and reads the current time of a file",
    change: (path: string) => {
      const time = new Date("2001-01-01");
      Deno.utimeSync(`${path}/10.1.0.9`, time, time);
    },
  },
], async ({ change }) => {
  using dir = new TempDir();
  writeNetwork(dir.path, { ...MANY, ...UNUSUAL });
  await index(dir.path);
  change(dir.path);
  assert(hasCurrentIndex(dir.path));
  assert(await compare(dir.path) > 250);
  assert(hasCurrentIndex(dir.path));
});

Deno.test("readReservations() does not use an index that is not current", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, { ...MANY, lock: "" });
  await index(dir.path);
  await Deno.writeTextFile(`${dir.path}/10.9.0.9`, ownerText("new"));
  assertEquals(await compare(dir.path), 251);
});

Deno.test("readReservations() does not use an index that contradicts the files", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, { ...MANY, lock: "" });
  await index(dir.path);
  const time = (await Deno.stat(dir.path)).mtime ?? new Date();
  await Deno.remove(`${dir.path}/10.1.0.9`);
  await Deno.utime(dir.path, time, time);
  assert(hasCurrentIndex(dir.path));
  assertEquals(await compare(dir.path), 249);
});

Deno.test("readReservations() uses no index that another user could have written", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, { ...MANY, lock: "" });
  await index(dir.path);
  await Deno.chmod(dir.path, 0o777);
  assertEquals(await compare(dir.path), 250);
});

Deno.test("readReservations() returns undefined if there is no directory", async () => {
  using dir = new TempDir();
  const config = { directory: dir.join("none"), lockTimeoutMs: 1000 };
  assertEquals(await readReservations(config, { log }), undefined);
});
