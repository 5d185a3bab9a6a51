import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import type { Request } from "../../../../lib/cni/plugin.ts";
import type { Result } from "../../../../lib/cni/result.ts";
import { dhcpHandlers } from "../../../../lib/dhcp/plugin/handlers.ts";
import type { DhcpPorts } from "../../../../lib/dhcp/plugin/ports.ts";
import { formatCidr } from "../../../../lib/net/cidr.ts";
import { rejectionOf } from "../../base/thrown.ts";
import { invocation, networkConfig } from "../../cni/builders.ts";
import { C1 } from "../daemon/fake_host.ts";
import type { Attachment } from "../../../../lib/cni/attachment.ts";

const RESULT = {
  cniVersion: "1.1.0",
  ips: [{ address: "192.0.2.50/24", gateway: "192.0.2.1" }],
};
const ANSWER = JSON.stringify({ protocol: 1, result: RESULT });
const OK = '{"protocol":1}';

/** A daemon that gives these answers, one a call; undefined: it does not listen; an error: it does not answer. */
class FakePorts implements DhcpPorts {
  readonly requests: Record<string, unknown>[] = [];
  readonly tombstones: Attachment[] = [];
  readonly warnings: string[] = [];
  readonly dialed: string[] = [];
  readonly #answers: (string | SystemError | undefined)[];

  constructor(...answers: readonly (string | SystemError | undefined)[]) {
    this.#answers = [...answers];
  }

  connect(socketPath: string): ReturnType<DhcpPorts["connect"]> {
    this.dialed.push(socketPath);
    if (this.#answers[0] === undefined) {
      this.#answers.shift();
      const message =
        `dial unix ${socketPath}: connect: no such file or directory`;
      return Promise.reject(new SystemError(message, { advice: "start it" }));
    }
    return Promise.resolve({
      exchange: () => Promise.reject(new Error("not asked for")),
      call: (line) => {
        this.requests.push(JSON.parse(line));
        const answer = this.#answers.shift();
        return typeof answer === "string"
          ? Promise.resolve(answer)
          : Promise.reject(answer);
      },
      [Symbol.dispose]: () => {},
    });
  }

  leaveTombstone(_path: string, attachment: Attachment): Promise<void> {
    this.tombstones.push(attachment);
    return Promise.resolve();
  }

  workingDirectory(): string {
    return "/somewhere";
  }

  warn(message: string): void {
    this.warnings.push(message);
  }

  get methods(): unknown[] {
    return this.requests.map((request) => request["method"]);
  }
}

function request(
  ipam: unknown = { daemonSocketPath: "/d.sock" },
  keys: Readonly<Record<string, unknown>> = {},
  facts: Parameters<typeof invocation>[0] = {},
): Request {
  return {
    invocation: invocation(facts),
    config: networkConfig({ name: "net", ipam, ...keys }),
  };
}

async function add(ports: FakePorts, asked = request()): Promise<string[]> {
  const results: Result[] = [];
  await dhcpHandlers(ports).add(asked, (result) => results.push(result));
  return results.flatMap(({ ips }) =>
    ips.map(({ address }) => formatCidr(address))
  );
}

Deno.test("ADD asks the daemon, answers and confirms", async () => {
  const ports = new FakePorts(ANSWER, OK);
  assertEquals(await add(ports), ["192.0.2.50/24"]);
  assertEquals(ports.methods, ["allocate", "confirm"]);
  assertEquals(ports.dialed, ["/d.sock"]);
  const [allocate] = ports.requests;
  assertEquals(allocate?.["attachment"], { ...C1 });
  assertEquals(allocate?.["netns"], "/var/run/netns/c1");
});

Deno.test("ADD makes the path of the namespace absolute", async () => {
  const ports = new FakePorts(ANSWER, OK);
  await add(ports, request({}, {}, { netns: "./a/../b" }));
  assertEquals(ports.requests[0]?.["netns"], "/somewhere/b");
});

Deno.test("ADD succeeds although the confirmation is lost: the runtime has the result", async () => {
  const ports = new FakePorts(ANSWER, new SystemError("closed"));
  assertEquals(await add(ports), ["192.0.2.50/24"]);
  assertEquals(ports.warnings, [
    "the daemon did not take the confirmation: closed",
  ]);
});

Deno.test("ADD does not confirm what cannot be answered", async () => {
  const ports = new FakePorts(ANSWER, OK);
  const handlers = dhcpHandlers(ports);
  const thrown = await rejectionOf(() =>
    handlers.add(request(), () => {
      throw new SystemError("write stdout: broken pipe");
    })
  );
  assertEquals(thrown?.["message"], "write stdout: broken pipe");
  assertEquals(ports.methods, ["allocate"]);
});

Deno.test("ADD without a daemon has upstream's text and code 11", async () => {
  const thrown = await rejectionOf(() => add(new FakePorts(undefined)));
  assertEquals([thrown?.["code"], thrown?.["message"]], [
    11,
    "error dialing DHCP daemon: dial unix /d.sock: connect: no such file or directory",
  ]);
});

