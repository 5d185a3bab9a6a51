import { assertEquals } from "@std/assert";
import { concatBytes } from "../../../../lib/base/bytes.ts";
import type { Result } from "../../../../lib/cni/result.ts";
import { dhcpHandlers } from "../../../../lib/dhcp/plugin/handlers.ts";
import {
  CONNECTED_LINE,
  EMPTY,
  RPC_RESPONSE,
  RPC_RESULT,
  toRpcResult,
} from "../../../../lib/dhcp/protocol/upstream_protocol.ts";
import {
  GobDecoder,
  type GobRecord,
} from "../../../../lib/dhcp/protocol/gob/gob_decoder.ts";
import { GobEncoder } from "../../../../lib/dhcp/protocol/gob/gob_encoder.ts";
import { testRows } from "../../../support/rows.ts";
import { rejectionOf } from "../../base/thrown.ts";
import { resultOf } from "../../cni/builders.ts";
import { FakePorts, type FakeResponse, request } from "./fake_ports.ts";

/** The response of upstream's daemon to a call in our protocol. */
const BAD_REQUEST = "HTTP/1.1 400 Bad Request";
const CONNECTED = `${CONNECTED_LINE}\n\n`;

function rpcResponse(
  { error, result }: { readonly error?: string; readonly result?: Result },
): Uint8Array {
  const encoder = new GobEncoder();
  return concatBytes([
    encoder.encode(RPC_RESPONSE, { Error: error }),
    result === undefined
      ? encoder.encode(EMPTY, {})
      : encoder.encode(RPC_RESULT, toRpcResult(result)),
  ]);
}

const ALLOCATED = rpcResponse({ result: resultOf("192.0.2.50/24") });
const RELEASED = rpcResponse({});

/** Ports with upstream's daemon, which gives these responses once it is recognized. */
function upstreamPorts(...responses: FakeResponse[]): FakePorts {
  return new FakePorts(BAD_REQUEST, ...responses);
}

/** The header and the arguments of the call that upstream's daemon has received. */
function receivedCall({ exchanges }: FakePorts): GobRecord[] {
  const decoder = new GobDecoder(65_536);
  decoder.push(exchanges[1] ?? new Uint8Array());
  return [decoder.next() ?? {}, decoder.next() ?? {}];
}

Deno.test("ADD on upstream's daemon allocates in its protocol", async () => {
  const ports = upstreamPorts(CONNECTED, ALLOCATED);
  const results: Result[] = [];
  await dhcpHandlers(ports).add(
    request({ cniArgs: "A=b", netns: "x" }),
    (result) => {
      results.push(result);
      return Promise.resolve();
    },
  );
  assertEquals(results, [resultOf("192.0.2.50/24")]);
  const [header, { StdinData, ...args }] = receivedCall(ports) as [
    GobRecord,
    GobRecord,
  ];
  assertEquals(header, { ServiceMethod: "DHCP.Allocate" });
  assertEquals(args, {
    ContainerID: "c1",
    Netns: "/somewhere/x",
    IfName: "eth0",
    Args: "A=b",
  });
  assertEquals(StdinData instanceof Uint8Array, true);
  assertEquals(ports.events, [{
    event: "upstream-daemon-found",
    command: "ADD",
  }]);
  assertEquals(ports.open, 0);
});

testRows("ADD on upstream's daemon reports the daemon's error", [
  { name: "as it is", error: "no more tries", want: "no more tries" },
  {
    name: "without what a terminal obeys",
    error: "\x1b[2J\u{9b}2J\u202e\x7f",
    want: "\\u001b[2J\\u009b2J\\u202e\\u007f",
  },
  {
    name: "shortened",
    error: "x".repeat(100_000),
    want: `${"x".repeat(1000)}...`,
  },
], async ({ error, want }) => {
  const ports = upstreamPorts(CONNECTED, rpcResponse({ error }));
  const thrown = await rejectionOf(() =>
    dhcpHandlers(ports).add(request(), () => Promise.resolve())
  );
  assertEquals([thrown?.["code"], thrown?.["message"]], [
    999,
    `error calling DHCP.Allocate: ${want}`,
  ]);
});

Deno.test("ADD refuses an HTTP server that is not upstream's daemon", async () => {
  const ports = upstreamPorts("HTTP/1.1 404 Not Found\r\n\r\n");
  const thrown = await rejectionOf(() =>
    dhcpHandlers(ports).add(request(), () => Promise.resolve())
  );
  assertEquals(
    thrown?.["message"],
    'error dialing DHCP daemon: unexpected response "HTTP/1.1 404 Not Found"',
  );
});

Deno.test("ADD on upstream's daemon fails if the head of its response does not end", async () => {
  const ports = upstreamPorts("x".repeat(128 * 1024 + 1));
  const thrown = await rejectionOf(() =>
    dhcpHandlers(ports).add(request(), () => Promise.resolve())
  );
  assertEquals(
    [thrown?.["name"], thrown?.["message"]],
    [
      "TooLongError",
      "error dialing DHCP daemon: HTTP head of more than 131072 bytes",
    ],
  );
});

