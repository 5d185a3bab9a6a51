import { assertEquals } from "@std/assert";
import {
  eventNameProblems,
  eventTableProblems,
  unusedEvents,
} from "./log_event_rules.ts";

Deno.test("eventNameProblems() finds other forms, and names out of order", () => {
  assertEquals(eventNameProblems(["lease-lost", "leaseKept", "ack"]), [
    "leaseKept is not kebab-case",
    "ack must be sorted before leaseKept",
  ]);
});

Deno.test("unusedEvents() finds a name that no module contains", () => {
  const sources = ['log("warn", "lease-lost");', "lease-kept"];
  assertEquals(unusedEvents(["lease-kept", "lease-lost"], sources), [
    "no module logs lease-kept",
  ]);
});

Deno.test("eventTableProblems() finds missing, unknown and repeated rows", () => {
  const page = [
    "| event | level | meaning |",
    "| `ack` | info | text |",
    "| `nak` | warn | text |",
    "| `nak` | warn | text |",
  ].join("\n");
  assertEquals(eventTableProblems(["ack", "lease-lost"], page), [
    "docs/log_events.md does not explain lease-lost",
    "docs/log_events.md explains nak, which is no event",
    "docs/log_events.md explains nak, which is no event",
    "docs/log_events.md explains nak twice",
  ]);
});
