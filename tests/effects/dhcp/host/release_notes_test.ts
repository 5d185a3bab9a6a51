import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { writeReleaseNote } from "../../../../lib/dhcp/host/release_note_writer.ts";
import { ReleaseNotes } from "../../../../lib/dhcp/host/release_notes.ts";
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

testRows<{
  name: string;
  path: string;
  prepare: (path: string) => void;
  isWritten: boolean;
}>("writeReleaseNote() writes a note only where a daemon can listen:", [
  {
    name: "the directory exists and the socket does not",
    path: "d.sock",
    prepare: () => {},
    isWritten: true,
  },
  {
    name: "a socket is left behind",
    path: "d.sock",
    prepare: (path) => {
      const socket = Deno.listen({ transport: "unix", path: `${path}.x` });
      Deno.linkSync(`${path}.x`, path);
      socket.close();
    },
    isWritten: true,
  },
  {
    name: "the directory does not exist",
    path: "deep/d.sock",
    prepare: () => {},
    isWritten: false,
  },
  {
    name: "the directory is a file",
    path: "file/d.sock",
    prepare: (path) => Deno.writeTextFileSync(dirname(path), ""),
    isWritten: false,
  },
  {
    name: "a file is below a file",
    path: "file/deep/d.sock",
    prepare: (path) => Deno.writeTextFileSync(dirname(dirname(path)), ""),
    isWritten: false,
  },
  {
    name: "the socket is a directory",
    path: "d.sock",
    prepare: (path) => Deno.mkdirSync(path),
    isWritten: false,
  },
  {
    name: "the socket is a regular file",
    path: "d.sock",
    prepare: (path) => Deno.writeTextFileSync(path, ""),
    isWritten: false,
  },
  {
    name: "the socket is a symbolic link",
    path: "d.sock",
    prepare: (path) => Deno.symlinkSync(`${path}.x`, path),
    isWritten: false,
  },
], async ({ path, prepare, isWritten }) => {
  using directory = new TempDir();
  const socketPath = directory.join(path);
  prepare(socketPath);
  const before = namesIn(directory);
  const written = await writeReleaseNote(socketPath, ATTACHMENT);
  assertEquals(written, isWritten);
  const added = namesIn(directory).filter((name) => !before.includes(name));
  assertEquals(added, isWritten ? ["d"] : []);
});

Deno.test("writeReleaseNote() writes no note for an abstract socket", async () => {
  assertEquals(await writeReleaseNote("@d.sock", ATTACHMENT), false);
});

function namesIn(directory: TempDir): string[] {
  return [...Deno.readDirSync(directory.path)].map(({ name }) => name);
}

function dirname(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

Deno.test("ReleaseNotes.hasChanged() tells of every new note", async () => {
  using directory = new TempDir();
  const socketPath = directory.join("state.sock");
  const notes = new ReleaseNotes(directory.join("state"), {
    digest: (bytes) => createHash("sha256").update(bytes).digest(),
    // Long after the notes, so that none is within the resolution of the file system's clock.
    scheduler: { wallMs: () => Date.now() + 3_600_000 },
  });
  assertEquals([notes.hasChanged(), notes.hasChanged()], [true, false]);
  await writeReleaseNote(socketPath, ATTACHMENT);
  assertEquals([notes.hasChanged(), notes.hasChanged()], [true, false]);
});

Deno.test("ReleaseNotes.hasChanged() looks again at a directory that was just changed", async () => {
  using directory = new TempDir();
  await writeReleaseNote(directory.join("state.sock"), ATTACHMENT);
  const notes = new ReleaseNotes(directory.join("state"), {
    digest: (bytes) => createHash("sha256").update(bytes).digest(),
    scheduler: { wallMs: () => Date.now() - 60_000 },
  });
  assertEquals([notes.hasChanged(), notes.hasChanged()], [true, true]);
});
