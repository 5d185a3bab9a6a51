import { assertEquals } from "@std/assert";
import { LeaseActivity } from "../../../../lib/dhcp/daemon/lease_activity.ts";
import { Metrics } from "../../../../lib/dhcp/daemon/metrics.ts";

Deno.test("LeaseActivity counts for the lease and for the daemon", () => {
  const metrics = new Metrics();
  const options = { metrics, log: () => {}, wallMs: () => 0 };
  const [one, other] = [new LeaseActivity(options), new LeaseActivity(options)];
  one.count("sent_discover");
  one.count("sent_discover");
  other.count("sent_discover");
  assertEquals(one.packets, { sent_discover: 2 });
  assertEquals(other.packets, { sent_discover: 1 });
  assertEquals(metrics.toJson(), { sent_discover: 3 });
});

Deno.test("LeaseActivity keeps the last warning or error, and logs every line", () => {
  const lines: unknown[] = [];
  let nowMs = 1;
  const activity = new LeaseActivity({
    metrics: new Metrics(),
    log: (...line) => void lines.push(line[1]),
    wallMs: () => nowMs,
  });
  assertEquals(activity.lastProblem, undefined);
  activity.log("warn", "nak-received", { server: "x", message: "pool full" });
  nowMs = 2;
  activity.log("info", "lease-acquired", { address: "192.0.2.5" });
  activity.log("debug", "packet-dropped", { reason: "short" });
  assertEquals(activity.lastProblem, {
    event: "nak-received",
    reason: "pool full",
    atMs: 1,
  });
  activity.log("warn", "link-set-down", { address: "192.0.2.5" });
  assertEquals(activity.lastProblem?.event, "nak-received");
  activity.log("error", "lease-not-stored", { reason: "disk full" });
  assertEquals(activity.lastProblem, {
    event: "lease-not-stored",
    reason: "disk full",
    atMs: 2,
  });
  assertEquals(lines.length, 5);
});
