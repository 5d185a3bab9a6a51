import { assertEquals } from "@std/assert";
import { announceAddress } from "../../../../lib/dhcp/host/address_announcement.ts";
import { openLinkControl } from "../../../../lib/linux/link_control.ts";
import { openPacketSocket } from "../../../../lib/linux/packet_socket.ts";
import { decodeArp } from "../../../../lib/net/arp.ts";
import { ipv4Bits } from "../../../../lib/net/ipv4_address.ts";
import { arpFilter, ETHER_TYPE } from "../../../../lib/net/packet_filter.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { waitFor } from "../../../../tools/lab/waiting.ts";
import { TestLink } from "../../../support/network_namespaces.ts";
import { testAsRoot } from "../../../support/requirements.ts";

testAsRoot(
  "announceAddress() broadcasts an ARP announcement (RFC 5227 section 2.3)",
  async () => {
    using link = new TestLink();
    using client = link.client.open();
    using control = openLinkControl(client);
    using server = link.server.open();
    using serverControl = openLinkControl(server);
    const address = ip("192.0.2.60");
    using listener = openPacketSocket(server, {
      ifIndex: serverControl.find("eth0")?.index ?? 0,
      etherType: ETHER_TYPE.arp,
      filter: arpFilter(ipv4Bits(address)),
    });
    const eth0 = control.find("eth0");
    if (eth0 === undefined) throw new Error("no eth0");
    announceAddress(client, eth0, address);
    const packet = await waitFor(
      "announcement",
      () => listener.receive()?.packet.slice(),
    );
    assertEquals(decodeArp(packet), {
      senderHardware: eth0.macAddress,
      sender: address,
      target: address,
    });
    // A link without 6-byte hardware addresses has no ARP to speak of.
    announceAddress(client, { ...eth0, macAddress: new Uint8Array() }, address);
  },
);
