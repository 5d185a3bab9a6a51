import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { decodeMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import type { Grant } from "../../../../lib/dhcp/daemon/lease_record.ts";
import { Metrics } from "../../../../lib/dhcp/daemon/metrics.ts";
import { PacketRate } from "../../../../lib/dhcp/daemon/packet_rate.ts";
import type { Datagram } from "../../../../lib/dhcp/daemon/ports.ts";
import {
  grantedOffer,
  releaseGrant,
} from "../../../../lib/dhcp/daemon/release.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { ip, settings } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { FakeInterfaces, SERVER_MAC } from "./fake_interface.ts";
import { FakeScheduler } from "./fake_scheduler.ts";
import { LEASED, OFFERED } from "./sample_lease.ts";

testRows("grantedOffer()", [
  { name: "of a lease", grant: LEASED.grant },
  { name: "of an offer", grant: OFFERED.grant },
], ({ grant }) => {
  const want = { address: ip("192.0.2.50"), server: ip("192.0.2.1") };
  assertEquals(grantedOffer(grant), want);
});

interface Row {
  readonly name: string;
  readonly grant: Grant | undefined;
  readonly isLost?: boolean;
  readonly isInterfaceGone?: boolean;
  /** What the operating system refuses. */
  readonly refused?: readonly ("interface" | "host")[];
  /** Where the RELEASE leaves, and the log. */
  readonly want: readonly [via: readonly string[], log: readonly string[]];
}

testRows<Row>("releaseGrant()", [
  {
    name: "sends a RELEASE of a lease through the interface",
    grant: LEASED.grant,
    want: [["interface 192.0.2.50 192.0.2.1"], ["lease-released"]],
  },
  {
    name: "sends a RELEASE of an offer",
    grant: OFFERED.grant,
    want: [["interface 192.0.2.50 192.0.2.1"], ["lease-released"]],
  },
  {
    name: "sends it from the host if the interface is gone",
    grant: LEASED.grant,
    isInterfaceGone: true,
    want: [["host 192.0.2.50 192.0.2.1"], ["lease-released"]],
  },
  {
    name: "sends it from the host if the interface cannot send",
    grant: LEASED.grant,
    refused: ["interface"],
    want: [
      ["host 192.0.2.50 192.0.2.1"],
      ["send-failed", "lease-released"],
    ],
  },
  {
    name: "sends nothing for a lost lease",
    grant: LEASED.grant,
    isLost: true,
    want: [[], []],
  },
  {
    name: "sends nothing without a grant",
    grant: undefined,
    want: [[], []],
  },
  {
    name: "logs what the operating system refuses",
    grant: LEASED.grant,
    refused: ["interface", "host"],
    want: [[], ["send-failed", "release-failed"]],
  },
], async ({ grant, isLost = false, isInterfaceGone, refused = [], want }) => {
  const sent: string[] = [];
  const record = (via: "interface" | "host", datagram: Datagram): void => {
    if (refused.includes(via)) throw new SystemError("refused");
    const { source, destination, bytes } = datagram;
    assertEquals(decodeMessage(bytes).options.get(53), Uint8Array.of(7));
    const addresses = [source, destination].map(formatIpAddress).join(" ");
    sent.push(`${via} ${addresses}`);
  };
  const scheduler = new FakeScheduler();
  const interfaces = new FakeInterfaces({
    scheduler,
    onSend: (datagram) => record("interface", datagram),
  });
  const hostDevice = { name: "cni0", vlanId: undefined };
  const { chaddr: client } = settings();
  interfaces.sendFromHost = (datagram, route) => {
    assertEquals(route, { device: hostDevice, client, server: SERVER_MAC });
    record("host", datagram);
    return "cni0";
  };
  const attached = interfaces.add("/ns/a", "1");
  const log: string[] = [];
  await releaseGrant(
    {
      grant,
      isLost,
      settings: settings(),
      attached: isInterfaceGone ? undefined : attached,
      hostDevice,
      serverMac: SERVER_MAC,
    },
    {
      ports: { interfaces, randomU32: () => 7 },
      rate: new PacketRate(0, {
        scheduler,
        metrics: new Metrics(),
        log: () => {},
      }),
    },
    (_level, event) => log.push(event),
  );
  assertEquals([sent, log], want);
  assertEquals(attached.openSockets, 0);
  const wasOpened = grant !== undefined && !isLost && !isInterfaceGone;
  assertEquals(attached.servers, wasOpened ? [SERVER_MAC] : []);
});
