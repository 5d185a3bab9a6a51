/**
 * NAKs: to a renewal, to a client in INIT-REBOOT, to a request for another client's address.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  containerWith,
  MAC,
  OTHER_MAC,
  rebootFor,
  rebootOf,
  reboots,
  recreated,
  removeCarrier,
  restoreCarrier,
} from "./reboot_rows.ts";
import type { ServerRow } from "./server_rows.ts";
import {
  addressesOf,
  addressOf,
  isUp,
  routerOf,
  type TestNetwork,
} from "./test_network.ts";

const SERVER = "192.0.2.1";
const UNUSED_MAC = "02:00:5e:00:00:99";

/**
 * Has the server grant a container's address to another container. The first one gets a NAK when it
 * asks for its address, and then another address from another server.
 *
 * @param withoutCarrier Whether the first container's link has no carrier while the other container
 * is added.
 * @returns The address that the container had.
 */
async function loseToAnother(
  network: TestNetwork,
  { withoutCarrier }: { readonly withoutCarrier: boolean },
): Promise<string> {
  const { host, wire, server, service } = network;
  const daemon = await host.daemon();
  const [first, other] = [host.container(), host.container()];
  const before = await host.add(first, { containerId: "first" });
  if (withoutCarrier) await removeCarrier(network, first);
  // A renewal before the other container is added would be granted, so it is sent to a wrong
  // hardware address.
  else {first.ip(
      `neigh replace ${SERVER} lladdr ${UNUSED_MAC} dev eth0 nud permanent`,
    );}
  // A server without that lease grants the address to another container.
  await server.process.end();
  const pool = [addressOf(before), addressOf(before)] as const;
  await network.serve({ ...service, pool });
  const { json } = await host.call("ADD", other, { containerId: "other" });
  assertEquals(json.ips?.[0]?.address, before, network.report());
  if (withoutCarrier) restoreCarrier(network);
  else first.ip(`neigh del ${SERVER} dev eth0`);
  await network.until(
    "NAK",
    () => /event=lease-lost .*reason=nak/.test(daemon.log),
  );
  await network.until(
    "interface without the address",
    () => addressesOf(first).length === 0,
  );
  const netns = network.machine("192.0.2.2/24");
  const second = await network.serve({
    ...service,
    server: "192.0.2.2",
    pool: ["192.0.2.150", "192.0.2.160"],
  }, { netns });
  const after = (): string => addressesOf(first).join();
  await network.until(
    "other address",
    () => /^192\.0\.2\.1[56]\d\/24$/.test(after()) && isUp(first),
    120_000,
  );
  await network.until("DISCOVER", () => wire.count("DISCOVER") >= 3);
  await network.serverHas([addressOf(after())], second);
  await network.until("default route", () => routerOf(first) === "192.0.2.1");
  const again = await host.call("ADD", first, { containerId: "first" });
  assertEquals(again.json.ips[0].address, after());
  const check = await host.call("CHECK", first, { containerId: "first" });
  assertEquals(check.code, 0);
  return addressOf(before);
}

/** Rows about NAKs. */
export const NAK_ROWS: readonly ServerRow[] = [
  {
    name:
      "the client gives up its address at once after a NAK to a renewal, and configures another",
    service: { leaseSeconds: 120, t1Seconds: 3, t2Seconds: 60 },
    not: { udhcpd: "it never sends a NAK to a renewal" },
    run: async (network) => {
      await loseToAnother(network, { withoutCarrier: false });
    },
  },
  {
    name:
      "the client gives up its address after a loss of carrier and a NAK, and configures another",
    run: async (network) => {
      const address = await loseToAnother(network, { withoutCarrier: true });
      const [reboot] = reboots(network);
      assertEquals(reboot, rebootFor(address, reboot?.["chaddr"]));
    },
  },
  {
    name: "a recreated container gets another address after a NAK",
    not: {
      dnsmasq: "it identifies clients by their client identifier",
      "ISC dhcpd": "it identifies clients by their client identifier",
      Kea: "it identifies clients by their client identifier",
    },
    run: async (network) => {
      const { host } = network;
      const daemon = await host.daemon();
      const address = addressOf(await host.add(containerWith(network, MAC)));
      const second = containerWith(network, OTHER_MAC);
      const { address: other, messages } = await recreated(network, second, 3);
      assert(other !== address, `${other} granted twice`);
      assertEquals(messages.map(({ type }) => type), [
        "REQUEST",
        "DISCOVER",
        "REQUEST",
      ]);
      assertEquals(messages.map(rebootOf), [
        rebootFor(address, OTHER_MAC),
        undefined,
        undefined,
      ]);
      assert(daemon.log.includes("type=DHCPNAK"), daemon.log);
      await network.serverHas([address, other]);
    },
  },
];
