/** Daemon and plugin whose standard error cannot be written. @module */

import { assertEquals } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { waitFor } from "../../../tools/lab/waiting.ts";
import { cniEnv } from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { testRowsWith } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { soon } from "../../support/waiting.ts";

const NEEDS = ["root", "command:bash", `binary:${DHCP_BIN}`] as const;

/** The daemon's reply to one line; undefined if nothing listens. */
async function request(
  path: string,
  line: string,
): Promise<string | undefined> {
  try {
    using connection = await Deno.connect({ transport: "unix", path });
    await connection.write(new TextEncoder().encode(`${line}\n`));
    const buffer = new Uint8Array(4096);
    const length = await soon(connection.read(buffer), "answer");
    return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.ConnectionRefused) return undefined;
    throw error;
  }
}

const STATUS = '{"protocol":1,"method":"status"}';

testRowsWith(
  NEEDS,
  "the daemon continues to serve if its log is",
  [
    { name: "a full disk", redirection: '2>"/dev/full"' },
    // The reader ends after the first line.
    { name: "a pipe without a reader", redirection: "2> >(head -n 1)" },
  ],
  async ({ redirection }) => {
    using directory = new TempDir();
    const socket = directory.join("run/dhcp.sock");
    const child = new Deno.Command("bash", {
      args: ["-c", `exec "$0" "$@" ${redirection}`, DHCP_BIN, "daemon"]
        .concat("-socketpath", socket),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await waitFor("daemon", () => request(socket, STATUS));
      // Each of these logs a line.
      for (let count = 0; count < 3; count++) await request(socket, "{}");
      const reply = await request(socket, STATUS);
      assertEquals(JSON.parse(reply ?? "{}").leases, {});
    } finally {
      child.kill("SIGTERM");
    }
    assertEquals((await child.status).code, 0);
  },
);

/** Calls the plugin with a standard error that cannot be written. */
async function call(
  command: string,
  socketPath: string,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const config = JSON.stringify({
    cniVersion: "1.1.0",
    name: "net",
    ipam: { type: "dhcp", daemonSocketPath: socketPath },
  });
  const { code, stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'printf %s "$CONFIG" | "$0" 2>/dev/full', DHCP_BIN],
    env: { CONFIG: config, ...cniEnv(command) },
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

testWith(
  NEEDS,
  "DEL without a daemon writes a release note even if it cannot write its warning",
  async () => {
    using directory = new TempDir();
    const outcome = await call("DEL", directory.join("dhcp.sock"));
    assertEquals(outcome, { code: 0, stdout: "" });
    const files = await Array.fromAsync(Deno.readDir(directory.join("dhcp")));
    assertEquals(files.length, 1);
  },
);

testWith(
  NEEDS,
  "ADD prints its result and succeeds even if it cannot write its warning",
  async () => {
    using directory = new TempDir();
    const path = directory.join("dhcp.sock");
    using listener = Deno.listen({ transport: "unix", path });
    // A daemon that replies and closes the connection before the confirmation.
    const serving = (async () => {
      using connection = await listener.accept();
      await connection.read(new Uint8Array(65_536));
      const ips = [{ address: "192.0.2.50/24" }];
      const line = { protocol: 1, result: { cniVersion: "1.1.0", ips } };
      await connection.write(
        new TextEncoder().encode(`${JSON.stringify(line)}\n`),
      );
    })();
    const { code, stdout } = await call("ADD", path);
    await serving;
    assertEquals([code, JSON.parse(stdout).ips], [
      0,
      [{ address: "192.0.2.50/24" }],
    ]);
  },
);
