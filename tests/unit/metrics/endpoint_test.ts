import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import {
  type MetricsEndpoint,
  parseMetricsEndpoint,
} from "../../../lib/metrics/endpoint.ts";
import { testRows } from "../../support/rows.ts";

const ROWS: readonly { name: string; text: string; want: MetricsEndpoint }[] = [
  {
    name: "a path",
    text: "unix:/run/cni/x.sock",
    want: { kind: "unix", path: "/run/cni/x.sock" },
  },
  {
    name: "an IPv4 address",
    text: "127.0.0.1:9100",
    want: { kind: "tcp", hostname: "127.0.0.1", port: 9100 },
  },
  {
    name: "an IPv6 address and any port",
    text: "[::1]:0",
    want: { kind: "tcp", hostname: "::1", port: 0 },
  },
];

testRows("parseMetricsEndpoint() reads", ROWS, ({ text, want }) => {
  assertEquals(parseMetricsEndpoint(text), want);
});

testRows("parseMetricsEndpoint() refuses", [
  { name: "an empty text", text: "" },
  { name: "a relative path", text: "unix:x.sock" },
  { name: "a path without a scheme", text: "/run/cni/x.sock" },
  { name: "a port without an address", text: ":9100" },
  { name: "an address without a port", text: "127.0.0.1" },
  { name: "a port that is too large", text: "127.0.0.1:65536" },
  { name: "an IPv6 address without brackets", text: "::1:9100" },
  { name: "a name, which could have several addresses", text: "localhost:1" },
], ({ text }) => {
  assertThrows(
    () => parseMetricsEndpoint(text),
    SystemError,
    `cannot serve metrics at ${JSON.stringify(text)}: `,
  );
});
