/** `reclaim` in random histories: each of the two proofs alone protects what is in use. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { StoreConfig } from "../../../../lib/host_local/config.ts";
import type { LiveText } from "../../../../lib/host_local/operator/live_list.ts";
import type { NetworkFacts } from "../../../../lib/host_local/operator/network_facts.ts";
import type { LockedReservations } from "../../../../lib/host_local/operator/ports.ts";
import { runCommand } from "../../../../lib/host_local/operator/run_command.ts";
import type {
  CachedAttachment,
  RuntimeTraces,
} from "../../../../lib/host_local/operator/runtime_traces.ts";
import {
  ExampleHost,
  lockedView,
  networkFacts,
  NOW_MS,
} from "../../../support/example_host.ts";
import { checkAsyncProperty } from "../../../support/property.ts";

const DIRECTORY = "/var/lib/cni/networks/net";
const IDS = ["c1", "c1-eth0", "c2", "c12345678901234", "c3"] as const;
const ADDRESSES = ["10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "fd00::2"];
const UPTIME_TOLERANCE_MS = 2_000;

const containerId = fc.constantFrom(...IDS);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("add" as const, "add without cache" as const),
      containerId,
      address: fc.constantFrom(...ADDRESSES),
      hasInterface: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      // The container is gone; whether its DEL came.
      kind: fc.constantFrom("delete" as const, "lose" as const),
      containerId,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reboot" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("wait" as const, "set the clock" as const),
      ms: fc.integer({ min: 1, max: 200_000_000 }),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What is wrong on a host. */
interface Flaws {
  /** Times of files, boots and cached namespaces are wrong: the first proof is always there. */
  readonly end: boolean;
  /** No list has a container that exists: the second proof is always there. */
  readonly list: boolean;
  /** Whether the operator gives a list; otherwise the runtime has one. */
  readonly isGiven: boolean;
  /** Of the clock. */
  readonly direction: 1 | -1;
}

interface File {
  readonly content: string;
  readonly modifiedMs: number;
}

/** A host on which time passes, with one network. */
class World extends ExampleHost {
  readonly files = new Map<string, File>();
  /** The address and the namespace of each container that exists. */
  readonly containers = new Map<string, { address: string; netns: string }>();
  readonly #cached = new Map<string, CachedAttachment>();
  readonly #flaws: Flaws;
  #clockMs = NOW_MS;
  #uptimeMs = 1_000_000;
  #bootMs = NOW_MS - 1_000_000;
  #count = 0;
  /** What happens between the proofs and the release. */
  later: readonly Step[] = [];

  constructor(flaws: Flaws) {
    super({});
    this.#flaws = flaws;
  }

  perform(steps: readonly Step[]): void {
    for (const each of steps) {
      this.#pass(1);
      this.#perform(each);
    }
  }

