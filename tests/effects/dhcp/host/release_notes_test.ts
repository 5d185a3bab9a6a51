import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import {
  ReleaseNotes,
  writeReleaseNote,
} from "../../../../lib/dhcp/host/release_notes.ts";
import { testRows } from "../../../support/rows.ts";
import { TempDir } from "../../../support/temp_dir.ts";

const NOW_MS = 1_800_000_000_000;
const NAME = "0123456789abcdef0123456789abcdef";
const ATTACHMENT = { containerId: "c1", networkName: "net", ifName: "eth0" };

function open(directory: TempDir): ReleaseNotes {
  return new ReleaseNotes(directory.join("state"), {
    digest: (bytes) => createHash("sha256").update(bytes).digest(),
    scheduler: { wallMs: () => NOW_MS },
  });
}

testRows("ReleaseNotes", [
  {
    name: "keeps a temporary file that a plugin may be writing",
    file: `.${NAME}.release.4711.tmp`,
    ageMs: 59_000,
    stays: true,
  },
  {
    name: "removes the temporary file of a killed plugin",
    file: `.${NAME}.release.4711.tmp`,
    ageMs: 61_000,
    stays: false,
  },
  {
    name: "removes the temporary file of a plugin of an earlier version",
    file: `.${NAME}.release.tmp`,
    ageMs: 61_000,
    stays: false,
  },
  {
    name: "keeps a temporary file from the future, where clocks differ",
    file: `.${NAME}.release.4711.tmp`,
    ageMs: -3_600_000,
    stays: true,
  },
], ({ file, ageMs, stays }) => {
  using directory = new TempDir();
  const path = directory.join(`state/${file}`);
  Deno.mkdirSync(directory.join("state"));
  Deno.writeTextFileSync(path, "{");
  const time = new Date(NOW_MS - ageMs);
  Deno.utimeSync(path, time, time);
  const none = { attachments: [], unusable: [] };
  assertEquals(open(directory).readAll(), none);
  const left = [...Deno.readDirSync(directory.join("state"))];
  assertEquals(left.map((entry) => entry.name), stays ? [file] : []);
});

Deno.test("ReleaseNotes reads nothing if there is no directory", () => {
  using directory = new TempDir();
  const none = { attachments: [], unusable: [] };
  assertEquals(open(directory).readAll(), none);
});

Deno.test("ReleaseNotes reports and keeps half of a release note", () => {
  using directory = new TempDir();
  const path = directory.join(`state/${NAME}.release`);
  Deno.mkdirSync(directory.join("state"));
  Deno.writeTextFileSync(path, "{");
  const { unusable } = open(directory).readAll();
  assertEquals(unusable.map((each) => each.path), [path]);
  assertEquals(Deno.readTextFileSync(path), "{");
});

Deno.test("writeReleaseNote() does not disturb another plugin that writes the same note", async () => {
  using directory = new TempDir();
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
  assertEquals(open(directory).readAll().attachments, [ATTACHMENT]);
});
