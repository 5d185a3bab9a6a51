/**
 * Kills a daemon at each system call on a lease file, and at random under load. The next daemon and
 * the server must agree with the results that the runtime received: no lease is lost or duplicated.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { runInParallel } from "../../../tools/parallel.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { DNSMASQ } from "../../support/dhcp_server_dnsmasq.ts";
import { report } from "../../support/report.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import { numberFromEnv, Random } from "../../support/random.ts";
import { type Requirement, testWith } from "../../support/requirements.ts";
import { parseTrace } from "../../support/strace.ts";
import { DHCP_BIN, LAUNCHER_BIN } from "../../support/binaries.ts";
import type { CallOptions, DhcpHost, Outcome } from "./dhcp_host.ts";
import { addressOf, TestNetwork } from "./test_network.ts";

/** The system calls on lease files. */
const CALLS =
  "openat,write,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,statx,ftruncate,fchmod";

/** How many networks are used at a time. */
const WIDTH = 3;
/** How many daemons are killed under load; `DHCP_CRASH_KILLS` sets another number. */
const KILLS = numberFromEnv("DHCP_CRASH_KILLS", 6);
const SEED = numberFromEnv("DHCP_CRASH_SEED", Date.now() % 1e9);

/** Where to kill the daemon: at the n-th call of this name on the lease file. */
interface Point {
  readonly call: string;
  readonly occurrence: number;
}

/** A daemon under strace, which kills it at `point`. */
class TracedDaemon implements AsyncDisposable {
  readonly #pidFile: string;
  readonly #child: Deno.ChildProcess;
  readonly #traceFile: string;
  #hasEnded = false;

