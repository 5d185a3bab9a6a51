/**
 * Which packets the kernel passes to a DHCP client: classic BPF programs (Linux Documentation/networking/filter.rst).
 *
 * They are for AF_PACKET sockets of type SOCK_DGRAM, which see a packet from its IPv4 header on. A load beyond the end
 * of the packet ends the program with "drop". Pure. @module
 */

/** One instruction: `struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; }`. Jumps are relative to the next one. */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  /** Unsigned. */
  readonly k: number;
}

/** Instruction codes in use (linux/bpf_common.h), named as the assembler of the kernel documentation names them. */
export const BPF = {
  /** A = the 4 bytes at k. */
  ld: 0x20,
  /** A = the 2 bytes at k. */
  ldh: 0x28,
  /** A = the byte at k. */
  ldb: 0x30,
  /** X = 4 * (byte at k & 15), the length of an IPv4 header. */
  ldxMsh: 0xb1,
  /** A = the 4 bytes at X + k. */
  ldIndexed: 0x40,
  /** A = the 2 bytes at X + k. */
  ldhIndexed: 0x48,
  /** A = the byte at X + k. */
  ldbIndexed: 0x50,
  /** A = A & k. */
  and: 0x54,
  /** Jump on A == k. */
  jeq: 0x15,
  /** Jump on A & k. */
  jset: 0x45,
  /** End: pass k bytes. */
  ret: 0x06,
} as const;

/** An "offset" where the kernel has the type of the packet: to this host, to all, to another (linux/filter.h). */
export const SKF_AD_PKTTYPE = 0xfffff004;
/** An "offset" where the kernel has the VLAN tag that it took off; 0 if there was none. */
export const SKF_AD_VLAN_TAG = 0xfffff02c;

const PACKET_OTHERHOST = 3;
const VLAN_ID_MASK = 0x0fff;
const PROTOCOL_UDP = 17;
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff;
const DHCP_CLIENT_PORT = 68;
const BOOTREPLY = 2;
/** In the UDP datagram: its header, then `op`, and `xid` at 4. */
const OP_OFFSET = 8;
const XID_OFFSET = 12;
const WHOLE_PACKET = 0xffff;

/** A test that drops the packet, or goes on. */
type Test =
  | { readonly load: readonly BpfInstruction[]; readonly equals: number }
  | { readonly load: readonly BpfInstruction[]; readonly differs: number }
  | { readonly load: readonly BpfInstruction[]; readonly hasNone: number };

/**
 * Passes whole, unfragmented IPv4 UDP datagrams with a BOOTP reply to port 68, sent to this host or to all.
 *
 * Frames of a VLAN (a tag with a number) are another network's and dropped; a priority tag (number 0) is accepted.
 *
 * @param xid Only replies with this transaction id, unsigned 32 bits; all if undefined.
 */
export function dhcpReplyFilter(xid?: number): readonly BpfInstruction[] {
  return program([
    { load: [at(BPF.ldb, SKF_AD_PKTTYPE)], differs: PACKET_OTHERHOST },
    { load: [at(BPF.ldh, SKF_AD_VLAN_TAG)], hasNone: VLAN_ID_MASK },
    { load: [at(BPF.ldb, 0), at(BPF.and, 0xf0)], equals: 0x40 },
    { load: [at(BPF.ldb, 9)], equals: PROTOCOL_UDP },
    { load: [at(BPF.ldh, 6)], hasNone: MORE_FRAGMENTS_OR_OFFSET },
    {
      load: [at(BPF.ldxMsh, 0), at(BPF.ldhIndexed, 2)],
      equals: DHCP_CLIENT_PORT,
    },
    { load: [at(BPF.ldbIndexed, OP_OFFSET)], equals: BOOTREPLY },
    ...(xid === undefined
      ? []
      : [{ load: [at(BPF.ldIndexed, XID_OFFSET)], equals: xid }]),
  ]);
}

/**
 * Passes ARP packets for IPv4 that claim or ask for `address` (RFC 5227 section 2.1.1), on links with addresses of 6 bytes.
 *
 * @param address 32 bits, unsigned.
 */
export function arpFilter(address: number): readonly BpfInstruction[] {
  const claims = at(BPF.ld, 14);
  const asks = at(BPF.ld, 24);
  return [
    claims,
    { code: BPF.jeq, jt: 2, jf: 0, k: address },
    asks,
    { code: BPF.jeq, jt: 0, jf: 1, k: address },
    at(BPF.ret, WHOLE_PACKET),
    at(BPF.ret, 0),
  ];
}

/** Passes nothing: for a socket that only sends. */
export const DROP_ALL: readonly BpfInstruction[] = [
  { code: BPF.ret, jt: 0, jf: 0, k: 0 },
];

/** The program as the kernel reads it. */
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

/** All tests in order, then "pass"; "drop" is the last instruction. */
function program(tests: readonly Test[]): readonly BpfInstruction[] {
  const length = tests.reduce((sum, { load }) => sum + load.length + 1, 0);
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
  return [...instructions, at(BPF.ret, WHOLE_PACKET), at(BPF.ret, 0)];
}
