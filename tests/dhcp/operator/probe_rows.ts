/** probe with real and scripted servers, and without one. @module */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { BadServer, grantScript } from "../../support/dhcp_bad_server.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import type { TestNetns } from "../../support/network_namespaces.ts";
import type { ParallelRow } from "../../support/parallel_rows.ts";
import { runPlugin } from "../../support/plugin_process.ts";
import { missing } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { runOnTerminal } from "../../support/terminal.ts";
import { DhcpHost } from "../servers/dhcp_host.ts";
import {
  assertIncludes,
  jsonOf,
  type JsonOutcome,
  runOperator,
} from "./command_process.ts";

function probe(
  { path }: TestNetns,
  ...args: readonly string[]
): Promise<JsonOutcome> {
  return jsonOf(["probe", "--netns", path, ...args]);
}

/** Long enough for a server on a busy machine; an offer ends a probe earlier. */
const PATIENT = ["--timeout", "60"];

/** Probes until so many answers came in time: a busy machine may need several attempts. */
async function probeUntil(
  container: TestNetns,
  answers: number,
): Promise<JsonOutcome> {
  let found: JsonOutcome | undefined;
  await waitUntil("answers", async () => {
    found = await probe(container, "--timeout", "4");
    return found.json.answers.length >= answers;
  });
  if (found === undefined) throw new Error("no probe");
  return found;
}

/** The verdict of each step. */
function verdicts({ json }: JsonOutcome): readonly string[] {
  return json.steps.map((
    { step, verdict }: { step: string; verdict: string },
  ) => `${step} ${verdict}`);
}

/** What `ip` says about the interface and its addresses. */
function stateOf(netns: TestNetns): string {
  return JSON.stringify([
    netns.list("addr show").map(({ flags, operstate, addr_info }) => ({
      flags,
      operstate,
      addr_info,
    })),
    netns.list("route show"),
  ]);
}

