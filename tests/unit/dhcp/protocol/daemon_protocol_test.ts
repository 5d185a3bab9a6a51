import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import { CniError, CniErrorCode } from "../../../../lib/cni/error.ts";
import { parseResult } from "../../../../lib/cni/result_reader.ts";
import {
  type DaemonRequest,
  formatAllocation,
  formatFailure,
  formatRequest,
  formatResponse,
  parseRequest,
  parseResponse,
} from "../../../../lib/dhcp/protocol/daemon_protocol.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../base/thrown.ts";
import { resultOf } from "../../cni/builders.ts";
import { C1 } from "../daemon/fake_host.ts";

const REQUESTS: readonly { name: string; request: DaemonRequest }[] = [
  {
    name: "allocate",
    request: {
      method: "allocate",
      attachment: C1,
      netns: "/var/run/netns/x",
      netnsOverride: true,
      options: {
        clientId: { kind: "bytes", bytes: Uint8Array.of(1, 2) },
        provided: new Map([[12, Uint8Array.of(97)], [60, new Uint8Array()]]),
        requestedCodes: [3, 1],
        broadcast: "auto",
        timeoutMs: 1500.5,
        onExpiry: "keep",
        onChange: "keep",
        conflictProbeMs: 200,
        priority: -1,
        suppressGateway: true,
        suppressRoutes: true,
        suppressDns: true,
        allowedRoutes: [{ address: ip("10.0.0.0"), prefixLength: 8 }],
        deniedRoutes: [{ address: ip("10.96.0.0"), prefixLength: 12 }],
        allowSplitDefault: true,
        hostDevice: { name: "cni0", vlanId: 5 },
      },
    },
  },
  {
    name: "allocate with defaults",
    request: {
      method: "allocate",
      attachment: C1,
      netns: "/var/run/netns/x",
      netnsOverride: false,
      options: {
        clientId: { kind: "attachment" },
        provided: new Map(),
        requestedCodes: [],
        broadcast: undefined,
        timeoutMs: undefined,
        onExpiry: "down",
        onChange: "apply",
        conflictProbeMs: 0,
        priority: 0,
        suppressGateway: false,
        suppressRoutes: false,
        suppressDns: false,
        allowedRoutes: undefined,
        deniedRoutes: [],
        allowSplitDefault: false,
        hostDevice: undefined,
      },
    },
  },
  { name: "confirm", request: { method: "confirm" } },
  { name: "release", request: { method: "release", attachment: C1 } },
  {
    name: "check",
    request: {
      method: "check",
      attachment: C1,
      netns: "/x",
      addresses: resultOf("192.0.2.50/24").ips.map(({ address }) => address),
    },
  },
  {
    name: "check without a previous result",
    request: {
      method: "check",
      attachment: C1,
      netns: "/x",
      addresses: undefined,
    },
  },
  {
    name: "gc",
    request: {
      method: "gc",
      networkName: "net",
      attachments: [{ containerId: "c1", ifName: "eth0" }],
    },
  },
  { name: "status", request: { method: "status" } },
  { name: "leases", request: { method: "leases", after: "c1/net/eth0" } },
  { name: "renew", request: { method: "renew", attachment: C1 } },
  { name: "watch", request: { method: "watch" } },
];

testRows(
  "parseRequest() parses what formatRequest() formats:",
  REQUESTS,
  ({ request }) => {
    const line = formatRequest(request);
    assertEquals(line.includes("\n"), false);
    assertEquals(parseRequest(line), request);
  },
);

const ATTACHMENT =
  '"attachment":{"containerId":"a","networkName":"b","ifName":"c"}';

/** The line of an allocate with these options. */
function allocateWith(options: string): string {
  return `{"protocol":1,"method":"allocate",${ATTACHMENT},"netns":"/x","options":${options}}`;
}

testRows("parseRequest() refuses", [
  {
    name: "a line that is not JSON",
    line: "{",
    error: "DecodeError",
    message: "message is not JSON",
  },
  {
    name: "a list",
    line: "[]",
    error: "DecodeError",
    message: "json: cannot unmarshal array into message: expected an object",
  },
  {
    name: "another protocol",
    line: '{"protocol":2,"method":"status"}',
    error: "DecodeError",
    message:
      "protocol is 2, expected 1: plugin and daemon are different releases",
  },
  {
    name: "a message without a protocol",
    line: '{"method":"status"}',
    error: "DecodeError",
    message:
      "protocol is undefined, expected 1: plugin and daemon are different releases",
  },
  {
    name: "a message without a method",
    line: '{"protocol":1}',
    error: "DecodeError",
    message: 'unknown method ""',
  },
  {
    name: "an unknown method",
    line: '{"protocol":1,"method":"zork"}',
    error: "DecodeError",
    message: 'unknown method "zork"',
  },
  {
    name: "an attachment without an interface",
    line:
      '{"protocol":1,"method":"release","attachment":{"containerId":"a","networkName":"b"}}',
    error: "DecodeError",
    message: "ifName is missing",
  },
  {
    name: "a release without an attachment",
    line: '{"protocol":1,"method":"release"}',
    error: "DecodeError",
    message: "attachment is missing",
  },
  {
    name: "a GC without a list of attachments",
    line: '{"protocol":1,"method":"gc","networkName":"n"}',
    error: "DecodeError",
    message: "attachments is missing",
  },
  {
    name: "a check with an address without a prefix length",
    line:
      `{"protocol":1,"method":"check",${ATTACHMENT},"netns":"/x","addresses":["192.0.2.1"]}`,
    error: "DecodeError",
    message: '"192.0.2.1" is not an address with a prefix length',
  },
  {
    name: "option contents that are not hexadecimal",
    line: allocateWith('{"provided":{"12":"x"}}'),
    error: "ConfigError",
    message: "12 is not hexadecimal",
  },
  {
    name: "an option code of more than 8 bits",
    line: allocateWith('{"requestedCodes":[256]}'),
    error: "DecodeError",
    message:
      "json: cannot unmarshal number into message.options.requestedCodes[0]: expected a number from 0 to 255",
  },
], ({ line, error, message }) => {
  const thrown = thrownBy(() => parseRequest(line));
  assertEquals([thrown?.["name"], thrown?.["message"]], [error, message]);
});

Deno.test("parseResponse() parses a result", () => {
  const result = resultOf("192.0.2.50/24");
  const response = parseResponse(formatAllocation(result));
  if (response.kind === "error") throw response.error;
  assertEquals(
    parseResult(new JsonObject(response.body.value("result"), "")),
    result,
  );
});

Deno.test("parseResponse() parses a response", () => {
  const response = parseResponse(formatResponse({ released: 3 }));
  if (response.kind === "error") throw response.error;
  assertEquals(response.body.integer("released"), 3);
});

Deno.test("parseResponse() parses an error with its code and details", () => {
  const error = new CniError(CniErrorCode.tryAgainLater, "no offer", {
    details: "why",
  });
  const response = parseResponse(formatFailure(error));
  if (response.kind !== "error") throw new Error("no error");
  const { code, message, details } = response.error;
  assertEquals([code, message, details], [11, "no offer", "why"]);
});

Deno.test("parseResponse() turns an unknown error code into 999", () => {
  const response = parseResponse(
    '{"protocol":1,"error":{"code":77,"msg":"m"}}',
  );
  assertEquals(response.kind === "error" && response.error.code, 999);
});
