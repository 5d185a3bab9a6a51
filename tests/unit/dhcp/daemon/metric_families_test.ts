import { assertEquals } from "@std/assert";
import {
  type DaemonFacts,
  daemonFamilies,
} from "../../../../lib/dhcp/daemon/metric_families.ts";
import { Metrics } from "../../../../lib/dhcp/daemon/metrics.ts";
import { formatMetrics } from "../../../../lib/metrics/exposition.ts";

const NOTHING: DaemonFacts = {
  leases: {},
  counters: {},
  nextExpiryMs: undefined,
};

/** Returns every sample that is not zero. */
function samplesOf(facts: Partial<DaemonFacts>): string[] {
  return formatMetrics(daemonFamilies({ ...NOTHING, ...facts })).split("\n")
    .filter((line) => /^[^#].* (?!0$)/.test(line));
}

Deno.test("daemonFamilies() has a first value of what a rate is made of", () => {
  const text = formatMetrics(daemonFamilies(NOTHING));
  assertEquals(samplesOf({}), []);
  for (
    const sample of [
      'cni_dhcp_leases{state="BOUND"} 0',
      "cni_dhcp_renewals_failed_total 0",
      'cni_dhcp_leases_lost_total{reason="expired"} 0',
      'cni_dhcp_leases_lost_total{reason="nak"} 0',
      'cni_dhcp_acquisitions_failed_total{reason="no-offer"} 0',
      'cni_dhcp_packets_sent_total{type="discover"} 0',
    ]
  ) {
    assertEquals(text.split("\n").includes(sample), true, sample);
  }
});

Deno.test("daemonFamilies() has every counter of the daemon", () => {
  const metrics = new Metrics();
  for (
    const name of [
      "failed_no-offer",
      "leases_acquired",
      "leases_changed",
      "leases_lost_nak",
      "leases_orphaned",
      "leases_renewed",
      "packets_delayed",
      "renewals_failed",
      "send_errors",
      "sent_discover",
      "received_other",
      "dropped_ip-checksum",
    ] as const
  ) metrics.count(name);
  assertEquals(samplesOf({ counters: metrics.toJson() }), [
    "cni_dhcp_leases_acquired_total 1",
    "cni_dhcp_leases_renewed_total 1",
    "cni_dhcp_renewals_failed_total 1",
    "cni_dhcp_leases_changed_total 1",
    "cni_dhcp_leases_orphaned_total 1",
    "cni_dhcp_packets_delayed_total 1",
    "cni_dhcp_packet_send_errors_total 1",
    'cni_dhcp_leases_lost_total{reason="nak"} 1',
    'cni_dhcp_acquisitions_failed_total{reason="no-offer"} 1',
    'cni_dhcp_packets_sent_total{type="discover"} 1',
    'cni_dhcp_packets_received_total{type="other"} 1',
    'cni_dhcp_packets_dropped_total{reason="ip-checksum"} 1',
  ]);
});

Deno.test("daemonFamilies() has the states of leases, and the next expiry in seconds", () => {
  assertEquals(
    samplesOf({ leases: { BOUND: 2, GONE: 1 }, nextExpiryMs: 90_500 }),
    [
      'cni_dhcp_leases{state="BOUND"} 2',
      'cni_dhcp_leases{state="GONE"} 1',
      "cni_dhcp_next_expiry_seconds 90.5",
    ],
  );
});