  constructor(host: DhcpHost, name: string, point: Point | undefined) {
    const { directory, stateDir, socketPath } = host;
    this.#pidFile = directory.join("traced.pid");
    this.#traceFile = directory.join("trace");
    // A killed daemon leaves it; its process id may belong to another process by now.
    removeIfThere(this.#pidFile);
    const paths = [
      `${stateDir}/${name}`,
      `${stateDir}/.${name}.tmp`,
      stateDir,
    ].flatMap((path) => ["-P", path]);
    const inject = point === undefined ? [] : [
      "-e",
      `inject=${point.call}:signal=KILL:when=${point.occurrence}`,
    ];
    this.#child = new Deno.Command("sh", {
      args: [
        "-c",
        'log=$1; shift; exec "$@" 2>>"$log"',
        "sh",
        directory.join("daemon.log"),
        "strace",
        "-f",
        "-o",
        this.#traceFile,
        ...paths,
        "-e",
        `trace=${CALLS}`,
        ...inject,
        "--",
        DHCP_BIN,
        "daemon",
        "-pidfile",
        this.#pidFile,
        "-socketpath",
        socketPath,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#child.status.then(() => this.#hasEnded = true);
  }

  /** Waits until it serves or has been killed. */
  async ready(host: DhcpHost): Promise<void> {
    await waitUntil(
      "traced daemon",
      async () =>
        this.#hasEnded || (await host.call("STATUS", undefined)).code === 0,
    );
  }

  /** Kills it if it still runs. @returns The traced calls. */
  async end(): Promise<ReturnType<typeof parseTrace>["calls"]> {
    if (!this.#hasEnded) this.#kill();
    await this.#child.status;
    return parseTrace(Deno.readTextFileSync(this.#traceFile)).calls;
  }

  #kill(): void {
    try {
      Deno.kill(Number(Deno.readTextFileSync(this.#pidFile)), "SIGKILL");
    } catch (error) {
      // strace has killed it, and is about to end.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The name of c1's lease file, from an undisturbed run. */
async function leaseName(network: TestNetwork): Promise<string> {
  const { host } = network;
  const daemon = await host.daemon();
  const container = host.container();
  await host.call("ADD", container);
  const [name] = host.leaseFiles;
  await host.call("DEL", container);
  await daemon.end("SIGTERM");
  if (name === undefined) throw new Error(network.report());
  return name;
}

/** A network, a container on it and the name of its lease file. */
interface Setup {
  readonly network: TestNetwork;
  readonly container: TestNetns;
  readonly name: string;
}

/**
 * Calls ADD and DEL with a traced daemon, then checks what an undisturbed daemon finds.
 *
 * @returns The traced calls.
 */
async function crashAt(
  { network, container, name }: Setup,
  point: Point | undefined,
): Promise<ReturnType<typeof parseTrace>["calls"]> {
  const { host } = network;
  await using traced = new TracedDaemon(host, name, point);
  await traced.ready(host);
  const add = await host.call("ADD", container);
  const address: string | undefined = add.json?.ips?.[0]?.address;
  if (add.code === 0 && address !== undefined) {
    container.ip(`addr add ${address} dev eth0`);
    const del = await host.call("DEL", container);
    assertEquals(del.code, 0, JSON.stringify(del));
  }
  const calls = await traced.end();
  const next = await host.daemon();
  // In every case the lease has ended, also at the server.
  if (add.code !== 0) await host.call("DEL", container);
  await network.serverHas([]);
  assertEquals(host.stateFiles, []);
  container.ip("addr flush dev eth0");
  // The container can get an address again.
  const again = await host.call("ADD", container);
  assertEquals(again.code, 0, JSON.stringify(again.json));
  await network.serverHas([addressOf(again.json.ips[0].address)]);
  await host.call("DEL", container);
  await network.serverHas([]);
  assertEquals(await next.end("SIGTERM"), 0);
  return calls;
}

testWith(
  [...DNSMASQ.requirements, "command:strace", `binary:${DHCP_BIN}`],
  "a daemon killed at any system call on a lease file leaves no lease behind, here or at the server",
  async () => {
    await using networks = new AsyncDisposableStack();
    const setups: Setup[] = [];
    for (let index = 0; index < WIDTH; index++) {
      const network = networks.use(await TestNetwork.open(DNSMASQ));
      const name = await leaseName(network);
      setups.push({ network, name, container: network.host.container() });
    }
    const [first] = setups as [Setup];
    const calls = await crashAt(first, undefined);
    const totals = new Map<string, number>();
    for (const { name: call } of calls) {
      totals.set(call, (totals.get(call) ?? 0) + 1);
    }
    assert(calls.length > 5, `${calls.length} calls`);
    const points = [...totals].flatMap(([call, total]) =>
      Array.from({ length: total }, (_, index) => ({
        call,
        occurrence: index + 1,
      }))
    );
    await runInParallel(points, WIDTH, async (point, worker) => {
      const setup = setups[worker] ?? first;
      try {
        await crashAt(setup, point);
      } catch (cause) {
        throw new Error(
          `killed at ${point.call} ${point.occurrence}\n${setup.network.report()}`,
          { cause },
        );
      }
    });
    report(`daemon killed at ${points.length} system calls`);
  },
);

/**
 * Kills daemons under load.
 *
 * @param options `spanMs`: within which time after the start of the calls, about as long as they
 *   take. `callerOf`: what the runtime starts.
 */
function testUnderLoad(
  name: string,
  { requirements, spanMs, callerOf }: {
    readonly requirements: readonly Requirement[];
    readonly spanMs: number;
    readonly callerOf: (host: DhcpHost) => Disposable & {
      readonly path: string;
    };
  },
): void {
  testWith([...DNSMASQ.requirements, ...requirements], name, async () => {
    const random = new Random(SEED);
    report(`DHCP_CRASH_SEED=${SEED}`);
    await using network = await TestNetwork.open(DNSMASQ);
    const { host } = network;
    using caller = callerOf(host);
    const call = (
      command: string,
      container: TestNetns,
      options: CallOptions,
    ): Promise<Outcome> =>
      host.call(command, container, { binary: caller.path, ...options });
    const containers = Array.from({ length: 8 }, () => host.container());
    const granted = new Map<number, string>();
    const round = async (index: number): Promise<void> => {
      const container = containers[index] as TestNetns;
      const containerId = `c${index}`;
      const before = granted.get(index);
      if (before !== undefined && random.int(2) === 0) {
        const { code, json } = await call("DEL", container, {
          containerId,
        });
        assertEquals(code, 0, JSON.stringify(json));
        granted.delete(index);
        container.ip("addr flush dev eth0");
        return;
      }
      const { code, json } = await call("ADD", container, {
        containerId,
        ipam: { timeout: "5s" },
      });
      if (code !== 0) return;
      const { address } = json.ips[0];
      if (before !== undefined) assertEquals(address, before, network.report());
      else container.ip(`addr add ${address} dev eth0`);
      granted.set(index, address);
    };
    for (let kill = 0; kill < KILLS; kill++) {
      const daemon = await host.daemon();
      const working = Promise.allSettled(
        containers.flatMap((_, index) =>
          random.int(4) === 0 ? [] : [
            round(index),
          ]
        ),
      );
      const delayMs = random.int(spanMs);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await daemon.end("SIGKILL");
      for (const outcome of await working) {
        if (outcome.status === "rejected") throw outcome.reason;
      }
    }
    const last = await host.daemon();
    for (const [index, container] of containers.entries()) {
      const { code, json } = await call("ADD", container, {
        containerId: `c${index}`,
      });
      assertEquals(code, 0, network.report());
      const address = granted.get(index);
      if (address !== undefined) assertEquals(json.ips[0].address, address);
      granted.set(index, json.ips[0].address);
    }
    assertEquals(new Set(granted.values()).size, containers.length);
    await network.serverHas([...granted.values()].map(addressOf));
    await Promise.all(
      containers.map((container, index) =>
        call("DEL", container, { containerId: `c${index}` })
      ),
    );
    await network.serverHas([]);
    assertEquals(host.stateFiles, []);
    assertEquals(await last.end("SIGTERM"), 0);
  });
}

testUnderLoad(
  "a daemon killed at random under load loses no lease and duplicates none",
  {
    requirements: [`binary:${DHCP_BIN}`],
    spanMs: 400,
    callerOf: () => ({ path: DHCP_BIN, [Symbol.dispose]: () => {} }),
  },
);
testUnderLoad(
  "a daemon killed at random under the load of launchers loses no lease and duplicates none",
  {
    requirements: [`binary:${DHCP_BIN}`, `binary:${LAUNCHER_BIN}`],
    spanMs: 60,
    callerOf: (host) => host.launcher(),
  },
);
