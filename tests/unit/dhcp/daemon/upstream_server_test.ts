import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import {
  CMD_ARGS,
  CONNECT_LINE,
  EMPTY,
  RPC_REQUEST,
} from "../../../../lib/dhcp/protocol/upstream_protocol.ts";
import {
  serveConnection,
  type ServerContext,
} from "../../../../lib/dhcp/daemon/server.ts";
import {
  GobDecoder,
  type GobRecord,
} from "../../../../lib/dhcp/protocol/gob/gob_decoder.ts";
import {
  GobEncoder,
  type GobStruct,
} from "../../../../lib/dhcp/protocol/gob/gob_encoder.ts";
import { ascii, hex } from "../../../support/bytes.ts";
import { FakeCaller, SERVER_CONTEXT } from "./fake_caller.ts";
import { FakeHost } from "./fake_host.ts";

const CONFIG = ascii(
  '{"cniVersion":"1.0.0","name":"net","ipam":{"type":"dhcp"}}',
);
const ARGS = {
  ContainerID: "c1",
  Netns: "/ns/a",
  IfName: "eth0",
  StdinData: CONFIG,
};

/** Makes a call as upstream's plugin does. @returns Head, header and body of the answer. */
async function call(
  host: FakeHost,
  method: string,
  args: GobRecord,
  { type = CMD_ARGS, onCall }: {
    readonly type?: GobStruct;
    readonly onCall?: NonNullable<ServerContext["onCall"]>;
  } = {},
): Promise<[head: string, ...GobRecord[]]> {
  const caller = new FakeCaller([CONNECT_LINE, ""]);
  const encoder = new GobEncoder();
  caller.sendBytes(
    encoder.encode(RPC_REQUEST, { ServiceMethod: method, Seq: 7 }),
  );
  caller.sendBytes(encoder.encode(type, args));
  const context = {
    ...SERVER_CONTEXT,
    ...(onCall === undefined ? {} : { onCall }),
  };
  await host.settle(serveConnection(caller, host.daemon, context));
  assertEquals([caller.isClosed, caller.answers], [true, []]);
  const [head = new Uint8Array(), ...rest] = caller.taken;
  const decoder = new GobDecoder(65_536);
  for (const piece of rest) decoder.push(piece);
  return [
    new TextDecoder().decode(head),
    decoder.next() ?? {},
    decoder.next() ?? {},
  ];
}

const CONNECTED = "HTTP/1.0 200 Connected to Go RPC\n\n";

Deno.test("serveConnection() answers upstream's Allocate and Release", async () => {
  const host = new FakeHost();
  host.interface();
  assertEquals(await call(host, "DHCP.Allocate", ARGS), [
    CONNECTED,
    { ServiceMethod: "DHCP.Allocate", Seq: 7 },
    {
      IPs: [{
        Address: { IP: hex("c0000232"), Mask: hex("ffffff00") },
        Gateway: hex("c0000201"),
      }],
      Routes: [{
        Dst: { IP: hex("00000000"), Mask: hex("00000000") },
        GW: hex("c0000201"),
      }],
      DNS: {},
    },
  ]);
  assertEquals(host.daemon.status()["leases"], { BOUND: 1 });
  assertEquals(await call(host, "DHCP.Release", ARGS), [
    CONNECTED,
    { ServiceMethod: "DHCP.Release", Seq: 7 },
    {},
  ]);
  assertEquals(host.daemon.status()["leases"], {});
});

for (
  const { name, method, args, type, error } of [
    {
      name: "another method",
      method: "DHCP.Frob",
      args: {},
      type: EMPTY,
      error: "rpc: can't find service DHCP.Frob",
    },
    {
      name: "a namespace that does not exist",
      method: "DHCP.Allocate",
      args: { ...ARGS, Netns: "/nowhere" },
      type: CMD_ARGS,
      error: 'failed to Statfs "/nowhere": no such file or directory',
    },
    {
      name: "a configuration without ipam, which crashes upstream's daemon",
      method: "DHCP.Allocate",
      args: { ...ARGS, StdinData: ascii('{"name":"net"}') },
      type: CMD_ARGS,
      error: "IPAM config missing 'ipam' key",
    },
    {
      name: "a configuration that is not JSON",
      method: "DHCP.Release",
      args: { ...ARGS, StdinData: ascii("{") },
      type: CMD_ARGS,
      error:
        "error unmarshall network config: expected property name or '}' in JSON at position 1 (line 1 column 2)",
    },
  ]
) {
  Deno.test(`serveConnection() answers upstream's plugin with the error for ${name}`, async () => {
    const host = new FakeHost();
    host.interface();
    assertEquals(await call(host, method, args, { type }), [
      CONNECTED,
      { ServiceMethod: method, Seq: 7, Error: error },
      {},
    ]);
  });
}

