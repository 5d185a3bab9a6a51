import { assertEquals } from "@std/assert";
import type { Result } from "../../../../lib/cni/result.ts";
import {
  fromRpcResult,
  toRpcResult,
} from "../../../../lib/dhcp/protocol/upstream_protocol.ts";
import { hex } from "../../../support/bytes.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { resultOf } from "../../cni/builders.ts";

testRows("toRpcResult() encodes", [
  { name: "/0", address: "192.0.2.50/0", mask: "00000000" },
  { name: "/1", address: "192.0.2.50/1", mask: "80000000" },
  { name: "/24", address: "192.0.2.50/24", mask: "ffffff00" },
  { name: "/32", address: "192.0.2.50/32", mask: "ffffffff" },
], ({ address, mask }) => {
  const Address = { IP: hex("c0000232"), Mask: hex(mask) };
  const { IPs } = toRpcResult(resultOf(address));
  assertEquals(IPs, [{ Address, Gateway: undefined }]);
  assertEquals(fromRpcResult({ IPs: [{ Address }] }), resultOf(address));
});

testRows("fromRpcResult() leaves out an entry", [
  { name: "without a mask", Address: { IP: hex("c0000232") } },
  {
    name: "with a mask that is not contiguous",
    Address: { IP: hex("c0000232"), Mask: hex("ff00ff00") },
  },
  {
    name: "with an address of 5 bytes",
    Address: { IP: hex("c000023200"), Mask: hex("ffffff00") },
  },
  { name: "with a string for an address", Address: "192.0.2.50/24" },
], ({ Address }) => {
  assertEquals(fromRpcResult({ IPs: [{ Address }] }).ips, []);
});

Deno.test("fromRpcResult() takes the last 4 of 16 bytes, as Go holds IPv4 addresses", () => {
  const Address = {
    IP: hex("00000000000000000000ffff c0000232"),
    Mask: hex("ffffff00"),
  };
  assertEquals(
    fromRpcResult({ IPs: [{ Address }] }),
    resultOf("192.0.2.50/24"),
  );
});

Deno.test("fromRpcResult() reads what toRpcResult() writes, 0.0.0.0 as next hop of an on-link route", () => {
  const result: Result = {
    ips: [{
      address: { address: ip("192.0.2.50"), prefixLength: 24 },
      gateway: ip("192.0.2.1"),
    }],
    routes: [{
      dst: { address: ip("10.0.0.0"), prefixLength: 8 },
      priority: 7,
      scope: 253,
    }],
    dns: {
      nameservers: ["192.0.2.53"],
      domain: "a.example",
      search: ["b.example"],
      options: ["ndots:1"],
    },
  };
  assertEquals(fromRpcResult(toRpcResult(result)), {
    ...result,
    routes: result.routes.map((route) => ({ ...route, gw: ip("0.0.0.0") })),
  });
});
