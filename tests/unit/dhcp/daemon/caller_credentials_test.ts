import { assertEquals } from "@std/assert";
import { refusalOf } from "../../../../lib/dhcp/daemon/caller_credentials.ts";
import { testRows } from "../../../support/rows.ts";

testRows("refusalOf()", [
  { name: "accepts root", uid: 0, ownUid: 0, want: "" },
  { name: "accepts root, if the daemon is not", uid: 0, ownUid: 42, want: "" },
  { name: "accepts the daemon's user", uid: 42, ownUid: 42, want: "" },
  {
    name: "refuses another user",
    uid: 42,
    ownUid: 0,
    want: "permission denied: caller has user id 42, expected 0",
  },
  {
    name: "refuses another user, and names the daemon's",
    uid: 43,
    ownUid: 42,
    want: "permission denied: caller has user id 43, expected 0 or 42",
  },
], ({ uid, ownUid, want }) => {
  const refusal = refusalOf({ pid: 1, uid }, ownUid);
  assertEquals(refusal?.message ?? "", want);
  assertEquals(refusal?.code, want === "" ? undefined : 999);
});
