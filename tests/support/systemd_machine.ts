/**
 * systemd with this project's units, in namespaces of its own: what the units confine is confined
 * as on a node. Needs root and control groups of version 2.
 *
 * @module
 */

import { BackgroundProcess } from "../../tools/lab/background_process.ts";
import { waitUntil } from "../../tools/lab/waiting.ts";
import { REPO_ROOT } from "./binaries.ts";
import { missing } from "./requirements.ts";
import { TempDir } from "./temp_dir.ts";

const SYSTEMD = "/lib/systemd/systemd";
const TARGET = "cni-test.target";
/** Where the machine keeps what the services write to stderr. */
const LOG = "/run/services.log";

/** The first process: prepares the file system, and becomes systemd. */
const BOOT = `set -e
  folder=$1
  mount --make-rprivate /
  mount --bind /tmp /tmp
  mount --bind "$folder/bin" /opt
  umount --recursive /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  # systemd would leave /run writable if there were mounts below the new one.
  awk '$5 ~ "^/run(/|$)" { print $5 }' /proc/self/mountinfo | sort --reverse |
    while read -r path; do umount --lazy "$path" || true; done
  mount -t tmpfs tmpfs /run
  mount -t proc proc /proc
  # systemd must not change the host: its files, and settings of the kernel.
  for path in /etc /var /proc/sys; do
    mount --bind $path $path
    mount -o remount,bind,ro $path
  done
  mount --bind "$folder/units" /etc/systemd/system
  mount --make-rshared /
  exec env -i PATH="$PATH" container=other \\
    ${SYSTEMD} --system --unit=${TARGET} --log-target=null --show-status=no`;

/** What runs in a machine. */
export interface MachineOptions {
  /** The units to start. All units of systemd/ are there. */
  readonly start: readonly string[];
  /** The files in /opt/cni/bin: name to path. */
  readonly executables: Readonly<Record<string, string>>;
  /** The drop-ins of units: the unit to the text. */
  readonly dropIns?: Readonly<Record<string, string>>;
}

/** The outcome of a command. */
export interface MachineOutcome {
  readonly code: number;
  readonly stdout: string;
}

