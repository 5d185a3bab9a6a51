/** Runs classic BPF programs as the kernel does, with the instructions in use. @module */

import {
  BPF,
  type BpfInstruction,
  SKF_AD_PKTTYPE,
  SKF_AD_PROTOCOL,
  SKF_AD_VLAN_TAG,
} from "../../lib/net/packet_filter.ts";

/** What the kernel knows about a packet in addition to its bytes. */
export interface PacketFacts {
  /** Protocol of the link header; 0x0800 (IPv4) if it is not given. */
  readonly protocol?: number;
  /**
   * PACKET_HOST 0, PACKET_BROADCAST 1, PACKET_MULTICAST 2, PACKET_OTHERHOST 3, PACKET_OUTGOING 4.
   */
  readonly packetType?: number;
  /** Tag control information; 0 if there is no tag. */
  readonly vlanTag?: number;
}

/**
 * Returns how many bytes the program passes; 0 is "drop".
 *
 * @throws {Error} if the program is invalid.
 */
export function runBpf(
  program: readonly BpfInstruction[],
  packet: Uint8Array,
  { protocol = 0x0800, packetType = 0, vlanTag = 0 }: PacketFacts = {},
): number {
  const view = new DataView(
    packet.buffer,
    packet.byteOffset,
    packet.byteLength,
  );
  const load = (offset: number, size: 1 | 2 | 4): number | undefined => {
    if (offset === SKF_AD_PROTOCOL) return protocol;
    if (offset === SKF_AD_PKTTYPE) return packetType;
    if (offset === SKF_AD_VLAN_TAG) return vlanTag;
    if (offset + size > packet.length) return undefined;
    if (size === 1) return view.getUint8(offset);
    return size === 2 ? view.getUint16(offset) : view.getUint32(offset);
  };
  let a = 0;
  let x = 0;
  for (let pc = 0; pc < program.length;) {
    const { code, jt, jf, k } = program[pc] as BpfInstruction;
    pc += 1;
    let value: number | undefined = 0;
    switch (code) {
      case BPF.ret:
        return k;
      case BPF.jeq:
        pc += a === k ? jt : jf;
        continue;
      case BPF.jset:
        pc += (a & k) !== 0 ? jt : jf;
        continue;
      case BPF.and:
        a = (a & k) >>> 0;
        continue;
      case BPF.ldxMsh:
        value = load(k, 1);
        if (value === undefined) return 0;
        x = (value & 0x0f) * 4;
        continue;
      case BPF.ld:
        value = load(k, 4);
        break;
      case BPF.ldh:
        value = load(k, 2);
        break;
      case BPF.ldb:
        value = load(k, 1);
        break;
      case BPF.ldIndexed:
        value = load(x + k, 4);
        break;
      case BPF.ldhIndexed:
        value = load(x + k, 2);
        break;
      case BPF.ldbIndexed:
        value = load(x + k, 1);
        break;
      default:
        throw new Error(`unknown instruction: ${code}`);
    }
    if (value === undefined) return 0;
    a = value;
  }
  throw new Error("the program has no end");
}
