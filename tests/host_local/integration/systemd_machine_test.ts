/** The resident host-local under a real systemd, confined by its unit. @module */

import { assertEquals, assertMatch } from "@std/assert";
import {
  DHCP_BIN,
  LAUNCHER_BIN,
  OURS,
  REPO_ROOT,
} from "../../support/binaries.ts";
import { environmentOf, networkConfig } from "../../support/host_local_call.ts";
import { missing, skipped } from "../../support/requirements.ts";
import {
  reasonAgainstSystemd,
  SystemdMachine,
} from "../../support/systemd_machine.ts";
import { TempDir } from "../../support/temp_dir.ts";

/** Debian's package busybox-static. */
const BUSYBOX = "/bin/busybox";
const SERVICE = "cni-host-local.service";
const TITLE =
  `under systemd, the resident process of ${SERVICE} runs every command`;

const reason = missing(`binary:${OURS}`, `binary:${LAUNCHER_BIN}`) ??
  await reasonAgainstSystemd();
if (reason !== undefined) skipped(TITLE, reason);
else {
  Deno.test(TITLE, async () => {
    using directory = new TempDir();
    await using machine = await SystemdMachine.start({
      // Without the socket, which the fallback runtime cannot use.
      start: [SERVICE],
      executables: {
        "host-local": LAUNCHER_BIN,
        "host-local.standalone": OURS,
      },
      dropIns: {
        [SERVICE]:
          "[Service]\nExecStart=\nExecStart=/opt/cni/bin/host-local daemon -debug\n",
      },
    });
    const pid = await machine.property(SERVICE, "MainPID");
    const status = await machine.must(["cat", `/proc/${pid}/status`]);
    assertMatch(status, /^Seccomp:\t2$/m);
    assertMatch(status, /^NoNewPrivs:\t1$/m);

    await Deno.writeTextFile(
      directory.join("resolv.conf"),
      "nameserver 192.0.2.1\n",
    );
    // Another user's, as root can use it.
    const dataDir = directory.join("data");
    await Deno.mkdir(dataDir, { mode: 0o700 });
    await Deno.chown(dataDir, 65534, 65534);
    const call = async (
      command: string,
      extra: Readonly<Record<string, unknown>> = {},
    ): Promise<string> => {
      const { code, stdout } = await machine.run(["/opt/cni/bin/host-local"], {
        env: environmentOf({ command, netns: "/var/run/netns/c1" }),
        stdin: networkConfig({
          cniVersion: "1.1.0",
          dataDir,
          subnets: ["10.1.0.0/24", "fd00::/64"],
          ipam: { resolvConf: directory.join("resolv.conf") },
          extra,
        }),
      });
      assertEquals([command, code], [command, 0], stdout);
      return stdout;
    };
    await call("STATUS");
    const prevResult = JSON.parse(await call("ADD"));
    assertEquals(prevResult.dns, { nameservers: ["192.0.2.1"] });
    await call("CHECK", { prevResult });
    await machine.must(["systemctl", "restart", SERVICE]);
    await call("CHECK", { prevResult });
    await call("DEL");
    await call("ADD");
    await call("GC", { "cni.dev/valid-attachments": [] });
    const left = (await Array.fromAsync(Deno.readDir(`${dataDir}/net`)))
      .filter(({ name }) => /^(?:10\.|fd00)/.test(name));
    assertEquals(left, []);

    // The launcher ran the standalone executable for none of them.
    const log = (await machine.log()).split("\n");
    assertEquals(
      log.filter((line) => line.includes("event=call-started")).length,
      7,
    );
    assertEquals(log.filter((line) => /level=(?:error|warn)/.test(line)), []);
  });
}

/** The drop-ins in docs/monitoring.md, by unit. */
function documentedDropIns(): Record<string, string> {
  const page = Deno.readTextFileSync(`${REPO_ROOT}/docs/monitoring.md`);
  const blocks = page.matchAll(
    /^```ini\n# \/etc\/systemd\/system\/(\S+)\.d\/metrics\.conf\n([^]*?)^```/gm,
  );
  return Object.fromEntries(
    [...blocks].map(([, unit = "", text = ""]) => [unit, text]),
  );
}

const METRICS =
  "under systemd, both daemons serve metrics with the drop-ins of docs/monitoring.md";
const noMetrics = missing(
  `binary:${OURS}`,
  `binary:${DHCP_BIN}`,
  `binary:${BUSYBOX}`,
) ?? await reasonAgainstSystemd();
if (noMetrics !== undefined) skipped(METRICS, noMetrics);
else {
  Deno.test(METRICS, async () => {
    const dropIns = documentedDropIns();
    assertEquals(Object.keys(dropIns).sort(), ["cni-dhcp.service", SERVICE]);
    await using machine = await SystemdMachine.start({
      start: ["cni-dhcp.socket", "cni-dhcp.service", SERVICE],
      executables: { "host-local": OURS, dhcp: DHCP_BIN },
      dropIns,
    });
    await machine.must(["ip", "link", "set", "lo", "up"]);
    for (const text of Object.values(dropIns)) {
      const [, address = ""] = /-metrics (\S+)/.exec(text) ?? [];
      const url = `http://${address}/metrics`;
      const metrics = await machine.must([
        BUSYBOX,
        "wget",
        "-q",
        "-O",
        "-",
        url,
      ]);
      assertMatch(metrics, /^# TYPE cni_/m);
    }
  });
}
