import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import type { Request } from "../../../../lib/cni/plugin.ts";
import { dhcpHandlers } from "../../../../lib/dhcp/plugin/handlers.ts";
import { formatCidr } from "../../../../lib/net/cidr.ts";
import { testRows } from "../../../support/rows.ts";
import { rejectionOf } from "../../base/thrown.ts";
import { C1 } from "../daemon/fake_host.ts";
import { FakePorts, type FakeResponse, request } from "./fake_ports.ts";

const RESULT = {
  cniVersion: "1.1.0",
  ips: [{ address: "192.0.2.50/24", gateway: "192.0.2.1" }],
};
const ALLOCATED = JSON.stringify({ protocol: 1, result: RESULT });
const OK = '{"protocol":1}';
/** No daemon listens. */
const ABSENT = undefined;
const SILENT = new SystemError("unix /d.sock: no answer within 10 s");

/** The response to a call that the daemon refuses. */
function refusal(code: number, msg: string, details?: string): string {
  return JSON.stringify({ protocol: 1, error: { code, msg, details } });
}

type Command = "add" | "del" | "check" | "gc" | "status";

const VALID = { "cni.dev/valid-attachments": [] };

/** Runs a command. @returns The addresses of the result, which only ADD has. */
async function run(
  command: Command,
  ports: FakePorts,
  asked: Request = request({ config: VALID }),
): Promise<string[]> {
  const addresses: string[] = [];
  await dhcpHandlers(ports)[command](asked, ({ ips }) => {
    addresses.push(...ips.map(({ address }) => formatCidr(address)));
    return Promise.resolve();
  });
  assertEquals(ports.open, 0, "connections are left open");
  return addresses;
}

/** What a command throws: code, message and details. */
async function failure(
  command: Command,
  ports: FakePorts,
  asked?: Request,
): Promise<unknown> {
  const thrown = await rejectionOf(() => run(command, ports, asked));
  assertEquals(ports.open, 0, "connections are left open");
  return thrown && [thrown["code"], thrown["message"], thrown["details"]];
}

const DIAL_ERROR =
  "error dialing DHCP daemon: dial unix /d.sock: connect: no such file or directory";

testRows<{
  name: string;
  command: Command;
  response: FakeResponse;
  want: readonly [code: number, message: string, details: string];
}>("the error of", [
  {
    name: "ADD without a daemon",
    command: "add",
    response: ABSENT,
    want: [11, DIAL_ERROR, "start it"],
  },
  {
    name: "CHECK without a daemon",
    command: "check",
    response: ABSENT,
    want: [11, DIAL_ERROR, "start it"],
  },
  {
    name: "GC without a daemon",
    command: "gc",
    response: ABSENT,
    want: [11, DIAL_ERROR, "start it"],
  },
  {
    name: "STATUS without a daemon",
    command: "status",
    response: ABSENT,
    want: [50, DIAL_ERROR, "start it"],
  },
  {
    name: "ADD with a daemon that does not respond",
    command: "add",
    response: SILENT,
    want: [
      11,
      "error calling DHCP.Allocate: unix /d.sock: no answer within 10 s",
      "",
    ],
  },
  {
    name: "STATUS with a daemon that does not respond",
    command: "status",
    response: SILENT,
    want: [
      50,
      "error calling DHCP.Status: unix /d.sock: no answer within 10 s",
      "",
    ],
  },
  {
    name: "ADD that the daemon refuses",
    command: "add",
    response: refusal(11, "no offer", "why"),
    want: [11, "error calling DHCP.Allocate: no offer", "why"],
  },
  {
    name: "ADD in a namespace that does not exist",
    command: "add",
    response: refusal(8, "failed to Statfs"),
    want: [8, "failed to Statfs", ""],
  },
  {
    name: "DEL that the daemon refuses",
    command: "del",
    response: refusal(999, "permission denied"),
    want: [999, "error calling DHCP.Release: permission denied", ""],
  },
  {
    name: "GC that the daemon refuses",
    command: "gc",
    response: refusal(999, "permission denied"),
    want: [999, "error calling DHCP.GC: permission denied", ""],
  },
  {
    name: "CHECK with an unreadable response",
    command: "check",
    response: "{",
    want: [6, "error calling DHCP.Check: message is not JSON", "at "],
  },
], async ({ command, response, want }) => {
  const ports = new FakePorts(response);
  assertEquals(await failure(command, ports), want);
  assertEquals(ports.notes, []);
});

Deno.test("ADD calls the daemon, answers and confirms", async () => {
  const ports = new FakePorts(ALLOCATED, OK);
  assertEquals(await run("add", ports), ["192.0.2.50/24"]);
  assertEquals(ports.methods, ["allocate", "confirm"]);
  assertEquals(ports.dialed, ["/d.sock"]);
  const [allocate] = ports.requests;
  assertEquals(allocate?.["attachment"], { ...C1 });
  assertEquals(allocate?.["netns"], "/var/run/netns/c1");
});

Deno.test("ADD sends CNI_NETNS as an absolute path", async () => {
  const ports = new FakePorts(ALLOCATED, OK);
  await run("add", ports, request({ netns: "./a/../b" }));
  assertEquals(ports.requests[0]?.["netns"], "/somewhere/b");
});

