/** Network namespaces that tests open as well. Needs root. @module */

import { libc } from "../../lib/linux/libc.ts";
import { type Netns, openNetns } from "../../lib/linux/netns.ts";
import { NetworkNamespace } from "../../tools/lab/network_namespace.ts";

// Opens the library before the first test, because a library that is opened during a test fails it.
libc();

/** Reached only if something fails; long enough for a busy machine. */
const OPERATIONAL_TIMEOUT_MS = 60_000;

/** A new network namespace that the plugin's own code can open. */
export class TestNetns extends NetworkNamespace {
  /**
   * Waits until `eth0` is operational. The kernel takes a moment after both ends are up: until then
   * it drops what is sent, and then it notifies listeners that the link has changed.
   */
  untilOperational(): void {
    const endMs = performance.now() + OPERATIONAL_TIMEOUT_MS;
    while (this.list("link show dev eth0")[0].operstate !== "UP") {
      if (performance.now() > endMs) throw new Error(`${this.name}: eth0 down`);
    }
  }

  /** Opens it. */
  open(): Netns {
    return openNetns(this.path);
  }
}

/**
 * Two namespaces joined by a veth pair, `eth0` in both, operational: `client`, without an address,
 * and `server`, 192.0.2.1/24.
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
    this.untilOperational();
  }

  /** Waits until both ends are operational. */
  untilOperational(): void {
    this.client.untilOperational();
    this.server.untilOperational();
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
    this.server[Symbol.dispose]();
  }
}
