import { assert, assertEquals } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import {
  checked,
  errnoName,
  errnoText,
  isErrno,
  SyscallError,
} from "../../../lib/linux/errno.ts";
import { cString, libc } from "../../../lib/linux/libc.ts";
import { testRows } from "../../support/rows.ts";
import "../../support/network_namespaces.ts";

testRows("errnoName()", [
  { name: "EPERM", number: 1 },
  { name: "EAGAIN", number: 11 },
  { name: "ENODEV", number: 19 },
  { name: "ENOTEMPTY", number: 39 },
  { name: "ENOMSG", number: 42 },
  { name: "EOPNOTSUPP", number: 95 },
  { name: "EADDRINUSE", number: 98 },
  { name: "EADDRNOTAVAIL", number: 99 },
  { name: "ENETDOWN", number: 100 },
  { name: "ENOBUFS", number: 105 },
  { name: "ECONNREFUSED", number: 111 },
  { name: "EHWPOISON", number: 133 },
  { name: "E41", number: 41 },
  { name: "E0", number: 0 },
  { name: "E4095", number: 4095 },
], ({ name, number }) => assertEquals(errnoName(number), name));

Deno.test("errnoText() returns the C library's text in lower case", () => {
  assertEquals(errnoText(2), "no such file or directory");
});

Deno.test("checked() throws the error of the preceding call", () => {
  let caught: unknown;
  try {
    checked(libc().open(cString("/nowhere/at/all"), 0), "open", "/nowhere");
  } catch (error) {
    caught = error;
  }
  assert(caught instanceof SyscallError);
  assert(caught instanceof SystemError);
  assertEquals(caught.message, "open /nowhere: no such file or directory");
  assertEquals(
    [caught.syscall, caught.errno, caught.errnoName],
    ["open", 2, "ENOENT"],
  );
  assert(isErrno(caught, "EPERM", "ENOENT"));
  assert(!isErrno(caught, "EPERM"));
  assert(!isErrno(new Error("ENOENT"), "ENOENT"));
});

Deno.test("checked() returns a result that is not negative", () => {
  assertEquals([checked(0, "x"), checked(7n, "x")], [0, 7]);
});

Deno.test("checked() throws the right error a thousand times", () => {
  const path = cString("/nowhere/at/all");
  for (let round = 0; round < 1_000; round++) {
    const closing = () => checked(libc().close(-1), "close");
    const opening = () => checked(libc().open(path, 0), "open");
    assertEquals([nameOf(closing), nameOf(opening)], ["EBADF", "ENOENT"]);
  }
});

function nameOf(body: () => void): string {
  try {
    body();
  } catch (error) {
    if (error instanceof SyscallError) return error.errnoName;
  }
  return "";
}
