import { assertEquals, assertThrows } from "@std/assert";
import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import { SyscallError } from "../../../lib/linux/errno.ts";
import { openUnicastSocket } from "../../../lib/linux/unicast_socket.ts";
import { TestLink } from "../../support/network_namespaces.ts";
import { testAsRoot, testWith } from "../../support/requirements.ts";
import { UdpServer } from "../../support/udp_server.ts";

const SERVER = ipv4FromBits(0xc0000201);
const LEASED = ipv4FromBits(0xc0000207);
const LEASE = { address: LEASED, ifName: "eth0" };
const PAYLOAD = new TextEncoder().encode("hello");

testAsRoot(
  "UnicastSocket.send() sends from the leased address and port 68",
  async () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    await using server = new UdpServer(link.server);
    assertEquals(await server.line(), "ready");
    using netns = link.client.open();
    using socket = openUnicastSocket(netns, LEASE);
    socket?.send(PAYLOAD, SERVER);
    assertEquals(await socket?.flushed(60_000), true);
    assertEquals(await server.line(), "192.0.2.7:68 hello");
  },
);

testAsRoot(
  "UnicastSocket.send() reaches a server behind a router",
  async () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    link.client.ip("route add default via 192.0.2.1");
    link.server.ip("addr add 198.51.100.1/32 dev lo");
    await using server = new UdpServer(link.server, {
      bindTo: "198.51.100.1",
    });
    assertEquals(await server.line(), "ready");
    using netns = link.client.open();
    using socket = openUnicastSocket(netns, LEASE);
    socket?.send(PAYLOAD, ipv4FromBits(0xc6336401));
    assertEquals(await server.line(), "192.0.2.7:68 hello");
  },
);

testAsRoot(
  "UnicastSocket.flushed() waits while the server's hardware address is unknown",
  async () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    using netns = link.client.open();
    using socket = openUnicastSocket(netns, LEASE);
    assertEquals(socket?.isFlushed(), true);
    socket?.send(PAYLOAD, ipv4FromBits(0xc0000263));
    assertEquals(socket?.isFlushed(), false);
    assertEquals(await socket?.flushed(3), false);
  },
);

testAsRoot(
  "UnicastSocket ignores replies without causing ICMP errors",
  () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    using netns = link.client.open();
    using _socket = openUnicastSocket(netns, LEASE);
    const counter = (): number => {
      const snmp = link.client.exec("cat", "/proc/net/snmp");
      return Number(snmp.match(/^Udp: \d+ (\d+)/m)?.[1]);
    };
    const before = counter();
    link.server.exec(
      "perl",
      "-e",
      `use Socket; socket(S, PF_INET, SOCK_DGRAM, 0);
     connect(S, sockaddr_in(68, inet_aton("192.0.2.7"))) or die $!;
     for (1 .. 3) { send(S, "x", 0) or die "refused: $!"; }`,
    );
    assertEquals(counter(), before);
  },
);

testAsRoot(
  "openUnicastSocket() returns undefined if the interface lacks the address",
  () => {
    using link = new TestLink();
    using netns = link.client.open();
    assertEquals(openUnicastSocket(netns, LEASE), undefined);
  },
);

testAsRoot(
  "openUnicastSocket() shares the port with another unicast socket",
  () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    using netns = link.client.open();
    using first = openUnicastSocket(netns, LEASE);
    using second = openUnicastSocket(netns, LEASE);
    assertEquals([first === undefined, second === undefined], [false, false]);
  },
);

testAsRoot(
  "openUnicastSocket() returns undefined if another program uses the port",
  async () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    await using client = new UdpServer(link.client, { port: 68 });
    assertEquals(await client.line(), "ready");
    using netns = link.client.open();
    assertEquals(openUnicastSocket(netns, LEASE), undefined);
  },
);

testWith(
  ["root", "command:setpriv"],
  "openUnicastSocket() returns undefined without CAP_NET_BIND_SERVICE",
  () => {
    using link = new TestLink();
    link.client.ip("addr add 192.0.2.7/24 dev eth0");
    const lib = new URL("../../../lib/linux/", import.meta.url);
    const script = `import { openNetns } from "${lib}netns.ts";
      import { openUnicastSocket } from "${lib}unicast_socket.ts";
      using netns = openNetns("${link.client.path}");
      const address = { family: 4, value: 0xc0000207n };
      console.log(openUnicastSocket(netns, { address, ifName: "eth0" }));`;
    const { stdout, stderr } = new Deno.Command("setpriv", {
      args: [
        ...["--bounding-set", "-net_bind_service", "--inh-caps", "-all"],
        ...[Deno.execPath(), "run", "--no-prompt", "--allow-ffi", "--ext=ts"],
        ...[`data:application/typescript,${encodeURIComponent(script)}`],
      ],
      cwd: new URL("../../..", import.meta.url).pathname,
    }).outputSync();
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    assertEquals(text(stdout), "undefined\n", text(stderr));
  },
);

testAsRoot(
  "openUnicastSocket() throws ENODEV if there is no such interface",
  () => {
    using link = new TestLink();
    using netns = link.client.open();
    const error = assertThrows(
      () => openUnicastSocket(netns, { address: LEASED, ifName: "eth9" }),
      SyscallError,
      "setsockopt SO_BINDTODEVICE eth9: no such device",
    );
    assertEquals(error.errnoName, "ENODEV");
  },
);
