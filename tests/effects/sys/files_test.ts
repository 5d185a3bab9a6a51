import { assertEquals } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import {
  attempt,
  createFile,
  exposureOf,
  lstat,
  removeFile,
  renameFile,
  syncDirectory,
  tryRemoveFile,
} from "../../../lib/sys/files.ts";
import { testRows } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { factsOf, thrownBy } from "../../unit/base/thrown.ts";

function systemError(message: string): Record<string, unknown> {
  return { name: "SystemError", message, advice: "" };
}

// The reason is the operating system's, without what Deno adds.
const FAILURES = [
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
    run: (path) =>
      createFile(`${path}/x`, "", { mode: 0o600, isDurable: true }),
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

Deno.test("createFile() writes its content, with its mode", () => {
  using directory = new TempDir();
  const path = directory.join("file");
  createFile(path, "é", { mode: 0o640, isDurable: true });
  assertEquals(Deno.readTextFileSync(path), "é");
  const { mode } = Deno.lstatSync(path);
  assertEquals((mode ?? 0) & 0o777, 0o640 & ~Deno.umask());
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
  const { name } =
    thrownBy(() => createFile(path, "new", { mode: 0o600, isDurable: true })) ??
      {};
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
