import { assert, assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import {
  type HeldLock,
  type LockOptions,
  NetworkLocks,
  probeLock,
} from "../../../../lib/host_local/store/network_lock.ts";
import { makeFifo } from "../../../support/fifo.ts";
import { testRows } from "../../../support/rows.ts";
import { TempDir } from "../../../support/temp_dir.ts";
import { rejectionOf, thrownBy } from "../../../unit/base/thrown.ts";

const PATIENT = { create: true, timeoutMs: 60_000 } as const;

/** Takes a lock as another process does: what this process holds keeps it out. */
function lockFile(
  path: string,
  options: LockOptions,
): Promise<HeldLock | undefined> {
  return new NetworkLocks().take(path, options);
}

async function take(
  path: string,
  locks = new NetworkLocks(),
): Promise<HeldLock> {
  const lock = await locks.take(path, PATIENT);
  assert(lock !== undefined);
  return lock;
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

function inodeOf(path: string): number | null {
  return Deno.lstatSync(path).ino;
}

Deno.test("take() creates an empty file with mode 0750", async () => {
  using directory = new TempDir();
  const path = directory.join("lock");
  using _file = await take(path);
  const { size, mode } = await Deno.lstat(path);
  assertEquals([size, (mode ?? 0) & 0o777], [0, 0o750 & ~Deno.umask()]);
});

Deno.test("take() locks an existing file and leaves it as it is", async () => {
  using directory = new TempDir();
  const path = directory.join("lock");
  await Deno.writeTextFile(path, "content", { mode: 0o600 });
  const before = inodeOf(path);
  (await take(path))[Symbol.dispose]();
  const { mode } = await Deno.lstat(path);
  assertEquals([
    await Deno.readTextFile(path),
    inodeOf(path),
    (mode ?? 0) & 0o777,
  ], ["content", before, 0o600 & ~Deno.umask()]);
});

Deno.test("take() creates nothing if `create` is false", async () => {
  using directory = new TempDir();
  const file = await lockFile(directory.join("lock"), {
    create: false,
    timeoutMs: 0,
  });
  assertEquals(file, undefined);
  assertEquals(namesIn(directory.path), []);
});

Deno.test("take() keeps other processes out until the lock is released", async () => {
  using directory = new TempDir();
  const path = directory.join("lock");
  const first = await take(path);
  using probe = await Deno.open(path);
  assertEquals(probe.tryLockSync(true), false);
  first[Symbol.dispose]();
  assertEquals(probe.tryLockSync(true), true);
});

Deno.test("take() waits for the holder", async () => {
  using directory = new TempDir();
  const path = directory.join("lock");
  const events: string[] = [];
  const holder = await take(path);
  const waiting = take(path).then((lock) => {
    events.push("taken");
    lock[Symbol.dispose]();
  });
  events.push("released");
  holder[Symbol.dispose]();
  await waiting;
  assertEquals(events, ["released", "taken"]);
});

Deno.test("take() waits for a holder of a shared lock", async () => {
  using directory = new TempDir();
  const path = directory.join("lock");
  await Deno.writeTextFile(path, "");
  const holder = await Deno.open(path);
  holder.lockSync(false);
  const waiting = take(path);
  holder.close();
  (await waiting)[Symbol.dispose]();
});

Deno.test("take() locks the new file if the old one is replaced during the wait", async () => {
  using directory = new TempDir();
  const path = directory.join("lock");
  const holder = await take(path);
  const waiting = take(path);
  await Deno.remove(path);
  await Deno.writeTextFile(path, "");
  holder[Symbol.dispose]();
  using lock = await waiting;
  assertEquals(lock.file.statSync().ino, inodeOf(path));
});

Deno.test("take() creates the file again if it is removed during the wait", async () => {
  using directory = new TempDir();
  const path = directory.join("lock");
  const holder = await take(path);
  const waiting = take(path);
  await Deno.remove(path);
  holder[Symbol.dispose]();
  using lock = await waiting;
  assertEquals(lock.file.statSync().ino, inodeOf(path));
});

Deno.test("take() returns undefined if the directory is removed during the wait", async () => {
  using directory = new TempDir();
  await Deno.mkdir(directory.join("net"));
  const path = directory.join("net/lock");
  const holder = await take(path);
  const waiting = lockFile(path, PATIENT);
  await Deno.remove(directory.join("net"), { recursive: true });
  holder[Symbol.dispose]();
  assertEquals(await waiting, undefined);
});

Deno.test("take() without `create` returns undefined if the directory is removed during the wait", async () => {
  using directory = new TempDir();
  await Deno.mkdir(directory.join("net"));
  const path = directory.join("net/lock");
  const holder = await take(path);
  const waiting = lockFile(path, { create: false, timeoutMs: 60_000 });
  await Deno.remove(directory.join("net"), { recursive: true });
  holder[Symbol.dispose]();
  assertEquals(await waiting, undefined);
});

// The wait continues after the timeout until the process ends, so this test leaves it behind.
Deno.test({
  name: "take() fails after its timeout with file, time and advice",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    using directory = new TempDir();
    const path = directory.join("lock");
    using _holder = await take(path);
    const startMs = performance.now();
    const rejection = await rejectionOf(() =>
      lockFile(path, { create: true, timeoutMs: 30 })
    );
    assert(performance.now() - startMs >= 29);
    assertEquals(rejection, {
      name: "SystemError",
      message: `flock ${path}: held by another process for more than 0.03 s`,
      advice: `to see which: fuser -v ${path}`,
    });
  },
});

Deno.test({
  name: "take() accepts a timeout of years",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    using directory = new TempDir();
    const path = directory.join("lock");
    const holder = await take(path);
    const patient = lockFile(path, { create: true, timeoutMs: 2 ** 40 })
      .catch((error: unknown) => error);
    await rejectionOf(() => lockFile(path, { create: true, timeoutMs: 30 }));
    holder[Symbol.dispose]();
    assertEquals(await patient instanceof SystemError, false);
  },
});

