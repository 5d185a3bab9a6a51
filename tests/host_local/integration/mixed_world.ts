/** One network directory used by both binaries and by people, and what ought to be in it. @module */

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

/** Which binary, which command, for whom. */
export interface WorldCall {
  readonly binary: string;
  readonly command: "ADD" | "DEL" | "CHECK";
  readonly containerId: string;
}

/** The only file besides addresses, cursors and the lock that may be there. */
const INDEX = ".index.db";

/** A dual-stack network of 2^10 and 2^64 addresses; every call is compared with what the directory ought to hold. */
export class World {
  /** Address to content: what has been printed and not released, and what people have put there. */
  readonly expected = new Map<string, string>();
  /** Addresses that people have put there and that no call removes. */
  readonly foreign = new Set<string>();
  /** What has happened, for the report of a failure. */
  readonly log: string[] = [];
  readonly path: string;
  readonly #config: string;

  constructor(readonly dataDir: string) {
    this.path = `${dataDir}/net`;
    this.#config = this.#configWith([]);
    Deno.mkdirSync(this.path, { recursive: true });
  }

  #configWith(valid: readonly string[]): string {
    return networkConfig({
      cniVersion: valid.length === 0 ? "1.0.0" : "1.1.0",
      dataDir: this.dataDir,
      subnets: ["10.1.0.0/22", "fd00:1::/64"],
      extra: {
        "cni.dev/valid-attachments": valid.map((containerID) => ({
          containerID,
          ifname: "eth0",
        })),
      },
    });
  }

  /** The path of a file of the network. */
  join(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Containers that hold an address, in the order in which they got the first one. */
  holders(): string[] {
    const owners = [...this.expected].filter(([name]) =>
      !this.foreign.has(name)
    ).map(([, content]) => content);
    return [...new Set(owners)].map((content) => content.replace(/\r\n.*/, ""));
  }

  /** Whether the container has lost one of its two addresses to somebody's hand. */
  isPartial(containerId: string): boolean {
    const owner = ownerText(containerId);
    return [...this.expected.values()].filter((content) => content === owner)
      .length === 1;
  }

  /** Puts a file there by hand. */
  plant(name: string, content: string): void {
    Deno.writeTextFileSync(this.join(name), content, { mode: 0o600 });
    this.expected.set(name, content);
  }

  /** An address out of the middle of the subnet that nobody holds. */
  freeAddress(host: number): string {
    let at = host;
    while (this.expected.has(`10.1.2.${at & 255}`)) at += 1;
    return `10.1.2.${at & 255}`;
  }

  /** Makes one call, or several at once of different containers, and checks the directory after them. */
  async call(...calls: readonly WorldCall[]): Promise<void> {
    this.log.push(
      calls.map(({ binary, command, containerId }) =>
        `${binary} ${command} ${containerId}`
      ).join(" & "),
    );
    const held = new Set(this.holders());
    const outcomes = await Promise.all(
      calls.map((call) => callHostLocal({ ...call, config: this.#config })),
    );
    calls.forEach((call, index) =>
      this.#account(
        call,
        outcomes[index] as PluginOutcome,
        held.has(call.containerId),
      )
    );
    this.check();
  }

  /** Takes over what a call answered. */
  #account(
    { command, containerId }: WorldCall,
    { code, stdout }: PluginOutcome,
    isHolder: boolean,
  ): void {
    const owner = ownerText(containerId);
    if (command === "ADD" && isHolder) {
      assertEquals(code, 1, "a second ADD of a container");
      assertEquals(
        errorIn(stdout)?.msg.includes("duplicate allocation"),
        true,
        stdout,
      );
    } else if (command === "ADD") {
      assertEquals(code, 0, stdout);
      const addresses = addressesInResult(stdout);
      assertEquals(addresses.length, 2, stdout);
      for (const address of addresses) {
        assertEquals(
          this.expected.get(address),
          undefined,
          `${address} was given to ${containerId}; it was held by`,
        );
        this.expected.set(address, owner);
      }
    } else if (command === "DEL") {
      assertEquals(code, 0, stdout);
      for (const [name, content] of this.expected) {
        if (content === owner) this.expected.delete(name);
      }
    } else {
      assertEquals(
        code,
        isHolder ? 0 : 1,
        `CHECK of ${containerId}: ${stdout}`,
      );
    }
  }

  /** GC by the binary that knows it; frees the containers given. */
  async collect(binary: string, gone: readonly string[]): Promise<void> {
    this.log.push(`${binary} GC without ${gone.join(" ")}`);
    const valid = this.holders().filter((containerId) =>
      !gone.includes(containerId)
    );
    const config = this.#configWith([...valid, "nobody"]);
    const { code, stdout } = await callHostLocal({
      binary,
      command: "GC",
      config,
    });
    assertEquals(code, 0, stdout);
    const owners = new Set(gone.map((containerId) => ownerText(containerId)));
    for (const [name, content] of this.expected) {
      if (owners.has(content) && !this.foreign.has(name)) {
        this.expected.delete(name);
      }
    }
    this.check();
  }

  /** Compares the directory with what ought to be there: nothing lost, doubled or leaked, and cursors that parse. */
  check(): void {
    const state = readNetwork(this.path);
    assertEquals(
      Object.fromEntries(sorted(state.addresses)),
      Object.fromEntries(sorted(this.expected)),
    );
    for (const [name, content] of state.cursors) {
      assertEquals(isAddressName(content), true, `${name}: ${content}`);
    }
    assertEquals(
      state.others.filter((name) => name !== INDEX),
      [],
      "files that nobody owns",
    );
  }
}

function sorted(files: ReadonlyMap<string, string>): [string, string][] {
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1));
}
