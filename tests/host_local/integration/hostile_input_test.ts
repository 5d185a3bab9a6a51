/**
 * Input that is made to cost memory or time: both plugins refuse it, or are done with it at once.
 *
 * Each call has a deadline that only a plugin without limits reaches.
 */

import { assertEquals } from "@std/assert";
import { DHCP_BIN, OURS } from "../../support/binaries.ts";
import { withDeadline } from "../../support/deadline.ts";
import { makeFifo } from "../../support/fifo.ts";
import {
  addressesInResult,
  callHostLocal,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import { readNetwork, writeNetwork } from "../../support/network_directory.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

const DEADLINE_SECONDS = 60;

/** Runs one command with a deadline. */
function call(
  command: string,
  config: string,
  { binary = OURS, containerId = "c1" } = {},
): Promise<{ readonly code: number; readonly stdout: string }> {
  return withDeadline(
    DEADLINE_SECONDS,
    (signal) => callHostLocal({ binary, command, config, containerId, signal }),
  );
}

const PREFIX = "error unmarshall network config: ";

const STDIN = [
  {
    name: "more than 2 MiB",
    stdin: `{"name":"net"${" ".repeat(2 * 1024 * 1024)}}`,
    msg: `${PREFIX}more than 2097152 bytes on stdin`,
  },
  {
    name: "50 MiB of lists",
    stdin: "[".repeat(50 * 1024 * 1024),
    msg: `${PREFIX}more than 2097152 bytes on stdin`,
  },
  {
    name: "two million lists in each other",
    stdin: "[".repeat(2_000_000),
    msg: `${PREFIX}exceeded max depth`,
  },
  {
    name: "1,001 lists in each other",
    stdin: `{"name":"net","x":${"[".repeat(1000)}${"]".repeat(1000)}}`,
    msg: `${PREFIX}exceeded max depth`,
  },
] as const;

for (const binary of [OURS, DHCP_BIN]) {
  const plugin = binary === OURS ? "host-local" : "dhcp";
  for (const { name, stdin, msg } of STDIN) {
    testWith(
      [`binary:${binary}`],
      `${plugin} refuses ${name} on stdin`,
      async () => {
        const { code, stdout } = await call("ADD", stdin, { binary });
        assertEquals([code, errorIn(stdout)], [1, { code: 6, msg }]);
      },
    );
  }
}

const RESOLV_CONF: readonly {
  readonly name: string;
  readonly make: (path: string) => void;
  readonly reason: string;
}[] = [
  {
    name: "a FIFO",
    make: makeFifo,
    reason: "open PATH: is not a regular file",
  },
  {
    name: "a link to /dev/zero",
    make: (path) => Deno.symlinkSync("/dev/zero", path),
    reason: "open PATH: is not a regular file",
  },
  {
    name: "a sparse file of 1 TiB",
    make: (path) => {
      Deno.writeTextFileSync(path, "");
      Deno.truncateSync(path, 2 ** 40);
    },
    reason: "read PATH: more than 1048576 bytes",
  },
];

for (const { name, make, reason } of RESOLV_CONF) {
  for (const [command, code] of [["ADD", 5], ["STATUS", 50]] as const) {
    testWith(
      [`binary:${OURS}`],
      `${command} refuses ${name} as resolvConf`,
      async () => {
        using temp = new TempDir();
        const resolvConf = temp.join("resolv.conf");
        make(resolvConf);
        const config = networkConfig({
          cniVersion: "1.1.0",
          dataDir: temp.path,
          subnets: ["10.1.0.0/24"],
          ipam: { resolvConf },
        });
        const { stdout } = await call(command, config);
        const msg = reason.replace("PATH", resolvConf);
        assertEquals(errorIn(stdout), { code, msg });
        assertEquals(readNetwork(temp.join("net")).addresses.size, 0);
      },
    );
  }
}

testWith(
  [`binary:${OURS}`],
  "ADD reads a resolvConf of long white space",
  async () => {
    using temp = new TempDir();
    const resolvConf = temp.join("resolv.conf");
    await Deno.writeTextFile(
      resolvConf,
      `search${" ".repeat(65_000)}x\n`.repeat(16),
    );
    const config = networkConfig({
      dataDir: temp.path,
      subnets: ["10.1.0.0/24"],
      ipam: { resolvConf },
    });
    const { stdout } = await call("ADD", config);
    assertEquals(JSON.parse(stdout).dns, { search: new Array(16).fill("x") });
  },
);

testWith(
  [`binary:${OURS}`],
  "ADD, DEL and GC leave reservations alone that are too long",
  async () => {
    using temp = new TempDir();
    const spaces = `x${" ".repeat(1_000_000)}x`;
    writeNetwork(temp.join("net"), { "10.1.0.2": spaces, "10.1.0.3": "" });
    await Deno.truncate(temp.join("net/10.1.0.3"), 2 ** 40);
    const config = networkConfig({
      cniVersion: "1.1.0",
      dataDir: temp.path,
      subnets: ["10.1.0.0/24"],
      extra: { "cni.dev/valid-attachments": [] },
    });
    const { stdout } = await call("ADD", config);
    assertEquals(addressesInResult(stdout), ["10.1.0.4"]);
    for (const command of ["DEL", "GC"]) {
      assertEquals((await call(command, config)).code, 0);
    }
    const entries = await Array.fromAsync(Deno.readDir(temp.join("net")));
    const names = entries.map(({ name }) => name);
    assertEquals(names.sort(), [
      "10.1.0.2",
      "10.1.0.3",
      "last_reserved_ip.0",
      "lock",
    ]);
  },
);
