import { assertEquals } from "@std/assert";
import { Metrics } from "../../../../lib/dhcp/daemon/metrics.ts";

Deno.test("Metrics.toJson() returns the counters that are not zero, sorted by name", () => {
  const metrics = new Metrics();
  assertEquals(metrics.toJson(), {});
  const names = ["sent_request", "leases_lost_nak", "sent_request"] as const;
  for (const name of names) metrics.count(name);
  assertEquals(Object.entries(metrics.toJson()), [
    ["leases_lost_nak", 1],
    ["sent_request", 2],
  ]);
});
