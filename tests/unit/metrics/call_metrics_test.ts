import { assertEquals } from "@std/assert";
import { CallMetrics } from "../../../lib/metrics/call_metrics.ts";
import { formatMetrics } from "../../../lib/metrics/exposition.ts";

function samplesOf(metrics: CallMetrics): string[] {
  return formatMetrics(metrics.families()).split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function newMetrics(commands: readonly string[]): CallMetrics {
  return new CallMetrics({ prefix: "x", commands, bucketSeconds: [0.5, 2] });
}

Deno.test("CallMetrics counts calls by command and code", () => {
  const metrics = newMetrics([]);
  metrics.record("ADD", { code: 0, seconds: 0.5 });
  metrics.record("ADD", { code: 11, seconds: 0.75 });
  metrics.record("ADD", { code: 11, seconds: 3 });
  metrics.record("DEL", { code: 0, seconds: 0.25 });
  assertEquals(samplesOf(metrics), [
    'x_calls_total{command="ADD",code="0"} 1',
    'x_calls_total{command="ADD",code="11"} 2',
    'x_calls_total{command="DEL",code="0"} 1',
    'x_call_duration_seconds_bucket{command="ADD",le="0.5"} 1',
    'x_call_duration_seconds_bucket{command="ADD",le="2"} 2',
    'x_call_duration_seconds_bucket{command="ADD",le="+Inf"} 3',
    'x_call_duration_seconds_sum{command="ADD"} 4.25',
    'x_call_duration_seconds_count{command="ADD"} 3',
    'x_call_duration_seconds_bucket{command="DEL",le="0.5"} 1',
    'x_call_duration_seconds_bucket{command="DEL",le="2"} 1',
    'x_call_duration_seconds_bucket{command="DEL",le="+Inf"} 1',
    'x_call_duration_seconds_sum{command="DEL"} 0.25',
    'x_call_duration_seconds_count{command="DEL"} 1',
  ]);
});

Deno.test("CallMetrics has a first value of every command", () => {
  assertEquals(samplesOf(newMetrics(["ADD"])), [
    'x_calls_total{command="ADD",code="0"} 0',
    'x_call_duration_seconds_bucket{command="ADD",le="0.5"} 0',
    'x_call_duration_seconds_bucket{command="ADD",le="2"} 0',
    'x_call_duration_seconds_bucket{command="ADD",le="+Inf"} 0',
    'x_call_duration_seconds_sum{command="ADD"} 0',
    'x_call_duration_seconds_count{command="ADD"} 0',
  ]);
});
