import { assertEquals } from "@std/assert";
import { effectiveCapabilities } from "../../../lib/linux/capabilities.ts";

Deno.test("effectiveCapabilities() returns what /proc shows", () => {
  const { stdout } = new Deno.Command("grep", {
    args: ["CapEff", `/proc/${Deno.pid}/status`],
  }).outputSync();
  const [, digits = ""] = /:\s*([0-9a-f]+)/.exec(
    new TextDecoder().decode(stdout),
  ) ?? [];
  assertEquals(effectiveCapabilities(), BigInt(`0x${digits}`));
});