for (
  const line of ["GET /debug/rpc HTTP/1.1", "CONNECT /elsewhere HTTP/1.0"]
) {
  Deno.test(`serveConnection() refuses ${line} with status 405`, async () => {
    const caller = new FakeCaller([line, ""]);
    await serveConnection(caller, new FakeHost().daemon, SERVER_CONTEXT);
    assertEquals(
      caller.taken.map((bytes) => new TextDecoder().decode(bytes)),
      ["HTTP/1.0 405 Method Not Allowed\r\n\r\nmust CONNECT\n"],
    );
  });
}

Deno.test("serveConnection() cancels the acquisition when upstream's plugin disconnects", async () => {
  const host = new FakeHost();
  host.interface();
  host.delayMs = 1000;
  const caller = new FakeCaller([CONNECT_LINE, ""]);
  const encoder = new GobEncoder();
  caller.sendBytes(
    encoder.encode(RPC_REQUEST, { ServiceMethod: "DHCP.Allocate" }),
  );
  caller.sendBytes(encoder.encode(CMD_ARGS, ARGS));
  const served = serveConnection(caller, host.daemon, SERVER_CONTEXT);
  host.scheduler.after(500, () => caller.hangUp());
  await host.settle(served);
  await host.advance(0);
  assertEquals(host.daemon.status()["leases"], {});
});

/** Sends its input piece by piece, as long as the server reads. */
class DrippingCaller extends FakeCaller {
  nowMs = 0;
  #reads = 0;

  constructor(
    readonly pauseMs: number,
    readonly lines: Iterator<string>,
    readonly bytes: Iterator<number>,
  ) {
    super([]);
  }

  override peekByte(): Promise<number> {
    return Promise.resolve(CONNECT_LINE.charCodeAt(0));
  }

  override readLine(timeoutMs: number): Promise<string | undefined> {
    return this.#next(this.lines, timeoutMs);
  }

  override async readBytes(timeoutMs: number): Promise<Uint8Array | undefined> {
    const byte = await this.#next(this.bytes, timeoutMs);
    return byte === undefined ? undefined : Uint8Array.of(byte);
  }

  #next<T>(source: Iterator<T>, timeoutMs: number): Promise<T | undefined> {
    this.nowMs += Math.min(this.pauseMs, timeoutMs);
    this.#reads += 1;
    const isEndless = this.#reads > 10_000;
    if (isEndless) return Promise.reject(new Error("the server reads forever"));
    if (timeoutMs < this.pauseMs) {
      return Promise.reject(new SystemError("nothing came"));
    }
    const { value } = source.next();
    return Promise.resolve(value);
  }
}

function* dripping(): Generator<string> {
  yield CONNECT_LINE;
  for (;;) yield "x: y";
}

const CALL_BYTES = [
  ...new GobEncoder().encode(RPC_REQUEST, { ServiceMethod: "DHCP.Release" }),
];

for (
  const { name, pauseMs, lines, reason, atMs } of [
    {
      name: "header lines",
      pauseMs: 400,
      lines: dripping(),
      reason: "nothing came",
      // 400 ms until the first line.
      atMs: 5400,
    },
    {
      name: "header lines without end",
      pauseMs: 0,
      lines: dripping(),
      reason: "more than 64 header lines",
      atMs: 0,
    },
    {
      name: "the bytes of a call",
      pauseMs: 400,
      lines: [CONNECT_LINE, ""].values(),
      reason: "nothing came",
      atMs: 5400,
    },
  ]
) {
  Deno.test(`serveConnection() limits the time of a caller that sends slowly: ${name}`, async () => {
    const caller = new DrippingCaller(pauseMs, lines, CALL_BYTES.values());
    const reasons: unknown[] = [];
    await serveConnection(caller, new FakeHost().daemon, {
      ...SERVER_CONTEXT,
      nowMs: () => caller.nowMs,
      log: (_level, _message, fields) => reasons.push(fields?.["reason"]),
    });
    assertEquals([reasons, caller.nowMs], [[reason], atMs]);
  });
}

Deno.test("serveConnection() notes the calls of upstream's plugin", async () => {
  const host = new FakeHost();
  host.interface();
  const calls: unknown[] = [];
  const options = {
    onCall: (command: string, { code }: { readonly code: number }) =>
      void calls.push([command, code]),
  };
  await call(host, "DHCP.Allocate", ARGS, options);
  await call(host, "DHCP.Release", ARGS, options);
  await call(host, "DHCP.Allocate", { ...ARGS, Netns: "/ns/none" }, options);
  await call(host, "DHCP.Renew", ARGS, options);
  assertEquals(calls, [["ADD", 0], ["DEL", 0], ["ADD", 5]]);
});
