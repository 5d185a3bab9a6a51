import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { findControlMessage } from "../../../lib/linux/control_message.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

testRows("findControlMessage()", [
  {
    name: "finds the second message",
    control: `1400000000000000 01000000 01000000 aabbccdd 00000000
              1400000000000000 0e010000 08000000 05000000`,
    want: 5,
  },
  {
    name: "finds nothing if there is no such message",
    control: `1400000000000000 01000000 01000000 aabbccdd`,
    want: undefined,
  },
  {
    name: "finds nothing in an empty list",
    control: "",
    want: undefined,
  },
  {
    name: "stops at a length of 0",
    control: "00000000000000000000000000000000",
    want: undefined,
  },
  {
    name: "stops at a length beyond the end",
    control: `1500000000000000 0e010000 08000000 05000000`,
    want: undefined,
  },
], ({ control, want }) => {
  const found = findControlMessage(hex(control), 270, 8);
  assertEquals(found?.getUint32(0, true), want);
});

Deno.test("findControlMessage() returns for any bytes", () => {
  const byte = fc.constantFrom(0, 0, 0, 1, 16, 20, 255);
  fc.assert(fc.property(fc.array(byte, { maxLength: 80 }), (bytes) => {
    findControlMessage(Uint8Array.from(bytes), 1, 1);
  }));
});
