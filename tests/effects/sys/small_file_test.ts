import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import {
  OversizeError,
  readNamedFile,
  readSmallFile,
} from "../../../lib/sys/small_file.ts";
import { makeFifo } from "../../support/fifo.ts";
import { testRows } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { thrownBy } from "../../unit/base/thrown.ts";

const MAX_BYTES = 100_000;

function systemError(message: string): Record<string, unknown> {
  return { name: "SystemError", message, advice: "" };
}

for (const size of [0, 1, 1023, 1024, 1025, 100_000]) {
  Deno.test(`readSmallFile() and readNamedFile() read ${size} bytes`, () => {
    using directory = new TempDir();
    const path = directory.join("file");
    const content = "é".repeat(Math.floor(size / 2)) + "x".repeat(size % 2);
    Deno.writeTextFileSync(path, content);
    assertEquals(readSmallFile(path, MAX_BYTES), content);
    assertEquals(readNamedFile(path, MAX_BYTES), content);
  });
}

Deno.test("readSmallFile() returns undefined for a missing file", () => {
  using directory = new TempDir();
  assertEquals(readSmallFile(directory.join("nope"), MAX_BYTES), undefined);
});

Deno.test("readSmallFile() throws if it cannot read", () => {
  using directory = new TempDir();
  const { name } = thrownBy(() => readSmallFile(directory.path, MAX_BYTES)) ??
    {};
  assertEquals(name, "SystemError");
});

const READERS = [
  { name: "readSmallFile()", read: readSmallFile },
  { name: "readNamedFile()", read: readNamedFile },
] as const;

for (const { name, read } of READERS) {
  testRows(`${name} refuses a file of more bytes than its limit of`, [
    { name: "0", limit: 0 },
    { name: "1023", limit: 1023 },
    { name: "1024", limit: 1024 },
    { name: "3000", limit: 3000 },
  ], ({ limit }) => {
    using directory = new TempDir();
    const path = directory.join("file");
    Deno.writeTextFileSync(path, "x".repeat(limit + 1));
    const error = assertThrows(() => read(path, limit), OversizeError);
    assertEquals(error.message, `read ${path}: more than ${limit} bytes`);
  });

  Deno.test(`${name} reads no more than its limit of a huge sparse file`, () => {
    using directory = new TempDir();
    const path = directory.join("file");
    Deno.writeTextFileSync(path, "");
    Deno.truncateSync(path, 2 ** 40);
    assertThrows(() => read(path, MAX_BYTES), OversizeError);
  });

  Deno.test(`${name} keeps a byte order mark`, () => {
    using directory = new TempDir();
    const path = directory.join("file");
    Deno.writeTextFileSync(path, "\ufeffc1");
    assertEquals(read(path, MAX_BYTES), "\ufeffc1");
  });

  testRows(`${name} refuses and does not wait for`, [
    { name: "a FIFO", special: "fifo" },
    { name: "a link to a FIFO", special: "link to fifo" },
    { name: "an endless device", special: "/dev/zero" },
  ], ({ special }) => {
    using directory = new TempDir();
    const fifo = directory.join("fifo");
    const link = directory.join("link");
    makeFifo(fifo);
    Deno.symlinkSync(fifo, link);
    const path = special === "fifo"
      ? fifo
      : special === "link to fifo"
      ? link
      : special;
    assertThrows(() => read(path, MAX_BYTES), SystemError);
  });
}

testRows("readNamedFile() does not open", [
  { name: "a device without content", path: "/dev/null" },
  { name: "a device with endless content", path: "/dev/zero" },
], ({ path }) => {
  assertEquals(
    thrownBy(() => readNamedFile(path, MAX_BYTES)),
    systemError(`open ${path}: is not a regular file`),
  );
});

Deno.test("readNamedFile() follows a symbolic link", () => {
  using directory = new TempDir();
  Deno.writeTextFileSync(directory.join("target"), "text");
  Deno.symlinkSync("target", directory.join("link"));
  assertEquals(readNamedFile(directory.join("link"), MAX_BYTES), "text");
});

Deno.test("readNamedFile() throws if there is no file", () => {
  using directory = new TempDir();
  const path = directory.join("nope");
  assertEquals(
    thrownBy(() => readNamedFile(path, MAX_BYTES)),
    systemError(`open ${path}: no such file or directory`),
  );
});

Deno.test("readSmallFile() throws the reason of the operating system", () => {
  using directory = new TempDir();
  Deno.writeTextFileSync(directory.join("file"), "");
  const path = directory.join("file/x");
  assertEquals(
    thrownBy(() => readSmallFile(path, MAX_BYTES)),
    systemError(`open ${path}: not a directory`),
  );
});
