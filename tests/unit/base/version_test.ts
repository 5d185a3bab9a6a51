import { assertEquals } from "@std/assert";
import project from "../../../deno.json" with { type: "json" };
import { VERSION } from "../../../lib/base/version.ts";

Deno.test("VERSION is that of deno.json", () => {
  assertEquals(VERSION, project.version);
});
