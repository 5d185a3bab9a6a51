import { assertEquals, assertThrows } from "@std/assert";
import { CniError } from "../../../../lib/cni/error.ts";
import { checkCaller } from "../../../../lib/dhcp/daemon/caller_credentials.ts";
import { testRows } from "../../../support/rows.ts";

testRows("checkCaller()", [
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
  const check = (): void => checkCaller({ pid: 1, uid }, ownUid);
  if (want === "") return check();
  const { message, code } = assertThrows(check, CniError);
  assertEquals([message, code], [want, 999]);
});
