import { assertEquals } from "@std/assert";
import type { NetworkFacts } from "../../../../lib/host_local/operator/network_facts.ts";
import { inspectNetwork } from "../../../../lib/host_local/store/inspect_network.ts";
import { makeFifo } from "../../../support/fifo.ts";
import { ownerText, writeNetwork } from "../../../support/network_directory.ts";
import { TempDir } from "../../../support/temp_dir.ts";
import { rejectionOf } from "../../../unit/base/thrown.ts";

function inspect(directory: string): Promise<NetworkFacts | undefined> {
  const config = { directory, lockTimeoutMs: 100 };
  return inspectNetwork(config, { log: () => {}, verifyIndex: true });
}

/** The facts of one file. */
async function fileIn(directory: string, name: string): Promise<unknown> {
  const facts = await inspect(directory);
  const file = facts?.files.find((each) => each.name === name);
  return file &&
    [file.kind, file.mode, file.size, file.content, file.unreadable];
}

Deno.test("inspectNetwork() reads reservations, cursors and markers, and nothing else", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, {
    "10.1.0.2": ownerText("c1"),
    "last_reserved_ip.0": "10.1.0.2",
    ".pending": "c2",
    "README": "text",
    "last_reserved_ip.x": "text",
  });
  const facts = await inspect(dir.path);
  const contents = facts?.files.map(({ name, content }) => [name, content]);
  assertEquals(Object.fromEntries(contents ?? []), {
    "10.1.0.2": ownerText("c1"),
    "last_reserved_ip.0": "10.1.0.2",
    ".pending": "c2",
    "README": undefined,
    "last_reserved_ip.x": undefined,
  });
  assertEquals(facts?.lock, { kind: "missing" });
  assertEquals(facts?.index, { kind: "none" });
});

Deno.test("inspectNetwork() returns nothing for a missing directory", async () => {
  using dir = new TempDir();
  assertEquals(await inspect(dir.join("x")), undefined);
});

Deno.test("inspectNetwork() refuses a file instead of a directory", async () => {
  using dir = new TempDir();
  const path = dir.join("x");
  await Deno.writeTextFile(path, "");
  assertEquals(
    (await rejectionOf(() => inspect(path)))?.["message"],
    `open ${path}: not a directory`,
  );
});

Deno.test("inspectNetwork() names a network by its last directory, also through a link", async () => {
  using dir = new TempDir();
  await Deno.mkdir(dir.join("real"));
  await Deno.symlink(dir.join("real"), dir.join("net"));
  assertEquals((await inspect(dir.join("net")))?.name, "net");
});

Deno.test("inspectNetwork() opens neither links nor special files", async () => {
  using dir = new TempDir();
  makeFifo(dir.join("10.1.0.2"));
  await Deno.mkdir(dir.join("10.1.0.3"));
  await Deno.symlink("/dev/zero", dir.join("10.1.0.4"));
  const kinds = (await inspect(dir.path))?.files
    .map(({ name, kind, content }) => [name, kind, content]).sort();
  assertEquals(kinds, [
    ["10.1.0.2", "other", undefined],
    ["10.1.0.3", "directory", undefined],
    ["10.1.0.4", "link", undefined],
  ]);
});

Deno.test("inspectNetwork() reads a long file up to the limit of a reservation", async () => {
  using dir = new TempDir();
  const long = "x".repeat(100_000);
  const tooLong = "x".repeat(200_000);
  writeNetwork(dir.path, { "10.1.0.2": long, "10.1.0.3": tooLong });
  assertEquals(await fileIn(dir.path, "10.1.0.2"), [
    "file",
    0o600,
    100_000,
    long,
    undefined,
  ]);
  assertEquals(await fileIn(dir.path, "10.1.0.3"), [
    "file",
    0o600,
    200_000,
    undefined,
    `read ${dir.join("10.1.0.3")}: more than 131072 bytes`,
  ]);
});

Deno.test("inspectNetwork() says why other users could change the files", async () => {
  using dir = new TempDir();
  await Deno.chmod(dir.path, 0o770);
  const facts = await inspect(dir.path);
  assertEquals([facts?.mode, facts?.exposure], [
    0o770,
    "writable by other users",
  ]);
});

Deno.test("inspectNetwork() finds reservations from before the last boot by the clock", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, {
    "10.1.0.2": ownerText("c1"),
    "10.1.0.3": ownerText("c2"),
    "README": "",
  });
  const old = new Date(Date.now() - 10 * 365 * 86_400_000);
  for (const name of ["10.1.0.3", "README"]) {
    await Deno.utime(dir.join(name), old, old);
  }
  assertEquals((await inspect(dir.path))?.earlierBoot, new Set(["10.1.0.3"]));
});

Deno.test("inspectNetwork() finds an index that is no database", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, { ".index.db": "x".repeat(100) });
  assertEquals((await inspect(dir.path))?.index, { kind: "outdated" });
  const stamp = new Date(Date.now() - 3_000);
  for (const path of [dir.join(".index.db"), dir.path]) {
    await Deno.utime(path, stamp, stamp);
  }
  assertEquals((await inspect(dir.path))?.index.kind, "damaged");
});