const WRONG = [
  {
    name: "a directory",
    plant: (path) => Deno.mkdirSync(path),
    reason: "is a directory",
  },
  {
    name: "a link to a file",
    plant: (path) => {
      Deno.writeTextFileSync(`${path}.target`, "");
      Deno.symlinkSync(`${path}.target`, path);
    },
    reason: "is not a regular file",
  },
  {
    name: "a dangling link",
    plant: (path) => Deno.symlinkSync(`${path}.target`, path),
    reason: "is not a regular file",
  },
  {
    name: "a FIFO",
    plant: makeFifo,
    reason: "is not a regular file",
  },
] as const satisfies readonly {
  name: string;
  plant: (path: string) => void;
  reason: string;
}[];

testRows(
  "take() and probeLock() refuse, and leave alone,",
  WRONG,
  async ({ plant, reason }) => {
    using directory = new TempDir();
    const path = directory.join("lock");
    plant(path);
    const before = namesIn(directory.path);
    const want = {
      name: "SystemError",
      message: `open ${path}: ${reason}`,
      advice: `remove ${path}`,
    };
    assertEquals(await rejectionOf(() => lockFile(path, PATIENT)), want);
    assertEquals(thrownBy(() => probeLock(path)), want);
    assertEquals(namesIn(directory.path), before);
  },
);

Deno.test("probeLock() accepts a missing file and creates none", () => {
  using directory = new TempDir();
  probeLock(directory.join("lock"));
  assertEquals([...Deno.readDirSync(directory.path)], []);
});

Deno.test("probeLock() accepts a locked file without waiting", async () => {
  using directory = new TempDir();
  using _holder = await take(directory.join("lock"));
  assertEquals(thrownBy(() => probeLock(directory.join("lock"))), undefined);
});

Deno.test("probeLock() releases the lock and leaves the times alone", async () => {
  using directory = new TempDir();
  const path = directory.join("lock");
  (await take(path))[Symbol.dispose]();
  const { atime, mtime } = await Deno.lstat(path);
  probeLock(path);
  const after = await Deno.lstat(path);
  assertEquals([after.atime, after.mtime], [atime, mtime]);
  using again = await Deno.open(path);
  assertEquals(again.tryLockSync(true), true);
});
