import { assert, assertEquals, assertRejects } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import {
  type HeldLock,
  type LockOptions,
  NetworkLocks,
} from "../../../../lib/host_local/store/network_lock.ts";
import { waitUntil } from "../../../../tools/lab/waiting.ts";
import { LockHolder } from "../../../support/lock_holder.ts";
import { testRows } from "../../../support/rows.ts";
import { TempDir } from "../../../support/temp_dir.ts";
import { rejectionOf } from "../../../unit/base/thrown.ts";

const PATIENT: LockOptions = { create: true, timeoutMs: 60_000 };
const HASTY: LockOptions = { create: true, timeoutMs: 30 };

/** The locks of one process, and one lock file. */
class Scene implements Disposable {
  readonly #directory = new TempDir();
  readonly locks = new NetworkLocks();
  readonly path = this.#directory.join("lock");
  readonly events: string[] = [];

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }

  /** Takes the lock. */
  async take(options = PATIENT): Promise<HeldLock> {
    const lock = await this.locks.take(this.path, options);
    assert(lock !== undefined);
    return lock;
  }

  /** Takes the lock, notes `name`, and releases it. */
  async pass(name: string, options = PATIENT): Promise<void> {
    using _lock = await this.take(options);
    this.events.push(name);
  }

  /** Fails to take the lock. @returns Why. */
  async refused(options: LockOptions): Promise<unknown> {
    return (await rejectionOf(() => this.take(options)))?.["message"];
  }

  get heldTooLong(): string {
    return `flock ${this.path}: held by another process for more than 0.03 s`;
  }

  /** How many processes and threads wait for the lock, or hold it. */
  waits(): Waits {
    return waitsFor([this.path]);
  }

  /** Returns once so many threads wait for the lock in the kernel. */
  async untilWaiting(count: number): Promise<void> {
    while (this.waits().waiting !== count) await turn();
  }
}

/** Processes and threads that have locks, and that wait for them. */
interface Waits {
  readonly held: number;
  readonly waiting: number;
}

function waitsFor(paths: readonly string[]): Waits {
  const inodes = paths.map((path) => `:${Deno.statSync(path).ino} `);
  const { stdout } = new Deno.Command("cat", { args: ["/proc/locks"] })
    .outputSync();
  const lines = new TextDecoder().decode(stdout).split("\n")
    .filter((line) => inodes.some((inode) => line.includes(inode)));
  const waiting = lines.filter((line) => line.includes("->")).length;
  return { held: lines.length - waiting, waiting };
}

/** Locks a file as another process would. */
function lockNewFile(path: string): Deno.FsFile {
  const options = { read: true, write: true, createNew: true };
  const file = Deno.openSync(path, options);
  file.lockSync(true);
  return file;
}

