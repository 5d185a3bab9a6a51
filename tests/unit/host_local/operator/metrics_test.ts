import { assertEquals } from "@std/assert";
import type { Printed } from "../../../../lib/cli/run_program.ts";
import { runCommand } from "../../../../lib/host_local/operator/run_command.ts";
import {
  ExampleHost,
  type ExampleHostOptions,
} from "../../../support/example_host.ts";

const OWNER = "c1\r\neth0";

function config(name: string, ranges: unknown): string {
  return JSON.stringify({
    cniVersion: "1.0.0",
    name,
    ipam: { type: "host-local", ranges },
  });
}

async function run(
  options: ExampleHostOptions,
  ...args: readonly string[]
): Promise<Printed & { readonly host: ExampleHost }> {
  const host = new ExampleHost(options);
  const printed = await runCommand(["metrics", ...args], {
    ports: host,
    version: "1.2.3",
  });
  return { ...printed, host };
}

/** Returns the samples of the networks. */
function samples(text: string): string[] {
  return text.split("\n")
    .filter((line) =>
      /^cni_host_local_(range_set_|network_|networks_unr)/.test(line)
    )
    .map((line) => line.replace("cni_host_local_", ""));
}

Deno.test("metrics counts gateways neither as addresses nor as reservations of a range set", async () => {
  const { stdout, stderr, status } = await run({
    networks: {
      net: { files: { "10.1.0.1": OWNER, "10.1.0.2": OWNER, "lock": "" } },
    },
    files: {
      "/etc/cni/net.d/a.conf": config("net", [[{ subnet: "10.1.0.0/29" }]]),
    },
  });
  assertEquals([status, stderr], [0, ""]);
  const labels = 'network="net",directory="/var/lib/cni/networks/net"';
  assertEquals(samples(stdout), [
    `range_set_addresses{${labels},range_set="10.1.0.1-10.1.0.6"} 5`,
    `range_set_reserved_addresses{${labels},range_set="10.1.0.1-10.1.0.6"} 1`,
    `range_set_cooling_addresses{${labels},range_set="10.1.0.1-10.1.0.6"} 0`,
    `network_reserved_addresses{${labels}} 2`,
    "networks_unreadable 0",
  ]);
});

Deno.test("metrics has each range set of a network once, whatever the number of its configurations", async () => {
  const one = [[{ subnet: "10.1.0.0/29" }]];
  const both = [...one, [{ subnet: "fd00::/126" }]];
  const { stdout } = await run({
    networks: { net: { files: { "10.1.0.2": OWNER } } },
    files: {
      "/etc/cni/net.d/a.conf": config("net", one),
      "/etc/cni/net.d/b.conf": config("net", both),
    },
  });
  assertEquals(
    samples(stdout).filter((line) => line.startsWith("range_set_addresses")),
    ["10.1.0.1-10.1.0.6", "fd00::1-fd00::3"].map((set, index) =>
      `range_set_addresses{network="net",directory="/var/lib/cni/networks/net",range_set="${set}"} ${
        [5, 2][index]
      }`
    ),
  );
});

Deno.test("metrics has networks that have no directory yet, and directories without a configuration", async () => {
  const { stdout } = await run({
    networks: { old: { files: { "10.9.0.2": OWNER } } },
    files: {
      "/etc/cni/net.d/a.conf": config("new", [[{ subnet: "10.1.0.0/29" }]]),
    },
  });
  const directory = (name: string): string =>
    `network="${name}",directory="/var/lib/cni/networks/${name}"`;
  assertEquals(samples(stdout), [
    `range_set_addresses{${directory("new")},range_set="10.1.0.1-10.1.0.6"} 5`,
    `range_set_reserved_addresses{${
      directory("new")
    },range_set="10.1.0.1-10.1.0.6"} 0`,
    `range_set_cooling_addresses{${
      directory("new")
    },range_set="10.1.0.1-10.1.0.6"} 0`,
    `network_reserved_addresses{${directory("new")}} 0`,
    `network_reserved_addresses{${directory("old")}} 1`,
    "networks_unreadable 0",
  ]);
});

Deno.test("metrics counts networks that cannot be read, and exits with status 3", async () => {
  const { stdout, stderr, status } = await run({
    networks: { net: { files: { "10.1.0.2": OWNER } } },
    unreadable: ["bad"],
  });
  assertEquals([status, stderr], [
    3,
    "note: open /var/lib/cni/networks/bad: permission denied\n",
  ]);
  assertEquals(samples(stdout), [
    'network_reserved_addresses{network="net",directory="/var/lib/cni/networks/net"} 1',
    "networks_unreadable 1",
  ]);
});

Deno.test("metrics --output writes what it would print, and says so", async () => {
  const options = { networks: { net: { files: { "10.1.0.2": OWNER } } } };
  const { stdout: text } = await run(options);
  const { stdout, host } = await run(options, "--output", "/x/y.prom");
  assertEquals(stdout, "1 network written to /x/y.prom\n");
  assertEquals(host.written, new Map([["/x/y.prom", text]]));
});

Deno.test("metrics counts the free addresses of a range set that cool down", async () => {
  const history = [
    // Released a minute and an hour ago, and a minute ago but reserved again.
    "10.1.0.2 eth0 c1 - 0 7 35940 0",
    "10.1.0.3 eth0 c1 - 0 7 32400 0",
    "10.1.0.4 eth0 c1 - 0 7 35940 0",
    // Outside the range set.
    "10.9.0.2 eth0 c1 - 0 7 35940 0",
    "",
  ].join("\n");
  const files = { "10.1.0.4": OWNER, ".history": history };
  const ipam = { type: "host-local", ranges: [[{ subnet: "10.1.0.0/29" }]] };
  const { stdout } = await run({
    networks: { net: { files }, other: { files } },
    files: {
      "/etc/cni/net.d/a.conf": JSON.stringify({
        name: "net",
        ipam: { ...ipam, cooldownSeconds: 600 },
      }),
      "/etc/cni/net.d/b.conf": JSON.stringify({ name: "other", ipam }),
    },
  });
  assertEquals(
    samples(stdout).filter((line) => line.startsWith("range_set_cooling_"))
      .map((line) => line.replace(/\{.*network="(.*?)".*\}/, " $1")),
    [
      "range_set_cooling_addresses net 1",
      "range_set_cooling_addresses other 0",
    ],
  );
});