  #pass(ms: number): void {
    this.#clockMs += ms;
    this.#uptimeMs += ms;
  }

  #perform(each: Step): void {
    switch (each.kind) {
      case "add":
      case "add without cache":
        return this.#add(each);
      case "delete":
      case "lose": {
        const { containerId: id } = each;
        this.containers.delete(id);
        if (each.kind === "lose") return;
        this.#cached.delete(`/cache/net-${id}-eth0`);
        for (const [name, { content }] of this.files) {
          if ([id, `${id}\r\neth0`].includes(content)) this.files.delete(name);
        }
        return;
      }
      case "reboot":
        this.containers.clear();
        this.#uptimeMs = 0;
        this.#bootMs = this.#clockMs;
        return this.#pass(UPTIME_TOLERANCE_MS + 1);
      case "wait":
        return this.#pass(each.ms);
      case "set the clock":
        this.#clockMs += this.#flaws.direction * each.ms;
    }
  }

  #add(
    { kind, containerId: id, address, hasInterface }:
      & Step
      & {
        readonly containerId: string;
        readonly address: string;
        readonly hasInterface: boolean;
      },
  ): void {
    if (this.containers.has(id) || this.files.has(address)) return;
    const netns = `/run/netns/n${this.#count++}`;
    this.containers.set(id, { address, netns });
    this.files.set(address, {
      content: hasInterface ? `${id}\r\neth0` : id,
      modifiedMs: this.#clockMs,
    });
    this.#pass(1);
    // After a clock was set back, a cached result of an earlier ADD of the same container looks
    // newer than this one.
    if (kind === "add without cache" && this.#flaws.direction > 0) return;
    const path = `/cache/net-${id}-eth0`;
    const writtenAtMs = this.#clockMs;
    this.#cached.set(path, { path, containerId: id, netns, writtenAtMs });
  }

  override networkNames(): readonly string[] {
    return ["net"];
  }

  override readNetwork(): Promise<NetworkFacts> {
    return Promise.resolve(this.#facts());
  }

  #facts(): NetworkFacts {
    const limitMs = this.#clockMs - this.#uptimeMs - UPTIME_TOLERANCE_MS;
    const times = this.#flaws.end;
    return networkFacts("net", {
      files: Object.fromEntries(
        [...this.files].map(([name, { content, modifiedMs }]) => [name, {
          content,
          modifiedMs: times ? modifiedMs - 1e10 : modifiedMs,
        }]),
      ),
      earlierBoot: [...this.files].flatMap(([name, { modifiedMs }]) =>
        times || modifiedMs < limitMs ? [name] : []
      ),
    });
  }

  override openForChange(
    config: StoreConfig,
  ): Promise<LockedReservations | undefined> {
    this.perform(this.later);
    assertEquals(config.directory, DIRECTORY);
    return Promise.resolve(
      lockedView(this.#facts(), (names) => {
        for (const name of names) this.files.delete(name);
      }),
    );
  }

  #isListed(id: string): boolean {
    return !this.#flaws.list && this.containers.has(id);
  }

  override readTraces(): RuntimeTraces {
    const listed = this.#flaws.isGiven
      ? []
      : IDS.filter((id) => this.#isListed(id));
    const path = "/run/tasks";
    const trace = { runtime: "containerd", path };
    return {
      sources: this.#flaws.isGiven ? [] : [{
        ...trace,
        state: "read",
        count: listed.length,
        isComplete: true,
      }],
      containers: new Map(listed.map((id) => [id, trace])),
      namespaces: new Map(),
      cached: new Map(
        [...this.#cached.keys()].map((
          each,
        ) => [each.slice("/cache/".length), each]),
      ),
    };
  }

  override readLive(path: string): LiveText {
    const ids = IDS.filter((id) => this.#isListed(id));
    return { path, text: JSON.stringify(ids), writtenAtMs: this.#clockMs };
  }

  override readCached(path: string): CachedAttachment | undefined {
    const cached = this.#cached.get(path);
    if (cached === undefined) return undefined;
    const exists = !this.#flaws.end &&
      [...this.containers.values()].some(({ netns }) => netns === cached.netns);
    return { ...cached, hasNetns: exists, hasNetnsFile: exists };
  }

  override nowMs(): number {
    return this.#clockMs;
  }

  override bootClockMs(): number | undefined {
    return this.#flaws.end ? Infinity : this.#bootMs;
  }
}

const flaws = fc.record({
  isGiven: fc.boolean(),
  direction: fc.constantFrom(1 as const, -1 as const),
});
const steps = fc.array(step, { minLength: 3, maxLength: 25 });
const later = fc.array(step, { maxLength: 6 });

/** Runs `reclaim --yes` on a host in random states. @returns How many were released. */
async function released(
  world: World,
  { before, after, isGiven }: {
    readonly before: readonly Step[];
    readonly after: readonly Step[];
    readonly isGiven: boolean;
  },
): Promise<number> {
  world.perform(before);
  world.later = after;
  const list = isGiven ? ["--live", "/ids"] : [];
  await runCommand(["reclaim", "--yes", "--grace", "0", ...list], {
    ports: world,
    version: "",
  });
  for (const [id, { address }] of world.containers) {
    assert(world.files.has(address), `${id} lost ${address}`);
  }
  return world.logged.length;
}

for (
  const [name, wrong] of [
    ["with both proofs right", { end: false, list: false }],
    ["if the list is wrong", { end: false, list: true }],
    ["if times, boots and namespaces are wrong", { end: true, list: false }],
  ] as const
) {
  Deno.test(`reclaim never releases what a container uses, ${name}`, async () => {
    let count = 0;
    await checkAsyncProperty(
      fc.asyncProperty(steps, later, flaws, async (before, after, given) => {
        const { isGiven } = given;
        const world = new World({ ...given, ...wrong });
        count += await released(world, { before, after, isGiven });
      }),
      1_000,
    );
    assert(count > 50, `only ${count} reservations were released`);
  });
}

Deno.test("the histories have containers that both wrong proofs would harm", async () => {
  let lost = 0;
  await checkAsyncProperty(
    fc.asyncProperty(steps, flaws, async (before, given) => {
      const world = new World({ ...given, end: true, list: true });
      await released(world, { before, after: [], isGiven: given.isGiven })
        .catch(() => lost++);
    }),
    200,
  );
  assert(lost > 20, `only ${lost} histories`);
});
