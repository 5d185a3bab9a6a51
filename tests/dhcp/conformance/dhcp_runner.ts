/** Runs the conformance cases of dhcp: a server, a link, a container and the daemon of one binary. @module */

import { substitute } from "../../host_local/conformance/case_format.ts";
import type { Target } from "../../host_local/conformance/compare_stdout.ts";
import {
  call,
  compareOutcome,
  expectationsFor,
} from "../../host_local/conformance/runner.ts";
import { BadServer } from "../../support/dhcp_bad_server.ts";
import { waitFor } from "../../../tools/lab/waiting.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import type { PluginOutcome } from "../../support/plugin_process.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { compareWire, withoutRepetitions } from "./compare_wire.ts";
import type { DhcpCase, DhcpStep } from "./dhcp_case.ts";
import { scriptOf } from "./scripted_server.ts";

/** The container's. */
const MAC = "02:00:5e:10:00:01";
/**
 * This project's tries end with the ADD, whose time the cases set; upstream's after this, or the rare one that has no answer
 * would take minutes. On a busy machine the scripted server may take a while.
 */
const PATIENCE: Readonly<Record<Target, readonly string[]>> = {
  here: [],
  upstream: ["-timeout", "5s"],
};

/** What the case is run with. */
export interface Side {
  readonly binary: string;
  readonly target: Target;
}

/** Runs all steps of a case; the problems of the first step that has any. */
export async function runDhcpCase(
  { server = {}, daemon = [], machineId, link = "up", steps }: DhcpCase,
  side: Side,
): Promise<string[]> {
  using directory = new TempDir();
  using host = new TestNetns();
  using container = new TestNetns();
  container.ip(
    `link add eth0 address ${MAC} type veth peer name eth0 netns ${host.name}`,
  );
  host.ip("addr add 192.0.2.1/24 dev eth0");
  host.ip("link set eth0 up");
  if (link === "up") {
    container.ip("link set eth0 up");
  }
  await using played = new BadServer(host, scriptOf(server));
  const values = {
    SOCKET: directory.join("dhcp.sock"),
    NETNS: container.path,
    SERVER_NETNS: host.path,
    DIR: directory.path,
  };
  await using _daemon = daemon === false
    ? undefined
    : await Daemon.start(side.binary, values.SOCKET, [
      ...machineId === undefined
        ? ["-socketpath", values.SOCKET]
        : prefixFlags(directory, machineId),
      ...PATIENCE[side.target],
      ...daemon,
    ]);
  for (const [index, template] of steps.entries()) {
    const step = substitute(template, values);
    const heard = played.wire.messages.length;
    const outcome = await call(step, {
      binary: side.binary,
      cwd: directory.path,
    });
    const attempts = expectationsFor(step, side.target) as readonly DhcpStep[];
    const problems = await lookAtAll(attempts, async (expected) => [
      ...compareOutcome(expected, { outcome, target: side.target }),
      ...await listen(expected, () => played.wire.messages.slice(heard)),
    ]);
    if (problems.length > 0) {
      return [...problems, `stderr: ${outcome.stderr}`]
        .map((problem) => `step ${index + 1}: ${problem}`);
    }
    if (step.attach !== undefined) attach(container, step.attach, outcome);
  }
  return [];
}

/** A host with another id, as a daemon in a container of its own sees it. @returns The flags that make it be seen. */
function prefixFlags(directory: TempDir, machineId: string): string[] {
  Deno.mkdirSync(directory.join("etc"));
  Deno.writeTextFileSync(directory.join("etc/machine-id"), `${machineId}\n`);
  // Namespaces are looked for below the prefix too.
  Deno.symlinkSync("/var", directory.join("var"));
  return ["-hostprefix", directory.path, "-socketpath", "/dhcp.sock"];
}

/** A RELEASE may still be on its way when the call has ended. */
async function listen(
  { wire }: DhcpStep,
  heard: () => Parameters<typeof compareWire>[1],
): Promise<string[]> {
  if (wire === undefined) return [];
  try {
    await waitFor(
      "messages",
      () => withoutRepetitions(heard()).length >= wire.length || undefined,
    );
  } catch {
    // The comparison says what is missing.
  }
  return compareWire(wire, heard());
}

/** Problems of the first attempt, unless one has none. */
async function lookAtAll(
  attempts: readonly DhcpStep[],
  look: (expected: DhcpStep) => Promise<string[]>,
): Promise<string[]> {
  let first: string[] | undefined;
  for (const attempt of attempts) {
    const problems = await look(attempt);
    if (problems.length === 0) return [];
    first ??= problems;
  }
  return first ?? [];
}

function attach(
  container: TestNetns,
  address: boolean | string,
  { stdout }: PluginOutcome,
): void {
  const [cidr] = typeof address === "string"
    ? [address]
    : /\d+\.\d+\.\d+\.\d+\/\d+/.exec(stdout) ?? [];
  container.ip(`addr add ${cidr} dev eth0`);
}

/** The daemon of either binary; upstream's does not say when it serves, so its socket is tried. */
class Daemon implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  static async start(
    binary: string,
    socketPath: string,
    flags: readonly string[],
  ): Promise<Daemon> {
    const daemon = new Daemon(
      new Deno.Command(binary, {
        args: ["daemon", ...flags],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn(),
    );
    await waitFor("daemon", async () => {
      try {
        (await Deno.connect({ transport: "unix", path: socketPath })).close();
        return true;
      } catch {
        return undefined; // Not yet.
      }
    });
    return daemon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}
