/**
 * What the dhcp bench is played on: a dnsmasq, a link to a namespace that stands for the host, and containers, each in a
 * namespace of its own with a macvlan on that link.
 *
 * @module
 */

import { capture } from "../../process.ts";
import { Dnsmasq } from "../../lab/dnsmasq.ts";
import { Netns } from "../../lab/netns.ts";

/** The server's address. */
const SERVER = "10.9.0.1";
const SERVER_MAC = "02:00:5e:00:00:01";
/** The host's end of the link to the server; the server's is `eth0`. */
const UPLINK = "up0";
/** How many `ip` processes run at once. */
const WIDTH = 8;

/** Timers of the leases, in seconds. */
export interface LeaseTimes {
  /** At least 120, dnsmasq's minimum. */
  readonly lease: number;
  readonly t1: number;
}

/** Everything but the two sides that are measured. */
export class DhcpLab implements AsyncDisposable {
  readonly #things: AsyncDisposableStack;
  readonly #server: Netns;
  readonly #host: Netns;

  private constructor(
    things: AsyncDisposableStack,
    server: Netns,
    host: Netns,
    readonly dnsmasq: Dnsmasq,
    /** For files of the sides. */
    readonly folder: string,
  ) {
    this.#things = things;
    this.#server = server;
    this.#host = host;
  }

  /** Makes the link and starts the server. */
  static async open(
    { lease, t1 }: LeaseTimes,
    folder: string,
  ): Promise<DhcpLab> {
    await using things = new AsyncDisposableStack();
    const server = things.use(await Netns.make());
    const host = things.use(await Netns.make());
    await host.ip(
      `link add ${UPLINK} type veth peer name eth0 netns ${server.name}`,
    );
    await host.ip(`link set ${UPLINK} up`);
    await server.batch([
      `link set eth0 address ${SERVER_MAC}`,
      `addr add ${SERVER}/16 dev eth0`,
      "link set eth0 up",
    ]);
    const dnsmasq = things.use(
      await Dnsmasq.start(server, {
        folder,
        ifName: "eth0",
        range: ["10.9.1.0", "10.9.250.255", "255.255.0.0"],
        leaseSeconds: lease,
        extra: [`--dhcp-option=58,${t1}`, "--dhcp-option=59,110"],
      }),
    );
    return new DhcpLab(things.move(), server, host, dnsmasq, folder);
  }

  /** New containers, each with an `eth0` that is down; they go with the lab. */
  async containers(count: number): Promise<Container[]> {
    const made: Container[] = [];
    for (let index = 0; index < count; index += 1) {
      const netns = this.#things.use(await Netns.make());
      made.push(new Container(netns));
    }
    // Private, so that a broadcast of one is not copied to all others.
    await this.#host.batch(
      made.map(({ netns: { name } }) =>
        `link add link ${UPLINK} name eth0 netns ${name} type macvlan mode private`
      ),
    );
    return made;
  }

  /**
   * Puts leased addresses on their interfaces, as a main plugin does. Both ends know each other's hardware address for
   * good: the kernel's table of neighbours, one for all namespaces, is smaller than the bench.
   */
  async attach(containers: readonly Container[]): Promise<void> {
    const leased = this.dnsmasq.leases.map((line) => line.split(" "));
    await this.#server.batch(
      leased.map(([, mac, address]) =>
        `neigh replace ${address} lladdr ${mac} dev eth0 nud permanent`
      ),
    );
    await inLanes(containers, async ({ netns, address }) => {
      await netns.batch([
        `addr replace ${address} dev eth0`,
        `neigh replace ${SERVER} lladdr ${SERVER_MAC} dev eth0 nud permanent`,
      ]);
    });
  }

  /** Loses this share of the DHCP frames, in both directions. */
  async lose(percent: number): Promise<void> {
    const ends = [[this.#server, "eth0"], [this.#host, UPLINK]] as const;
    for (const [{ name }, device] of ends) {
      await capture([
        "ip",
        "netns",
        "exec",
        name,
        "nft",
        `table netdev lossy {
          chain in {
            type filter hook ingress device ${device} priority 0;
            meta l4proto udp numgen random mod 100 < ${percent} drop;
          }
        }`,
      ]);
    }
  }

  /** Loses nothing any more. */
  async loseNothing(): Promise<void> {
    for (const { name } of [this.#server, this.#host]) {
      const nft = "nft delete table netdev lossy";
      await capture(["ip", "netns", "exec", name, ...nft.split(" ")]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#things.disposeAsync();
  }
}

/** A container without a runtime. */
export class Container {
  /** What its last ADD got, with the prefix length. */
  address = "";

  constructor(readonly netns: Netns) {}

  /** Sets the link up or down. */
  async setLink(state: "up" | "down"): Promise<void> {
    await this.netns.ip(`link set eth0 ${state}`);
  }
}

/** Does something with each, a few at a time. @returns What came of each, in order. */
export async function inLanes<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  width = WIDTH,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  }));
  return results;
}
