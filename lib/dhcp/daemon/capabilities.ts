/**
 * The capabilities that the daemon needs, and what does not work without each of them. Pure.
 *
 * @module
 */

/** A capability that the daemon lacks. */
export interface MissingCapability {
  readonly name: string;
  /** What does not work without it. */
  readonly consequence: string;
  /** Whether nothing works without it. */
  readonly isFatal: boolean;
  /** Whether no ADD succeeds without it. */
  readonly failsEveryAdd: boolean;
}

/** Bits of capabilities(7), the most important first. */
const NEEDED: readonly (MissingCapability & { readonly bit: bigint })[] = [
  {
    name: "CAP_SYS_ADMIN",
    bit: 21n,
    consequence: "no network namespace can be entered, so every ADD fails",
    isFatal: true,
    failsEveryAdd: true,
  },
  {
    name: "CAP_NET_RAW",
    bit: 13n,
    consequence: "no DHCP message can be sent, so every ADD fails",
    isFatal: false,
    failsEveryAdd: true,
  },
  {
    name: "CAP_NET_ADMIN",
    bit: 12n,
    consequence:
      "interfaces cannot be changed: ADD fails if the interface is down, and lost or changed leases are not applied",
    isFatal: false,
    failsEveryAdd: false,
  },
  {
    name: "CAP_NET_BROADCAST",
    bit: 11n,
    consequence:
      "changes of interfaces are noticed after some seconds instead of at once",
    isFatal: false,
    failsEveryAdd: false,
  },
  {
    name: "CAP_NET_BIND_SERVICE",
    bit: 10n,
    consequence:
      "renewals and releases do not use the routes of the container but go to the sender of the last reply",
    isFatal: false,
    failsEveryAdd: false,
  },
  {
    name: "CAP_SYS_PTRACE",
    bit: 19n,
    consequence: "namespaces of other users cannot be found under /proc",
    isFatal: false,
    failsEveryAdd: false,
  },
];

/**
 * Returns the needed capabilities that are not among the effective ones.
 *
 * @param effective Bits of capabilities(7).
 */
export function missingCapabilities(
  effective: bigint,
): readonly MissingCapability[] {
  return NEEDED
    .filter(({ bit }) => ((effective >> bit) & 1n) === 0n)
    .map(({ bit: _, ...missing }) => missing);
}
