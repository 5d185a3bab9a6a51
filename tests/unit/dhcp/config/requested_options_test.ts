import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import { readRequestedCodes } from "../../../../lib/dhcp/config/requested_options.ts";
import { testRows } from "../../../support/rows.ts";

const DEFAULTS = [121, 3, 1, 33, 6, 15, 119, 26];

testRows<{ name: string; request: unknown; want: number[] }>("`request`", [
  { name: "may be an empty list", request: [], want: [...DEFAULTS] },
  {
    name: "may be one entry instead of a list",
    request: { option: "ntp-servers" },
    want: [42, ...DEFAULTS],
  },
  {
    name: "puts the listed options before the defaults, without duplicates",
    request: [{ option: "3" }, { option: "routers" }, { option: 12 }],
    want: [3, 12, 121, 1, 33, 6, 15, 119, 26],
  },
  {
    name: "leaves out the defaults if any entry has skipDefault",
    request: [{ skipDefault: true, option: "subnet-mask" }, { option: "6" }],
    want: [1, 6],
  },
  {
    name: "requests no options if there is only skipDefault",
    request: [{ skipDefault: true }],
    want: [],
  },
  {
    name: "accepts the names in the public documentation",
    request: [
      "ip-address",
      "subnet-mask",
      "static-routes",
      "classless-static-routes",
      "routers",
      "dhcp-lease-time",
      "dhcp-renewal-time",
      "dhcp-rebinding-time",
    ].map((option) => ({ option, skipDefault: true })),
    want: [50, 1, 33, 121, 3, 51, 58, 59],
  },
  {
    name: "leaves out Pad, End and empty names",
    request: [
      { option: "0", skipDefault: true },
      { option: "255" },
      { option: "" },
      { option: "7" },
    ],
    want: [7],
  },
], ({ request, want }) => {
  const codes = readRequestedCodes(new JsonObject({ request }, "ipam"));
  assertEquals([...codes], want);
});
