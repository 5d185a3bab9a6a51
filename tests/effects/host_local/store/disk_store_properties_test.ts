/** Random commands and foreign changes: a network with an index behaves as one without. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PoolError } from "../../../../lib/host_local/add_plan.ts";
import { type AddCall, Network } from "./network.ts";

const SUBNETS = ["10.0.0.0/28", "2001:db8::/125"] as const;
const IDS = ["c1", "c2", "c3", "c4", "c5", "c6"] as const;

const SOME_NAMES = [
  "10.0.0.2",
  "10.0.0.3",
  "10.0.0.7",
  "10.0.0.14",
  "2001:db8::2",
  "2001:db8::7",
] as const;

const containerId = fc.constantFrom(...IDS);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("add" as const), containerId }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("request" as const),
      containerId,
      address: fc.constantFrom(...SOME_NAMES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("failing add" as const),
      containerId,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("release" as const),
      containerId,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("gc" as const),
      kept: fc.subarray([...SOME_NAMES]),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      name: fc.constantFrom(...SOME_NAMES),
      content: fc.constantFrom("c1\r\neth0", "c2", "x\r\neth0", ""),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("remove" as const),
      name: fc.constantFrom(...SOME_NAMES),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("replace" as const),
      name: fc.constantFrom(...SOME_NAMES),
    }),
  },
);

/** Creates a file as upstream does, never in place of another. */
function writeNew(
  network: Network,
  { name, content }: { readonly name: string; readonly content: string },
): void {
  if (network.read()[name] === undefined) network.write({ [name]: content });
}

function remove(network: Network, name: string): void {
  if (network.read()[name] !== undefined) Deno.removeSync(network.join(name));
}

/** Returns what an ADD allocates, or the kind of its refusal. */
function tryAdd(network: Network, call: AddCall): string {
  try {
    return network.add({ subnets: SUBNETS, ...call }).join(" ");
  } catch (error) {
    if (error instanceof PoolError) return error.kind;
    assert(error instanceof TypeError, String(error));
    return "failed";
  }
}

function failing(): never {
  throw new TypeError("broken pipe");
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Performs one step and returns what can be seen of it. */
function perform(
  network: Network,
  given: Step,
  indexThreshold: number,
): unknown {
  const options = { indexThreshold };
  switch (given.kind) {
    case "add":
      return tryAdd(network, { containerId: given.containerId, options });
    case "request":
      return tryAdd(network, {
        containerId: given.containerId,
        requested: [given.address],
        options,
      });
    case "failing add": {
      const before = network.read();
      const outcome = tryAdd(network, {
        containerId: given.containerId,
        answer: failing,
        options,
      });
      if (outcome === "failed") {
        assertEquals(withoutBlank(network.read()), withoutBlank(before));
      }
      return outcome;
    }
    case "release": {
      const ifName = "eth0";
      network.release({ containerId: given.containerId, ifName }, options);
      return network.heldBy(
        { containerId: given.containerId, ifName },
        options,
      );
    }
    case "gc": {
      network.gc(
        ({ location }) =>
          given.kept.some((name) => location.endsWith(`/${name}`)),
        options,
      );
      return undefined;
    }
    case "write":
      return writeNew(network, given);
    case "remove":
      return remove(network, given.name);
    case "replace":
      remove(network, given.name);
      return network.write({ [given.name]: "x\r\neth0" });
  }
}

function withoutBlank(
  files: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).filter(([, content]) => content !== ""),
  );
}

Deno.test("a network with an index behaves as one without, command by command", () => {
  let served = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
      using plain = new Network();
      using indexed = new Network();
      for (const given of steps) {
        const seen = perform(indexed, given, 0);
        assertEquals(seen, perform(plain, given, Infinity));
        assertEquals(indexed.read(), plain.read());
        if (given.kind === "add" && String(seen).includes(".")) served++;
      }
      assertEquals(plain.hasIndex, false);
    }),
    { numRuns: 40 },
  );
  assert(served > 40, `only ${served} ADDs were served`);
});

Deno.test("ADD never allocates an address that has a file", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), containerId, (steps, id) => {
      using network = new Network();
      for (const given of steps) perform(network, given, 3);
      const before = withoutBlank(network.read());
      const outcome = tryAdd(network, {
        containerId: id,
        options: { indexThreshold: 3 },
      });
      const addresses = outcome.includes(".") ? outcome.split(" ") : [];
      for (const address of addresses) assertEquals(before[address], undefined);
      const after = network.read();
      assertEquals(
        addresses.map((address) => after[address]),
        addresses.map(() => `${id}\r\neth0`),
      );
      assertEquals(Object.keys(before).filter((name) => !(name in after)), []);
    }),
    { numRuns: 40 },
  );
});
