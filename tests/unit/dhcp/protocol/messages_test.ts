import { assertEquals, assertInstanceOf } from "@std/assert";
import { ConfigError, DecodeError } from "../../../../lib/base/errors.ts";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import { CniError, CniErrorCode } from "../../../../lib/cni/error.ts";
import { parseResult } from "../../../../lib/cni/result_reader.ts";
import { parseCidr } from "../../../../lib/net/cidr.ts";
import {
  type DaemonRequest,
  formatAllocation,
  formatAnswer,
  formatFailure,
  formatRequest,
  parseRequest,
  parseResponse,
} from "../../../../lib/dhcp/protocol/messages.ts";
import { testRows } from "../../../support/rows.ts";
import { resultOf } from "../../cni/builders.ts";
import { C1 } from "../daemon/fake_host.ts";

const cidr = parseCidr("192.0.2.50/24");
if (cidr === undefined) throw new Error("not a CIDR");

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
        allowSplitDefault: true,
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
        allowSplitDefault: false,
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
      addresses: [cidr],
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
];

testRows(
  "parseRequest() takes what formatRequest() gives:",
  REQUESTS,
  ({ request }) => {
    const line = formatRequest(request);
    assertEquals(line.includes("\n"), false);
    assertEquals(parseRequest(line), request);
  },
);

testRows("parseRequest() refuses", [
  { name: "what is not JSON", line: "{" },
  { name: "a list", line: "[]" },
  { name: "another protocol", line: '{"protocol":2,"method":"status"}' },
  { name: "no protocol", line: '{"method":"status"}' },
  { name: "no method", line: '{"protocol":1}' },
  { name: "another method", line: '{"protocol":1,"method":"zork"}' },
  {
    name: "an attachment without an interface",
    line:
      '{"protocol":1,"method":"release","attachment":{"containerId":"a","networkName":"b"}}',
  },
  { name: "no attachment", line: '{"protocol":1,"method":"release"}' },
  {
    name: "no list of those that stay",
    line: '{"protocol":1,"method":"gc","networkName":"n"}',
  },
  {
    name: "an option that is no hexadecimal",
    line:
      '{"protocol":1,"method":"allocate","attachment":{"containerId":"a","networkName":"b","ifName":"c"},"netns":"/x","options":{"provided":{"12":"x"}}}',
  },
  {
    name: "a code that is no byte",
    line:
      '{"protocol":1,"method":"allocate","attachment":{"containerId":"a","networkName":"b","ifName":"c"},"netns":"/x","options":{"requestedCodes":[256]}}',
  },
], ({ line }) => {
  try {
    parseRequest(line);
  } catch (error) {
    if (error instanceof ConfigError) return;
    assertInstanceOf(error, DecodeError);
    return;
  }
  throw new Error("it was taken");
});

Deno.test("parseResponse() takes a result", () => {
  const result = resultOf("192.0.2.50/24");
  const response = parseResponse(formatAllocation(result));
  if (response.kind === "error") throw response.error;
  assertEquals(
    parseResult(new JsonObject(response.body.value("result"), "")),
    result,
  );
});

Deno.test("parseResponse() takes an answer", () => {
  const response = parseResponse(formatAnswer({ released: 3 }));
  if (response.kind === "error") throw response.error;
  assertEquals(response.body.integer("released"), 3);
});

Deno.test("parseResponse() takes an error with its code and details", () => {
  const error = new CniError(CniErrorCode.tryAgainLater, "no offer", {
    details: "why",
  });
  const response = parseResponse(formatFailure(error));
  if (response.kind !== "error") throw new Error("no error");
  const { code, message, details } = response.error;
  assertEquals([code, message, details], [11, "no offer", "why"]);
});

Deno.test("parseResponse() takes an unknown code for an internal error", () => {
  const response = parseResponse(
    '{"protocol":1,"error":{"code":77,"msg":"m"}}',
  );
  assertEquals(response.kind === "error" && response.error.code, 999);
});
