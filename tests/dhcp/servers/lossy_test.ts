/**
 * A link that loses or repeats frames: netfilter drops them at random on the bridge between container and server.
 * (A kernel without sch_netem is no obstacle so.)
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { ServerKind } from "../../support/dhcp_server.ts";
import { DNSMASQ } from "../../support/dhcp_server_dnsmasq.ts";
import { ISC_DHCPD } from "../../support/dhcp_server_isc.ts";
import { testRowsInParallel } from "../../support/parallel_rows.ts";
import { report } from "../../support/report.ts";
import { missing } from "../../support/requirements.ts";
import { DHCP_BIN } from "../../support/binaries.ts";
import { addressOf, TestNetwork } from "./test_network.ts";

const CONTAINERS = 8;
/** With half of all frames lost one ADD in a hundred takes a minute. */
const PATIENT = { timeout: "4m" };
/** What leads to them from the bridge. */
const PORTS = Array.from({ length: CONTAINERS }, (_, index) => `p${index + 1}`);

/** Loses frames of IPv4 in both directions, `percent` of them. */
function lose({ host }: TestNetwork, percent: number): void {
  host.server.exec(
    "nft",
    `table bridge lossy {
      chain in { type filter hook input priority 0; }
      chain out { type filter hook output priority 0; }
    }`,
  );
  for (const chain of ["in", "out"]) {
    host.server.exec(
      "nft",
      `add rule bridge lossy ${chain} ether type ip numgen random mod 100 < ${percent} drop`,
    );
  }
}

/** A rule that sends a frame to `device` besides, unless the frame has been so already. */
function twice(device: string): string {
  return `ether type ip meta mark != 1 meta mark set 1 counter dup to ${device}`;
}

/** Sends each frame that comes from a container on to the bridge twice. */
function repeatClients({ host }: TestNetwork): void {
  for (const device of PORTS) {
    host.server.exec(
      "nft",
      `table netdev twice {
        chain from_${device} {
          type filter hook ingress device ${device} priority 0;
          ${
        // What comes back from "last" comes in at "first", a port of the bridge.
        twice("last")}
        }
      }`,
    );
  }
}

/** Sends each frame that goes to a container twice. */
function repeatServer({ host }: TestNetwork): void {
  for (const device of PORTS) {
    host.server.exec(
      "nft",
      `table netdev twice {
        chain to_${device} {
          type filter hook egress device ${device} priority 0;
          ${twice(device)}
        }
      }`,
    );
  }
}

/** How many frames were repeated. */
function repeated({ host }: TestNetwork): number {
  const rules = host.server.exec("nft", "list", "ruleset");
  return [...rules.matchAll(/counter packets (\d+)/g)]
    .reduce((sum, [, packets]) => sum + Number(packets), 0);
}

interface Row {
  readonly name: string;
  /** Default: dnsmasq. */
  readonly kind?: ServerKind;
  readonly spoil: (network: TestNetwork) => void;
  /** Frames that are repeated at the least. */
  readonly repeats?: number;
}

const ROWS: readonly Row[] = [
  { name: "20 % of frames lost", spoil: (network) => lose(network, 20) },
  { name: "50 % of frames lost", spoil: (network) => lose(network, 50) },
  {
    name: "20 % of frames lost, ISC dhcpd",
    kind: ISC_DHCPD,
    spoil: (network) => lose(network, 20),
  },
  {
    name: "every frame of a client twice",
    spoil: repeatClients,
    // DISCOVER and REQUEST.
    repeats: 2 * CONTAINERS,
  },
  {
    name: "every frame of the server twice",
    spoil: repeatServer,
    // OFFER and ACK.
    repeats: 2 * CONTAINERS,
  },
  {
    name: "20 % lost, and every frame twice",
    spoil: (network) => {
      lose(network, 20);
      repeatClients(network);
      repeatServer(network);
    },
    repeats: 4 * CONTAINERS,
  },
];

testRowsInParallel(
  ["root", `binary:${DHCP_BIN}`],
  "lossy link",
  ROWS.map(({ name, kind = DNSMASQ, spoil, repeats = 0 }) => ({
    name: `${name}: every ADD ends well, with an address of its own`,
    reason: missing(...kind.requirements, "command:nft"),
    run: async () => {
      await using network = await TestNetwork.open(kind, {});
      const { host, server, wire } = network;
      await host.daemon();
      const containers = PORTS.map(() => host.container());
      spoil(network);
      const addresses = await Promise.all(
        containers.map((container, index) =>
          host.add(container, { containerId: `c${index}`, ipam: PATIENT })
        ),
      );
      assertEquals(new Set(addresses).size, CONTAINERS, network.report());
      // One lease each at the server too, whatever was repeated.
      await network.until(
        "a lease each",
        () => {
          const held = server.leases.map(({ address }) => address).sort();
          return held.join() === addresses.map(addressOf).sort().join();
        },
      );
      const count = repeated(network);
      assert(count >= repeats, `${count} frames were repeated`);
      report(
        `lossy link: ${name}: ${wire.messages.length} messages arrived, ${count} were repeated`,
      );
    },
  })),
);