Deno.test("DEL on upstream's daemon releases without a release note", async () => {
  const ports = upstreamPorts(CONNECTED, RELEASED);
  await dhcpHandlers(ports).del(request());
  const [header] = receivedCall(ports);
  assertEquals([header, ports.notes], [{ ServiceMethod: "DHCP.Release" }, []]);
});

testRows("CHECK on upstream's daemon", [
  { name: "succeeds without prevResult", address: undefined, want: undefined },
  {
    name: "succeeds if prevResult has the address",
    address: "192.0.2.50/24",
    want: undefined,
  },
  {
    name: "fails if prevResult has another address",
    address: "192.0.2.51/24",
    want:
      "dhcp: the lease is 192.0.2.50/24, which prevResult does not have: 192.0.2.51/24",
  },
], async ({ address, want }) => {
  const ports = upstreamPorts(CONNECTED, ALLOCATED);
  const prevResult = address && { ips: [{ address }] };
  const thrown = await rejectionOf(() =>
    dhcpHandlers(ports).check(request({ config: { prevResult } }))
  );
  assertEquals(thrown?.["message"], want);
});

Deno.test("GC on upstream's daemon releases nothing and logs a warning", async () => {
  const ports = upstreamPorts();
  const config = { "cni.dev/valid-attachments": [] };
  await dhcpHandlers(ports).gc(request({ command: "GC", config }));
  assertEquals(ports.events, [
    { event: "upstream-daemon-found", command: "GC" },
    { event: "gc-unsupported" },
  ]);
});

Deno.test("STATUS on upstream's daemon succeeds", async () => {
  const ports = upstreamPorts();
  await dhcpHandlers(ports).status(request());
  assertEquals(ports.exchanges, []);
});

/** The configuration that upstream's daemon receives for `config`. */
async function sent(config: Record<string, unknown>): Promise<unknown> {
  const ports = upstreamPorts(CONNECTED, RELEASED);
  const asked = request({ config, ipam: undefined });
  await dhcpHandlers(ports).del(asked);
  const [, { StdinData } = {}] = receivedCall(ports);
  return JSON.parse(new TextDecoder().decode(StdinData as Uint8Array));
}

testRows<{ name: string; ipam: unknown; want: unknown }>(
  "upstream's daemon receives",
  [
    {
      name: "options by number, with keys in any letter case",
      ipam: {
        type: "dhcp",
        provide: [{ Option: "host-name", Value: "web1" }],
        REQUEST: [{ OPTION: "domain-name-servers" }, { option: 3 }],
      },
      want: {
        type: "dhcp",
        provide: [{ option: "12", Value: "web1" }],
        request: [{ option: "6" }, { option: "3" }],
      },
    },
    {
      name: "skipDefault of an entry without an option in the other entries",
      ipam: {
        request: [{ skipDefault: true }, { option: "domain-name-servers" }],
      },
      want: { request: [{ option: "6", skipDefault: true }] },
    },
    {
      name: "skipDefault of one entry in all entries",
      ipam: { request: [{ option: "6" }, { option: "3", SkipDefault: true }] },
      want: {
        request: [
          { option: "6", skipDefault: true },
          { option: "3", skipDefault: true },
        ],
      },
    },
    {
      name: "skipDefault alone with the subnet mask, which every lease has",
      ipam: { request: { skipDefault: true } },
      want: { request: [{ option: "1", skipDefault: true }] },
    },
    {
      name: "no skipDefault that is false",
      ipam: { request: [{ skipDefault: false }, { option: "6" }] },
      want: { request: [{ option: "6" }] },
    },
    {
      name: "a single entry as a list",
      ipam: { provide: { option: "host-name", fromArg: "K8S_POD_NAME" } },
      want: { provide: [{ option: "12", fromArg: "K8S_POD_NAME" }] },
    },
    {
      name: "the last of several keys that differ in case",
      ipam: {
        provide: [{ option: "12", OPTION: "15", value: "x" }],
        Provide: [{ OPTION: "15", Option: "12", value: "y" }],
      },
      want: { provide: [{ option: "12", value: "y" }] },
    },
    {
      name: "no entry without a valid option",
      ipam: { provide: [{ value: "x" }, { option: "" }, { option: null }, 7] },
      want: { provide: [] },
    },
    {
      name: "other keys unchanged",
      ipam: { Timeout: 5, request: null, priority: 7 },
      want: { Timeout: 5, priority: 7 },
    },
  ],
  async ({ ipam, want }) => {
    assertEquals(await sent({ ipam }), { name: "net", ipam: want });
  },
);

Deno.test("upstream's daemon receives a single ipam object, for any letter case of its key", async () => {
  const provide = [{ option: "host-name", value: "web1" }];
  assertEquals(
    await sent({ ipam: {}, IPAM: { provide } }),
    { name: "net", ipam: { provide: [{ option: "12", value: "web1" }] } },
  );
});
