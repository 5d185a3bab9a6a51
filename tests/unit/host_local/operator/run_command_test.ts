import { assert, assertEquals } from "@std/assert";
import type { Printed } from "../../../../lib/cli/run_program.ts";
import { runCommand } from "../../../../lib/host_local/operator/run_command.ts";
import {
  ExampleHost,
  type ExampleHostOptions,
} from "../../../support/example_host.ts";
import { testRows } from "../../../support/rows.ts";

const OWNER = "c1\r\neth0";
const CONFIG = JSON.stringify({
  cniVersion: "1.0.0",
  name: "net",
  ipam: { type: "host-local", ranges: [[{ subnet: "10.1.0.0/29" }]] },
});
const HOST: ExampleHostOptions = {
  networks: {
    net: { files: { "lock": "", "10.1.0.2": OWNER } },
    other: { files: { "10.9.0.2": "c2\r\neth0" } },
  },
  files: { "/etc/cni/net.d/net.conf": CONFIG },
};

function run(
  args: readonly string[],
  host: ExampleHostOptions = HOST,
): Promise<Printed> {
  return runCommand(args, { ports: new ExampleHost(host), version: "1.2.3" });
}

testRows("the exit status of", [
  { name: "help is 0", args: ["help"], want: 0 },
  { name: "--version is 0", args: ["--version"], want: 0 },
  { name: "an unknown command is 2", args: ["x"], want: 2 },
  { name: "an unknown option is 2", args: ["list", "--x"], want: 2 },
  { name: "list is 0", args: ["list"], want: 0 },
  { name: "list of an unknown network is 3", args: ["list", "x"], want: 3 },
  { name: "show is 0", args: ["show"], want: 0 },
  {
    name: "show of a low range set is 1",
    args: ["show", "--low", "90"],
    want: 1,
  },
  {
    name: "show with another limit is 2",
    args: ["show", "--low", "x"],
    want: 2,
  },
  {
    name: "show with a limit above 100 is 2",
    args: ["show", "--low", "101"],
    want: 2,
  },
  {
    name: "show of an unknown configuration is 3",
    args: ["show", "--config", "/x"],
    want: 3,
  },
  { name: "explain without anything is 2", args: ["explain"], want: 2 },
  {
    name: "explain of a held address is 0",
    args: ["explain", "10.1.0.2"],
    want: 0,
  },
  {
    name: "explain of a free address is 0",
    args: ["explain", "10.1.0.3"],
    want: 0,
  },
  { name: "explain of a gateway is 0", args: ["explain", "10.1.0.1"], want: 0 },
  {
    name: "explain of another address is 1",
    args: ["explain", "192.0.2.1"],
    want: 1,
  },
  { name: "explain of a container is 0", args: ["explain", "c1"], want: 0 },
  {
    name: "explain of another container is 1",
    args: ["explain", "c3"],
    want: 1,
  },
  {
    name: "explain of an ADD that would succeed is 0",
    args: ["explain", "--config", "/etc/cni/net.d/net.conf"],
    want: 0,
  },
  {
    name: "explain of an ADD that would fail is 1",
    args: [
      "explain",
      "--config",
      "/etc/cni/net.d/net.conf",
      "--args",
      "IP=10.1.0.2",
    ],
    want: 1,
  },
  {
    name: "explain of a duplicate ADD is 1",
    args: [
      "explain",
      "--config",
      "/etc/cni/net.d/net.conf",
      "--container",
      "c1",
    ],
    want: 1,
  },
  { name: "validate is 0", args: ["validate"], want: 0 },
  {
    name: "validate of a missing file is 3",
    args: ["validate", "/x"],
    want: 3,
  },
  { name: "check-state is 0", args: ["check-state"], want: 0 },
  { name: "reclaim is 0", args: ["reclaim"], want: 0 },
  {
    name: "reclaim with and without a change is 2",
    args: ["reclaim", "--yes", "--dry-run"],
    want: 2,
  },
  {
    name: "reclaim with another grace period is 2",
    args: ["reclaim", "--grace", "1d"],
    want: 2,
  },
  {
    name: "reclaim with a negative grace period is 2",
    args: ["reclaim", "--grace", "-1h"],
    want: 2,
  },
  {
    name: "reclaim with a missing list is 3",
    args: ["reclaim", "--live", "/x"],
    want: 3,
  },
  { name: "completion is 0", args: ["completion", "bash"], want: 0 },
  {
    name: "completion for another shell is 2",
    args: ["completion", "csh"],
    want: 2,
  },
  { name: "man is 0", args: ["man"], want: 0 },
], async ({ args, want }) => {
  const { status, stdout, stderr } = await run(args);
  assertEquals(status, want, stderr);
  assertEquals(
    [stdout !== "", stderr !== ""],
    want > 1 ? [false, true] : [true, false],
  );
});

