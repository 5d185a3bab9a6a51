import { assert, assertEquals } from "@std/assert";
import type { LogFields } from "../../../../lib/base/log_line.ts";
import { DaemonSocket } from "../../../../lib/dhcp/host/daemon_socket.ts";
import { DaemonFileCheck } from "../../../../lib/dhcp/host/file_check.ts";
import { PidFile } from "../../../../lib/sys/pid_file.ts";
import { writeReleaseNote } from "../../../../lib/dhcp/host/release_note_writer.ts";
import { ReleaseNotes } from "../../../../lib/dhcp/host/release_notes.ts";
import { StateLock } from "../../../../lib/dhcp/host/state_lock.ts";
import { EventLoop } from "../../../../lib/linux/event_loop.ts";
import { listenUnix } from "../../../../lib/linux/unix_listener.ts";
import { connectUnix } from "../../../../lib/sys/unix_client.ts";
import { testRows } from "../../../support/rows.ts";
import { TempDir } from "../../../support/temp_dir.ts";

const ATTACHMENT = { containerId: "c1", networkName: "net", ifName: "eth0" };
const LIMITS = { timeoutMs: 60_000, maxLineBytes: 100 };

/** The files of a daemon, and what a check does. */
class CheckedFiles implements AsyncDisposable {
  readonly directory = new TempDir();
  readonly socketPath = this.directory.join("run/d.sock");
  readonly pidPath = this.directory.join("pid");
  readonly stateDir = this.directory.join("run/d");
  /** What the check asked the daemon for. */
  readonly asked: string[] = [];
  readonly events: (LogFields & { readonly event: string })[] = [];
  readonly #stack = new AsyncDisposableStack();
  #check: DaemonFileCheck | undefined;

  static async open(): Promise<CheckedFiles> {
    const files = new CheckedFiles();
    await files.#open();
    return files;
  }

  async #open(): Promise<void> {
    const stack = this.#stack;
    const lock = stack.use(await StateLock.acquire(this.stateDir));
    const loop = stack.use(
      new EventLoop((error) => {
        throw error;
      }),
    );
    const socket = stack.use(
      new DaemonSocket(loop, listenUnix(this.socketPath), {
        maxLineBytes: 100,
        onConnection: async (connection) => {
          await connection.readLine(60_000);
          await connection.writeLine("here", 60_000);
          connection[Symbol.dispose]();
        },
      }),
    );
    const pidFile = stack.use(new PidFile(this.pidPath));
    const releaseNotes = new ReleaseNotes(this.stateDir, {
      digest: (bytes) => bytes.slice(0, 32),
      scheduler: { wallMs: () => Date.now() + 3_600_000 },
    });
    const metrics = undefined;
    const files = { locks: [lock], socket, pidFile, releaseNotes, metrics };
    this.#check = new DaemonFileCheck(files, {
      daemon: {
        storeLeases: () => void this.asked.push("storeLeases"),
        releaseNoted: () => {
          this.asked.push("releaseNoted");
          return Promise.resolve();
        },
      },
      log: (_level, event, fields) => this.events.push({ event, ...fields }),
    });
    // Otherwise a note that is written in the same tick of the kernel's clock changes no time.
    await Deno.utime(this.stateDir, 1e9, 1e9);
    // The first check looks for release notes in any case.
    await this.run();
    this.asked.splice(0);
  }

  async run(): Promise<void> {
    await this.#check?.run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    this.directory[Symbol.dispose]();
  }
}

testRows<{
  name: string;
  remove: (files: CheckedFiles) => void;
  restored: (files: CheckedFiles) => readonly string[];
  asked: readonly string[];
}>("DaemonFileCheck restores", [
  {
    name: "the socket file",
    remove: ({ socketPath }) => Deno.removeSync(socketPath),
    restored: ({ socketPath }) => [socketPath],
    asked: [],
  },
  {
    name: "a socket file that was replaced by a stale one",
    remove: ({ socketPath }) => {
      Deno.removeSync(socketPath);
      const stale = Deno.listen({ transport: "unix", path: `${socketPath}.x` });
      Deno.linkSync(`${socketPath}.x`, socketPath);
      stale.close();
    },
    restored: ({ socketPath }) => [socketPath],
    asked: [],
  },
  {
    name: "the pid file",
    remove: ({ pidPath }) => Deno.removeSync(pidPath),
    restored: ({ pidPath }) => [pidPath],
    asked: [],
  },
  {
    name: "the state directory with the leases",
    remove: ({ stateDir }) => Deno.removeSync(stateDir, { recursive: true }),
    restored: ({ stateDir }) => [stateDir],
    asked: ["storeLeases", "releaseNoted"],
  },
  {
    name: "everything",
    remove: ({ directory, pidPath }) => {
      Deno.removeSync(directory.join("run"), { recursive: true });
      Deno.removeSync(pidPath);
    },
    restored: (
      { stateDir, socketPath, pidPath },
    ) => [stateDir, socketPath, pidPath],
    asked: ["storeLeases", "releaseNoted"],
  },
], async ({ remove, restored, asked }) => {
  await using files = await CheckedFiles.open();
  remove(files);
  await files.run();
  await files.run();
  assertEquals(
    files.events,
    restored(files).map((path) => ({ event: "file-restored", path })),
  );
  assertEquals(files.asked, asked);
  using client = await connectUnix(files.socketPath);
  assertEquals(await client.call("who", LIMITS), "here");
});

Deno.test("DaemonFileCheck finds nothing to do while the files are in place", async () => {
  await using files = await CheckedFiles.open();
  await files.run();
  await files.run();
  assertEquals([files.events, files.asked], [[], []]);
});

Deno.test("DaemonFileCheck has the leases released for which plugins left notes", async () => {
  await using files = await CheckedFiles.open();
  await writeReleaseNote(files.socketPath, ATTACHMENT);
  await files.run();
  assertEquals([files.events, files.asked], [[], ["releaseNoted"]]);
});

Deno.test("DaemonFileCheck says once why it cannot restore a file, and restores it later", async () => {
  await using files = await CheckedFiles.open();
  await Deno.remove(files.socketPath);
  await Deno.mkdir(files.socketPath);
  await files.run();
  await files.run();
  const [event, ...others] = files.events.splice(0);
  assertEquals([event?.event, event?.["path"], others], [
    "file-not-restored",
    files.socketPath,
    [],
  ]);
  assert(String(event?.["reason"]).endsWith("address already in use"));
  await Deno.remove(files.socketPath);
  await files.run();
  assertEquals(files.events, [
    { event: "file-restored", path: files.socketPath },
  ]);
});

Deno.test("DaemonFileCheck leaves the socket of another daemon in place, and names its process", async () => {
  await using files = await CheckedFiles.open();
  await Deno.remove(files.socketPath);
  using _other = Deno.listen({ transport: "unix", path: files.socketPath });
  await files.run();
  assertEquals(
    files.events.map(({ event, advice }) => [event, advice]),
    [[
      "file-not-restored",
      `process ${Deno.pid} is listening there; stop it, or choose another path`,
    ]],
  );
});