/** A running systemd. */
export class SystemdMachine implements AsyncDisposable {
  /** Runs a command in all namespaces of the machine. */
  readonly enter: readonly string[];
  readonly #process: BackgroundProcess;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    process: BackgroundProcess,
    stack: AsyncDisposableStack,
  ) {
    this.#process = process;
    this.#stack = stack;
    this.enter = [
      ...["nsenter", `--target=${process.pid}`, "--mount", "--net", "--uts"],
      ...[
        "--ipc",
        "--cgroup",
        `--pid=/proc/${process.pid}/ns/pid_for_children`,
      ],
    ];
  }

  /** Starts systemd, and waits until the units are active. */
  static async start(options: MachineOptions): Promise<SystemdMachine> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(new TempDir());
    await prepare(folder, options);
    const group = `${await groupRoot()}/cni-ipam-test-${crypto.randomUUID()}`;
    stack.defer(() => removeGroup(group));
    const process = new BackgroundProcess([
      ...[
        "sh",
        "-c",
        'mkdir "$1" && echo $$ >"$1/cgroup.procs" && shift && exec "$@"',
      ],
      ...["sh", group, "unshare", "--mount", "--pid", "--cgroup", "--ipc"],
      ...["--uts", "--net", "--fork", "--kill-child"],
      ...["sh", "-c", BOOT, "sh", folder.path],
    ], { logFile: folder.join("boot.log") });
    await process.start();
    // unshare(1) ignores SIGTERM. Its end kills systemd, and so all processes of the machine.
    stack.defer(async () => {
      await process.end("SIGKILL");
    });
    const machine = new SystemdMachine(process, stack.move());
    try {
      for (const unit of [TARGET, ...options.start]) {
        await machine.untilActive(unit);
      }
      return machine;
    } catch (error) {
      const log = `${process.log}\n${await machine.log()}`;
      await machine[Symbol.asyncDispose]();
      throw new Error(`No machine with ${options.start.join()}: ${log}`, {
        cause: error,
      });
    }
  }

  /** Waits until systemd considers a unit started. */
  async untilActive(unit: string): Promise<void> {
    await waitUntil(`active ${unit}`, async () => {
      const { stdout } = await this.run(["systemctl", "is-active", unit]);
      return stdout === "active\n";
    });
  }

  /** Runs a command in the machine. */
  async run(
    command: readonly string[],
    { stdin = "", env = {} }: {
      readonly stdin?: string;
      readonly env?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<MachineOutcome> {
    const [program = "", ...args] = [...this.enter, ...command];
    const child = new Deno.Command(program, {
      args,
      env: { ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin))
      .then(() => writer.close())
      .catch(() => {
        // It has ended without reading.
      });
    const { code, stdout } = await child.output();
    return { code, stdout: new TextDecoder().decode(stdout) };
  }

  /** Runs a command that must succeed. @returns Its stdout. */
  async must(command: readonly string[]): Promise<string> {
    const { code, stdout } = await this.run(command);
    if (code !== 0) throw new Error(`${command.join(" ")}: status ${code}`);
    return stdout;
  }

  /** What the services wrote to stderr. */
  async log(): Promise<string> {
    return (await this.run(["cat", LOG])).stdout;
  }

  /** Returns a property of a unit, as systemctl(1) shows it. */
  async property(unit: string, name: string): Promise<string> {
    const value = await this.must([
      ...["systemctl", "show", `--property=${name}`, "--value", unit],
    ]);
    return value.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Writes the units, and links the executables. */
async function prepare(
  folder: TempDir,
  { start, executables, dropIns = {} }: MachineOptions,
): Promise<void> {
  await Deno.mkdir(folder.join("units"));
  for await (const { name } of Deno.readDir(`${REPO_ROOT}/systemd`)) {
    const text = await Deno.readTextFile(`${REPO_ROOT}/systemd/${name}`);
    await Deno.writeTextFile(
      folder.join(`units/${name}`),
      // Otherwise they would start the services of the host.
      text.replace("[Unit]\n", "[Unit]\nDefaultDependencies=no\n")
        .replace("[Service]\n", `[Service]\nStandardError=append:${LOG}\n`),
    );
  }
  for (const [unit, text] of Object.entries(dropIns)) {
    await Deno.mkdir(folder.join(`units/${unit}.d`));
    await Deno.writeTextFile(folder.join(`units/${unit}.d/test.conf`), text);
  }
  await Deno.writeTextFile(
    folder.join(`units/${TARGET}`),
    `[Unit]\nDefaultDependencies=no\nWants=${start.join(" ")}\n`,
  );
  await Deno.mkdir(folder.join("bin/cni/bin"), { recursive: true });
  for (const [name, path] of Object.entries(executables)) {
    await Deno.copyFile(path, folder.join(`bin/cni/bin/${name}`));
  }
}

/** Returns where control groups of version 2 are, in which a process can be put. */
async function groupRoot(): Promise<string> {
  const { stdout } = await new Deno.Command("findmnt", {
    args: [
      "--noheadings",
      "--output=TARGET",
      "--types=cgroup2",
      "--first-only",
    ],
  }).output();
  const path = new TextDecoder().decode(stdout).trim();
  if (path === "") throw new Error("no control groups of version 2");
  return path;
}

/**
 * Removes a control group and those in it, once their processes have ended. In a program: Deno
 * denies paths below /sys.
 */
async function removeGroup(group: string): Promise<void> {
  await waitUntil(`removal of ${group}`, async () => {
    const { success } = await new Deno.Command("sh", {
      args: [
        ...["-c", 'find "$1" -depth -type d -exec rmdir {} +; ! test -d "$1"'],
        ...["sh", group],
      ],
      stderr: "null",
    }).output();
    return success;
  });
}

/** Returns why no machine can be started here; undefined if one can. */
export async function reasonAgainstSystemd(): Promise<string | undefined> {
  const reason = missing(
    "root",
    "command:unshare",
    "command:nsenter",
    "command:findmnt",
    "command:systemctl",
    `binary:${SYSTEMD}`,
  );
  if (reason !== undefined) return reason;
  try {
    const machine = await SystemdMachine.start({ start: [], executables: {} });
    await machine[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
