import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Range,
  rangeContains,
  rangesOverlap,
} from "../../../lib/host_local/range.ts";
import { resolveRange } from "../../../lib/host_local/range.ts";
import { isGateway, type RangeSet } from "../../../lib/host_local/range_set.ts";
import {
  type FreeAddresses,
  nextAddress,
} from "../../../lib/host_local/round_robin.ts";
import { type Cidr, cidrContains, lastAddress } from "../../../lib/net/cidr.ts";
import {
  addressBits,
  addressPlus,
  type Family,
  formatIpAddress,
  type IpAddress,
  lastValue,
  sameAddress,
} from "../../../lib/net/ip_address.ts";
import { thrownBy } from "../base/thrown.ts";
import { tableOf } from "./builders.ts";

/** Small subnets, some of them at the very end of the address space. */
const family = fc.constantFrom<Family>(4, 6);

function subnetAt(of: Family, blockFromEnd: bigint, hostBits: number): Cidr {
  const size = 1n << BigInt(hostBits);
  const value = lastValue(of) + 1n - size * (blockFromEnd + 1n);
  return {
    address: { family: of, value },
    prefixLength: addressBits(of) - hostBits,
  };
}

const subnet = (of: Family): fc.Arbitrary<Cidr> =>
  fc.record({
    block: fc.bigInt({ min: 0n, max: 5n }),
    bits: fc.nat({ max: 4 }),
  })
    .map(({ block, bits }) => subnetAt(of, block, bits));

/** A range with some of its keys, near the subnet; undefined if it is refused. */
const maybeRange = (of: Family): fc.Arbitrary<Range | undefined> =>
  subnet(of).chain((net) => {
    const near = fc.option(
      fc.bigInt({ min: -2n, max: 18n })
        .map((offset) => addressPlus(net.address, offset))
        .filter(({ value }) => value >= 0n && value <= lastValue(of)),
      { nil: undefined },
    );
    const exclude = fc.array(
      fc.record({
        from: fc.bigInt({ min: -2n, max: 18n }),
        span: fc.bigInt({ min: 0n, max: 6n }),
      }).map(({ from, span }) => ({
        first: addressPlus(net.address, from),
        last: addressPlus(net.address, from + span),
        text: "",
        path: "r",
      })).filter(({ first, last }) =>
        first.value >= 0n && last.value <= lastValue(of)
      ),
      { maxLength: 3 },
    );
    return fc.record({
      rangeStart: near,
      rangeEnd: near,
      gateway: near,
      exclude,
    })
      .map((keys) => {
        let range: Range | undefined;
        thrownBy(() => {
          range = resolveRange({ subnet: net, ...keys, path: "r" });
        });
        return range;
      });
  });

const range = (of: Family): fc.Arbitrary<Range> =>
  maybeRange(of).filter((candidate) => candidate !== undefined);

const rangeSet: fc.Arbitrary<RangeSet> = family.chain((of) =>
  fc.tuple(range(of), range(of), range(of)).map(([first, ...more]) =>
    more.reduce<RangeSet>(
      (set, candidate) =>
        set.some((other) => rangesOverlap(other, candidate))
          ? set
          : [...set, candidate],
      [first],
    )
  )
);

/** Every address of the set, whether it is excluded or not. */
function allOf(set: RangeSet): IpAddress[] {
  return set.flatMap(({ rangeStart, rangeEnd }) => {
    const count = Number(rangeEnd.value - rangeStart.value) + 1;
    return Array.from(
      { length: count },
      (_, at) => addressPlus(rangeStart, BigInt(at)),
    );
  });
}

interface Pool {
  readonly set: RangeSet;
  readonly taken: readonly IpAddress[];
  readonly cursor: IpAddress | undefined;
}

const pool: fc.Arbitrary<Pool> = rangeSet.chain((set) => {
  const all = allOf(set);
  return fc.record({
    set: fc.constant(set),
    taken: fc.oneof(fc.subarray(all), fc.constant(all)),
    cursor: fc.option(fc.constantFrom(...all), { nil: undefined }),
  });
});

