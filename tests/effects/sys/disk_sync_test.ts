import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import {
  BackgroundSync,
  BLOCKING_SYNC,
  type DiskSync,
} from "../../../lib/sys/disk_sync.ts";
import { testRows } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";

/** Opens a file that fsync(2) refuses with EINVAL. */
function openBad(): Deno.FsFile {
  return Deno.openSync("/dev/null", { write: true });
}

function create(path: string): Deno.FsFile {
  return Deno.openSync(path, { write: true, createNew: true });
}

/** Both forms, as a call of either uses them. */
const FORMS: readonly { readonly name: string; readonly sync: DiskSync }[] = [
  { name: "BLOCKING_SYNC", sync: BLOCKING_SYNC },
  { name: "BackgroundSync", sync: new BackgroundSync() },
];

testRows("a file is synced and closed with", FORMS, async ({ sync }) => {
  using directory = new TempDir();
  const file = create(directory.join("file"));
  await sync.file(file, directory.join("file"));
  assertThrows(() => file.statSync(), Deno.errors.BadResource);
});

testRows("a directory is synced with", FORMS, async ({ sync }) => {
  using directory = new TempDir();
  await sync.directory(directory.path);
});

testRows(
  "a file that cannot be synced fails, and is closed, with",
  FORMS,
  async ({ sync }) => {
    const file = openBad();
    await assertRejects(
      async () => await sync.file(file, "/dev/null"),
      SystemError,
      "fsync /dev/null: invalid argument",
    );
    assertThrows(() => file.statSync(), Deno.errors.BadResource);
  },
);

testRows(
  "a directory that cannot be opened fails each time with",
  FORMS,
  async ({ sync }) => {
    using directory = new TempDir();
    const path = directory.join("missing");
    const again = async (): Promise<void> => await sync.directory(path);
    await assertRejects(again, SystemError, `fsync ${path}: no such file`);
    await assertRejects(again, SystemError, `fsync ${path}: no such file`);
  },
);

Deno.test("BackgroundSync syncs more files than there are threads for, and files that come later", async () => {
  using directory = new TempDir();
  const sync = new BackgroundSync();
  const one = (index: number): Promise<void> => {
    const path = directory.join(String(index));
    return sync.file(create(path), path);
  };
  const synced = await Promise.all(
    Array.from({ length: 40 }, (_, index) => one(index)),
  );
  assertEquals(synced.length, 40);
  await one(40);
});

Deno.test("BackgroundSync fails the files and directories that cannot be synced, and syncs the others", async () => {
  using directory = new TempDir();
  const sync = new BackgroundSync();
  const outcomes = await Promise.allSettled([
    sync.file(openBad(), "/dev/null"),
    sync.file(create(directory.join("good")), directory.join("good")),
    sync.directory(directory.join("missing")),
    sync.directory(directory.path),
    sync.directory(directory.path),
  ]);
  assertEquals(outcomes.map(({ status }) => status), [
    "rejected",
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
});
