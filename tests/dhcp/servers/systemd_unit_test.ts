/**
 * The systemd units: what systemd-analyze says about them, and the daemon with what they leave it, as far as that can be
 * had without systemd: its capabilities. @module
 */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN, REPO_ROOT } from "../../support/binaries.ts";
import { waitFor, waitUntil } from "../../../tools/lab/waiting.ts";
import {
  missing,
  type Requirement,
  skipped,
  testWith,
} from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { DhcpHost } from "./dhcp_host.ts";

const UNIT = `${REPO_ROOT}/systemd/cni-dhcp.service`;
const UNITS = ["cni-dhcp.service", "cni-dhcp.socket"];
/** Where the service expects the plugin; it is not there on the machine of a test. */
const INSTALLED = "/opt/cni/bin/dhcp";
/** "Overall exposure level" of systemd-analyze, times ten; the worst is 100. */
const MAX_EXPOSURE = 50;
const ANALYZE: readonly Requirement[] = [
  "command:systemd-analyze",
  `binary:${DHCP_BIN}`,
];

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
    await using server = await host.dnsmasq();
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
      await waitFor("socket", () => {
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
      await server.untilNoLease();
    } finally {
      daemon.kill("SIGTERM");
      await daemon.status;
    }
  },
);

/** Runs systemd-analyze on copies of the units, which start the binary under test. */
async function analyze(
  args: readonly string[],
  {
    units = UNITS,
    edit = (text: string): string => text,
  }: {
    readonly units?: readonly string[];
    readonly edit?: (text: string) => string;
  } = {},
): Promise<{ readonly code: number; readonly output: string }> {
  using directory = new TempDir();
  for (const unit of UNITS) {
    const text = await Deno.readTextFile(`${REPO_ROOT}/systemd/${unit}`);
    await Deno.writeTextFile(
      directory.join(unit),
      edit(text).replace(`ExecStart=${INSTALLED} `, `ExecStart=${DHCP_BIN} `),
    );
  }
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", {
    args: [...args, ...units.map((unit) => directory.join(unit))],
    env: { SYSTEMD_COLORS: "0", LC_ALL: "C" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, output: text(stdout) + text(stderr) };
}

testWith(ANALYZE, "systemd-analyze verify has nothing to say", async () => {
  assertEquals(await analyze(["verify", "--man=no"]), { code: 0, output: "" });
});

testWith(
  ANALYZE,
  "systemd-analyze verify would say something of a key that there is not",
  async () => {
    const { output } = await analyze(["verify", "--man=no"], {
      edit: (text) => text.replace("Restart=", "Restrat="),
    });
    assert(output.includes("Restrat"), output);
  },
);

const SECURITY = `the service's exposure is ${MAX_EXPOSURE / 10} at most`;
const OFFLINE = ["security", "--offline=true"];
const whyNot = missing(...ANALYZE) ?? await withoutOffline();
if (whyNot !== undefined) skipped(SECURITY, whyNot);
else {
  Deno.test(SECURITY, async () => {
    const units = ["cni-dhcp.service"];
    const threshold = `--threshold=${MAX_EXPOSURE}`;
    const { code, output } = await analyze([...OFFLINE, threshold], { units });
    assertEquals(code, 0, output);
    const addressOf = await analyze([...OFFLINE, threshold], {
      units,
      edit: (text) => text.replaceAll(/^(?:Protect|Restrict).*$/gm, ""),
    });
    assertEquals(addressOf.code, 1, addressOf.output);
  });
}

/** Before release 250 only units that run can be looked at. */
async function withoutOffline(): Promise<string | undefined> {
  const { stdout } = await new Deno.Command("systemd-analyze", {
    args: ["--help"],
  }).output();
  return new TextDecoder().decode(stdout).includes("--offline")
    ? undefined
    : "systemd-analyze has no --offline";
}
