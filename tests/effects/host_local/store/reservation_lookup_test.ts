/** What the table in memory and the index on disk have in common: the same rows for both. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ReservationTable } from "../../../../lib/host_local/reservation_table.ts";
import { ReservationIndex } from "../../../../lib/host_local/store/reservation_index.ts";
import {
  addressPlus,
  formatIpAddress,
  type IpAddress,
  lastValue,
} from "../../../../lib/net/ip_address.ts";
import { TempDir } from "../../../support/temp_dir.ts";
import { ip } from "../../../unit/host_local/builders.ts";

type Lookup = ReservationTable | ReservationIndex;

type Held = Readonly<Record<string, string>>;

function tableOf(held: Held): ReservationTable {
  const table = new ReservationTable();
  for (const [address, owner] of Object.entries(held)) {
    table.insert(ip(address), owner);
  }
  return table;
}

interface Kind {
  readonly name: string;
  /** Runs `body` on a lookup that holds `held`. */
  readonly use: (held: Held, body: (lookup: Lookup) => void) => void;
}

const KINDS: readonly Kind[] = [
  {
    name: "ReservationTable",
    use: (held, body) => body(tableOf(held)),
  },
  {
    name: "ReservationIndex",
    use: (held, body) => {
      using directory = new TempDir();
      const path = directory.join("index");
      using index = ReservationIndex.create(path, tableOf(held));
      body(index);
    },
  },
];

const MAX4 = "255.255.255.255";
const MAX6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

const FREE = [
  {
    name: "the first address if nothing is taken",
    held: [],
    from: "10.0.0.2",
    last: "10.0.0.9",
    want: "10.0.0.2",
  },
  {
    name: "the first address after the taken ones",
    held: ["10.0.0.2", "10.0.0.3"],
    from: "10.0.0.2",
    last: "10.0.0.9",
    want: "10.0.0.4",
  },
  {
    name: "an address between taken ones",
    held: ["10.0.0.2", "10.0.0.4"],
    from: "10.0.0.2",
    last: "10.0.0.9",
    want: "10.0.0.3",
  },
  {
    name: "the end of a run that `from` lies in",
    held: ["10.0.0.2", "10.0.0.3", "10.0.0.4"],
    from: "10.0.0.3",
    last: "10.0.0.9",
    want: "10.0.0.5",
  },
  {
    name: "`from` itself after a run",
    held: ["10.0.0.2", "10.0.0.3"],
    from: "10.0.0.4",
    last: "10.0.0.9",
    want: "10.0.0.4",
  },
  {
    name: "`from` itself before a run",
    held: ["10.0.0.3"],
    from: "10.0.0.2",
    last: "10.0.0.9",
    want: "10.0.0.2",
  },
  {
    name: "`last` itself",
    held: ["10.0.0.2"],
    from: "10.0.0.2",
    last: "10.0.0.3",
    want: "10.0.0.3",
  },
  {
    name: "a single address",
    held: [],
    from: "10.0.0.2",
    last: "10.0.0.2",
    want: "10.0.0.2",
  },
  {
    name: "nothing for a single address that is taken",
    held: ["10.0.0.2"],
    from: "10.0.0.2",
    last: "10.0.0.2",
    want: undefined,
  },
  {
    name: "nothing if every address is taken",
    held: ["10.0.0.2", "10.0.0.3", "10.0.0.4"],
    from: "10.0.0.2",
    last: "10.0.0.3",
    want: undefined,
  },
  {
    name: "nothing if `from` is beyond `last`",
    held: [],
    from: "10.0.0.3",
    last: "10.0.0.2",
    want: undefined,
  },
  {
    name: "the same bits of the other family",
    held: ["::a00:2"],
    from: "10.0.0.2",
    last: "10.0.0.9",
    want: "10.0.0.2",
  },
  {
    name: "the lowest address of IPv4",
    held: ["255.255.255.255"],
    from: "0.0.0.0",
    last: MAX4,
    want: "0.0.0.0",
  },
  {
    name: "the highest address of IPv4",
    held: ["255.255.255.254"],
    from: "255.255.255.254",
    last: MAX4,
    want: MAX4,
  },
  {
    name: "nothing after the highest address of IPv4",
    held: [MAX4],
    from: MAX4,
    last: MAX4,
    want: undefined,
  },
  {
    name: "nothing after the highest address of IPv6",
    held: [MAX6],
    from: MAX6,
    last: MAX6,
    want: undefined,
  },
  {
    name: "IPv6 across a carry",
    held: ["2001:db8::ffff", "2001:db8::1:0"],
    from: "2001:db8::ffff",
    last: MAX6,
    want: "2001:db8::1:1",
  },
  {
    name: "IPv6 inside ::/96",
    held: ["::100:2"],
    from: "::100:2",
    last: "::100:ff",
    want: "::100:3",
  },
] as const;

