/**
 * Both plugins run where no memory can become executable, as under `MemoryDenyWriteExecute=` of
 * systemd.
 */

import { assertEquals } from "@std/assert";
import { DHCP_BIN, OURS } from "../../support/binaries.ts";
import {
  environmentOf,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import { missing, skipped, testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

/**
 * Sets PR_SET_MDWE (prctl(2)), which programs inherit, and runs its arguments; status 3 if the
 * kernel has none.
 */
const PROGRAM = `
  my $prctl = $ENV{ARCH} eq "aarch64" ? 167 : 157;
  syscall($prctl, 65, 1, 0, 0, 0) == 0 or exit 3;
  exec @ARGV or die if @ARGV;
`;

/** Runs a command with PR_SET_MDWE. */
async function runConfined(
  command: readonly string[],
  { env = {}, stdin = "" }: {
    readonly env?: Readonly<Record<string, string>>;
    readonly stdin?: string;
  } = {},
): Promise<{ readonly code: number; readonly stdout: string }> {
  const child = new Deno.Command("perl", {
    args: ["-e", PROGRAM, ...command],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", ARCH: Deno.build.arch, ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin)).then(() => writer.close())
    .catch(() => {});
  const { code, stdout } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

async function reasonAgainst(): Promise<string | undefined> {
  const reason = missing("command:perl");
  if (reason !== undefined) return reason;
  return (await runConfined([])).code === 3 ? "no PR_SET_MDWE" : undefined;
}

const reason = await reasonAgainst();
for (const binary of [OURS, DHCP_BIN]) {
  const plugin = binary === OURS ? "host-local" : "dhcp";
  const name =
    `${plugin} answers VERSION where no memory can become executable`;
  if (reason !== undefined) skipped(name, reason);
  else {
    testWith([`binary:${binary}`], name, async () => {
      const env = environmentOf({ command: "VERSION" });
      const { code, stdout } = await runConfined([binary], { env });
      assertEquals([code, JSON.parse(stdout).cniVersion], [0, "1.1.0"]);
    });
  }
}

const NAME =
  "host-local serves ADD, CHECK and DEL where no memory can become executable";
if (reason !== undefined) skipped(NAME, reason);
else {
  testWith([`binary:${OURS}`], NAME, async () => {
    using temp = new TempDir();
    const stdin = networkConfig({
      dataDir: temp.path,
      subnets: ["10.1.0.0/24", "fd00::/64"],
    });
    for (const command of ["ADD", "CHECK", "DEL"]) {
      const env = environmentOf({ command });
      const { code, stdout } = await runConfined([OURS], { env, stdin });
      assertEquals([command, code, errorIn(stdout)], [command, 0, undefined]);
    }
  });
}
