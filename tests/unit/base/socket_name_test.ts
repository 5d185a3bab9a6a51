import { assertEquals } from "@std/assert";
import { isAbstract } from "../../../lib/base/socket_name.ts";
import { testRows } from "../../support/rows.ts";

testRows("isAbstract() of", [
  { name: "a name that begins with @", socket: "@x", want: true },
  { name: "@ alone", socket: "@", want: true },
  { name: "an absolute path", socket: "/run/@x", want: false },
  { name: "a relative path", socket: "x@", want: false },
  { name: "an empty name", socket: "", want: false },
], ({ socket, want }) => assertEquals(isAbstract(socket), want));