const JSON_CALLS = [
  ["list"],
  ["show"],
  ["explain", "10.1.0.2"],
  ["explain", "192.0.2.1"],
  ["explain", "--config", "/etc/cni/net.d"],
  ["validate"],
  ["check-state"],
  ["check-state", "--repair"],
  ["reclaim"],
  ["reclaim", "--yes"],
  ["completion", "zsh"],
  ["man"],
];

for (const args of JSON_CALLS) {
  Deno.test(`${args.join(" ")} --json prints one JSON object`, async () => {
    const { stdout } = await run([...args, "--json"]);
    const value: unknown = JSON.parse(stdout);
    assert(typeof value === "object" && value !== null);
  });
}

Deno.test("--help of every command names its options and its exit status", async () => {
  const { stdout } = await run(["--help"]);
  const names = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}[A-Z]/gm)]
    .map(([, name = ""]) => name);
  assertEquals(names, [
    "list",
    "show",
    "explain",
    "validate",
    "check-state",
    "reclaim",
    "metrics",
    "completion",
    "man",
  ]);
  for (const name of names) {
    const help = (await run([name, "--help"])).stdout;
    assertEquals(
      ["Usage:", "Options:", "--json", "Exit status:", "Examples:"]
        .filter((text) => !help.includes(text)),
      [],
      name,
    );
  }
});

Deno.test("an error says what to do next", async () => {
  assertEquals(await run(["list", "nett"]), {
    status: 3,
    stdout: "",
    stderr:
      "error: open /var/lib/cni/networks/nett: no such directory\nthe networks in /var/lib/cni/networks are: net, other\n",
  });
});

Deno.test("list says that there is nothing", async () => {
  assertEquals(
    (await run(["list"], {})).stdout,
    "no reservations in /var/lib/cni/networks\n",
  );
  assertEquals(JSON.parse((await run(["list", "--json"], {})).stdout), {
    reservations: [],
  });
});

Deno.test("list --wide shortens nothing", async () => {
  const id = "a".repeat(64);
  const host = {
    networks: { net: { files: { "10.1.0.2": `${id}\r\neth0` } } },
  };
  assertEquals((await run(["list"], host)).stdout.includes(id), false);
  assertEquals((await run(["list", "--wide"], host)).stdout.includes(id), true);
});

Deno.test("list --data-dir reads the networks of another directory", async () => {
  const host = {
    networks: { net: { directory: "/d/net", files: { "10.1.0.2": OWNER } } },
  };
  const { stdout } = await run(["list", "--data-dir", "/d", "--json"], host);
  assertEquals(JSON.parse(stdout).reservations[0].file, "/d/net/10.1.0.2");
});

Deno.test("list sorts addresses by value, IPv4 first", async () => {
  const names = ["fd00::10", "10.1.0.10", "10.1.0.9", "fd00::9", "9.1.0.10"];
  const files = Object.fromEntries(names.map((name) => [name, OWNER]));
  const { stdout } = await run(["list", "--json"], {
    networks: { net: { files } },
  });
  assertEquals(
    JSON.parse(stdout).reservations.map(
      ({ address }: { address: string }) => address,
    ),
    ["9.1.0.10", "10.1.0.9", "10.1.0.10", "fd00::9", "fd00::10"],
  );
});

