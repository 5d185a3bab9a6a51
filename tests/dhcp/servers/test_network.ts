/**
 * A host, a real server and a capture of the messages between them, for one row of the server
 * tests.
 *
 * @module
 */

import { readTextOrEmpty } from "../../../tools/lab/background_process.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import type {
  RealServer,
  ServerKind,
  Service,
} from "../../support/dhcp_server.ts";
import { type ClientMessage, MessageCapture } from "../../support/dhcp_wire.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { DhcpHost } from "./dhcp_host.ts";

/** What a server serves unless a row says otherwise. */
const DEFAULT_SERVICE: Service = {
  server: "192.0.2.1",
  subnet: "192.0.2.0/24",
  pool: ["192.0.2.50", "192.0.2.99"],
  leaseSeconds: 3600,
  router: "192.0.2.1",
};

/** The network of one row; disposing it ends and removes everything. */
export class TestNetwork implements AsyncDisposable {
  readonly host: DhcpHost;
  readonly wire: MessageCapture;
  readonly service: Service;
  readonly #resources = new AsyncDisposableStack();
  readonly #servers: RealServer[] = [];
  #lastLabel = 0;

  private constructor(readonly kind: ServerKind, service: Partial<Service>) {
    this.service = { ...DEFAULT_SERVICE, ...service };
    this.host = this.#resources.use(new DhcpHost());
    const { server } = this.host;
    // Without an address of its own a bridge takes that of a port, which would change under a
    // running server; and without a port it has no carrier, so Kea does not listen on it.
    server.ip("link set eth0 address 02:00:5e:00:00:01");
    server.ip("link add first type veth peer name last");
    server.ip("link set first master eth0 up");
    server.ip("link set last up");
    this.wire = this.#resources.use(new MessageCapture(this.host.server));
  }

  /** Creates a network whose server is running. */
  static async open(
    kind: ServerKind,
    service: Partial<Service> = {},
  ): Promise<TestNetwork> {
    const network = new TestNetwork(kind, service);
    try {
      await network.serve(network.service);
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The first server. */
  get server(): RealServer {
    const [first] = this.#servers;
    if (first === undefined) throw new Error("no server yet");
    return first;
  }

  /** Starts another server; the first continues to run unless it was stopped. */
  async serve(
    service: Service,
    { kind = this.kind, netns = this.host.server }: {
      readonly kind?: ServerKind;
      readonly netns?: TestNetns;
    } = {},
  ): Promise<RealServer> {
    this.#lastLabel += 1;
    const label = `server${this.#lastLabel}`;
    const { directory } = this.host;
    const server = this.#resources.use(
      kind.create({ netns, directory, label }, service),
    );
    this.#servers.push(server);
    await server.process.start();
    return server;
  }

  /** Adds another machine to the link; this is the address of its `eth0`. */
  machine(address: string): TestNetns {
    this.#lastLabel += 1;
    const netns = this.#resources.use(new TestNetns());
    const { server } = this.host;
    const port = `m${this.#lastLabel}`;
    netns.ip(`link add eth0 type veth peer name ${port} netns ${server.name}`);
    server.ip(`link set ${port} master eth0 up`);
    netns.ip(`addr add ${address} dev eth0`);
    netns.ip("link set eth0 up");
    return netns;
  }

  /** Disposes something with the network. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    return this.#resources.use(resource);
  }

  /** Waits until the server's file has exactly these addresses. */
  async serverHas(
    addresses: readonly string[],
    server = this.server,
  ): Promise<void> {
    const expected = [...addresses].sort().join();
    const actual = (): string =>
      server.leases.map(({ address }) => address).sort().join();
    try {
      await waitUntil("leases", () => actual() === expected);
    } catch {
      throw new Error(
        `the server has "${actual()}", expected "${expected}"\n${this.report()}`,
      );
    }
  }

  /** Waits until the last captured message is a RELEASE to this server. */
  async releasedTo(server: string): Promise<ClientMessage> {
    const last = (): ClientMessage | undefined => this.wire.messages.at(-1);
    await this.until(
      `RELEASE to ${server}`,
      () => last()?.type === "RELEASE" && last()?.destination === server,
    );
    return last() as ClientMessage;
  }

  /** Waits until something is true. @throws {Error} with a report if it does not become true. */
  async until(
    what: string,
    isTrue: () => boolean | Promise<boolean>,
    timeoutMs?: number,
  ): Promise<void> {
    try {
      await waitUntil(what, isTrue, timeoutMs);
    } catch (cause) {
      throw new Error(`No ${what}\n${this.report()}`, { cause });
    }
  }

  /** The logs of daemon and servers and the captured messages, for the error of a failed test. */
  report(): string {
    const messages = this.wire.messages.map((
      { type, source, destination },
    ) => `${type} ${source} -> ${destination}`);
    const servers = this.#servers.map(({ process }) =>
      `--- server\n${process.log.slice(-4000)}`
    );
    return [
      `--- daemon\n${readTextOrEmpty(this.host.daemonLogFile)}`,
      `--- messages\n${messages.join("\n")}`,
      ...servers,
    ].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** The address of a CIDR. */
export function addressOf(cidr: string): string {
  return cidr.replace(/\/.*$/, "");
}

/** The IPv4 addresses of `eth0`, as CIDR. */
export function addressesOf(netns: TestNetns): string[] {
  const [link] = netns.list("-4 addr show dev eth0");
  // deno-lint-ignore no-explicit-any
  return (link?.addr_info ?? []).map((info: any) =>
    `${info.local}/${info.prefixlen}`
  );
}

/** The router of the default route; undefined if there is no such route. */
export function routerOf(netns: TestNetns): string | undefined {
  const [route] = netns.list("route show default");
  return route?.gateway;
}

/** Returns whether `eth0` is administratively up. */
export function isUp(netns: TestNetns): boolean {
  const [link] = netns.list("link show dev eth0");
  return link.flags.includes("UP");
}
