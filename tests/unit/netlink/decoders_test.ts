import { ipv4FromBits } from "../../../lib/net/ipv4_address.ts";
import { DecodeError } from "../../../lib/base/errors.ts";
import {
  decodeAddress,
  encodeAddress,
} from "../../../lib/netlink/address_message.ts";
import { decodeLink } from "../../../lib/netlink/link_message.ts";
import {
  decodeMessages,
  decodeStatus,
  encodeMessage,
} from "../../../lib/netlink/netlink_message.ts";
import { decodeNetnsId } from "../../../lib/netlink/netns_id_message.ts";
import { encodeNewRoute } from "../../../lib/netlink/route_message.ts";
import { hex } from "../../support/bytes.ts";
import { LINK } from "./messages.ts";

Deno.test("netlink decoders return or throw DecodeError on any bytes, and end", () => {
  // A fixed xorshift sequence: every run has the same bytes.
  let state = 0x9e3779b9;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const address = ipv4FromBits(0xc0000207);
  const dst = { address: ipv4FromBits(0), prefixLength: 0 };
  const seeds = [
    hex(LINK),
    encodeAddress({ ifIndex: 2, address, prefixLength: 24 }),
    encodeNewRoute({ ifIndex: 2, dst, gw: address, metric: 100 }),
    encodeMessage({ type: 16, flags: 0, sequence: 1, body: hex(LINK) }),
  ];
  const decoders = [
    decodeLink,
    decodeAddress,
    decodeNetnsId,
    decodeMessages,
    (bytes: Uint8Array) =>
      decodeStatus({ type: 2, flags: 0x200, sequence: 0, body: bytes }),
  ];
  for (let round = 0; round < 5_000; round++) {
    const bytes = (seeds[random() % seeds.length] ?? new Uint8Array(1)).slice();
    for (let change = random() % 4; change >= 0; change--) {
      bytes[random() % bytes.length] = random() & 0xff;
    }
    const cut = bytes.subarray(0, random() % (bytes.length + 1));
    for (const decode of decoders) {
      try {
        decode(cut);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }
  }
});
