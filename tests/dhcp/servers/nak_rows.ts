/** A server says no: to a renewal, to a client that reboots, to another client's address. @module */

import { assert, assertEquals } from "@std/assert";
import {
  asked,
  containerWith,
  giveCarrier,
  MAC,
  madeAnew,
  OTHER_MAC,
  rebootOf,
  reboots,
  takeCarrier,
} from "./reboot_rows.ts";
import type { ServerRow } from "./server_rows.ts";
import {
  addressesOf,
  addressOf,
  isUp,
  type TestNetwork,
} from "./test_network.ts";

const SERVER = "192.0.2.1";
const NOBODY = "02:00:5e:00:00:99";

/**
 * A container whose address the server gives to another one; it hears of it when it asks, and gets another address from
 * another server.
 *
 * @param away Its link has no carrier while the other container comes. @returns The address that it had.
 */
async function refused(
  network: TestNetwork,
  { away }: { readonly away: boolean },
): Promise<string> {
  const { host, wire, server, service } = network;
  const daemon = await host.daemon();
  const [one, other] = [host.container(), host.container()];
  const before = await host.add(one, { containerId: "one" });
  if (away) await takeCarrier(network, one);
  // A renewal before the other container comes would be granted: it is sent to nobody.
  else {one.ip(
      `neigh replace ${SERVER} lladdr ${NOBODY} dev eth0 nud permanent`,
    );}
  // The server loses its memory, and gives the address to another container.
  await server.process.end();
  const pool = [addressOf(before), addressOf(before)] as const;
  await network.serve({ ...service, pool });
  const { json } = await host.call("ADD", other, { containerId: "other" });
  assertEquals(json.ips?.[0]?.address, before, network.report());
  if (away) giveCarrier(network);
  else one.ip(`neigh del ${SERVER} dev eth0`);
  await network.until(
    "NAK",
    () => /event=lease-lost .*reason=nak/.test(daemon.log),
  );
  await network.until(
    "interface without the address",
    () => addressesOf(one).length === 0,
  );
  const netns = network.machine("192.0.2.2/24");
  const second = await network.serve({
    ...service,
    server: "192.0.2.2",
    pool: ["192.0.2.150", "192.0.2.160"],
  }, { netns });
  const after = (): string => addressesOf(one).join();
  await network.until(
    "other address",
    () => /^192\.0\.2\.1[56]\d\/24$/.test(after()) && isUp(one),
    40_000,
  );
  await network.until("DISCOVER", () => wire.count("DISCOVER") >= 3);
  await network.serverHas([addressOf(after())], second);
  const [route] = one.list("route show default");
  assertEquals(route?.gateway, "192.0.2.1");
  const again = await host.call("ADD", one, { containerId: "one" });
  assertEquals(again.json.ips[0].address, after());
  const check = await host.call("CHECK", one, { containerId: "one" });
  assertEquals(check.code, 0);
  return addressOf(before);
}

/** Rows about NAKs. */
export const NAK_ROWS: readonly ServerRow[] = [
  {
    name: "a NAK is obeyed at once: another address, put on the interface",
    service: { leaseSeconds: 120, t1Seconds: 3, t2Seconds: 60 },
    not: { udhcpd: "it never sends a NAK to a renewal" },
    run: async (network) => {
      await refused(network, { away: false });
    },
  },
  {
    name: "a NAK to a link that was away is obeyed in the same way",
    run: async (network) => {
      const address = await refused(network, { away: true });
      const [asking] = reboots(network);
      assertEquals(asking, asked(address, asking?.["chaddr"]));
    },
  },
  {
    name: "another container's address is refused: a NAK, and another one",
    not: {
      dnsmasq: "it knows clients by their identifier",
      "ISC dhcpd": "it knows clients by their identifier",
      Kea: "it knows clients by their identifier",
    },
    run: async (network) => {
      const { host } = network;
      const daemon = await host.daemon();
      const address = addressOf(await host.add(containerWith(network, MAC)));
      const second = containerWith(network, OTHER_MAC);
      const { address: other, said } = await madeAnew(network, second, 3);
      assert(other !== address, `${other} twice`);
      assertEquals(said.map(({ type }) => type), [
        "REQUEST",
        "DISCOVER",
        "REQUEST",
      ]);
      assertEquals(said.map(rebootOf), [
        asked(address, OTHER_MAC),
        undefined,
        undefined,
      ]);
      assert(daemon.log.includes("type=DHCPNAK"), daemon.log);
      await network.serverHas([address, other]);
    },
  },
];
