/**
 * Runs conformance cases of dhcp with a scripted server, a container and the daemon of the plugin
 * under test.
 *
 * @module
 */

import { substitute } from "../../host_local/conformance/case_reader.ts";
import type { Target } from "../../host_local/conformance/compare_stdout.ts";
import {
  call,
  compareOutcome,
  outcomesWith,
} from "../../host_local/conformance/runner.ts";
import { BadServer } from "../../support/dhcp_bad_server.ts";
import { waitFor } from "../../../tools/lab/waiting.ts";
import { launch } from "../../support/launcher_client.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import type { PluginOutcome } from "../../support/plugin_process.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { compareWire, withoutRetransmissions } from "./compare_wire.ts";
import type { DhcpCase, DhcpOutcome } from "./dhcp_case.ts";
import { scriptOf } from "./scripted_server.ts";

/** The hardware address of the container. */
const MAC = "02:00:5e:10:00:01";
/**
 * Daemon flags. With this project's plugin the cases limit the time of an ADD. Upstream's would
 * wait for minutes if a reply were lost; a busy machine needs a few seconds.
 */
const TIME_LIMIT: Readonly<Record<Target, readonly string[]>> = {
  here: [],
  upstream: ["-timeout", "5s"],
};

/** The plugin under test. */
export interface Side {
  readonly binary: string;
  readonly target: Target;
  /** Whether the daemon runs the calls for a launcher. */
  readonly isResident?: boolean;
}

/** Runs all steps of a case. Returns the problems of the first step that has any. */
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
  await using scripted = new BadServer(host, scriptOf(server));
  const values = {
    SOCKET: directory.join("dhcp.sock"),
    NETNS: container.path,
    SERVER_NETNS: host.path,
    DIR: directory.path,
  };
  const isIdle = daemon === false ||
    daemon === "unused" && side.isResident !== true;
  await using _daemon = isIdle
    ? undefined
    : await Daemon.start(side.binary, values.SOCKET, [
      ...machineId === undefined
        ? ["-socketpath", values.SOCKET]
        : prefixFlags(directory, machineId),
      ...TIME_LIMIT[side.target],
      ...daemon === "unused" ? [] : daemon,
    ]);
  // With a prefix, the root of this test is not the daemon's.
  const isServed = side.isResident === true && !isIdle &&
    machineId === undefined;
  for (const [index, template] of steps.entries()) {
    const step = substitute(template, values);
    const heard = scripted.wire.messages.length;
    const launched = side.isResident === true
      ? await launch(step, values.SOCKET)
      : undefined;
    const outcome = launched ??
      await call(step, { binary: side.binary, cwd: directory.path });
    const outcomes = outcomesWith(side.target, step);
    if (isServed && launched === undefined) {
      return [`step ${index + 1}: the daemon has not run the call`];
    }
    const problems = await compareWithEach(outcomes, async (expected) => [
      ...compareOutcome(expected, { outcome, target: side.target }),
      ...await compareMessages(
        expected,
        () => scripted.wire.messages.slice(heard),
      ),
    ]);
    if (problems.length > 0) {
      return [...problems, `stderr: ${outcome.stderr}`]
        .map((problem) => `step ${index + 1}: ${problem}`);
    }
    if (step.attach !== undefined) attach(container, step.attach, outcome);
  }
  return [];
}

/**
 * Creates a host directory with another machine ID. Returns the flags for a daemon that runs in a
 * container.
 */
function prefixFlags(directory: TempDir, machineId: string): string[] {
  Deno.mkdirSync(directory.join("etc"));
  Deno.writeTextFileSync(directory.join("etc/machine-id"), `${machineId}\n`);
  // The daemon also prepends the prefix to the paths of network namespaces.
  Deno.symlinkSync("/var", directory.join("var"));
  return ["-hostprefix", directory.path, "-socketpath", "/dhcp.sock"];
}

/**
 * Compares the messages of the client. Waits for missing ones: a RELEASE may arrive after the end
 * of the call.
 */
async function compareMessages(
  { wire }: DhcpOutcome,
  heard: () => Parameters<typeof compareWire>[1],
): Promise<string[]> {
  if (wire === undefined) return [];
  try {
    await waitFor(
      "messages",
      () => withoutRetransmissions(heard()).length >= wire.length || undefined,
    );
  } catch {
    // The comparison reports what is missing.
  }
  return compareWire(wire, heard());
}

/** Returns the problems of the first possible outcome, or none if any of them matches. */
async function compareWithEach(
  outcomes: readonly DhcpOutcome[],
  compare: (expected: DhcpOutcome) => Promise<string[]>,
): Promise<string[]> {
  let first: string[] | undefined;
  for (const outcome of outcomes) {
    const problems = await compare(outcome);
    if (problems.length === 0) return [];
    first ??= problems;
  }
  return first ?? [];
}

function attach(
  container: TestNetns,
  address: true | string,
  { stdout }: PluginOutcome,
): void {
  const [cidr] = typeof address === "string"
    ? [address]
    : /\d+\.\d+\.\d+\.\d+\/\d+/.exec(stdout) ?? [];
  container.ip(`addr add ${cidr} dev eth0`);
}

/**
 * The daemon of the plugin under test. Connects to its socket until it is ready, because upstream's
 * does not notify.
 */
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
