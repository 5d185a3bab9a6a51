import { assertEquals } from "@std/assert";
import { decodeLinkNotification } from "../../../lib/netlink/notification.ts";
import { hex } from "../../support/bytes.ts";
import { testRows } from "../../support/rows.ts";

testRows("decodeLinkNotification()", [
  {
    name: "decodes RTM_NEWLINK",
    message: { type: 16, body: hex("00000100 07000000") },
    want: { ifIndex: 7, kind: "changed" },
  },
  {
    name: "decodes RTM_NEWLINK of an interface that is up",
    message: { type: 16, body: hex("00000100 07000000 43100100 00000000") },
    want: { ifIndex: 7, kind: "changed" },
  },
  {
    name: "decodes RTM_NEWLINK of an interface that is down",
    message: { type: 16, body: hex("00000100 07000000 02100000 01000000") },
    want: { ifIndex: 7, kind: "set-down" },
  },
  {
    name: "decodes RTM_DELLINK of an interface that is down",
    message: { type: 17, body: hex("00000100 07000000 02100000 ffffffff") },
    want: { ifIndex: 7, kind: "removed" },
  },
  {
    name: "decodes RTM_DELLINK",
    message: { type: 17, body: hex("00000100 07000000") },
    want: { ifIndex: 7, kind: "removed" },
  },
  {
    name: "decodes RTM_NEWADDR",
    message: { type: 20, body: hex("02180000 07000000") },
    want: { ifIndex: 7, kind: "changed" },
  },
  {
    name: "decodes RTM_DELADDR",
    message: { type: 21, body: hex("02180000 07000000") },
    want: { ifIndex: 7, kind: "changed" },
  },
  {
    name: "ignores a bridge port",
    message: { type: 17, body: hex("07000100 07000000") },
    want: undefined,
  },
  {
    name: "ignores a message that is cut short",
    message: { type: 17, body: hex("00000100 070000") },
    want: undefined,
  },
  {
    name: "ignores routes",
    message: { type: 24, body: hex("00000100 07000000") },
    want: undefined,
  },
], ({ message, want }) => {
  const notification = { flags: 0, sequence: 0, ...message };
  assertEquals(decodeLinkNotification(notification), want);
});
