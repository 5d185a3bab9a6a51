import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { StateLock } from "../../../../lib/dhcp/host/state_lock.ts";
import { TempDir } from "../../../support/temp_dir.ts";

Deno.test("StateLock refuses a directory that another daemon uses, names its process, and waits for it to end", async () => {
  using directory = new TempDir();
  const path = directory.join("state");
  const first = await StateLock.acquire(path);
  const error = await assertRejects(() => StateLock.acquire(path), SystemError);
  assertEquals(
    [error.message, error.advice],
    [
      `flock ${path}: another daemon uses it (process ${Deno.pid})`,
      `stop process ${Deno.pid}, or choose another -socketpath and -statedir`,
    ],
  );
  const second = StateLock.acquire(path);
  first[Symbol.dispose]();
  using _second = await second;
});

Deno.test("StateLock makes a lock file that only its user can open", async () => {
  using directory = new TempDir();
  using _lock = await StateLock.acquire(directory.path);
  const { mode } = await Deno.stat(directory.join("lock"));
  assertEquals((mode ?? 0) & 0o777, 0o600);
  assertEquals(
    await Deno.readTextFile(directory.join("lock")),
    `${Deno.pid}\n`,
  );
});

Deno.test("StateLock ignores a lock of the directory that any user can hold", async () => {
  using directory = new TempDir();
  await Deno.chmod(directory.path, 0o755);
  using stranger = await Deno.open(directory.path);
  stranger.lockSync(true);
  using _lock = await StateLock.acquire(directory.path);
});

Deno.test("StateLock respects a lock of the directory that only its user can hold", async () => {
  using directory = new TempDir();
  await Deno.chmod(directory.path, 0o700);
  using earlier = await Deno.open(directory.path);
  earlier.lockSync(true);
  const error = await assertRejects(
    () => StateLock.acquire(directory.path),
    SystemError,
  );
  assertEquals(
    error.message,
    `flock ${directory.path}: another daemon uses it`,
  );
});

Deno.test("StateLock locks the directory for daemons that know no lock file", async () => {
  using directory = new TempDir();
  using _lock = await StateLock.acquire(directory.path);
  using other = await Deno.open(directory.path);
  assertEquals(other.tryLockSync(true), false);
});

for (
  const { name, remove } of [
    {
      name: "the directory is removed",
      remove: (path: string) => Deno.removeSync(path, { recursive: true }),
    },
    {
      name: "the lock file is removed",
      remove: (path: string) => Deno.removeSync(`${path}/lock`),
    },
    {
      name: "the directory is replaced",
      remove: (path: string) => {
        Deno.renameSync(path, `${path}.old`);
        Deno.mkdirSync(path);
      },
    },
  ]
) {
  Deno.test(`StateLock.restore() locks again if ${name}`, async () => {
    using directory = new TempDir();
    const path = directory.join("run/state");
    using lock = await StateLock.acquire(path);
    assertEquals(lock.restore(), false);
    remove(path);
    assertEquals([lock.restore(), lock.restore()], [true, false]);
    assertEquals(await Deno.readTextFile(`${path}/lock`), `${Deno.pid}\n`);
    const other = await Deno.open(`${path}/lock`);
    assertEquals(other.tryLockSync(true), false);
    other.close();
  });
}

Deno.test("StateLock.restore() fails if another daemon has the directory by then, and says which", async () => {
  using directory = new TempDir();
  const path = directory.join("state");
  using lock = await StateLock.acquire(path);
  await Deno.remove(path, { recursive: true });
  using _other = await StateLock.acquire(path);
  const { message } = assertThrows(() => lock.restore(), SystemError);
  assert(message.includes(`another daemon uses it (process ${Deno.pid})`));
});

Deno.test("StateLock locks a directory in which no lock file can be made, and says why", async () => {
  using directory = new TempDir();
  await Deno.mkdir(directory.join("lock"));
  using lock = await StateLock.acquire(directory.path);
  assert(lock.problem?.message.startsWith(`open ${directory.join("lock")}: `));
  await assertRejects(
    () => StateLock.acquire(directory.path),
    SystemError,
    "another daemon uses it",
  );
});
