/**
 * The kernel reuses the ids of namespaces at once: a notification that one is gone may arrive when
 * another has its id.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BadServer, grantScript } from "../../support/dhcp_bad_server.ts";
import { runInParallel } from "../../../tools/parallel.ts";
import { run } from "../../../tools/lab/network_namespace.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { testWith } from "../../support/requirements.ts";
import { DHCP_BIN } from "../../support/binaries.ts";
import { DhcpHost } from "./dhcp_host.ts";

/** How many ADDs run at once, and how many namespaces are removed meanwhile. */
const BURST = 10;
const ROUNDS = 6;

testWith(
  ["root", `binary:${DHCP_BIN}`],
  "containers added while other namespaces are removed keep their leases",
  async () => {
    await using host = new DhcpHost();
    await using _server = new BadServer(host.server, grantScript());
    const daemon = await host.daemon();
    for (let round = 0; round < ROUNDS; round++) {
      const burst = Array.from({ length: BURST }, (_, index) => index);
      const containers = burst.map(() => host.container());
      const others = burst.map(() => {
        const other = new TestNetns();
        // An id that another namespace can get when this one is gone.
        run("ip", "netns", "set", other.name, "auto");
        return other;
      });
      const adding = Promise.all(
        containers.map((container, index) =>
          host.call("ADD", container, { containerId: `n${round}-${index}` })
        ),
      );
      await runInParallel(others, BURST, async (other) => {
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