/** Lets other work happen. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

Deno.test("calls of one process take a lock in the order in which they ask", async () => {
  using scene = new Scene();
  const first = await scene.take();
  const names = ["a", "b", "c", "d"];
  const passed = names.map((name) => scene.pass(name));
  first[Symbol.dispose]();
  await Promise.all(passed);
  assertEquals(scene.events, names);
});

Deno.test("calls of one process wait for each other without the kernel", async () => {
  using scene = new Scene();
  const first = await scene.take();
  const passed = ["a", "b", "c"].map((name) => scene.pass(name));
  await turn();
  assertEquals(scene.waits(), { held: 1, waiting: 0 });
  first[Symbol.dispose]();
  await Promise.all(passed);
});

Deno.test("one call of a process waits in the kernel for another process", async () => {
  using scene = new Scene();
  const passed: Promise<void>[] = [];
  {
    await using _holder = await LockHolder.take(scene.path);
    for (const name of ["a", "b", "c"]) passed.push(scene.pass(name));
    await scene.untilWaiting(1);
    await turn();
    assertEquals(scene.waits(), { held: 1, waiting: 1 });
  }
  await Promise.all(passed);
  assertEquals(scene.events, ["a", "b", "c"]);
});

Deno.test("the lock of another network is not waited for", async () => {
  using scene = new Scene();
  const passed: Promise<void>[] = [];
  {
    await using _holder = await LockHolder.take(scene.path);
    passed.push(scene.pass("busy"));
    await scene.untilWaiting(1);
    using other = await scene.locks.take(`${scene.path}.other`, PATIENT);
    assert(other !== undefined);
  }
  await Promise.all(passed);
});

Deno.test("a call that waits too long for another call leaves the queue", async () => {
  using scene = new Scene();
  const first = await scene.take();
  const hasty = scene.refused(HASTY);
  const passed = scene.pass("patient");
  assertEquals(await hasty, scene.heldTooLong);
  first[Symbol.dispose]();
  await passed;
  assertEquals(scene.events, ["patient"]);
});

Deno.test("the wait of a call that gave up is taken over by the next", async () => {
  using scene = new Scene();
  const passed: Promise<void>[] = [];
  {
    await using _holder = await LockHolder.take(scene.path);
    assertEquals(await scene.refused(HASTY), scene.heldTooLong);
    // Its thread may not have begun to wait.
    await scene.untilWaiting(1);
    assertEquals(await scene.refused(HASTY), scene.heldTooLong);
    assertEquals(scene.waits(), { held: 1, waiting: 1 });
    passed.push(scene.pass("patient"));
    await turn();
    assertEquals(scene.waits(), { held: 1, waiting: 1 });
  }
  await Promise.all(passed);
  assertEquals(scene.events, ["patient"]);
  assertEquals(scene.waits(), { held: 0, waiting: 0 });
});

Deno.test("the wait of a call that gave up ends with the lock released", async () => {
  using scene = new Scene();
  {
    await using _holder = await LockHolder.take(scene.path);
    await scene.refused(HASTY);
    await scene.untilWaiting(1);
    assertEquals(scene.waits(), { held: 1, waiting: 1 });
  }
  // Another process may take the lock before the thread that waited has run.
  await waitUntil("end of the wait", async () => {
    await using _next = await LockHolder.take(scene.path);
    return scene.waits().waiting === 0;
  });
});

Deno.test("a wait for a lock file that was replaced is not taken over", async () => {
  using scene = new Scene();
  await using _holder = await LockHolder.take(scene.path);
  await scene.refused(HASTY);
  await Deno.remove(scene.path);
  // Without waiting for the process that still holds the old file.
  await scene.pass("new file");
  assertEquals(scene.events, ["new file"]);
});

Deno.test("calls that wait for many networks leave threads for the others", async () => {
  using directory = new TempDir();
  const locks = new NetworkLocks();
  const paths = Array.from(
    { length: 20 },
    (_, index) => directory.join(String(index)),
  );
  const last = directory.join("last");
  const pass = async (path: string): Promise<void> => {
    using lock = await locks.take(path, PATIENT);
    assert(lock !== undefined);
  };
  const passed: Promise<void>[] = [];
  {
    using holders = new DisposableStack();
    for (const path of [...paths, last]) holders.use(lockNewFile(path));
    passed.push(...paths.map(pass));
    await assertRejects(
      () => locks.take(last, HASTY),
      SystemError,
      `flock ${last}: held by another process for more than 0.03 s`,
    );
    while (waitsFor(paths).waiting < 8) await turn();
    await turn();
    assertEquals(waitsFor(paths), { held: 20, waiting: 8 });
  }
  await Promise.all(passed);
});

testRows(
  "a call whose caller disconnects gives up",
  [
    { name: "before it asks", when: "before" },
    { name: "while another call has the lock", when: "queued" },
    { name: "while another process has the lock", when: "kernel" },
  ] as const,
  async ({ when }) => {
    using scene = new Scene();
    const controller = new AbortController();
    const caller = { hungUp: controller.signal, sinceMs: performance.now() };
    await using cleanup = new AsyncDisposableStack();
    if (when === "kernel") {
      cleanup.use(await LockHolder.take(scene.path));
    } else {
      cleanup.use(await scene.take());
    }
    if (when === "before") controller.abort();
    const refused = scene.refused({ ...PATIENT, caller });
    if (when === "kernel") await scene.untilWaiting(1);
    controller.abort();
    assertEquals(
      await refused,
      `flock ${scene.path}: the caller has disconnected`,
    );
    const passed = scene.pass("next");
    await cleanup.disposeAsync();
    await passed;
    assertEquals(scene.events, ["next"]);
    assertEquals(scene.waits(), { held: 0, waiting: 0 });
  },
);

Deno.test("a call that cannot open the lock lets the next one try", async () => {
  using scene = new Scene();
  const first = await scene.take();
  await Deno.remove(scene.path);
  await Deno.mkdir(scene.path);
  const refused = scene.refused(PATIENT);
  const again = scene.refused(PATIENT);
  first[Symbol.dispose]();
  const want = `open ${scene.path}: is a directory`;
  assertEquals([await refused, await again], [want, want]);
});

testRows("after this process was stopped, the lock is", [
  {
    name: "not taken for a caller that has disconnected meanwhile",
    isGone: true,
    want: false,
  },
  { name: "taken for a caller that is still there", isGone: false, want: true },
], async ({ isGone, want }) => {
  using scene = new Scene();
  const controller = new AbortController();
  const caller = {
    hungUp: controller.signal,
    sinceMs: performance.now() - 15_000,
  };
  // The event loop has not noticed it yet.
  if (isGone) setTimeout(() => controller.abort(), 1);
  const options = { ...PATIENT, caller };
  const reason = `flock ${scene.path}: the caller has disconnected`;
  if (want) await scene.pass("late", options);
  else assertEquals(await scene.refused(options), reason);
  assertEquals(scene.waits(), { held: 0, waiting: 0 });
});