const ROWS: readonly ParallelRow[] = [
  {
    name: "probe shows the offer of a server, and changes nothing",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq({
        extra: ["--dhcp-option=6,192.0.2.53", "--dhcp-option=15,a.example"],
      });
      const container = host.container();
      container.ip("link set eth0 addrgenmode none up");
      // The kernel says so up to a second later.
      await waitUntil(
        "operational state",
        () =>
          container.list("link show dev eth0").some(({ operstate }) =>
            operstate === "UP"
          ),
      );
      const before = stateOf(container);
      const found = await probe(container, ...PATIENT);
      assertEquals([found.code, found.stderr], [0, ""]);
      assertEquals(verdicts(found), [
        "link ok",
        "carrier ok",
        "sent ok",
        "received ok",
        "offer ok",
      ]);
      const [answer] = found.json.answers;
      assertEquals([
        answer.server,
        answer.prefixLength,
        answer.leaseSeconds,
        answer.gateway,
        answer.nameservers,
        answer.domain,
      ], ["192.0.2.1", 24, 3600, "192.0.2.1", ["192.0.2.53"], "a.example"]);
      assertEquals(stateOf(container), before);
      assertEquals(server.process.count("DHCPREQUEST"), 0);
      assertEquals(server.leases, []);
      const text = await runOperator([
        "probe",
        "--netns",
        container.path,
        ...PATIENT,
      ]);
      assertEquals(text.code, 0);
      assertIncludes(text.stdout, "lease time 1h");
    },
  },

  {
    name: "probe leaves the lease of the container as it is",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      await host.daemon();
      const container = host.container();
      const address = await host.add(container);
      const found = await probe(container, ...PATIENT);
      assertEquals(found.code, 0);
      assert(`${found.json.answers[0].address}/24` !== address);
      assertEquals(`${(await server.onlyLease()).address}/24`, address);
      assertEquals((await host.call("CHECK", container)).code, 0);
    },
  },

  {
    name: "probe without a server says what it sent, and exits with 1",
    run: async () => {
      await using host = new DhcpHost();
      const container = host.container();
      container.ip("link set eth0 up");
      const found = await probe(container, "--timeout", "2");
      assertEquals([found.code, found.json.answers], [1, []]);
      assertEquals(verdicts(found), [
        "link ok",
        "carrier ok",
        "sent ok",
        "received failed",
      ]);
    },
  },

  {
    name: "probe shows on a terminal how long it still waits",
    run: async () => {
      await using host = new DhcpHost();
      const container = host.container();
      container.ip("link set eth0 up");
      const args = ["probe", "--netns", container.path, "--timeout", "4"];
      const printed = await runOnTerminal([DHCP_BIN, ...args], { columns: 90 });
      assertMatch(
        printed,
        /waiting for an offer, \d s left, DHCPDISCOVERs: \d/,
      );
      assertIncludes(printed, "\r\x1b[K");
      assertIncludes(printed, "no answer within 4 s");
    },
  },

  {
    name: "probe with a configuration sends what its network provides",
    run: async () => {
      await using host = new DhcpHost();
      await using server = await host.dnsmasq();
      const container = host.container();
      container.ip("link set eth0 up");
      using dir = new TempDir();
      const config = dir.join("lan.conf");
      const provide = [{ option: "host-name", fromArg: "K8S_POD_NAME" }];
      await Deno.writeTextFile(
        config,
        JSON.stringify({
          ...{ cniVersion: "1.0.0", name: "lan", type: "macvlan" },
          ipam: { type: "dhcp", provide, suppress: ["gateway"] },
        }),
      );
      const found = await probe(
        container,
        ...[...PATIENT, "--config", config, "--args", "K8S_POD_NAME=web-0"],
      );
      assertEquals([found.code, found.stderr], [0, ""]);
      assertEquals(found.json.answers[0].routes, []);
      assert(server.process.count("client provides name: web-0") > 0);
    },
  },

  {
    name: "probe of a link that is down sends nothing, and leaves it down",
    run: async () => {
      await using host = new DhcpHost();
      const container = host.container();
      const found = await probe(container);
      assertEquals([found.code, verdicts(found)], [1, ["link failed"]]);
      const [link] = container.list("link show dev eth0");
      assert(!link.flags.includes("UP"));
    },
  },

  {
    name: "probe of a link without a carrier sends nothing",
    run: async () => {
      await using host = new DhcpHost();
      const container = host.container();
      container.ip("link set eth0 up");
      host.server.ip("link set p1 down");
      const found = await probe(container);
      assertEquals(
        [found.code, verdicts(found)],
        [1, ["link ok", "carrier failed"]],
      );
    },
  },

  {
    name: "probe says why an offer would be refused",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = new BadServer(
        host.server,
        grantScript({ offer: { options: { 54: undefined } } }),
      );
      const container = host.container();
      container.ip("link set eth0 up");
      const found = await probeUntil(container, 1);
      assertEquals(found.code, 1);
      assertEquals(verdicts(found).slice(2), [
        "sent ok",
        "received ok",
        "offer failed",
      ]);
      assertEquals(
        found.json.answers[0].refusal,
        "no server identifier (option 54)",
      );
    },
  },

  {
    name: "probe notices that an offer lacks a value that an ACK needs",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = new BadServer(
        host.server,
        grantScript({ offer: { options: { 1: undefined } } }),
      );
      const container = host.container();
      container.ip("link set eth0 up");
      const found = await probeUntil(container, 1);
      assertEquals(found.code, 1);
      assertIncludes(found.json.answers[0].refusal, "Subnet Mask");
    },
  },

  {
    name: "probe lists the other servers that answer",
    run: async () => {
      await using host = new DhcpHost();
      await using _server = await host.dnsmasq();
      await using _bad = new BadServer(
        host.server,
        grantScript({
          offer: { options: { 54: "c0000209", 56: "1b5b324a" } },
        }),
      );
      const container = host.container();
      container.ip("link set eth0 up");
      const found = await probeUntil(container, 2);
      assertEquals(found.code, 0);
      assertEquals(
        found.json.answers.map(({ server }: { server: string }) => server)
          .sort(),
        ["192.0.2.1", "192.0.2.9"],
      );
      assert(verdicts(found).includes("received warning"));
    },
  },

  {
    name: "probe of what does not exist exits with 3, and says what to write",
    run: async () => {
      await using host = new DhcpHost();
      const container = host.container();
      const file = host.directory.join("file");
      await Deno.writeTextFile(file, "");
      const netnsAdvice = /^--netns must be the path of a network namespace, /m;
      for (
        const { args, advice } of [
          { args: ["--netns", "/run/netns/none"], advice: netnsAdvice },
          { args: ["--netns", file], advice: netnsAdvice },
          { args: ["--netns", "/proc/self/ns/mnt"], advice: netnsAdvice },
          {
            args: ["--netns", container.path, "--ifname", "eth7"],
            advice: /^name another interface with --ifname; /m,
          },
          {
            args: ["--netns", container.path, "--config", host.directory.path],
            advice: /^dhcp validate lists the networks of a configuration$/m,
          },
        ]
      ) {
        const { code, stdout, stderr } = await runOperator(["probe", ...args]);
        assertEquals([code, stdout], [3, ""]);
        assertMatch(stderr, advice);
      }
    },
  },

  {
    name: "a command that needs root says so to another user",
    run: async () => {
      await using host = new DhcpHost();
      await host.daemon();
      const container = host.container();
      for (
        const args of [
          ["probe", "--netns", container.path],
          ["leases", "--socket", host.socketPath],
          ["renew", "c1", "--socket", host.socketPath],
          ["watch", "--socket", host.socketPath],
        ]
      ) {
        const { code, stderr } = await runPlugin({
          binary: "setpriv",
          args: [
            ...["--reuid=65534", "--regid=65534", "--clear-groups"],
            ...["--", DHCP_BIN, ...args],
          ],
          env: {},
        });
        assertEquals(code, 3, stderr);
        assertMatch(stderr, /^run the command as root$/m);
      }
    },
  },
];

/** Rows about probes. */
export const PROBE_ROWS: readonly ParallelRow[] = ROWS.map((row) => ({
  ...row,
  reason: missing("command:dnsmasq", "command:script"),
}));
