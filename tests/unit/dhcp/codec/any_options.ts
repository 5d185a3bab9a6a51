/** Options for property tests. @module */

import fc from "fast-check";
import type { DhcpOptions } from "../../../../lib/dhcp/codec/options.ts";

/** Any options that can be sent, long ones included. */
export const anyOptions: fc.Arbitrary<DhcpOptions> = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52),
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.uint8Array({ minLength: 250, maxLength: 600 }),
    ),
  ),
  { maxLength: 12 },
).map((entries) => new Map(entries));
