import { assertEquals, assertThrows } from "@std/assert";
import { DecodeError } from "../../../lib/base/errors.ts";
import {
  decodeNetnsId,
  encodeNetnsIdAssignment,
  encodeNetnsIdQuery,
} from "../../../lib/netlink/netns_id_message.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

testRows("namespace id requests", [
  {
    name: "encodeNetnsIdQuery()",
    bytes: encodeNetnsIdQuery(9),
    want: `00000000 0800 0300 09000000`,
  },
  {
    name: "encodeNetnsIdAssignment()",
    bytes: encodeNetnsIdAssignment(9),
    want: `00000000 0800 0100 ffffffff 0800 0300 09000000`,
  },
], ({ bytes, want }) => assertEquals(bytes, hex(want)));

testRows("decodeNetnsId()", [
  { name: "an id", bytes: hex("00000000 0800 0100 05000000"), want: 5 },
  {
    name: "no id assigned",
    bytes: hex("00000000 0800 0100 ffffffff"),
    want: undefined,
  },
  { name: "no id given", bytes: hex("00000000"), want: undefined },
], ({ bytes, want }) => assertEquals(decodeNetnsId(bytes), want));

Deno.test("decodeNetnsId() refuses a message that is cut short", () => {
  assertThrows(() => decodeNetnsId(new Uint8Array(0)), DecodeError);
});
