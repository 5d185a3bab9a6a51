import { assertEquals } from "@std/assert";
import { counted } from "../../../lib/base/counted.ts";

Deno.test("counted() has the plural of a noun", () => {
  assertEquals(
    [0, 1, 2].map((count) => counted(count, "file")),
    ["0 files", "1 file", "2 files"],
  );
});
