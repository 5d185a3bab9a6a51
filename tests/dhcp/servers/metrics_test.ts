/** The metrics of the daemon, with a lease of a real server. @module */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { DNSMASQ } from "../../support/dhcp_server_dnsmasq.ts";
import {
  connectTo,
  PROMTOOL,
  promtool,
  scrape,
  valueOf,
} from "../../support/metrics_scrape.ts";
import { testWith } from "../../support/requirements.ts";
import { TestNetwork } from "./test_network.ts";

testWith(
  [...DNSMASQ.requirements, `binary:${DHCP_BIN}`, PROMTOOL],
  "the daemon serves the number of leases, calls and packets on a socket for root",
  async () => {
    await using network = await TestNetwork.open(DNSMASQ);
    const { host } = network;
    const path = host.directory.join("metrics.sock");
    const address = `unix:${path}`;
    await host.daemon("-metrics", address);
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    const nothing = await scrape(address);
    assertEquals(valueOf(nothing, "cni_dhcp_next_expiry_seconds"), undefined);

    // A connection without a request keeps neither a scrape nor a call waiting.
    using _silent = await connectTo(address);
    const container = host.container();
    await host.add(container);
    const { code } = await host.call("CHECK", undefined);
    assertEquals(code, 1);
    const text = await scrape(address);
    assertEquals(await promtool(["check", "metrics"], text), "");
    assertEquals(
      [
        'cni_dhcp_leases{state="BOUND"}',
        'cni_dhcp_calls_total{command="ADD",code="0"}',
        'cni_dhcp_call_duration_seconds_count{command="ADD"}',
        "cni_dhcp_leases_acquired_total",
      ].map((series) => valueOf(text, series)),
      [1, 1, 1, 1],
    );
    // A busy machine answers some messages twice, because the client repeats them.
    const { received_offer: offers, received_ack: acks } = await host
      .counters();
    assertEquals(
      ["offer", "ack"].map((type) =>
        valueOf(text, `cni_dhcp_packets_received_total{type="${type}"}`)
      ),
      [offers, acks],
    );
    assert(Number(offers) >= 1 && Number(acks) >= 1, `${offers}, ${acks}`);
    const seconds = valueOf(text, "cni_dhcp_next_expiry_seconds") ?? 0;
    assert(seconds > 0 && seconds <= 3600, `${seconds}`);

    assertEquals((await host.call("DEL", container)).code, 0);
    const after = await scrape(address);
    assertEquals(
      [
        'cni_dhcp_leases{state="BOUND"}',
        'cni_dhcp_calls_total{command="DEL",code="0"}',
        'cni_dhcp_packets_sent_total{type="release"}',
      ].map((series) => valueOf(after, series)),
      [0, 1, 1],
    );
  },
);
