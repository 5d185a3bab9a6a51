import { assertEquals } from "@std/assert";
import { formatHex } from "../../../../lib/base/hex.ts";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import type { DhcpOptions } from "../../../../lib/dhcp/codec/options.ts";
import { parseCniArgs } from "../../../../lib/dhcp/config/cni_args.ts";
import { readProvidedOptions } from "../../../../lib/dhcp/config/provided_options.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../base/thrown.ts";

function read(provide: unknown, cniArgs: string): DhcpOptions {
  const ipam = new JsonObject({ provide }, "ipam");
  return readProvidedOptions(ipam, parseCniArgs(cniArgs));
}

testRows("`provide`", [
  {
    name: "sends text as UTF-8",
    provide: [{ option: "host-name", value: "web é" }],
    want: { 12: "77656220c3a9" },
  },
  {
    name: "may be one entry instead of a list",
    provide: { option: "12", value: "a" },
    want: { 12: "61" },
  },
  {
    name: "sends no option for an empty value",
    provide: [{ option: "12", value: "" }, { option: "60" }],
    want: {},
  },
  {
    name: "sends hexadecimal as bytes",
    provide: [{ option: "user-class", hex: "04 74657374" }],
    want: { 77: "0474657374" },
  },
  {
    name:
      "sends addresses, numbers, booleans and names in the shape of their option",
    provide: [
      { option: "dhcp-requested-address", value: "192.0.2.7" },
      { option: "dhcp-lease-time", value: 120 },
      { option: "dhcp-max-message-size", value: "576" },
      { option: "ip-forwarding", value: true },
      { option: "ntp-servers", value: ["192.0.2.1", "192.0.2.2"] },
      { option: "domain-search", value: "a.example" },
      { option: "static-routes", value: "192.0.2.1 192.0.2.2" },
    ],
    want: {
      50: "c0000207",
      51: "00000078",
      57: "0240",
      19: "01",
      42: "c0000201c0000202",
      119: "0161076578616d706c6500",
      33: "c0000201c0000202",
    },
  },
  {
    name: "sends text with control characters as UTF-8, for any shape",
    provide: [{ option: "57", value: "\u0002@" }],
    want: { 57: "0240" },
  },
  {
    name: "prefers the value in CNI_ARGS to its own",
    provide: [{ option: "12", value: "a", fromArg: "NAME" }],
    cniArgs: "X=1;NAME=b=c;;Y",
    want: { 12: "623d63" },
  },
  {
    name: "uses its own value if CNI_ARGS lacks the argument",
    provide: [{ option: "12", value: "a", fromArg: "NAME" }],
    want: { 12: "61" },
  },
  {
    name: "sends neither Pad nor End nor option 52",
    provide: ["0", "255", "52"].map((option) => ({ option, value: "1" })),
    want: {},
  },
  {
    name: "sends the pod's name as host name",
    provide: [],
    cniArgs: "K8S_POD_NAME=web-0",
    want: { 12: "7765622d30" },
  },
  {
    name: "prefers its own host name to the pod's name",
    provide: [{ option: "host-name", value: "a" }],
    cniArgs: "K8S_POD_NAME=web-0",
    want: { 12: "61" },
  },
  {
    name: "sends no host name if its own is empty",
    provide: [{ option: "host-name", value: "" }],
    cniArgs: "K8S_POD_NAME=web-0",
    want: {},
  },
  {
    name: "does not send a pod's name that is not a host name",
    provide: [],
    cniArgs: "K8S_POD_NAME=a b",
    want: {},
  },
], ({ provide, cniArgs = "", want }) => {
  const provided = read(provide, cniArgs);
  assertEquals(
    Object.fromEntries([...provided].map(([code, content]) => [
      code,
      formatHex(content),
    ])),
    want as Record<string, string>,
  );
});

const LONG = "a".repeat(256);

testRows("`provide` refuses", [
  {
    name: "a value of 256 bytes",
    provide: [{ option: "12", value: LONG }],
    message: `value too long for option "12": "${LONG}"`,
  },
  {
    name: "an argument of 256 bytes",
    provide: [{ option: "12", fromArg: "A", value: "short" }],
    cniArgs: `A=${LONG}`,
    message: `value too long for option "12" from CNI_ARGS "A": "${LONG}"`,
  },
  {
    name: "an invalid address",
    provide: [{ option: "50", value: "192.0.2" }],
    message:
      'invalid value "192.0.2" for option 50 (Requested IP Address): expected an IPv4 address',
  },
  {
    name: "a number that is too large",
    provide: [{ option: "57", value: 65536 }],
    message:
      'invalid value "65536" for option 57 (Maximum DHCP Message Size): expected a number from 0 to 65535',
  },
  {
    name: "half a pair",
    provide: [{ option: "33", value: "192.0.2.1" }],
    message:
      'invalid value "192.0.2.1" for option 33 (Static Route): expected pairs of IPv4 addresses',
  },
  {
    name: "bad hexadecimal",
    provide: [{ option: "60", hex: "0" }],
    message: 'hex is "0", expected two hexadecimal digits a byte',
  },
], ({ provide, cniArgs = "", message }) => {
  const thrown = thrownBy(() => read(provide, cniArgs));
  assertEquals([thrown?.["name"], thrown?.["message"]], [
    "ConfigError",
    message,
  ]);
});
