/**
 * A network directory that both plugins and an operator use, and the reservations that it must
 * hold.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  addressesInResult,
  callHostLocal,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import {
  isAddressName,
  ownerText,
  readNetwork,
} from "../../support/network_directory.ts";
import type { PluginOutcome } from "../../support/plugin_process.ts";
import {
  type Effect,
  findViolations,
  type Reservations,
} from "./mixed_history.ts";

/** One call of one plugin for one container. */
export interface PluginCall {
  readonly binary: string;
  readonly command: "ADD" | "DEL" | "CHECK";
  readonly containerId: string;
}

/** A call that has ended. The process ran between the two times. */
interface EndedCall extends PluginCall {
  readonly outcome: PluginOutcome;
  readonly startMs: number;
  readonly endMs: number;
}

/** A range of the configuration. */
export interface Range {
  readonly subnet: string;
  readonly rangeStart?: string;
  readonly rangeEnd?: string;
}

/** Only calls that hang reach this limit. Upstream waits without one. */
const LOCK_TIMEOUT_SECONDS = 600;

/** The only file that may exist apart from addresses, cursors and the lock. */
const INDEX = ".index.db";

/**
 * A dual-stack network. After every call its directory is compared with the expected reservations.
 */
export class SharedNetwork {
  /**
   * Address to content: reservations that were printed and not released, and what the operator
   * added.
   */
  readonly expected = new Map<string, string>();
  /** Addresses whose entry the operator made and no call removes: links and directories. */
  readonly foreign = new Set<string>();
  /** What has happened so far, for the report of a failure. */
  readonly log: string[] = [];
  readonly path: string;
  readonly #dataDir: string;
  readonly #ranges: readonly Range[];
  readonly #config: string;

  /** The executables of our plugin. */
  readonly ours: readonly string[];

  /** @param options `ranges`: two of them, each in a separate range set. */
  constructor(
    dataDir: string,
    { ranges, ours }: {
      readonly ranges: readonly Range[];
      readonly ours: readonly string[];
    },
  ) {
    this.ours = ours;
    this.path = `${dataDir}/net`;
    this.#dataDir = dataDir;
    this.#ranges = ranges;
    this.#config = this.#configWith([]);
    Deno.mkdirSync(this.path, { recursive: true });
  }

