import { assertEquals } from "@std/assert";
import { cleanPath } from "../../../lib/base/path.ts";

// What Go's path.Clean returns: upstream applies it to dataDir, so it decides where reservations
// are.
const ROWS = [
  { given: "", want: "." },
  { given: ".", want: "." },
  { given: "./", want: "." },
  { given: "a/..", want: "." },
  { given: "/", want: "/" },
  { given: "//", want: "/" },
  { given: "/.", want: "/" },
  { given: "/..", want: "/" },
  { given: "/../../a", want: "/a" },
  { given: "/a/b", want: "/a/b" },
  { given: "/a//b/", want: "/a/b" },
  { given: "/a/./b", want: "/a/b" },
  { given: "/a/../b", want: "/b" },
  { given: "/a/b/../..", want: "/" },
  { given: "/a/...", want: "/a/..." },
  { given: "/a/..b", want: "/a/..b" },
  { given: "a/b", want: "a/b" },
  { given: "./a", want: "a" },
  { given: "..", want: ".." },
  { given: "../..", want: "../.." },
  { given: "../a/../..", want: "../.." },
  { given: "a/../../b", want: "../b" },
] as const;

for (const { given, want } of ROWS) {
  Deno.test(`cleanPath() turns ${JSON.stringify(given)} into ${want}`, () => {
    assertEquals(cleanPath(given), want);
  });
}
