/** A host, a real server and the wire between them: what a row of the server tests is played on. @module */

import { poll } from "../../support/dhcp_polling.ts";
import type {
  RealServer,
  ServerKind,
  Service,
} from "../../support/dhcp_server.ts";
import { type ClientMessage, Wire } from "../../support/dhcp_wire.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { DhcpHost } from "./dhcp_host.ts";

/** What a server serves unless a row says otherwise. */
export const USUAL: Service = {
  server: "192.0.2.1",
  subnet: "192.0.2.0/24",
  pool: ["192.0.2.50", "192.0.2.99"],
  leaseSeconds: 3600,
  router: "192.0.2.1",
};

/** The stage of one row; everything on it goes when it is disposed. */
export class Stage implements AsyncDisposable {
  readonly host: DhcpHost;
  readonly wire: Wire;
  readonly service: Service;
  readonly #things = new AsyncDisposableStack();
  readonly #servers: RealServer[] = [];
  #labels = 0;

  private constructor(readonly kind: ServerKind, service: Partial<Service>) {
    this.service = { ...USUAL, ...service };
    this.host = this.#things.use(new DhcpHost());
    const { server } = this.host;
    // A bridge takes its address from its ports, so it would change under a server that runs; and without a port it has
    // no carrier, and Kea does not listen there.
    server.ip("link set eth0 address 02:00:5e:00:00:01");
    server.ip("link add first type veth peer name last");
    server.ip("link set first master eth0 up");
    server.ip("link set last up");
    this.wire = this.#things.use(new Wire(this.host.server));
  }

  /** A stage with its server running. */
  static async open(
    kind: ServerKind,
    service: Partial<Service>,
  ): Promise<Stage> {
    const stage = new Stage(kind, service);
    try {
      await stage.serve(stage.service);
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The server that the stage began with. */
  get server(): RealServer {
    const [first] = this.#servers;
    if (first === undefined) throw new Error("no server yet");
    return first;
  }

  /** Starts another server; the first runs on beside it unless it was stopped. */
  async serve(
    service: Service,
    { kind = this.kind, netns = this.host.server }: {
      readonly kind?: ServerKind;
      readonly netns?: TestNetns;
    } = {},
  ): Promise<RealServer> {
    this.#labels += 1;
    const label = `server${this.#labels}`;
    const { directory } = this.host;
    const server = this.#things.use(
      kind.make({ netns, directory, label }, service),
    );
    this.#servers.push(server);
    await server.process.start();
    return server;
  }

  /** Another machine on the link, `eth0` with this address. */
  machine(address: string): TestNetns {
    this.#labels += 1;
    const netns = this.#things.use(new TestNetns());
    const { server } = this.host;
    const port = `m${this.#labels}`;
    netns.ip(`link add eth0 type veth peer name ${port} netns ${server.name}`);
    server.ip(`link set ${port} master eth0 up`);
    netns.ip(`addr add ${address} dev eth0`);
    netns.ip("link set eth0 up");
    return netns;
  }

  /** Ends with the stage. */
  keep<T extends AsyncDisposable | Disposable>(thing: T): T {
    return this.#things.use(thing);
  }

  /** Waits until the first server's file has exactly these addresses. */
  async serverHas(
    addresses: readonly string[],
    server = this.server,
  ): Promise<void> {
    const wanted = [...addresses].sort().join();
    const held = (): string =>
      server.leases().map(({ address }) => address).sort().join();
    try {
      await poll("", () => held() === wanted);
    } catch {
      throw new Error(
        `the server has "${held()}", expected "${wanted}"\n${this.report()}`,
      );
    }
  }

  /** Waits until the last message on the wire is a RELEASE to this server. */
  async releasedTo(server: string): Promise<ClientMessage> {
    const last = (): ClientMessage | undefined => this.wire.messages.at(-1);
    await this.until(
      `RELEASE to ${server}`,
      () => last()?.type === "RELEASE" && last()?.destination === server,
    );
    return last() as ClientMessage;
  }

  /** Waits, and tells all that is known if it does not come. */
  async until(
    what: string,
    look: () => boolean | Promise<boolean>,
    limitMs?: number,
  ): Promise<void> {
    try {
      await poll(what, look, limitMs);
    } catch (cause) {
      throw new Error(`No ${what}\n${this.report()}`, { cause });
    }
  }

  /** Logs of daemon and server, for a failed test. */
  report(): string {
    const daemonLog = this.host.directory.join("daemon.log");
    const wire = this.wire.messages.map(({ type, source, destination }) =>
      `${type} ${source} -> ${destination}`
    ).join("\n");
    let daemon = "";
    try {
      daemon = Deno.readTextFileSync(daemonLog);
    } catch {
      // It was never started.
    }
    const servers = this.#servers.map(({ process }) =>
      `--- server\n${process.log.slice(-4000)}`
    );
    return [`--- daemon\n${daemon}\n--- wire\n${wire}`, ...servers].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#things.disposeAsync();
  }
}

/** The address of a CIDR. */
export function bare(cidr: string): string {
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

/** Whether `eth0` is administratively up. */
export function isUp(netns: TestNetns): boolean {
  const [link] = netns.list("link show dev eth0");
  return link.flags.includes("UP");
}
