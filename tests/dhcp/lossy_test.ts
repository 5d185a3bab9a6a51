/**
 * A link that loses or repeats frames: netfilter drops them at random on the bridge between container and server.
 * (A kernel without sch_netem is no obstacle so.)
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DNSMASQ } from "../support/dhcp_server_dnsmasq.ts";
import { note } from "../support/note.ts";
import { testWith } from "../support/requirements.ts";
import { DHCP_BIN } from "../support/binaries.ts";

import { bare, Stage } from "./stage.ts";

const CONTAINERS = 12;

/** Loses frames of IPv4 in both directions, `percent` of them. */
function lose({ host }: Stage, percent: number): void {
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

/** Sends each frame of the ports on to the bridge twice. */
function repeat({ host }: Stage): void {
  host.server.exec("nft", "add table netdev twice");
  for (let port = 1; port <= CONTAINERS; port++) {
    const device = `p${port}`;
    host.server.exec(
      "nft",
      `add chain netdev twice ${device} { type filter hook ingress device ${device} priority 0; }`,
    );
    host.server.exec(
      "nft",
      // What comes back from "last" comes in at "first", a port of the bridge.
      `add rule netdev twice ${device} ether type ip dup to last`,
    );
  }
}

interface Row {
  readonly name: string;
  readonly spoil: (stage: Stage) => void;
}

const ROWS: readonly Row[] = [
  { name: "20 % of frames lost", spoil: (stage) => lose(stage, 20) },
  { name: "50 % of frames lost", spoil: (stage) => lose(stage, 50) },
  { name: "every frame of a client twice", spoil: repeat },
  {
    name: "20 % lost, and every frame of a client twice",
    spoil: (stage) => {
      lose(stage, 20);
      repeat(stage);
    },
  },
];

for (const { name, spoil } of ROWS) {
  testWith(
    [...DNSMASQ.requirements, "command:nft", `binary:${DHCP_BIN}`],
    `lossy link: ${name}: every ADD ends well, with an address of its own`,
    async () => {
      await using stage = await Stage.open(DNSMASQ, {});
      const { host, server, wire } = stage;
      await host.daemon();
      const containers = Array.from(
        { length: CONTAINERS },
        () => host.container(),
      );
      spoil(stage);
      const addresses = await Promise.all(
        containers.map((container, index) =>
          host.add(container, { containerId: `c${index}` })
        ),
      );
      assertEquals(new Set(addresses).size, CONTAINERS, stage.report());
      // One lease each at the server too, whatever was repeated.
      await stage.until(
        "a lease each",
        () => {
          const held = server.leases().map(({ address }) => address).sort();
          return held.join() === addresses.map(bare).sort().join();
        },
      );
      note(`lossy link: ${name}: ${wire.messages.length} messages arrived`);
    },
  );
}
