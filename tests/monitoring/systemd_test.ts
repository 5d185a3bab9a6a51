/** The drop-ins of docs/monitoring.md under a real systemd, confined by the units. @module */

import { assertEquals } from "@std/assert";
import { DHCP_BIN, OURS, REPO_ROOT } from "../support/binaries.ts";
import { familyNames, GET_METRICS } from "../support/metrics_scrape.ts";
import { missing, skipped } from "../support/requirements.ts";
import {
  reasonAgainstSystemd,
  SystemdMachine,
} from "../support/systemd_machine.ts";

const HOST_LOCAL = "cni-host-local.service";
const DHCP = "cni-dhcp.service";
const TITLE =
  "under systemd, the daemons serve metrics with the drop-ins of docs/monitoring.md";

/** Returns the drop-in of a unit on the page. */
async function dropInOf(unit: string): Promise<string> {
  const page = await Deno.readTextFile(`${REPO_ROOT}/docs/monitoring.md`);
  const start = `# /etc/systemd/system/${unit}.d/metrics.conf\n`;
  const [, after = ""] = page.split(start);
  const [text = ""] = after.split("```");
  return text;
}

const reason = missing(
  `binary:${OURS}`,
  `binary:${DHCP_BIN}`,
  "command:bash",
) ??
  await reasonAgainstSystemd();
if (reason !== undefined) skipped(TITLE, reason);
else {
  Deno.test(TITLE, async () => {
    const dropIns = {
      [HOST_LOCAL]: await dropInOf(HOST_LOCAL),
      [DHCP]: await dropInOf(DHCP),
    };
    await using machine = await SystemdMachine.start({
      start: ["cni-dhcp.socket", HOST_LOCAL, DHCP],
      executables: { "host-local": OURS, "dhcp": DHCP_BIN },
      dropIns,
    });
    for (
      const [unit, name] of [
        [HOST_LOCAL, "cni_host_local_build_info"],
        [DHCP, "cni_dhcp_build_info"],
      ] as const
    ) {
      const port = /-metrics 127\.0\.0\.1:(\d+)/.exec(dropIns[unit] ?? "")?.[1];
      const script = `exec 3<>/dev/tcp/127.0.0.1/${port} && cat >&3 && cat <&3`;
      const { stdout } = await machine.run(["bash", "-c", script], {
        stdin: GET_METRICS,
      });
      assertEquals([unit, familyNames(stdout)[0]], [unit, name]);
    }
  });
}
