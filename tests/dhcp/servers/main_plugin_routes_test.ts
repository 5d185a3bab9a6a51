/**
 * Routers outside the subnet, with upstream's main plugins, which configure the interface by the
 * result.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BadServer, grantScript } from "../../support/dhcp_bad_server.ts";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import type { ClientMessage } from "../../support/dhcp_wire.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import {
  cniEnv,
  type PluginOutcome,
  runPlugin,
} from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { DhcpHost } from "./dhcp_host.ts";

const MAIN_PLUGINS: readonly {
  readonly type: string;
  /** Prepares a machine whose `eth0` leads to the server. */
  readonly prepare: (machine: TestNetns) => void;
  readonly config: Readonly<Record<string, unknown>>;
}[] = [
  { type: "macvlan", prepare: () => {}, config: { master: "eth0" } },
  {
    type: "bridge",
    prepare: (machine) => {
      machine.ip("link add cni0 type bridge");
      machine.ip("link set eth0 master cni0");
      machine.ip("link set cni0 up");
    },
    config: { bridge: "cni0" },
  },
];

const ROWS: readonly {
  readonly name: string;
  /** Of the ACK. */
  readonly options: Readonly<Record<number, string>>;
  /** The routes of the container without those of its subnet. */
  readonly want: readonly string[];
  /** The CHECK of the main plugins needs the route of the subnet, which a /32 does not have. */
  readonly cannotCheck?: boolean;
}[] = [
  {
    name: "the router of a /32",
    cannotCheck: true,
    options: { 1: "ffffffff", 3: "c6336401" },
    want: ["198.51.100.1", "default via 198.51.100.1"],
  },
  {
    name: "a router outside a /24",
    options: { 3: "c6336401" },
    want: ["198.51.100.1", "default via 198.51.100.1"],
  },
  {
    name: "a classless on-link route to the router, and a default route",
    options: { 121: "20 c6336401 00000000  00 c6336401" },
    want: ["198.51.100.1", "default via 198.51.100.1"],
  },
  {
    name: "the same in the wrong order, with a network behind the router",
    options: { 121: "00 c6336401  08 0a c6336401  20 c6336401 00000000" },
    want: [
      "10.0.0.0/8 via 198.51.100.1",
      "198.51.100.1",
      "default via 198.51.100.1",
    ],
  },
];

for (const { type, prepare, config } of MAIN_PLUGINS) {
  for (const { name, options, want, cannotCheck = false } of ROWS) {
    testWith(
      ["root", `binary:${DHCP_BIN}`, `binary:${UPSTREAM_DIR}/${type}`],
      `${type} installs the routes of a lease: ${name}`,
      async () => {
        await using fixture = new Fixture(type, config, options);
        const { container, machine } = fixture;
        prepare(machine);
        await fixture.host.daemon();
        const added = await fixture.call("ADD");
        assertEquals(added.code, 0, added.stdout);
        assertEquals(routesOf(container), [...want]);
        const checked = await fixture.call("CHECK", JSON.parse(added.stdout));
        assertEquals(checked.code, cannotCheck ? 1 : 0, checked.stdout);
        assertEquals((await fixture.call("DEL")).code, 0);
      },
    );
  }
}

// Of every release of ptp, with upstream's dhcp as well.
testWith(
  ["root", `binary:${DHCP_BIN}`, `binary:${UPSTREAM_DIR}/ptp`],
  "ptp fails because it calls dhcp before the interface exists, and leaves nothing behind",
  async () => {
    await using fixture = new Fixture("ptp", {}, { 3: "c6336401" });
    const { container, host } = fixture;
    await host.daemon();
    const added = await fixture.call("ADD");
    assertEquals(added.code, 1, added.stdout);
    assertEquals(JSON.parse(added.stdout), {
      code: 5,
      msg:
        'error calling DHCP.Allocate: error looking up "eth0": Link not found',
    });
    assertEquals((await fixture.call("DEL")).code, 0);
    assertEquals(container.list("link show").map(({ ifname }) => ifname), [
      "lo",
    ]);
    assertEquals(host.stateFiles, []);
    assertEquals(fixture.messages, []);
  },
);

testWith(
  ["root", `binary:${DHCP_BIN}`],
  "DEL removes the route that the daemon added, as after a main plugin that failed",
  async () => {
    await using host = new DhcpHost();
    await using _server = new BadServer(
      host.server,
      grantScript({ ack: { options: { 3: "c6336401" } } }),
    );
    await host.daemon();
    const container = host.container();
    assertEquals((await host.call("ADD", container)).code, 0);
    assertEquals(
      container.list("route show dev eth0").map(({ dst, scope, protocol }) => ({
        dst,
        scope,
        protocol,
      })),
      [{ dst: "198.51.100.1", scope: "link", protocol: "dhcp" }],
    );
    assertEquals((await host.call("DEL", container)).code, 0);
    assertEquals(container.list("route show dev eth0"), []);
  },
);

/** A machine on the link of a server, where a main plugin runs. */
class Fixture implements AsyncDisposable {
  readonly host = new DhcpHost();
  readonly machine = this.host.container();
  readonly container = new TestNetns();
  readonly #type: string;
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #server: BadServer;

  constructor(
    type: string,
    config: Readonly<Record<string, unknown>>,
    options: Readonly<Record<number, string>>,
  ) {
    this.#type = type;
    this.#config = config;
    const { host, machine } = this;
    this.#server = new BadServer(
      host.server,
      grantScript({ ack: { options } }),
    );
    machine.ip("link set eth0 up");
    machine.untilOperational();
    Deno.symlinkSync(DHCP_BIN, host.directory.join("dhcp"));
  }

  /** What has reached the server. */
  get messages(): readonly ClientMessage[] {
    return this.#server.wire.messages;
  }

  /** Calls the main plugin, which calls this project's dhcp. */
  async call(command: string, prevResult?: unknown): Promise<PluginOutcome> {
    const { container, host, machine } = this;
    const plugin = `${UPSTREAM_DIR}/${this.#type}`;
    const { directory, socketPath } = host;
    const enter = directory.join("enter");
    Deno.writeTextFileSync(
      enter,
      `#!/bin/sh\nexec nsenter --net=${machine.path} ${plugin}\n`,
      { mode: 0o755 },
    );
    return await runPlugin({
      binary: enter,
      env: cniEnv(command, {
        netns: container.path,
        extra: {
          CNI_PATH: directory.path,
          PATH: Deno.env.get("PATH") ?? "",
        },
      }),
      stdin: JSON.stringify({
        cniVersion: "1.0.0",
        name: "net",
        type: this.#type,
        ...this.#config,
        ipam: { type: "dhcp", daemonSocketPath: socketPath },
        ...prevResult === undefined ? {} : { prevResult },
      }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.container[Symbol.dispose]();
    await this.host[Symbol.asyncDispose]();
  }
}

/** The routes through `eth0`, each once: main plugins may add the daemon's route a second time. */
function routesOf(container: TestNetns): readonly string[] {
  const texts = container.list("route show dev eth0")
    .filter(({ protocol }) => protocol !== "kernel")
    .map(({ dst, gateway }) =>
      gateway === undefined ? dst : `${dst} via ${gateway}`
    );
  return [...new Set<string>(texts)].sort();
}