function isIn(list: readonly IpAddress[], address: IpAddress): boolean {
  return list.some((other) => sameAddress(other, address));
}

/** Compares with every address of each interval. */
function isExcludedFrom({ exclude = [] }: Range, address: IpAddress): boolean {
  return exclude.some(({ first, last }) =>
    first.value <= address.value && address.value <= last.value
  );
}

/**
 * Every address of the set once around, after the cursor, without gateways and what is taken or
 * excluded.
 */
function modelOrder({ set, taken, cursor }: Pool): IpAddress[] {
  const all = allOf(set);
  const at = cursor === undefined
    ? -1
    : all.findIndex((address) => sameAddress(address, cursor));
  return [...all.slice(at + 1), ...all.slice(0, at + 1)].filter((address) =>
    !isIn(taken, address) && !isGateway(set, address) &&
    !set.some((range) => isExcludedFrom(range, address))
  );
}

Deno.test("resolveRange() never leaves the subnet", () => {
  fc.assert(fc.property(family.chain(maybeRange), (given) => {
    if (given === undefined) return;
    assert(cidrContains(given.subnet, given.rangeStart));
    assert(cidrContains(given.subnet, given.rangeEnd));
    assert(given.rangeStart.value <= given.rangeEnd.value);
    assert(given.rangeEnd.value <= lastAddress(given.subnet).value);
  }));
});

Deno.test("nextAddress() returns the same as a walk over every address", () => {
  fc.assert(
    fc.property(pool, (given) => {
      const table = tableOf(given.taken.map(formatIpAddress));
      const [want] = modelOrder(given);
      assertEquals(nextAddress(given.set, given.cursor, table), want);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("nextAddress() returns each free address once before it is exhausted", () => {
  fc.assert(fc.property(pool, (given) => {
    const table = tableOf(given.taken.map(formatIpAddress));
    const free = modelOrder(given);
    let { cursor } = given;
    const handedOut = free.map(() => {
      const address = nextAddress(given.set, cursor, table);
      assert(
        address !== undefined &&
          given.set.some((of) => rangeContains(of, address)),
      );
      table.insert(address, "c1\r\neth0");
      cursor = address;
      return address;
    });
    assertEquals(handedOut, free);
    assertEquals(nextAddress(given.set, cursor, table), undefined);
  }));
});

Deno.test("nextAddress() calls firstFree() only a few times", () => {
  fc.assert(fc.property(pool, (given) => {
    const table = tableOf(given.taken.map(formatIpAddress));
    let questions = 0;
    const counting: FreeAddresses = {
      firstFree: (from, last) => {
        questions++;
        return table.firstFree(from, last);
      },
    };
    nextAddress(given.set, given.cursor, counting);
    // One for each stretch, and one more for each gateway it runs into.
    const gaps = given.set.flatMap(({ exclude = [] }) => exclude).length;
    assert(questions <= given.set.length + gaps + 1 + given.set.length);
  }));
});

Deno.test("ReservationTable.firstFree() returns the same as a walk over every address", () => {
  const address = family.chain((of) =>
    fc.bigInt({ min: lastValue(of) - 20n, max: lastValue(of) })
      .map((value) => ({ family: of, value }))
  );
  const bounds = fc.tuple(address, fc.bigInt({ min: -2n, max: 25n }));
  fc.assert(fc.property(fc.array(address), bounds, (taken, [from, span]) => {
    const table = tableOf(taken.map(formatIpAddress));
    let want: IpAddress | undefined;
    for (let offset = span; offset >= 0n; offset--) {
      const candidate = addressPlus(from, offset);
      const isFree = candidate.value <= lastValue(from.family) &&
        !isIn(taken, candidate);
      if (isFree) want = candidate;
    }
    assertEquals(table.firstFree(from, addressPlus(from, span)), want);
  }));
});
