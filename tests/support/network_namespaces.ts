/** Network namespaces of a test's own, with everything in them removed at its end. Needs root. @module */

import { libc } from "../../lib/sys/libc.ts";
import { type Netns, openNetns } from "../../lib/sys/netns.ts";

// Opened before the first test starts: it stays open for ever, which a test must not be blamed for.
libc();

/** Runs a program to its end; gives its standard output. @throws {Error} if it fails. */
export function run(program: string, ...args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, {
    args: [...args],
  }).outputSync();
  if (success) return new TextDecoder().decode(stdout);
  const reason = new TextDecoder().decode(stderr);
  throw new Error(`${program} ${args.join(" ")}: ${reason}`);
}

/** `ip` with words in one text. */
export function ip(command: string): string {
  return run("ip", ...command.split(" "));
}

/** Of this run: a process number is used again, and a run that was killed leaves its namespaces behind. */
const RUN = crypto.randomUUID().slice(0, 8);
let lastNumber = 0;
/** High and random: the kernel chooses low numbers, and another test run has others. */
const FIRST_NUMBER = 2 ** 30 +
  (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % 2 ** 29;

/** A fresh namespace called `name`, at `path`. */
export class TestNetns implements Disposable {
  readonly name: string;
  readonly path: string;
  readonly #index: number;
  #isRemoved = false;

  constructor() {
    lastNumber += 1;
    this.#index = lastNumber;
    this.name = `cni-ipam-${RUN}-${this.#index}`;
    this.path = `/var/run/netns/${this.name}`;
    ip(`netns add ${this.name}`);
    this.ip("link set lo up");
  }

  /** `ip` inside. */
  ip(command: string): string {
    return run("ip", "-n", this.name, ...command.split(" "));
  }

  /** Runs a program inside; gives its standard output. */
  exec(...command: readonly string[]): string {
    return run("ip", "netns", "exec", this.name, ...command);
  }

  /** What `ip -j` lists inside. */
  // deno-lint-ignore no-explicit-any
  list(command: string): any[] {
    return JSON.parse(run("ip", "-n", this.name, "-j", ...command.split(" ")));
  }

  /**
   * Waits until `eth0` is in operation. The kernel needs a moment after both ends are up: until then it drops what is
   * sent, and after that it tells listeners that the link has changed.
   */
  untilInOperation(): void {
    const endMs = performance.now() + 60_000;
    while (this.list("link show dev eth0")[0].operstate !== "UP") {
      if (performance.now() > endMs) throw new Error(`${this.name}: eth0 down`);
    }
  }

  /**
   * Gives it a number of its own in this namespace. A number that the kernel chooses may be one that it has just taken
   * from another namespace, whose end is still to be reported under that number.
   */
  setNumber(): void {
    ip(`netns set ${this.name} ${FIRST_NUMBER + this.#index}`);
  }

  /** Opens it. */
  open(): Netns {
    return openNetns(this.path);
  }

  /** Removes it before the end of the test. */
  remove(): void {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    ip(`netns del ${this.name}`);
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}

/**
 * Two namespaces joined by a veth pair, `eth0` in both and in operation: `client`, without an address, and `server`,
 * 192.0.2.1/24.
 */
export class TestLink implements Disposable {
  readonly client = new TestNetns();
  readonly server = new TestNetns();

  constructor() {
    const { client, server } = this;
    client.ip(`link add eth0 type veth peer name eth0 netns ${server.name}`);
    server.ip("addr add 192.0.2.1/24 dev eth0");
    server.ip("link set eth0 up");
    client.ip("link set eth0 up");
    this.untilInOperation();
  }

  /** Waits until both ends are in operation. */
  untilInOperation(): void {
    this.client.untilInOperation();
    this.server.untilInOperation();
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
    this.server[Symbol.dispose]();
  }
}
