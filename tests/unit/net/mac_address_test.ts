import { assertEquals } from "@std/assert";
import { formatMacAddress } from "../../../lib/net/mac_address.ts";
import { testRows } from "../../support/rows.ts";

testRows("formatMacAddress()", [
  {
    name: "formats 6 bytes in lower case",
    address: [0x02, 0x00, 0x5e, 0x10, 0x00, 0xab],
    want: "02:00:5e:10:00:ab",
  },
  {
    name: "formats the 20 bytes of InfiniBand",
    address: Array(20).fill(0xfe),
    want: Array(20).fill("fe").join(":"),
  },
  { name: "formats no bytes as empty text", address: [], want: "" },
], ({ address, want }) => {
  assertEquals(formatMacAddress(Uint8Array.from(address)), want);
});
