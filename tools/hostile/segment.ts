/**
 * The segment under attack: a bridge with a DHCP server, the attacker's port, and containers.
 * Frames may have 64 KiB.
 *
 * @module
 */

import { BackgroundProcess } from "../lab/background_process.ts";
import { Container } from "../bench/dhcp/lab.ts";
import { Dnsmasq } from "../lab/dnsmasq.ts";
import { NetworkNamespace } from "../lab/network_namespace.ts";
import { REPOSITORY } from "../repository.ts";
import type { Attack } from "./attacks.ts";

/** The maximum for a veth and for a bridge. */
const MTU = 65_535;
/** The user that has no access to the daemon. */
const UNPRIVILEGED_ID = "65534";

/** An attack that runs. */
export interface RunningAttack {
  /** Resolves at the end of the attack, with the number of packets or connections. */
  readonly sent: Promise<number>;
}

/** A segment with its server. */
export class Segment implements AsyncDisposable {
  readonly #resources: AsyncDisposableStack;
  readonly #bridge: NetworkNamespace;
  readonly #attacker: NetworkNamespace;
  #lastPort = 0;

  private constructor(
    resources: AsyncDisposableStack,
    bridge: NetworkNamespace,
    /** The folder for the files of the sides. */
    readonly folder: string,
  ) {
    this.#resources = resources;
    this.#bridge = bridge;
    this.#attacker = this.#connect();
    this.#attacker.ip("link set eth0 up");
  }

  /** Creates the bridge and starts the server. */
  static async open(folder: string): Promise<Segment> {
    await using resources = new AsyncDisposableStack();
    const bridge = resources.use(new NetworkNamespace());
    await bridge.batch([
      `link add eth0 mtu ${MTU} type bridge`,
      "addr add 10.9.0.1/16 dev eth0",
      "link set eth0 up",
    ]);
    // Upstream's releases do not reach the server, so its ADDs use up a small pool.
    const ranges = [["10.9.1.0", "10.9.250.255", "255.255.0.0"]] as const;
    const { enter } = bridge;
    resources.use(await Dnsmasq.start({ enter, folder, ranges }));
    return new Segment(resources.move(), bridge, folder);
  }

  /** Adds a container whose link is up. */
  async container(): Promise<Container> {
    const container = new Container(this.#connect());
    await container.setLink("up");
    return container;
  }

  /** Begins an attack on a container, or on a daemon's socket. */
  async attack(
    attack: Attack,
    { seconds, victim, socketPath }: {
      readonly seconds: number;
      readonly victim: Container;
      readonly socketPath: string;
    },
  ): Promise<RunningAttack> {
    const logFile = `${this.folder}/attacker.log`;
    await Deno.writeTextFile(logFile, "");
    const attacker = await BackgroundProcess.start(
      attack.kind === "connections"
        ? [
          ...attack.user === "stranger"
            ? [
              "setpriv",
              `--reuid=${UNPRIVILEGED_ID}`,
              `--regid=${UNPRIVILEGED_ID}`,
            ]
              .concat("--clear-groups")
            : [],
          ...["perl", "-MIO::Socket::UNIX", "-e"],
          `$| = 1; print "ready\\n"; my ($n, @open) = 0; ${attack.script}; print "sent $n\\n"`,
          ...[socketPath, String(seconds)],
        ]
        : [
          ...this.#attacker.enter,
          ...[Deno.execPath(), "run", "--no-prompt", "-P=tests-dhcp"],
          `${REPOSITORY}/tools/hostile/attacker.ts`,
          ...[attack.name, String(seconds), macOf(victim)],
        ],
      { logFile, ready: "ready", cwd: REPOSITORY },
    );
    return { sent: waitForEnd(attacker) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  /** Creates a namespace with an `eth0` at a port of the bridge. */
  #connect(): NetworkNamespace {
    const netns = this.#resources.use(new NetworkNamespace());
    this.#lastPort += 1;
    const port = `p${this.#lastPort}`;
    netns.ip(
      `link add eth0 mtu ${MTU} type veth peer name ${port} mtu ${MTU} netns ${this.#bridge.name}`,
    );
    this.#bridge.ip(`link set ${port} master eth0 up`);
    return netns;
  }
}

function macOf({ netns }: Container): string {
  return netns.list("link show dev eth0")[0].address;
}

async function waitForEnd(attacker: BackgroundProcess): Promise<number> {
  await using process = attacker;
  await process.wait();
  const [, sent] = /^sent (\d+)$/m.exec(process.log) ?? [];
  if (sent === undefined) throw new Error(`attacker: ${process.log}`);
  return Number(sent);
}