for (const { name: kind, use } of KINDS) {
  for (const { name, held, from, last, want } of FREE) {
    Deno.test(`${kind}.firstFree() returns ${name}`, () => {
      const owners = Object.fromEntries(held.map((text) => [text, "c1"]));
      use(owners, (lookup) => {
        const found = lookup.firstFree(ip(from), ip(last));
        assertEquals<string | undefined>(found && formatIpAddress(found), want);
      });
    });
  }

  Deno.test(`${kind}.addressesOf() returns both families and nothing of others`, () => {
    const held = {
      "10.0.0.2": "c1\r\neth0",
      "::2": "c1\r\neth0",
      "10.0.0.3": "c1",
      "10.0.0.4": "C1\r\neth0",
    };
    use(held, (lookup) => {
      const found = lookup.addressesOf("c1\r\neth0").map(formatIpAddress);
      assertEquals(found.toSorted(), ["10.0.0.2", "::2"]);
      assertEquals(lookup.addressesOf("c2"), []);
    });
  });

  Deno.test(`${kind}.insert() adds an address to both directions`, () => {
    use({ "10.0.0.2": "a" }, (lookup) => {
      lookup.insert(ip("10.0.0.3"), "b");
      assertEquals(
        lookup.firstFree(ip("10.0.0.2"), ip("10.0.0.9")),
        ip("10.0.0.4"),
      );
      assertEquals(lookup.addressesOf("b"), [ip("10.0.0.3")]);
    });
  });

  Deno.test(`${kind}.insert() joins the runs on both sides`, () => {
    use({ "10.0.0.2": "a", "10.0.0.4": "a" }, (lookup) => {
      lookup.insert(ip("10.0.0.3"), "b");
      assertEquals(
        lookup.firstFree(ip("10.0.0.2"), ip("10.0.0.9")),
        ip("10.0.0.5"),
      );
    });
  });

  Deno.test(`${kind}.remove() removes an address from both directions`, () => {
    use({ "10.0.0.2": "a", "10.0.0.3": "a", "10.0.0.4": "a" }, (lookup) => {
      lookup.remove(ip("10.0.0.3"));
      assertEquals(
        lookup.firstFree(ip("10.0.0.2"), ip("10.0.0.9")),
        ip("10.0.0.3"),
      );
      assertEquals(
        lookup.firstFree(ip("10.0.0.4"), ip("10.0.0.9")),
        ip("10.0.0.5"),
      );
      const rest = lookup.addressesOf("a").map(formatIpAddress);
      assertEquals(rest.toSorted(), ["10.0.0.2", "10.0.0.4"]);
    });
  });

  for (const edge of ["10.0.0.2", "10.0.0.4"]) {
    Deno.test(`${kind}.remove() shortens a run at ${edge}`, () => {
      use({ "10.0.0.2": "a", "10.0.0.3": "a", "10.0.0.4": "a" }, (lookup) => {
        lookup.remove(ip(edge));
        assertEquals(lookup.firstFree(ip(edge), ip("10.0.0.9")), ip(edge));
        assertEquals(
          lookup.firstFree(ip("10.0.0.3"), ip("10.0.0.9")),
          edge === "10.0.0.4" ? ip("10.0.0.4") : ip("10.0.0.5"),
        );
      });
    });
  }

  Deno.test(`${kind}.remove() of a free address changes nothing`, () => {
    use({ "10.0.0.2": "a" }, (lookup) => {
      lookup.remove(ip("10.0.0.3"));
      assertEquals(lookup.addressesOf("a"), [ip("10.0.0.2")]);
      assertEquals(
        lookup.firstFree(ip("10.0.0.2"), ip("10.0.0.9")),
        ip("10.0.0.3"),
      );
    });
  });

  Deno.test(`${kind} keeps the ends of both families apart`, () => {
    // A text with one digit too many would sort next to 16.0.0.0 and 1000::.
    const held = {
      "15.255.255.255": "a",
      "16.0.0.0": "a",
      "16.0.0.1": "a",
      "1000::": "a",
      "1000::1": "a",
      [MAX4]: "a",
    };
    use(held, (lookup) => {
      for (const text of ["0.0.0.0", "::", MAX6]) lookup.insert(ip(text), "b");
      lookup.remove(ip(MAX4));
      lookup.insert(ip(MAX4), "b");
      const free = (text: string): IpAddress | undefined =>
        lookup.firstFree(ip(text), text.includes(":") ? ip(MAX6) : ip(MAX4));
      assertEquals(
        [
          "0.0.0.0",
          "15.255.255.255",
          "255.255.255.254",
          MAX4,
          "::",
          "1000::",
          MAX6,
        ].map((text) => {
          const found = free(text);
          return found && formatIpAddress(found);
        }),
        [
          "0.0.0.1",
          "16.0.0.2",
          "255.255.255.254",
          undefined,
          "::1",
          "1000::2",
          undefined,
        ],
      );
    });
  });
}

