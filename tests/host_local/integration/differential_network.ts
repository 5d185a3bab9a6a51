/**
 * Random networks for the differential test: mostly ordinary, sometimes at the limits of what
 * is allowed, occasionally invalid. The seed of the generator determines everything.
 * @module
 */

import type { Random } from "../../support/random.ts";

/** A subnet to choose addresses from. */
interface Block {
  readonly family: 4 | 6;
  /** The text of an address without its host part. */
  readonly prefix: string;
  readonly length: number;
  /** Number of addresses, at most 256. */
  readonly size: number;
}

/** The network of one sequence of calls. */
export interface RandomNetwork {
  readonly cniVersion: unknown;
  /** `ipam` without `dataDir`. */
  readonly ipam: Readonly<Record<string, unknown>> | null | undefined;
  readonly runtimeConfig?: Readonly<Record<string, unknown>>;
  /** Addresses inside, at the ends of and outside the ranges. */
  readonly addresses: readonly string[];
}

/** All versions of the specification. */
const VERSIONS = [
  "0.1.0",
  "0.2.0",
  "0.3.0",
  "0.3.1",
  "0.4.0",
  "1.0.0",
  "1.1.0",
] as const;
const V4_LENGTHS = [
  ...Array(6).fill(24),
  25,
  26,
  27,
  28,
  28,
  28,
  ...Array(10).fill(29),
  ...Array(10).fill(30),
  31,
  32,
];
const V6_LENGTHS = [
  ...Array(6).fill(64),
  80,
  112,
  120,
  124,
  ...Array(10).fill(125),
  ...Array(10).fill(126),
  127,
  128,
];

/** Address families of the range sets of a network. */
const FAMILIES: readonly (readonly (4 | 6)[])[] = [
  ...Array(4).fill([4]),
  ...Array(2).fill([6]),
  ...Array(3).fill([4, 6]),
  [6, 4],
  [4, 4],
  [4, 4, 6],
];

function address(block: Block, host: number): string {
  if (block.family === 4) return `${block.prefix}${host}`;
  const isShort = host === 0 && block.prefix.endsWith("::");
  return `${block.prefix}${isShort ? "" : host.toString(16)}`;
}

function randomBlock(
  random: Random,
  { family, index }: { readonly family: 4 | 6; readonly index: number },
): Block {
  if (family === 4) {
    const length = random.pick(V4_LENGTHS);
    return {
      family,
      prefix: `10.${index}.0.`,
      length,
      size: Math.min(2 ** (32 - length), 256),
    };
  }
  const length = random.pick(V6_LENGTHS);
  if (random.chance(0.02)) {
    return { family, prefix: `::1${index}0:`, length: 120, size: 256 };
  }
  return {
    family,
    prefix: `fd00:${index}::`,
    length,
    size: Math.min(2 ** (128 - length), 256),
  };
}

/**
 * A host number of the block, often one of the first or last; occasionally the first one outside.
 */
function randomHost(random: Random, { size }: Block): number {
  if (random.chance(0.04)) return size & 255;
  const host = random.pick([
    0,
    1,
    2,
    3,
    4,
    size - 2,
    size - 1,
    random.int(size),
  ]);
  return Math.abs(host) % size;
}

function randomRange(
  random: Random,
  block: Block,
): Record<string, unknown> | null {
  if (random.chance(0.005)) return null;
  const host = random.chance(0.02) ? 1 : 0;
  const range: Record<string, unknown> = {
    subnet: `${address(block, host)}/${block.length}`,
  };
  if (random.chance(0.01)) {
    range["subnet"] = random.pick([
      "",
      "10.0.0.0",
      "fd00::/129",
      "10.0.0.0/24/1",
      null,
      7,
    ]);
  }
  if (random.chance(0.01)) delete range["subnet"];
  const hosts = [randomHost(random, block), randomHost(random, block)];
  const [low, high] = hosts.sort((a, b) => a - b) as [number, number];
  const reversed = random.chance(0.05);
  if (random.chance(0.25)) {
    range["rangeStart"] = address(block, reversed ? high : low);
  }
  if (random.chance(0.25)) {
    range["rangeEnd"] = address(block, reversed ? low : high);
  }
  if (random.chance(0.3)) {
    range["gateway"] = address(block, randomHost(random, block));
  }
  if (random.chance(0.02)) {
    const key = random.pick(["rangeStart", "rangeEnd", "gateway"]);
    range[key] = random.pick([
      "",
      "10.0.0.256",
      "010.0.0.1",
      "fe80::1",
      "192.0.2.1",
      "::ffff:10.1.0.2",
      "x",
      null,
    ]);
  }
  return range;
}

