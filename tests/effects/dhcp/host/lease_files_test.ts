import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import { parseLeaseOptions } from "../../../../lib/dhcp/config/lease_options.ts";
import type { LeaseRecord } from "../../../../lib/dhcp/daemon/lease_record.ts";
import { writeReleaseNote } from "../../../../lib/dhcp/host/plugin_ports.ts";
import { LeaseFiles } from "../../../../lib/dhcp/host/lease_files.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { TempDir } from "../../../support/temp_dir.ts";

const NOW_MS = 1_800_000_000_000;
const NAME = "0123456789abcdef0123456789abcdef";
const ATTACHMENT = { containerId: "c1", networkName: "net", ifName: "eth0" };

function open(directory: TempDir): LeaseFiles {
  const path = directory.join("state");
  return new LeaseFiles(
    { stateDir: path, noteDir: path },
    (bytes) => createHash("sha256").update(bytes).digest(),
    {
      nowMs: () => 0,
      wallMs: () => NOW_MS,
      timer: () => {
        throw new Error("not asked for");
      },
    },
  );
}

for (
  const { name, file, ageMs, stays } of [
    {
      name: "what a killed daemon left of a lease",
      file: `.${NAME}.lease.tmp`,
      ageMs: 0,
      stays: false,
    },
    {
      name: "a note that a plugin may be writing",
      file: `.${NAME}.release.4711.tmp`,
      ageMs: 59_000,
      stays: true,
    },
    {
      name: "what a killed plugin left of a note",
      file: `.${NAME}.release.4711.tmp`,
      ageMs: 61_000,
      stays: false,
    },
    {
      name: "what a plugin of an earlier version left of a note",
      file: `.${NAME}.release.tmp`,
      ageMs: 61_000,
      stays: false,
    },
    {
      name: "a note from the future, where clocks differ",
      file: `.${NAME}.release.4711.tmp`,
      ageMs: -3_600_000,
      stays: true,
    },
  ]
) {
  Deno.test(`LeaseFiles ${stays ? "leave" : "remove"} ${name}`, () => {
    using directory = new TempDir();
    const leases = open(directory);
    const path = directory.join(`state/${file}`);
    Deno.writeTextFileSync(path, "{");
    const time = new Date(NOW_MS - ageMs);
    Deno.utimeSync(path, time, time);
    const found = [leases.readTombstones().oddities, leases.readAll().oddities];
    assertEquals(found, [[], []]);
    const left = [...Deno.readDirSync(directory.join("state"))];
    assertEquals(left.map((entry) => entry.name), stays ? [file] : []);
  });
}

Deno.test("the plugin writes a note beside another plugin that is at it", async () => {
  using directory = new TempDir();
  const leases = open(directory);
  const socketPath = directory.join("state.sock");
  await writeReleaseNote(socketPath, ATTACHMENT);
  const state = Deno.readDir(directory.join("state"));
  const [note = ""] = (await Array.fromAsync(state)).map(({ name }) => name);
  const others = [`.${note}.1.tmp`, `.${note}.tmp`].map((name) =>
    directory.join(`state/${name}`)
  );
  for (const path of others) await Deno.writeTextFile(path, "{");
  await writeReleaseNote(socketPath, ATTACHMENT);
  for (const path of others) assertEquals(await Deno.readTextFile(path), "{");
  assertEquals(leases.readTombstones().attachments, [ATTACHMENT]);
});

Deno.test("LeaseFiles.read() takes a lease for what its name says, and nothing else", () => {
  using directory = new TempDir();
  const leases = open(directory);
  const other = { ...ATTACHMENT, containerId: "c2" };
  const record: LeaseRecord = {
    attachment: ATTACHMENT,
    place: {
      netnsPath: "/ns/a",
      netns: { device: "0:4", inode: "1" },
      ifName: "eth0",
    },
    identity: {
      htype: 1,
      chaddr: new Uint8Array(6),
      clientIdentifier: Uint8Array.of(0, 1),
    },
    options: parseLeaseOptions(new JsonObject({}, "")),
    grant: {
      kind: "offered",
      offer: { address: ip("192.0.2.50"), server: ip("192.0.2.1") },
    },
    bootId: "boot",
    isLost: false,
    wasSeen: false,
    change: undefined,
  };
  assertEquals(leases.read(ATTACHMENT), undefined);
  leases.write({ ...record, attachment: other });
  const [{ name } = { name: "" }] = Deno.readDirSync(directory.join("state"));
  leases.write(record);
  assertEquals(leases.read(ATTACHMENT), record);
  const [own] = [...Deno.readDirSync(directory.join("state"))]
    .filter((entry) => entry.name !== name);
  Deno.copyFileSync(
    directory.join(`state/${own?.name}`),
    directory.join(`state/${name}`),
  );
  assertEquals(leases.read(other), undefined);
});