testRows<{ name: string; response: FakeResponse; reason: string }>(
  "ADD succeeds if the confirmation",
  [
    { name: "is lost", response: SILENT, reason: SILENT.message },
    {
      name: "is refused",
      response: refusal(999, "too late"),
      reason: "too late",
    },
  ],
  async ({ response, reason }) => {
    const ports = new FakePorts(ALLOCATED, response);
    assertEquals(await run("add", ports), ["192.0.2.50/24"]);
    assertEquals(ports.events, [{ event: "confirmation-failed", reason }]);
  },
);

Deno.test("ADD does not confirm a result that cannot be printed", async () => {
  const ports = new FakePorts(ALLOCATED, OK);
  const handlers = dhcpHandlers(ports);
  const thrown = await rejectionOf(() =>
    handlers.add(request(), () => {
      throw new SystemError("write stdout: broken pipe");
    })
  );
  assertEquals(thrown?.["message"], "write stdout: broken pipe");
  assertEquals([ports.methods, ports.open], [["allocate"], 0]);
});

testRows<{ name: string; command: Command }>(
  "without an ipam object, no call is made by",
  [{ name: "ADD", command: "add" }, { name: "STATUS", command: "status" }],
  async ({ command }) => {
    const ports = new FakePorts();
    const asked = request({ ipam: null });
    const thrown = await rejectionOf(() => run(command, ports, asked));
    assertEquals([thrown?.["name"], ports.dialed], ["ConfigError", []]);
  },
);

Deno.test("DEL asks the daemon to release the lease", async () => {
  const ports = new FakePorts(OK);
  await run("del", ports);
  assertEquals(ports.requests, [{
    protocol: 1,
    method: "release",
    attachment: { ...C1 },
  }]);
  assertEquals([ports.notes, ports.events], [[], []]);
});

testRows<{
  name: string;
  responses: readonly FakeResponse[];
  methods: readonly string[];
  reason: string;
}>("DEL leaves a release note and succeeds", [
  {
    name: "without a daemon",
    responses: [ABSENT, ABSENT],
    methods: [],
    reason: DIAL_ERROR,
  },
  {
    name: "with a daemon that does not respond",
    responses: [SILENT, ABSENT],
    methods: ["release"],
    reason: `error calling DHCP.Release: ${SILENT.message}`,
  },
  {
    name: "and calls a daemon that starts in the meantime",
    responses: [ABSENT, OK],
    methods: ["release"],
    reason: DIAL_ERROR,
  },
], async ({ responses, methods, reason }) => {
  const ports = new FakePorts(...responses);
  await run("del", ports);
  assertEquals([ports.notes, ports.methods], [[C1], methods]);
  assertEquals(ports.events, [{
    event: "daemon-unreachable",
    command: "DEL",
    reason,
  }]);
});

Deno.test("DEL succeeds without a release note if a daemon starts in the meantime", async () => {
  const ports = new FakePorts(ABSENT, OK);
  ports.noteError = new SystemError("no space left");
  await run("del", ports);
  assertEquals(ports.methods, ["release"]);
});

Deno.test("DEL without a daemon fails if no release note can be written", async () => {
  const ports = new FakePorts(ABSENT, ABSENT);
  ports.noteError = new SystemError("no space left");
  const thrown = await rejectionOf(() => run("del", ports));
  assertEquals(thrown?.["message"], "no space left");
});

Deno.test("DEL fails as upstream's if no daemon can listen at the path of the socket", async () => {
  const ports = new FakePorts(ABSENT, ABSENT);
  ports.isSocketPath = false;
  assertEquals(await failure("del", ports), [11, DIAL_ERROR, "start it"]);
  assertEquals(ports.notes, []);
});

testRows<{ name: string; command: "del" | "gc"; method: string }>(
  "with an invalid configuration, a warning is logged by",
  [
    { name: "DEL", command: "del", method: "release" },
    { name: "GC", command: "gc", method: "gc" },
  ],
  async ({ name, command, method }) => {
    const ports = new FakePorts(OK);
    const ipam = { timeout: "soon" };
    await run(command, ports, request({ command: name, ipam, config: VALID }));
    assertEquals(ports.methods, [method]);
    assertEquals(ports.events, [{
      event: "config-invalid",
      command: name,
      reason:
        'timeout is "soon", expected a positive number of seconds or a duration such as "30s"',
    }]);
  },
);

testRows("CHECK sends", [
  {
    name: "the addresses of prevResult",
    config: { prevResult: RESULT },
    want: ["192.0.2.50/24"],
  },
  { name: "no addresses without prevResult", config: {}, want: undefined },
], async ({ config, want }) => {
  const ports = new FakePorts(OK);
  await run("check", ports, request({ config }));
  assertEquals(ports.requests[0]?.["addresses"], want);
});

Deno.test("GC sends the valid attachments", async () => {
  const ports = new FakePorts('{"protocol":1,"released":0}');
  const listed = [{ containerID: "c1", ifname: "eth0" }];
  await run(
    "gc",
    ports,
    request({ config: { "cni.dev/valid-attachments": listed } }),
  );
  assertEquals(ports.requests[0]?.["attachments"], [
    { containerId: "c1", ifName: "eth0" },
  ]);
});

Deno.test("GC refuses a configuration without a list of attachments", async () => {
  const ports = new FakePorts(OK);
  const thrown = await rejectionOf(() => run("gc", ports, request()));
  assertEquals([thrown?.["name"], ports.dialed], ["ConfigError", []]);
});

Deno.test("STATUS succeeds if the daemon responds", async () => {
  const ports = new FakePorts(OK);
  await run("status", ports);
  assertEquals(ports.methods, ["status"]);
});