function randomSet(random: Random, blocks: readonly Block[]): unknown {
  if (random.chance(0.01)) return random.pick([[], null]);
  return blocks.map((block) => randomRange(random, block));
}

/** One subnet in two ranges, each with a gateway that may be in the other range. */
function splitSet(random: Random, block: Block): unknown {
  const subnet = `${address(block, 0)}/${block.length}`;
  const half = block.size >> 1;
  return [
    {
      subnet,
      rangeEnd: address(block, half),
      gateway: address(block, randomHost(random, block)),
    },
    {
      subnet,
      rangeStart: address(block, half + 1),
      ...(random.chance(0.5) ? {} : { gateway: address(block, 2) }),
    },
  ];
}

function randomRoute(random: Random): unknown {
  if (random.chance(0.01)) return null;
  const route: Record<string, unknown> = {
    dst: random.pick([
      "0.0.0.0/0",
      "192.0.2.0/24",
      "192.0.2.7/16",
      "::/0",
      "2001:db8::/32",
    ]),
  };
  if (random.chance(0.4)) {
    route["gw"] = random.pick(["10.1.0.1", "192.0.2.1", "fd00::1", ""]);
  }
  if (random.chance(0.05)) route["mtu"] = random.pick([1400, 0, -1]);
  if (random.chance(0.05)) route["table"] = random.pick([0, 254]);
  if (random.chance(0.02)) {
    route["dst"] = random.pick(["", "10.0.0.0", "default", null]);
  }
  return route;
}

function randomVersion(random: Random): unknown {
  if (random.chance(0.03)) return undefined;
  if (random.chance(0.04)) {
    return random.pick(["", "9.9.9", "0.5.0", "1.0", "v1.0.0", 1, null]);
  }
  return random.pick(VERSIONS);
}

/** Returns a random network; `resolvConfs` are the choices for its `resolvConf`. */
export function randomNetwork(
  random: Random,
  resolvConfs: readonly string[],
): RandomNetwork {
  const blocks: Block[] = [];
  const sets: unknown[] = [];
  const families = random.chance(0.01) ? [] : random.pick(FAMILIES);
  for (const family of families) {
    const set: Block[] = [];
    const ranges = random.pick([1, 1, 1, 2, 3]);
    for (let count = 0; count < ranges; count += 1) {
      const other = random.chance(0.02) ? (family === 4 ? 6 : 4) : family;
      const overlapping = blocks.length > 0 && random.chance(0.03);
      set.push(
        randomBlock(random, {
          family: other,
          index: overlapping ? 1 : blocks.length + set.length + 1,
        }),
      );
    }
    blocks.push(...set);
    const [block] = set as [Block];
    sets.push(
      random.chance(0.06) && block.size > 3
        ? splitSet(random, block)
        : randomSet(random, set),
    );
  }
  const ipam: Record<string, unknown> = { type: "host-local" };
  let runtimeConfig: Record<string, unknown> | undefined;
  const [first, ...rest] = sets;
  if (first !== undefined && random.chance(0.15)) {
    runtimeConfig = { ipRanges: [first] };
    ipam["ranges"] = rest;
  } else if (Array.isArray(first) && first.length === 1 && random.chance(0.2)) {
    Object.assign(ipam, first[0]);
    ipam["ranges"] = rest;
  } else {
    ipam["ranges"] = sets;
  }
  if (random.chance(0.4)) {
    ipam["routes"] = [1, 2, 3].slice(random.int(3)).map(() =>
      randomRoute(random)
    );
  }
  if (random.chance(0.1)) ipam["resolvConf"] = random.pick(resolvConfs);
  const addresses = blocks.flatMap((block) =>
    Array.from({ length: 6 }, () => address(block, randomHost(random, block)))
  );
  return {
    cniVersion: randomVersion(random),
    ipam: random.chance(0.01) ? random.pick([null, undefined]) : ipam,
    ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
    addresses: [...addresses, "192.0.2.99"],
  };
}
