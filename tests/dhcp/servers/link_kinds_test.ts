/**
 * Interfaces of the main plugins macvlan and ipvlan, with dnsmasq on the link of their master.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BROADCAST_FLAG } from "../../../lib/dhcp/codec/dhcp_message.ts";
import { DNSMASQ } from "../../support/dhcp_server_dnsmasq.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { missing, skipped } from "../../support/requirements.ts";
import { DHCP_BIN } from "../../support/binaries.ts";
import { addressesOf, addressOf, TestNetwork } from "./test_network.ts";

interface Row {
  /** As in `ip link add type`. */
  readonly kind: "macvlan" | "ipvlan";
  readonly mode: string;
  /**
   * Whether replies must be broadcast: all interfaces of an ipvlan share the hardware address of
   * their master.
   */
  readonly asksForBroadcast: boolean;
}

const ROWS: readonly Row[] = [
  { kind: "macvlan", mode: "bridge", asksForBroadcast: false },
  { kind: "ipvlan", mode: "l2", asksForBroadcast: true },
];

const NEEDS = [...DNSMASQ.requirements, `binary:${DHCP_BIN}`] as const;

for (const row of ROWS) {
  const { kind, mode, asksForBroadcast } = row;
  const name =
    `ADD, CHECK, renewal and DEL work on ${kind} (${mode}) with broadcast flag ${asksForBroadcast}`;
  const reason = missing(...NEEDS) ?? kernelRefusal(row);
  if (reason === undefined) Deno.test(name, () => testRow(row));
  else skipped(name, reason);
}

async function testRow(row: Row): Promise<void> {
  await using network = await TestNetwork.open(DNSMASQ, {
    leaseSeconds: 120,
    t1Seconds: 3,
    t2Seconds: 100,
  });
  const { host, wire } = network;
  const daemon = await host.daemon();
  // As the main plugins do: the interface is created on the master and moved to the container.
  const machine = network.machine("192.0.2.7/24");
  const container = network.use(new TestNetns());
  add(machine, row);
  machine.ip(`link set sub netns ${container.name} name eth0`);

  const address = await host.add(container);
  await network.serverHas([addressOf(address)]);
  const { messages } = wire;
  const discovers = messages.findIndex(({ type }) => type === "REQUEST");
  const flags = messages.slice(0, discovers + 1).map(({ message }) =>
    (message.flags & BROADCAST_FLAG) !== 0
  );
  // After two unanswered DISCOVERs, as on a busy machine, every client asks for a broadcast.
  const isThird = (index: number): boolean =>
    Math.min(index, discovers - 1) > 1;
  assertEquals(
    flags,
    flags.map((_, index) => row.asksForBroadcast || isThird(index)),
  );
  assertEquals((await host.call("CHECK", container)).code, 0);

  await network.until(
    "renewal",
    () => daemon.log.includes("event=lease-renewed"),
  );
  assertEquals(wire.count("DISCOVER"), 1);
  assertEquals(addressesOf(container), [address]);

  assertEquals((await host.call("DEL", container)).code, 0);
  await network.serverHas([]);
  const { source } = await network.releasedTo("192.0.2.1");
  assertEquals(source, addressOf(address));
}

function add(machine: TestNetns, { kind, mode }: Row): void {
  machine.ip(`link add sub link eth0 type ${kind} mode ${mode}`);
}

/** Why the kernel cannot create such an interface; undefined if it can. */
function kernelRefusal(row: Row): string | undefined {
  using netns = new TestNetns();
  netns.ip("link add eth0 type veth peer name eth1");
  try {
    add(netns, row);
    return undefined;
  } catch (error) {
    const release = Deno.osRelease();
    const [, text = ""] = /.*Error: (.*)/.exec(String(error)) ?? [];
    return `kernel ${release} refuses ${row.kind}: ${text}`;
  }
}