Deno.test("ADD passes on what the daemon says, with its code", async () => {
  const error = { code: 11, msg: "no offer", details: "why" };
  const line = JSON.stringify({ protocol: 1, error });
  const thrown = await rejectionOf(() => add(new FakePorts(line)));
  assertEquals(
    [thrown?.["code"], thrown?.["message"], thrown?.["details"]],
    [11, "error calling DHCP.Allocate: no offer", "why"],
  );
});

Deno.test("ADD with a daemon that goes silent is code 11", async () => {
  const ports = new FakePorts(new SystemError("unix /d.sock: no answer"));
  const thrown = await rejectionOf(() => add(ports));
  assertEquals([thrown?.["code"], thrown?.["message"]], [
    11,
    "error calling DHCP.Allocate: unix /d.sock: no answer",
  ]);
});

Deno.test("ADD and STATUS refuse a configuration without ipam, before they call", async () => {
  for (const command of ["add", "status"] as const) {
    const ports = new FakePorts();
    const asked = request(undefined, { ipam: null });
    const thrown = await rejectionOf(() =>
      dhcpHandlers(ports)[command](asked, () => {})
    );
    assertEquals(thrown?.["name"], "ConfigError");
    assertEquals(ports.dialed, []);
  }
});

async function del(ports: FakePorts, asked = request()): Promise<void> {
  await dhcpHandlers(ports).del(asked);
}

Deno.test("DEL asks for a release", async () => {
  const ports = new FakePorts(OK);
  await del(ports);
  assertEquals(ports.requests, [{
    protocol: 1,
    method: "release",
    attachment: { ...C1 },
  }]);
  assertEquals(ports.tombstones, []);
});

Deno.test("DEL without a daemon leaves a note and succeeds", async () => {
  const ports = new FakePorts(undefined, undefined);
  await del(ports);
  assertEquals(ports.tombstones, [C1]);
});

Deno.test("DEL calls again after the note: a daemon may have started meanwhile", async () => {
  const ports = new FakePorts(undefined, OK);
  await del(ports);
  assertEquals(ports.tombstones, [C1]);
  assertEquals(ports.methods, ["release"]);
});

Deno.test("DEL with a daemon that goes silent leaves a note and succeeds", async () => {
  const ports = new FakePorts(new SystemError("no answer"), undefined);
  await del(ports);
  assertEquals(ports.tombstones, [C1]);
});

Deno.test("DEL goes on with a configuration that is no good for ADD", async () => {
  const ports = new FakePorts(OK);
  await del(ports, request({ timeout: "soon" }));
  assertEquals(ports.methods, ["release"]);
  assertEquals(ports.warnings.length, 1);
});

Deno.test("DEL fails if the daemon refuses", async () => {
  const error = { code: 999, msg: "permission denied" };
  const ports = new FakePorts(JSON.stringify({ protocol: 1, error }));
  const thrown = await rejectionOf(() => del(ports));
  assertEquals(
    thrown?.["message"],
    "error calling DHCP.Release: permission denied",
  );
  assertEquals(ports.tombstones, []);
});

Deno.test("CHECK sends the addresses of the previous result", async () => {
  const ports = new FakePorts(OK);
  const asked = request({}, { prevResult: RESULT });
  await dhcpHandlers(ports).check(asked);
  assertEquals(ports.requests[0]?.["addresses"], ["192.0.2.50/24"]);
});

Deno.test("CHECK without a previous result sends none", async () => {
  const ports = new FakePorts(OK);
  await dhcpHandlers(ports).check(request({}));
  assertEquals(
    new JsonObject(ports.requests[0], "").value("addresses"),
    undefined,
  );
});

Deno.test("GC sends what is listed", async () => {
  const ports = new FakePorts('{"protocol":1,"released":0}');
  const listed = [{ containerID: "c1", ifname: "eth0" }];
  await dhcpHandlers(ports).gc(
    request({}, { "cni.dev/valid-attachments": listed }),
  );
  assertEquals(ports.requests[0]?.["attachments"], [
    { containerId: "c1", ifName: "eth0" },
  ]);
});

Deno.test("GC without a list is refused", async () => {
  const ports = new FakePorts(OK);
  const thrown = await rejectionOf(() => dhcpHandlers(ports).gc(request({})));
  assertEquals(thrown?.["name"], "ConfigError");
});

Deno.test("STATUS without a daemon, or with one that is silent, is code 50", async () => {
  for (const answer of [undefined, new SystemError("no answer")]) {
    const thrown = await rejectionOf(() =>
      dhcpHandlers(new FakePorts(answer)).status(request({}))
    );
    assertEquals(thrown?.["code"], 50);
  }
});

Deno.test("STATUS with a daemon succeeds", async () => {
  await dhcpHandlers(new FakePorts(OK)).status(request({}));
});

Deno.test("DEL whose note cannot be left succeeds if a daemon has started meanwhile, and else says why", async () => {
  const refused = new SystemError("no space left");
  const found = new FakePorts(undefined, OK);
  found.leaveTombstone = () => Promise.reject(refused);
  await del(found);
  assertEquals(found.methods, ["release"]);
  const away = new FakePorts(undefined, undefined);
  away.leaveTombstone = () => Promise.reject(refused);
  const thrown = await rejectionOf(() => del(away));
  assertEquals(thrown?.["message"], "no space left");
});
