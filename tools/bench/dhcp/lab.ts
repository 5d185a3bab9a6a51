/**
 * The test bed of the dhcp bench: dnsmasq, a link to a namespace that stands for the host, and
 * containers, each in a namespace of its own with a macvlan on that link.
 *
 * @module
 */

import { Dnsmasq } from "../../lab/dnsmasq.ts";
import { NetworkNamespace } from "../../lab/network_namespace.ts";
import { runInParallel } from "../../parallel.ts";

/** The server's address. */
const SERVER = "10.9.0.1";
const SERVER_MAC = "02:00:5e:00:00:01";
/** The host's end of the link to the server; the server's is `eth0`. */
const UPLINK = "up0";
/** How many `ip` processes and plugins run at a time. */
export const WIDTH = 8;

/** Timers of the leases, in seconds. */
export interface LeaseTimes {
  /** At least 120, dnsmasq's minimum. */
  readonly lease: number;
  readonly t1: number;
}

/** Everything except the two sides that are measured. */
export class DhcpLab implements AsyncDisposable {
  readonly #resources: AsyncDisposableStack;
  readonly #server: NetworkNamespace;
  readonly #host: NetworkNamespace;

  private constructor(
    resources: AsyncDisposableStack,
    server: NetworkNamespace,
    host: NetworkNamespace,
    readonly dnsmasq: Dnsmasq,
    /** The folder for the files of the sides. */
    readonly folder: string,
  ) {
    this.#resources = resources;
    this.#server = server;
    this.#host = host;
  }

  /** Creates the link and starts the server. */
  static async open(
    { lease, t1 }: LeaseTimes,
    folder: string,
  ): Promise<DhcpLab> {
    await using resources = new AsyncDisposableStack();
    const server = resources.use(new NetworkNamespace());
    const host = resources.use(new NetworkNamespace());
    host.ip(
      `link add ${UPLINK} type veth peer name eth0 netns ${server.name}`,
    );
    host.ip(`link set ${UPLINK} up`);
    await server.batch([
      `link set eth0 address ${SERVER_MAC}`,
      `addr add ${SERVER}/16 dev eth0`,
      "link set eth0 up",
    ]);
    const dnsmasq = resources.use(
      await Dnsmasq.start({
        enter: server.enter,
        folder,
        ranges: [["10.9.1.0", "10.9.250.255", "255.255.0.0"]],
        leaseSeconds: lease,
        extra: [`--dhcp-option=58,${t1}`, "--dhcp-option=59,110"],
      }),
    );
    return new DhcpLab(resources.move(), server, host, dnsmasq, folder);
  }

  /** Creates containers, each with an `eth0` that is down; they are removed with the lab. */
  async containers(count: number): Promise<Container[]> {
    const created: Container[] = [];
    for (let index = 0; index < count; index += 1) {
      const netns = this.#resources.use(new NetworkNamespace());
      created.push(new Container(netns));
    }
    // Private, so that a broadcast of one is not copied to all others.
    await this.#host.batch(
      created.map(({ netns: { name } }) =>
        `link add link ${UPLINK} name eth0 netns ${name} type macvlan mode private`
      ),
    );
    return created;
  }

  /**
   * Adds leased addresses to their interfaces, as a main plugin does. Both ends get permanent
   * neighbor entries: the kernel's neighbor table, which all namespaces share, is too small for the
   * bench.
   */
  async attach(containers: readonly Container[]): Promise<void> {
    await this.#server.batch(
      this.dnsmasq.leases.map(({ mac, address }) =>
        `neigh replace ${address} lladdr ${mac} dev eth0 nud permanent`
      ),
    );
    await runInParallel(containers, WIDTH, async ({ netns, address }) => {
      await netns.batch([
        `addr replace ${address} dev eth0`,
        `neigh replace ${SERVER} lladdr ${SERVER_MAC} dev eth0 nud permanent`,
      ]);
    });
  }

  /** Drops this percentage of the DHCP frames in each direction. */
  dropFrames(percent: number): void {
    const ends = [[this.#server, "eth0"], [this.#host, UPLINK]] as const;
    for (const [netns, device] of ends) {
      netns.exec(
        "nft",
        `table netdev lossy {
          chain in {
            type filter hook ingress device ${device} priority 0;
            meta l4proto udp numgen random mod 100 < ${percent} drop;
          }
        }`,
      );
    }
  }

  /** Stops dropping frames. */
  dropNoFrames(): void {
    for (const netns of [this.#server, this.#host]) {
      netns.exec("nft", "delete", "table", "netdev", "lossy");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** A network namespace that stands for a container. */
export class Container {
  /** The address of its last ADD, with the prefix length. */
  address = "";

  constructor(readonly netns: NetworkNamespace) {}

  /** Sets the link up or down. */
  async setLink(state: "up" | "down"): Promise<void> {
    await this.netns.batch([`link set eth0 ${state}`]);
  }
}