/**
 * Few addresses at both ends and in the middle of each family, so that runs grow, join and split.
 */
const someAddress = fc.record({
  base: fc.constantFrom(
    { family: 4 as const, value: 0n },
    { family: 4 as const, value: 0x0ffffffdn },
    { family: 4 as const, value: lastValue(4) - 5n },
    { family: 6 as const, value: 0n },
    { family: 6 as const, value: (1n << 124n) - 3n },
    { family: 6 as const, value: lastValue(6) - 5n },
  ),
  offset: fc.bigInt({ min: 0n, max: 5n }),
}).map(({ base, offset }) => addressPlus(base, offset));

const operation = fc.record({
  address: someAddress,
  owner: fc.constantFrom("c1\r\neth0", "c2\r\neth0", ""),
});

Deno.test("ReservationIndex answers as ReservationTable does after random changes", () => {
  using directory = new TempDir();
  fc.assert(
    fc.property(
      fc.array(operation),
      fc.array(operation, { minLength: 5, maxLength: 40 }),
      (initial, operations) => {
        const table = new ReservationTable();
        const taken = new Set<string>();
        /** Adds an address or, if it is there, removes it. */
        const apply = (
          lookups: readonly Lookup[],
          { address, owner }: typeof operations[0],
        ): void => {
          const name = formatIpAddress(address);
          for (const lookup of lookups) {
            if (taken.has(name)) lookup.remove(address);
            else lookup.insert(address, owner);
          }
          if (!taken.delete(name)) taken.add(name);
        };
        for (const step of initial) apply([table], step);
        using index = ReservationIndex.create(directory.join("index"), table);
        for (const step of operations) {
          apply([table, index], step);
          const { address, owner } = step;
          const last = {
            family: address.family,
            value: lastValue(address.family),
          };
          assertEquals(
            index.firstFree(address, last),
            table.firstFree(address, last),
          );
          assertEquals(
            index.firstFree(address, address),
            table.firstFree(address, address),
          );
          const byText = (lookup: Lookup): string[] =>
            lookup.addressesOf(owner).map(formatIpAddress).sort();
          assertEquals(byText(index), byText(table));
        }
      },
    ),
    { numRuns: 60 },
  );
});
