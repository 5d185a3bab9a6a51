/** The resident host-local under a real systemd, confined by its unit. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { LAUNCHER_BIN, OURS } from "../../support/binaries.ts";
import { environmentOf, networkConfig } from "../../support/host_local_call.ts";
import { missing, skipped } from "../../support/requirements.ts";
import {
  reasonAgainstSystemd,
  SystemdMachine,
} from "../../support/systemd_machine.ts";
import { TempDir } from "../../support/temp_dir.ts";

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
      commands: { [SERVICE]: "/opt/cni/bin/host-local daemon -debug" },
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