  #configWith(valid: readonly string[]): string {
    return networkConfig({
      cniVersion: valid.length === 0 ? "1.0.0" : "1.1.0",
      dataDir: this.#dataDir,
      subnets: [],
      ipam: {
        ranges: this.#ranges.map((range) => [range]),
        lockTimeoutSeconds: LOCK_TIMEOUT_SECONDS,
      },
      extra: {
        "cni.dev/valid-attachments": valid.map((containerID) => ({
          containerID,
          ifname: "eth0",
        })),
      },
    });
  }

  /** Returns the path of a file of the network. */
  join(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Addresses with a reservation, without the links and directories of the operator. */
  reserved(): string[] {
    return [...this.expected.keys()].filter((name) => !this.foreign.has(name));
  }

  /** Containers that hold an address, in the order in which they got the first one. */
  holders(): string[] {
    const owners = this.reserved().map((name) => this.expected.get(name) ?? "");
    return [...new Set(owners)].map((content) => content.replace(/\r\n.*/, ""));
  }

  /** Whether the operator removed one of the container's two addresses. */
  isPartial(containerId: string): boolean {
    const owner = ownerText(containerId);
    return [...this.expected.values()].filter((content) => content === owner)
      .length === 1;
  }

  /** Writes an address file as the operator does. */
  writeAsOperator(name: string, content: string): void {
    Deno.writeTextFileSync(this.join(name), content, { mode: 0o600 });
    this.expected.set(name, content);
  }

  /** Returns a free address of 10.1.2.0/24, the first from `host` on. */
  freeAddress(host: number): string {
    let at = host;
    while (this.expected.has(`10.1.2.${at & 255}`)) at += 1;
    return `10.1.2.${at & 255}`;
  }

  /** Makes one call and checks the directory after it. */
  async call(call: PluginCall): Promise<void> {
    await this.callConcurrently([[call]]);
  }

  /**
   * Makes the calls of several containers at the same time, and checks the directory after the last
   * one.
   *
   * @param sequences One for each container: each a list of consecutive calls.
   */
  async callConcurrently(
    sequences: readonly (readonly PluginCall[])[],
  ): Promise<void> {
    this.log.push(
      sequences.map((calls) =>
        calls.map(({ binary, command, containerId }) =>
          `${binary} ${command} ${containerId}`
        ).join(", ")
      ).join(" & "),
    );
    const holders = new Set(this.holders());
    const ended = await Promise.all(
      sequences.map((calls) => this.#runInTurn(calls)),
    );
    this.#check(ended.flatMap((calls) => effectsOf(calls, holders)));
  }

  async #runInTurn(calls: readonly PluginCall[]): Promise<EndedCall[]> {
    const ended: EndedCall[] = [];
    for (const call of calls) ended.push(await this.#run(call));
    return ended;
  }

  async #run(call: PluginCall): Promise<EndedCall> {
    const startMs = performance.now();
    const outcome = await callHostLocal({ ...call, config: this.#config });
    return { ...call, outcome, startMs, endMs: performance.now() };
  }

  /** Runs GC with a plugin that implements it; it must release the given containers. */
  async collect(binary: string, gone: readonly string[]): Promise<void> {
    this.log.push(`${binary} GC without ${gone.join(" ")}`);
    const valid = this.holders().filter((containerId) =>
      !gone.includes(containerId)
    );
    const config = this.#configWith([...valid, "unknown"]);
    const startMs = performance.now();
    const { code, stdout } = await callHostLocal({
      binary,
      command: "GC",
      config,
    });
    const endMs = performance.now();
    assertEquals(code, 0, stdout);
    this.#check(gone.map((containerId) => ({
      kind: "release",
      owner: ownerText(containerId),
      startMs,
      endMs,
    })));
  }

  /**
   * Checks that the effects explain the directory, that cursors parse, and that no other file is
   * left.
   */
  #check(effects: readonly Effect[]): void {
    const { addresses, cursors, others } = readNetwork(this.path);
    assertEquals(
      findViolations({ before: this.expected, effects, after: addresses }),
      [],
    );
    this.#accept(effects, addresses);
    for (const [name, content] of cursors) {
      assertEquals(isAddressName(content), true, `${name}: ${content}`);
    }
    assertEquals(
      others.filter((name) => name !== INDEX),
      [],
      "leftover files",
    );
  }

  /**
   * Expects what was found. New reservations come last, in the order of the calls, so that a seed
   * repeats its picks.
   */
  #accept(effects: readonly Effect[], found: Reservations): void {
    const names = new Set(this.expected.keys());
    for (const effect of effects) {
      for (const name of effect.kind === "reserve" ? effect.addresses : []) {
        names.delete(name);
        names.add(name);
      }
    }
    this.expected.clear();
    for (const name of names) {
      const content = found.get(name);
      if (content !== undefined) this.expected.set(name, content);
    }
  }
}

/**
 * Checks the answers to the calls of one container, and returns what the calls did to the
 * directory.
 */
function effectsOf(
  calls: readonly EndedCall[],
  holders: ReadonlySet<string>,
): Effect[] {
  const effects: Effect[] = [];
  for (const call of calls) {
    const last = effects.at(-1);
    const isHolder = last === undefined
      ? holders.has(call.containerId)
      : last.kind === "reserve";
    const effect = effectOf(call, isHolder);
    if (effect !== undefined) effects.push(effect);
  }
  return effects;
}

/** @returns Undefined if the call changed nothing. */
function effectOf(call: EndedCall, isHolder: boolean): Effect | undefined {
  const { command, containerId, outcome, startMs, endMs } = call;
  const { code, stdout } = outcome;
  const owner = ownerText(containerId);
  if (command === "ADD" && isHolder) {
    assertEquals(code, 1, `repeated ADD of ${containerId}: ${stdout}`);
    assertEquals(
      errorIn(stdout)?.msg.includes("duplicate allocation"),
      true,
      stdout,
    );
    return undefined;
  }
  if (command === "CHECK") {
    assertEquals(code, isHolder ? 0 : 1, `CHECK of ${containerId}: ${stdout}`);
    return undefined;
  }
  assertEquals(code, 0, `${command} of ${containerId}: ${stdout}`);
  if (command === "DEL") return { kind: "release", owner, startMs, endMs };
  const addresses = addressesInResult(stdout);
  assertEquals(addresses.length, 2, stdout);
  assertEquals(new Set(addresses).size, 2, stdout);
  return { kind: "reserve", owner, addresses, startMs, endMs };
}
