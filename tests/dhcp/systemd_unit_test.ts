/** The daemon with what the systemd unit leaves it, as far as that can be had without systemd: its capabilities. @module */

import { assertEquals } from "@std/assert";
import { DHCP_BIN, REPO_ROOT } from "../support/binaries.ts";
import { eventually } from "../support/dhcp_polling.ts";
import { testWith } from "../support/requirements.ts";
import { DhcpHost } from "./dhcp_host.ts";
import { Dnsmasq } from "./dnsmasq.ts";

const UNIT = `${REPO_ROOT}/systemd/cni-dhcp.service`;

/** The unit's capabilities, as setpriv(1) spells them. */
function capabilities(): string {
  const [, names = ""] = /^CapabilityBoundingSet=(.*)$/m.exec(
    Deno.readTextFileSync(UNIT),
  ) ?? [];
  const kept = names.split(" ").map((name) =>
    `+${name.slice("CAP_".length).toLowerCase()}`
  );
  return ["-all", ...kept].join();
}

testWith(
  ["root", "command:dnsmasq", "command:setpriv", `binary:${DHCP_BIN}`],
  "the capabilities of the systemd unit are enough for ADD, CHECK and DEL",
  async () => {
    await using host = new DhcpHost();
    await using server = await Dnsmasq.start(host.server, host.directory);
    const kept = capabilities();
    assertEquals(kept.split(",").length > 1, true, kept);
    const daemon = new Deno.Command("setpriv", {
      args: [
        `--bounding-set=${kept}`,
        `--inh-caps=${kept}`,
        "--no-new-privs",
        DHCP_BIN,
        "daemon",
        "-socketpath",
        host.socketPath,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await eventually("socket", () => {
        try {
          return Deno.statSync(host.socketPath).isSocket || undefined;
        } catch {
          return undefined; // Not yet.
        }
      });
      const container = host.container();
      await host.add(container);
      assertEquals((await host.call("CHECK", container)).code, 0);
      assertEquals((await host.call("DEL", container)).code, 0);
      await eventually(
        "release",
        () => server.leases.length === 0 || undefined,
      );
    } finally {
      daemon.kill("SIGTERM");
      await daemon.status;
    }
  },
);
