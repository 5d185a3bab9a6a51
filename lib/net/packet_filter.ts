/**
 * Packet filters of a DHCP client: classic BPF programs for the kernel (Linux
 * Documentation/networking/filter.rst).
 *
 * They are for AF_PACKET sockets of type SOCK_DGRAM that are bound to all protocols. These receive
 * packets from the network header on, those that the host sends included. A load beyond the end of
 * a packet drops it. Pure.
 *
 * @module
 */

/**
 * One instruction: `struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; }`. Jumps are relative to
 * the next instruction.
 */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  /** Unsigned. */
  readonly k: number;
}

/**
 * Instruction codes (linux/bpf_common.h), named after those of the assembler in the kernel
 * documentation.
 */
export const BPF = {
  /** A = the 4 bytes at k. */
  ld: 0x20,
  /** A = the 2 bytes at k. */
  ldh: 0x28,
  /** A = the byte at k. */
  ldb: 0x30,
  /** X = 4 * (the byte at k & 15), the length of an IPv4 header. */
  ldxMsh: 0xb1,
  /** A = the 4 bytes at X + k. */
  ldIndexed: 0x40,
  /** A = the 2 bytes at X + k. */
  ldhIndexed: 0x48,
  /** A = the byte at X + k. */
  ldbIndexed: 0x50,
  /** A = A & k. */
  and: 0x54,
  /** Jump if A == k. */
  jeq: 0x15,
  /** Jump if A & k. */
  jset: 0x45,
  /** End: pass k bytes of the packet. */
  ret: 0x06,
} as const;

/** Special offset of the protocol of the link header, such as 0x0800 for IPv4 (linux/filter.h). */
export const SKF_AD_PROTOCOL = 0xfffff000;
/** Special offset of the packet type: to this host, broadcast, to another host, outgoing. */
export const SKF_AD_PKTTYPE = 0xfffff004;
/** Special offset of the VLAN tag that the kernel removed; 0 if there was none. */
export const SKF_AD_VLAN_TAG = 0xfffff02c;

/** Protocols of the link header (linux/if_ether.h). */
export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806 } as const;

const PACKET_OUTGOING = 4;
const VLAN_ID_MASK = 0x0fff;
const PROTOCOL_UDP = 17;
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff;
const DHCP_CLIENT_PORT = 68;
const BOOTREPLY = 2;
/** Offsets in the UDP datagram: `op` follows the UDP header, `xid` is 4 bytes after it. */
const OP_OFFSET = 8;
const XID_OFFSET = 12;
const WHOLE_PACKET = 0xffff;

/** A test: it drops the packet, or the next test runs. */
type Test =
  | { readonly load: readonly BpfInstruction[]; readonly equals: number }
  | { readonly load: readonly BpfInstruction[]; readonly differs: number }
  | { readonly load: readonly BpfInstruction[]; readonly hasNone: number };

/**
 * Returns a filter for DHCP replies with one transaction id: unfragmented IPv4 UDP datagrams with a
 * BOOTP reply to port 68, sent to any host. Where the interface is a bridge port or belongs to a
 * virtual machine, the frame is not for the hardware address of the interface; whether the message
 * is for the client, its own fields tell.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const filter = dhcpReplyFilter(0x01020304);
 * assertEquals(filter.at(-1), { code: BPF.ret, jt: 0, jf: 0, k: 0 });
 * ```
 *
 * @param xid Transaction id, 32 bits, unsigned.
 */
export function dhcpReplyFilter(xid: number): readonly BpfInstruction[] {
  return program([
    ...received(ETHER_TYPE.ipv4),
    { load: [at(BPF.ldb, 0), at(BPF.and, 0xf0)], equals: 0x40 },
    { load: [at(BPF.ldb, 9)], equals: PROTOCOL_UDP },
    { load: [at(BPF.ldh, 6)], hasNone: MORE_FRAGMENTS_OR_OFFSET },
    {
      load: [at(BPF.ldxMsh, 0), at(BPF.ldhIndexed, 2)],
      equals: DHCP_CLIENT_PORT,
    },
    { load: [at(BPF.ldbIndexed, OP_OFFSET)], equals: BOOTREPLY },
    { load: [at(BPF.ldIndexed, XID_OFFSET)], equals: xid },
  ]);
}

/**
 * Returns a filter for ARP packets that claim or ask for an IPv4 address (RFC 5227 section 2.1.1),
 * on links with 6-byte hardware addresses.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const filter = arpFilter(0xc0000205);
 * assertEquals(filter.filter(({ k }) => k === 0xc0000205).length, 2);
 * ```
 *
 * @param address 32 bits, unsigned.
 */
export function arpFilter(address: number): readonly BpfInstruction[] {
  const claims = at(BPF.ld, 14);
  const asks = at(BPF.ld, 24);
  return program(received(ETHER_TYPE.arp), [
    claims,
    { code: BPF.jeq, jt: 2, jf: 0, k: address },
    asks,
    { code: BPF.jeq, jt: 0, jf: 1, k: address },
  ]);
}

/** A filter that drops every packet, for a socket that only sends. */
export const DROP_ALL: readonly BpfInstruction[] = [
  { code: BPF.ret, jt: 0, jf: 0, k: 0 },
];

/**
 * Encodes a program as an array of `struct sock_filter`, in the byte order of the machine
 * (little-endian).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeBpf(DROP_ALL), Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0));
 * ```
 */
export function encodeBpf(
  instructions: readonly BpfInstruction[],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(instructions.length * 8));
  const view = new DataView(bytes.buffer);
  instructions.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  });
  return bytes;
}

function at(code: number, k: number): BpfInstruction {
  return { code, jt: 0, jf: 0, k };
}

/**
 * Returns tests for a packet that was received. Those that the host sends are dropped, and so are
 * frames with a VLAN id, which belong to another network. A priority tag (VLAN id 0) is accepted.
 */
function received(etherType: number): readonly Test[] {
  return [
    { load: [at(BPF.ldh, SKF_AD_PROTOCOL)], equals: etherType },
    { load: [at(BPF.ldb, SKF_AD_PKTTYPE)], differs: PACKET_OUTGOING },
    { load: [at(BPF.ldh, SKF_AD_VLAN_TAG)], hasNone: VLAN_ID_MASK },
  ];
}

/**
 * Returns the tests in order, then `last`, then "pass" and, as the last instruction, "drop".
 *
 * @param last Instructions that continue to pass, and jump over one to drop.
 */
function program(
  tests: readonly Test[],
  last: readonly BpfInstruction[] = [],
): readonly BpfInstruction[] {
  const length = tests.reduce((sum, { load }) => sum + load.length + 1, 0) +
    last.length;
  const instructions: BpfInstruction[] = [];
  for (const test of tests) {
    instructions.push(...test.load);
    const drop = length - instructions.length;
    instructions.push(
      "equals" in test
        ? { code: BPF.jeq, jt: 0, jf: drop, k: test.equals }
        : "differs" in test
        ? { code: BPF.jeq, jt: drop, jf: 0, k: test.differs }
        : { code: BPF.jset, jt: drop, jf: 0, k: test.hasNone },
    );
  }
  return [
    ...instructions,
    ...last,
    at(BPF.ret, WHOLE_PACKET),
    at(BPF.ret, 0),
  ];
}