for (const command of ["list", "show", "check-state", "reclaim"]) {
  Deno.test(`${command} reports a network that it cannot read, and the others`, async () => {
    const { status, stdout, stderr } = await run([command], {
      ...HOST,
      unreadable: ["locked"],
    });
    assertEquals(status, 3);
    assert(stdout.includes("net"));
    assertEquals(
      stderr,
      "note: open /var/lib/cni/networks/locked: permission denied\n",
    );
  });
}

Deno.test("list says on stderr what could not be read", async () => {
  const host: ExampleHostOptions = {
    networks: {
      net: {
        files: { "10.1.0.2": { unreadable: "open: permission denied" } },
        lock: {
          kind: "unavailable",
          isRefused: false,
          reason: "held",
          advice: "see fuser",
        },
      },
    },
  };
  const { status, stderr } = await run(["list"], host);
  assertEquals([status, stderr.split("\n")], [3, [
    "note: /var/lib/cni/networks/net was read without its lock: held; see fuser",
    "note: 1 of 1 files in /var/lib/cni/networks/net cannot be read: open: permission denied",
    "",
  ]]);
});

Deno.test("show counts reservations outside the range sets apart", async () => {
  const host = {
    ...HOST,
    networks: {
      net: {
        files: { "10.1.0.2": OWNER, "10.1.0.1": "c3", "10.7.0.1": OWNER },
      },
    },
  };
  const { stdout } = await run(["show", "--json"], host);
  const [net] = JSON.parse(stdout).networks;
  assertEquals(
    [
      net.rangeSets[0].size,
      net.rangeSets[0].used,
      net.rangeSets[0].free,
      net.outsideRangeSets.used,
    ],
    [5, 1, 4, 2],
  );
});

Deno.test("show of one network reads no other", async () => {
  const { stdout } = await run(["show", "net", "--json"]);
  const { networks } = JSON.parse(stdout);
  assertEquals(networks.map(({ network }: { network: string }) => network), [
    "net",
  ]);
});

Deno.test("show includes a configured network without a directory", async () => {
  const { stdout } = await run(["show", "--json"], { files: HOST.files ?? {} });
  const [net] = JSON.parse(stdout).networks;
  assertEquals([net.exists, net.rangeSets[0].free], [false, 5]);
});

Deno.test("explain prefers the exact container to those that start with the text", async () => {
  const host = {
    networks: {
      net: { files: { "10.1.0.2": OWNER, "10.1.0.3": "c12\r\neth0" } },
    },
  };
  const addresses = async (subject: string): Promise<string[]> =>
    JSON.parse((await run(["explain", subject, "--json"], host)).stdout)
      .reservations.map(({ address }: { address: string }) => address);
  assertEquals(await addresses("c1"), ["10.1.0.2"]);
  assertEquals(await addresses("c"), ["10.1.0.2", "10.1.0.3"]);
});

Deno.test("check-state repairs nothing unless asked to", async () => {
  const host = new ExampleHost({
    networks: { net: { files: { "10.1.0.2": "", "last_reserved_ip.0": "x" } } },
  });
  const options = { ports: host, version: "" };
  await runCommand(["check-state"], options);
  assertEquals(host.repairs, []);
  const { status } = await runCommand(["check-state", "--repair"], options);
  assertEquals(host.repairs, [[{
    kind: "remove",
    name: "last_reserved_ip.0",
  }]]);
  assertEquals(status, 0);
});

Deno.test("check-state --repair of a consistent network does nothing", async () => {
  const host = new ExampleHost(HOST);
  await runCommand(["check-state", "--repair"], { ports: host, version: "" });
  assertEquals(host.repairs, []);
});

Deno.test("errors are red on a terminal", async () => {
  const { stderr } = await run(["x"], { hasColors: true });
  assert(stderr.startsWith("\x1b[31merror:\x1b[0m "));
});
