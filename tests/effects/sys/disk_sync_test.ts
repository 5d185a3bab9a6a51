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

/** Makes each fsync(2) of this process wait until it is released. */
class HeldSyncs implements Disposable {
  readonly #original = Deno.FsFile.prototype.sync;
  /** Ends the syncs that have begun, in order. */
  readonly begun: (() => void)[] = [];

  constructor() {
    Deno.FsFile.prototype.sync = () =>
      new Promise((resolve) => this.begun.push(resolve));
  }

  [Symbol.dispose](): void {
    Deno.FsFile.prototype.sync = this.#original;
  }

  /** Ends a sync that has begun. */
  end(index: number): void {
    this.begun[index]?.();
  }
}

Deno.test("BackgroundSync syncs a directory while that of another hangs", async () => {
  using hung = new TempDir();
  using other = new TempDir();
  using held = new HeldSyncs();
  const sync = new BackgroundSync();
  const hanging = sync.directory(hung.path);
  const synced = sync.directory(other.path);
  await settled();
  assertEquals(held.begun.length, 2);
  held.end(1);
  await synced;
  held.end(0);
  await hanging;
});

Deno.test("BackgroundSync syncs a directory once more for all that call during a sync", async () => {
  using directory = new TempDir();
  using held = new HeldSyncs();
  const sync = new BackgroundSync();
  const first = [1, 2].map(() => sync.directory(directory.path));
  await settled();
  const later = [1, 2].map(() => sync.directory(directory.path));
  await settled();
  assertEquals(held.begun.length, 1);
  held.end(0);
  await Promise.all(first);
  await settled();
  assertEquals(held.begun.length, 2);
  held.end(1);
  await Promise.all(later);
});

/**
 * Lets one turn of the event loop pass. What is left then waits for an event, because
 * {@link HeldSyncs} holds the only work that takes time.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
