/** What people and broken tools do to the directory of a network between two calls. @module */

import { ownerText } from "../../support/network_directory.ts";
import type { Random } from "../../support/random.ts";
import type { World } from "./mixed_world.ts";

/** One kind of interference. */
type Hand = (world: World, random: Random) => Promise<void>;

async function removeReservation(world: World, random: Random): Promise<void> {
  const own = [...world.expected.keys()].filter((name) =>
    !world.foreign.has(name)
  );
  if (own.length === 0) return;
  const name = random.pick(own);
  await Deno.remove(world.join(name));
  world.expected.delete(name);
}

function addReservation(world: World, random: Random): Promise<void> {
  world.plant(
    world.freeAddress(random.int(200)),
    ownerText(`hand${random.int(1000)}`),
  );
  return Promise.resolve();
}

/** As an editor does: a new file in the place of the old one. */
async function replaceOwner(world: World, random: Random): Promise<void> {
  const own = [...world.expected.keys()].filter((name) =>
    !world.foreign.has(name)
  );
  if (own.length === 0) return;
  const name = random.pick(own);
  const content = ownerText(`edited${random.int(1000)}`);
  await Deno.writeTextFile(world.join(".edit"), content);
  await Deno.rename(world.join(".edit"), world.join(name));
  world.expected.set(name, content);
}

/** As `printf > file` does. The addresses of one ADD are one file under several names: all of them change. */
async function overwriteOwner(world: World, random: Random): Promise<void> {
  const own = [...world.expected.keys()].filter((name) =>
    !world.foreign.has(name)
  );
  if (own.length === 0) return;
  const path = world.join(random.pick(own));
  const content = ownerText(`written${random.int(1000)}`);
  const { ino } = await Deno.stat(path);
  await Deno.writeTextFile(path, content);
  for (const name of own) {
    if ((await Deno.stat(world.join(name))).ino === ino) {
      world.expected.set(name, content);
    }
  }
}

async function plantLink(world: World, random: Random): Promise<void> {
  const name = world.freeAddress(random.int(200));
  await Deno.symlink(
    random.pick(["lock", "/etc/hostname", "nowhere", "."]),
    world.join(name),
  );
  world.expected.set(name, "<link>");
  world.foreign.add(name);
}

async function plantDirectory(world: World, random: Random): Promise<void> {
  const name = world.freeAddress(random.int(200));
  await Deno.mkdir(world.join(name));
  world.expected.set(name, "<directory>");
  world.foreign.add(name);
}

async function removeCursor(world: World): Promise<void> {
  await Deno.remove(world.join("last_reserved_ip.0")).catch(() => {});
}

const HANDS: readonly Hand[] = [
  removeReservation,
  addReservation,
  replaceOwner,
  overwriteOwner,
  plantLink,
  plantDirectory,
  removeCursor,
];

async function removeIndex(world: World): Promise<void> {
  await Deno.remove(world.join(".index.db"), { recursive: true }).catch(
    () => {},
  );
}

/** Damages the index and gives it its old modification time, so that it looks as good as before. */
async function damageIndex(world: World, random: Random): Promise<void> {
  const path = world.join(".index.db");
  const info = await Deno.lstat(path).catch(() => undefined);
  if (info?.isFile !== true || info.mtime === null) return;
  const bytes = await Deno.readFile(path);
  const at = random.pick([0, 16, 100, 4096, random.int(bytes.length)]);
  bytes.fill(random.int(256), at, at + random.pick([1, 16, 512, bytes.length]));
  await Deno.writeFile(
    path,
    bytes.subarray(0, random.pick([0, 100, 4096, bytes.length, bytes.length])),
  );
  await Deno.utime(path, info.mtime, info.mtime);
}

async function replaceIndex(world: World, random: Random): Promise<void> {
  await removeIndex(world);
  const path = world.join(".index.db");
  if (random.chance(0.4)) await Deno.mkdir(path);
  else await Deno.symlink(random.pick(["lock", "nowhere"]), path);
}

const INDEX_HANDS: readonly Hand[] = [
  removeIndex,
  damageIndex,
  damageIndex,
  replaceIndex,
];

/** Interferes once; tells the world what was done. */
export async function interfere(world: World, { random, index }: {
  readonly random: Random;
  /** Whether it is the index that is interfered with. */
  readonly index: boolean;
}): Promise<void> {
  const hand = random.pick(index ? INDEX_HANDS : HANDS);
  world.log.push(hand.name);
  await hand(world, random);
}
