import { assertEquals } from "@std/assert";
import { Metrics } from "../../../../lib/dhcp/daemon/metrics.ts";

Deno.test("Metrics.toJson() returns the counters that are not zero, sorted by name", () => {
  const metrics = new Metrics();
  assertEquals(metrics.toJson(), {});
  for (const name of ["b", "a", "b"]) metrics.count(name);
  assertEquals(Object.entries(metrics.toJson()), [["a", 1], ["b", 2]]);
});
