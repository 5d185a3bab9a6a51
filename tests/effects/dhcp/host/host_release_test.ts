import { assertEquals } from "@std/assert";
import { formatHex } from "../../../../lib/base/hex.ts";
import { waitUntil } from "../../../../tools/lab/waiting.ts";
import { MessageCapture } from "../../../support/dhcp_wire.ts";
import {
  TestLink,
  type TestNetns,
} from "../../../support/network_namespaces.ts";
import { testAsRoot } from "../../../support/requirements.ts";
import { UdpServer } from "../../../support/udp_server.ts";

const PROGRAM = new URL("host_release_program.ts", import.meta.url).pathname;

/** Sends a RELEASE in the client's namespace. @returns The way that it was sent. */
function send({ client }: TestLink, device: string, server = ""): string {
  return client.exec(
    ...[Deno.execPath(), "run", "--no-prompt", "--no-check", "--allow-ffi"],
    ...[PROGRAM, device, server],
  );
}

/** Puts `eth0` of the host into the bridge `cni0`, as the bridge plugin does. */
function addBridge(host: TestNetns): void {
  host.ip("link add cni0 type bridge");
  host.ip("link set eth0 master cni0");
  host.ip("link set cni0 up");
}

function macOf(place: TestNetns, device: string): string {
  const [link] = place.list(`link show dev ${device}`);
  return link.address.replaceAll(":", "");
}

testAsRoot(
  "sendFromHost() sends through a bridge of the host, without address and route",
  async () => {
    using link = new TestLink();
    addBridge(link.client);
    await using capture = new MessageCapture(link.server);
    assertEquals(send(link, "cni0", macOf(link.server, "eth0")), "cni0");
    await waitUntil("RELEASE", () => capture.messages.length > 0);
    const [{ type, source, destination, sender } = {}] = capture.messages;
    assertEquals([type, source, destination], [
      ...["RELEASE", "192.0.2.50", "192.0.2.1"],
    ]);
    assertEquals(formatHex(sender ?? new Uint8Array()), "02005e100001");
  },
);

testAsRoot(
  "sendFromHost() reaches an ordinary server whose hardware address is unknown",
  async () => {
    using link = new TestLink();
    addBridge(link.client);
    await using server = new UdpServer(link.server);
    assertEquals(await server.line(), "ready");
    assertEquals(send(link, "cni0"), "cni0");
    assertEquals((await server.line()).slice(0, 14), "192.0.2.50:68 ");
  },
);

for (
  const { name, device, prepare } of [
    { name: "without a device", device: "", prepare: () => {} },
    { name: "without that device", device: "cni0", prepare: () => {} },
    {
      name: "while that device is down",
      device: "cni0",
      prepare: (host: TestNetns) => void host.ip("link add cni0 type bridge"),
    },
  ]
) {
  testAsRoot(`sendFromHost() sends a datagram ${name}`, async () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.8/24 dev eth0");
    prepare(link.client);
    await using capture = new MessageCapture(link.server);
    assertEquals(send(link, device, macOf(link.server, "eth0")), "host");
    await waitUntil("RELEASE", () => capture.messages.length > 0);
    assertEquals(capture.messages[0]?.source, "192.0.2.8");
  });
}

testAsRoot(
  "sendFromHost() sends a datagram to a server on the host itself",
  async () => {
    using link = new TestLink();
    addBridge(link.client);
    link.client.ip("addr add 192.0.2.1/24 dev cni0");
    await using server = new UdpServer(link.client);
    assertEquals(await server.line(), "ready");
    assertEquals(send(link, "cni0", macOf(link.client, "cni0")), "host");
    assertEquals((await server.line()).startsWith("192.0.2.1:"), true);
  },
);

testAsRoot("sendFromHost() fails without a device and without a route", () => {
  using link = new TestLink();
  let text = "";
  try {
    send(link, "cni0");
  } catch (error) {
    text = String(error);
  }
  assertEquals(text.includes("network is unreachable"), true, text);
});
