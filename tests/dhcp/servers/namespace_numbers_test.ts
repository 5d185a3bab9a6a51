/** Numbers of namespaces are used again at once, so word of the end of one may come when another has its number. */

import { assertEquals } from "@std/assert";
import { BadServer, giving } from "../../support/dhcp_bad_server.ts";
import { forEachParallel } from "../../support/parallel.ts";
import { ip, TestNetns } from "../../support/network_namespaces.ts";
import { testWith } from "../../support/requirements.ts";
import { DHCP_BIN } from "../../support/binaries.ts";
import { DhcpHost } from "./dhcp_host.ts";

/** ADDs of one burst, and namespaces that go meanwhile. */
const BURST = 10;
const ROUNDS = 6;

testWith(
  ["root", `binary:${DHCP_BIN}`],
  "containers that come while other namespaces go keep their leases",
  async () => {
    await using host = new DhcpHost();
    await using _server = new BadServer(host.server, giving());
    const daemon = await host.daemon();
    for (let round = 0; round < ROUNDS; round++) {
      const burst = Array.from({ length: BURST }, (_, index) => index);
      const containers = burst.map(() => host.container());
      const others = burst.map(() => {
        const other = new TestNetns();
        // A number here, which somebody else can get when it is gone.
        ip(`netns set ${other.name} auto`);
        return other;
      });
      const adding = Promise.all(
        containers.map((container, index) =>
          host.call("ADD", container, { containerId: `n${round}-${index}` })
        ),
      );
      await forEachParallel(others, BURST, async (other) => {
        await new Deno.Command("ip", { args: ["netns", "del", other.name] })
          .output();
      });
      const outcomes = await adding;
      assertEquals(
        outcomes.filter(({ code }) => code !== 0).map(({ json }) => json),
        [],
      );
    }
    assertEquals(
      /event=interface-removed.*/.exec(daemon.log),
      null,
    );
  },
);
