import { assertEquals } from "@std/assert";
import { findReclaimable } from "../../../../lib/host_local/operator/find_reclaimable.ts";
import type { CachedAttachment } from "../../../../lib/host_local/operator/runtime_traces.ts";
import type { Reservation } from "../../../../lib/host_local/ports.ts";
import { parseOwner } from "../../../../lib/host_local/reservation_format.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { ExampleHost, NOW_MS } from "../../../support/example_host.ts";
import { testRows } from "../../../support/rows.ts";
import { ip } from "../builders.ts";

const HOUR_MS = 3_600_000;
const CACHE = "/var/lib/cni/results/net-c1-eth0";

function reservation(facts: Partial<Reservation> = {}): Reservation {
  return {
    address: ip("10.0.0.2"),
    owner: parseOwner("c1\r\neth0"),
    reservedAtMs: NOW_MS - 2 * HOUR_MS,
    fromEarlierBoot: false,
    location: "/d/net/10.0.0.2",
    ...facts,
  };
}

/** A namespace that no longer exists. */
const GONE: CachedAttachment = {
  path: CACHE,
  containerId: "c1",
  writtenAtMs: NOW_MS - 2 * HOUR_MS,
  netns: "/run/netns/x",
  hasNetns: false,
  hasNetnsFile: false,
};

testRows("an ADD may release the reservation of", [
  { name: "a container whose namespace is gone", want: true },
  {
    name: "no container with a namespace",
    cached: { ...GONE, hasNetns: true, hasNetnsFile: true },
    want: false,
  },
  { name: "no container that a runtime has", runtimeHas: ["c1"], want: false },
  {
    name: "no container while no runtime has a complete list",
    isComplete: false,
    want: false,
  },
  {
    name: "no container that is younger than an hour",
    given: reservation({ reservedAtMs: NOW_MS - HOUR_MS + 1 }),
    want: false,
  },
  {
    name: "no unknown container",
    given: reservation({ owner: parseOwner("a note") }),
    want: false,
  },
], ({
  given = reservation(),
  cached = GONE,
  runtimeHas = [],
  isComplete = true,
  want,
}) => {
  const trace = { runtime: "containerd", path: "/run/containerd" };
  const host = new ExampleHost({
    traces: {
      sources: [{
        ...trace,
        state: "read",
        count: runtimeHas.length,
        isComplete,
      }],
      containers: new Map(runtimeHas.map((id) => [id, trace])),
      cached: new Map([["net-c1-eth0", CACHE]]),
    },
    cached: { [CACHE]: cached },
  });
  const found = findReclaimable("net", [given], host)
    .map(({ reservation: { address } }) => formatIpAddress(address));
  assertEquals(found, want ? ["10.0.0.2"] : []);
});
