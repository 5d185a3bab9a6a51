/**
 * A link that loses or repeats frames: netfilter drops them at random on the bridge between
 * container and server. Every kernel has netfilter, but not every one has sch_netem.
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
/** With half of all frames lost, one ADD in a hundred takes a minute. */
const LONG_TIMEOUT = { timeout: "4m" };
/** Their ports on the bridge. */
const PORTS = Array.from({ length: CONTAINERS }, (_, index) => `p${index + 1}`);

/** Drops `percent` of the IPv4 frames in each direction. */
function drop({ host }: TestNetwork, percent: number): void {
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

/** A rule that sends a frame to `device` as well, unless it has been sent there already. */
function duplicateTo(device: string): string {
  return `ether type ip meta mark != 1 meta mark set 1 counter dup to ${device}`;
}

/** Duplicates each frame from a container to the bridge. */
function duplicateClients({ host }: TestNetwork): void {
  for (const device of PORTS) {
    host.server.exec(
      "nft",
      `table netdev twice {
        chain from_${device} {
          type filter hook ingress device ${device} priority 0;
          ${
        // What is sent to "last" arrives at "first", a port of the bridge.
        duplicateTo("last")}
        }
      }`,
    );
  }
}

/** Duplicates each frame to a container. */
function duplicateServer({ host }: TestNetwork): void {
  for (const device of PORTS) {
    host.server.exec(
      "nft",
      `table netdev twice {
        chain to_${device} {
          type filter hook egress device ${device} priority 0;
          ${duplicateTo(device)}
        }
      }`,
    );
  }
}

/** How many frames were duplicated. */
function countDuplicates({ host }: TestNetwork): number {
  const rules = host.server.exec("nft", "list", "ruleset");
  return [...rules.matchAll(/counter packets (\d+)/g)]
    .reduce((sum, [, packets]) => sum + Number(packets), 0);
}

interface Row {
  readonly name: string;
  /** Default: dnsmasq. */
  readonly kind?: ServerKind;
  readonly disturb: (network: TestNetwork) => void;
  /** The minimum number of duplicated frames. */
  readonly minDuplicates?: number;
}

const ROWS: readonly Row[] = [
  { name: "20 % of frames lost", disturb: (network) => drop(network, 20) },
  { name: "50 % of frames lost", disturb: (network) => drop(network, 50) },
  {
    name: "20 % of frames lost, ISC dhcpd",
    kind: ISC_DHCPD,
    disturb: (network) => drop(network, 20),
  },
  {
    name: "every frame of a client duplicated",
    disturb: duplicateClients,
    // DISCOVER and REQUEST.
    minDuplicates: 2 * CONTAINERS,
  },
  {
    name: "every frame of the server duplicated",
    disturb: duplicateServer,
    // OFFER and ACK.
    minDuplicates: 2 * CONTAINERS,
  },
  {
    name: "20 % lost, and every frame duplicated",
    disturb: (network) => {
      drop(network, 20);
      duplicateClients(network);
      duplicateServer(network);
    },
    minDuplicates: 4 * CONTAINERS,
  },
];

testRowsInParallel(
  ["root", `binary:${DHCP_BIN}`],
  "lossy link",
  ROWS.map(({ name, kind = DNSMASQ, disturb, minDuplicates = 0 }) => ({
    name: `${name}: every ADD succeeds with a different address`,
    reason: missing(...kind.requirements, "command:nft"),
    run: async () => {
      await using network = await TestNetwork.open(kind);
      const { host, server, wire } = network;
      await host.daemon();
      const containers = PORTS.map(() => host.container());
      disturb(network);
      const addresses = await Promise.all(
        containers.map((container, index) =>
          host.add(container, { containerId: `c${index}`, ipam: LONG_TIMEOUT })
        ),
      );
      assertEquals(new Set(addresses).size, CONTAINERS, network.report());
      // The server has one lease per container too.
      await network.until(
        "one lease per container",
        () => {
          const held = server.leases.map(({ address }) => address).sort();
          return held.join() === addresses.map(addressOf).sort().join();
        },
      );
      const count = countDuplicates(network);
      assert(count >= minDuplicates, `${count} frames were duplicated`);
      report(
        `lossy link: ${name}: ${wire.messages.length} messages arrived, ${count} frames were duplicated`,
      );
    },
  })),
);
