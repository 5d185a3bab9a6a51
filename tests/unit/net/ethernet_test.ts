import { assertEquals } from "@std/assert";
import { encodeEthernet } from "../../../lib/net/ethernet.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

testRows("encodeEthernet()", [
  {
    name: "without a VLAN",
    vlanId: undefined,
    want: "02005e100001 02005e1000fe 0800 4500",
  },
  {
    name: "with a VLAN (IEEE 802.1Q)",
    vlanId: 4094,
    want: "02005e100001 02005e1000fe 8100 0ffe 0800 4500",
  },
], ({ vlanId, want }) => {
  const frame = encodeEthernet({
    destination: hex("02005e100001"),
    source: hex("02005e1000fe"),
    vlanId,
    etherType: 0x0800,
  }, hex("4500"));
  assertEquals(frame, hex(want));
});
