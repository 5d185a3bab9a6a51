/** Network namespaces that tests open as well. Needs root. @module */

import { libc } from "../../lib/linux/libc.ts";
import { type Netns, openNetns } from "../../lib/linux/netns.ts";
import { NetworkNamespace } from "../../tools/lab/network_namespace.ts";

// Opened before the first test starts, or that test would be blamed for a library that stays open.
libc();

/** A new network namespace that the plugin's own code can open. */
export class TestNetns extends NetworkNamespace {
  /** Opens it. */
  open(): Netns {
    return openNetns(this.path);
  }
}

/** Two namespaces joined by a veth pair, `eth0` in both: `client`, up and without an address, and `server`, 192.0.2.1/24. */
export class TestLink implements Disposable {
  readonly client = new TestNetns();
  readonly server = new TestNetns();

  constructor() {
    const { client, server } = this;
    client.ip(`link add eth0 type veth peer name eth0 netns ${server.name}`);
    server.ip("addr add 192.0.2.1/24 dev eth0");
    server.ip("link set eth0 up");
    client.ip("link set eth0 up");
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
    this.server[Symbol.dispose]();
  }
}
