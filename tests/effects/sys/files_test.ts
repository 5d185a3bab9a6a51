import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import {
  attempt,
  createFile,
  exposureOf,
  lstat,
  OversizeError,
  readNamedFile,
  readSmallFile,
  removeFile,
  renameFile,
  syncDirectory,
  tryRemoveFile,
} from "../../../lib/sys/files.ts";
import { makeFifo } from "../../support/fifo.ts";
import { testRows } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { factsOf, thrownBy } from "../../unit/base/thrown.ts";

const MAX_BYTES = 100_000;

function systemError(message: string): Record<string, unknown> {
  return { name: "SystemError", message, advice: "" };
}

// The reason is the operating system's, without what Deno adds.
const FAILURES = [
  {
    name: "readNamedFile()",
    run: (path) => void readNamedFile(path, MAX_BYTES),
    want: "open PATH: no such file or directory",
  },
  {
    name: "renameFile()",
    run: (path) => renameFile(path, `${path}2`),
    want: "rename PATH: no such file or directory",
  },
  {
    name: "syncDirectory()",
    run: (path) => syncDirectory(path),
    want: "fsync PATH: no such file or directory",
  },
  {
    name: "createFile()",
    run: (path) => createFile(`${path}/x`, "", 0o600),
    want: "create PATH/x: no such file or directory",
  },
] as const satisfies readonly {
  name: string;
  run: (path: string) => void;
  want: string;
}[];

for (const { name, run, want } of FAILURES) {
  Deno.test(`${name} throws operation, path and reason`, () => {
    using directory = new TempDir();
    const path = directory.join("nope");
    assertEquals(
      thrownBy(() => run(path)),
      systemError(want.replace("PATH", path)),
    );
  });
}

Deno.test("removeFile() throws if a file cannot be removed", () => {
  using directory = new TempDir();
  Deno.mkdirSync(directory.join("full"));
  Deno.writeTextFileSync(directory.join("full/x"), "");
  const { name, message } =
    thrownBy(() => removeFile(directory.join("full"))) ?? {};
  assertEquals([name, message], [
    "SystemError",
    `unlink ${directory.join("full")}: directory not empty`,
  ]);
  assertEquals(tryRemoveFile(directory.join("full")), false);
});

Deno.test("removeFile() and tryRemoveFile() accept a missing file", () => {
  using directory = new TempDir();
  assertEquals(thrownBy(() => removeFile(directory.join("nope"))), undefined);
  assertEquals(tryRemoveFile(directory.join("nope")), true);
});

Deno.test("removeFile() removes a symbolic link and not its target", () => {
  using directory = new TempDir();
  Deno.writeTextFileSync(directory.join("target"), "");
  Deno.symlinkSync(directory.join("target"), directory.join("link"));
  removeFile(directory.join("link"));
  assertEquals([...Deno.readDirSync(directory.path)].map(({ name }) => name), [
    "target",
  ]);
});

Deno.test("lstat() returns undefined for a missing file and does not follow links", () => {
  using directory = new TempDir();
  Deno.symlinkSync(directory.join("nothing"), directory.join("link"));
  assertEquals(lstat(directory.join("nothing")), undefined);
  assertEquals(lstat(directory.join("link"))?.isSymlink, true);
});

for (const size of [0, 1, 1023, 1024, 1025, 100_000]) {
  Deno.test(`createFile() writes and readSmallFile() reads ${size} bytes`, () => {
    using directory = new TempDir();
    const path = directory.join("file");
    const content = "é".repeat(Math.floor(size / 2)) + "x".repeat(size % 2);
    createFile(path, content, 0o640);
    assertEquals(readSmallFile(path, MAX_BYTES), content);
    assertEquals(readNamedFile(path, MAX_BYTES), content);
    const { mode } = Deno.lstatSync(path);
    assertEquals((mode ?? 0) & 0o777, 0o640 & ~Deno.umask());
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

const OWN = Deno.uid();

testRows("exposureOf() finds a directory", [
  { name: "of root private", uid: 0, mode: 0o755, want: undefined },
  { name: "of this user private", uid: OWN, mode: 0o700, want: undefined },
  {
    name: "that others can read private",
    uid: OWN,
    mode: 0o775 & ~0o20,
    want: undefined,
  },
  {
    name: "that its group can write exposed",
    uid: 0,
    mode: 0o775,
    want: "writable by other users",
  },
  {
    name: "that others can write exposed",
    uid: 0,
    mode: 0o1777,
    want: "writable by other users",
  },
  {
    name: "of another user exposed",
    uid: 4711,
    mode: 0o755,
    want: "owned by user 4711",
  },
], ({ uid, mode, want }) => assertEquals(exposureOf({ uid, mode }), want));

Deno.test("createFile() does not touch an existing file", () => {
  using directory = new TempDir();
  const path = directory.join("file");
  Deno.writeTextFileSync(path, "old");
  const { name } = thrownBy(() => createFile(path, "new", 0o600)) ?? {};
  assertEquals([name, Deno.readTextFileSync(path)], ["SystemError", "old"]);
});

Deno.test("renameFile() replaces another file", () => {
  using directory = new TempDir();
  Deno.writeTextFileSync(directory.join("a"), "new");
  Deno.writeTextFileSync(directory.join("b"), "old");
  renameFile(directory.join("a"), directory.join("b"));
  assertEquals(Deno.readTextFileSync(directory.join("b")), "new");
});

Deno.test("attempt() rethrows a SystemError unchanged", () => {
  const error = new SystemError("flock x: held", { advice: "wait" });
  const thrown = thrownBy(() =>
    attempt("open", "/p", () => {
      throw error;
    })
  );
  assertEquals(thrown, factsOf(error));
});

Deno.test("attempt() returns what the body returns", () => {
  assertEquals(attempt("open", "/p", () => 7), 7);
});
