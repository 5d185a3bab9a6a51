/** Changes that an operator and broken tools make between two calls. @module */

import { ownerText } from "../../support/network_directory.ts";
import type { Random } from "../../support/random.ts";
import type { SharedNetwork } from "./mixed_network.ts";

/** One kind of interference. It updates the expected reservations of the network. */
type Interference = (network: SharedNetwork, random: Random) => Promise<void>;

async function removeReservation(
  network: SharedNetwork,
  random: Random,
): Promise<void> {
  const reserved = network.reserved();
  if (reserved.length === 0) return;
  const name = random.pick(reserved);
  await Deno.remove(network.join(name));
  network.expected.delete(name);
}

function addReservation(network: SharedNetwork, random: Random): Promise<void> {
  network.writeAsOperator(
    network.freeAddress(random.int(200)),
    ownerText(`planted${random.int(1000)}`),
  );
  return Promise.resolve();
}

/** Replaces the file with a new one, as an editor does. */
async function replaceOwner(
  network: SharedNetwork,
  random: Random,
): Promise<void> {
  const reserved = network.reserved();
  if (reserved.length === 0) return;
  const name = random.pick(reserved);
  const content = ownerText(`replaced${random.int(1000)}`);
  await Deno.writeTextFile(network.join(".edit"), content);
  await Deno.rename(network.join(".edit"), network.join(name));
  network.expected.set(name, content);
}

/**
 * Writes into the file, as `printf > file` does, and removes the index, which would not notice
 * (docs/host_local.md). The addresses of one ADD are links to one file: all of them change.
 */
async function overwriteOwner(
  network: SharedNetwork,
  random: Random,
): Promise<void> {
  const reserved = network.reserved();
  if (reserved.length === 0) return;
  const path = network.join(random.pick(reserved));
  const content = ownerText(`overwritten${random.int(1000)}`);
  const { ino } = await Deno.stat(path);
  await Deno.writeTextFile(path, content);
  await removeIndex(network);
  for (const name of reserved) {
    if ((await Deno.stat(network.join(name))).ino === ino) {
      network.expected.set(name, content);
    }
  }
}

async function addLink(
  network: SharedNetwork,
  random: Random,
): Promise<void> {
  const name = network.freeAddress(random.int(200));
  await Deno.symlink(
    random.pick(["lock", "/etc/hostname", "nowhere", "."]),
    network.join(name),
  );
  network.expected.set(name, "<link>");
  network.foreign.add(name);
}

async function addDirectory(
  network: SharedNetwork,
  random: Random,
): Promise<void> {
  const name = network.freeAddress(random.int(200));
  await Deno.mkdir(network.join(name));
  network.expected.set(name, "<directory>");
  network.foreign.add(name);
}

async function removeCursor(network: SharedNetwork): Promise<void> {
  // There is no cursor before the first ADD.
  await Deno.remove(network.join("last_reserved_ip.0")).catch(() => {});
}

const OPERATOR_ACTIONS: readonly Interference[] = [
  removeReservation,
  addReservation,
  replaceOwner,
  overwriteOwner,
  addLink,
  addDirectory,
  removeCursor,
];

async function removeIndex(network: SharedNetwork): Promise<void> {
  // The plugin has not written an index yet, or has removed it.
  await Deno.remove(network.join(".index.db"), { recursive: true }).catch(
    () => {},
  );
}

/** Damages the index and restores its modification time, so that it seems to be current. */
async function damageIndex(
  network: SharedNetwork,
  random: Random,
): Promise<void> {
  const path = network.join(".index.db");
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

async function replaceIndex(
  network: SharedNetwork,
  random: Random,
): Promise<void> {
  await removeIndex(network);
  const path = network.join(".index.db");
  if (random.chance(0.4)) await Deno.mkdir(path);
  else await Deno.symlink(random.pick(["lock", "nowhere"]), path);
}

const INDEX_ACTIONS: readonly Interference[] = [
  removeIndex,
  damageIndex,
  damageIndex,
  replaceIndex,
];

/** Interferes once, with an address, a cursor or the index, and logs it. */
export async function interfere(network: SharedNetwork, { random, target }: {
  readonly random: Random;
  readonly target: "reservations" | "index";
}): Promise<void> {
  const actions = target === "index" ? INDEX_ACTIONS : OPERATOR_ACTIONS;
  const action = random.pick(actions);
  network.log.push(action.name);
  await action(network, random);
}
