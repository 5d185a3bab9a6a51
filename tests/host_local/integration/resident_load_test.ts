/**
 * Kills, stops, restarts and replaces the resident process while clients call: no address is lost,
 * leaked or allocated twice.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { OURS } from "../../support/binaries.ts";
import {
  addressesInResult,
  callHostLocal,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import { ownerText, readNetwork } from "../../support/network_directory.ts";
import { report } from "../../support/report.ts";
import { testRowsWith } from "../../support/rows.ts";
import {
  RESIDENT_REQUIREMENTS,
  ResidentHostLocal,
} from "../../support/resident_host_local.ts";
import { TempDir } from "../../support/temp_dir.ts";

const CLIENTS = 16;
/** Reached only if something fails: as long as a call waits for the lock. */
const CALLS_TIMEOUT_MS = 600_000;

/** Clients that add and release containers, each of them one after the other. */
class Clients implements Disposable {
  readonly #temp = new TempDir();
  readonly #config = networkConfig({
    dataDir: this.#temp.path,
    subnets: ["10.1.0.0/16", "fd00:1::/64"],
    // A busy machine may need more than the default for 16 standalone executables.
    ipam: { lockTimeoutSeconds: 600 },
  });
  readonly #binary: string;
  /** Printed and not released: address to owner. */
  readonly #held = new Map<string, string>();
  readonly #work: readonly Promise<void>[];
  /** What a call has answered that no call should. */
  readonly problems: string[] = [];
  /** ADDs that failed because an earlier run of the same ADD has the addresses. */
  duplicates = 0;
  calls = 0;
  #isOver = false;

  constructor(binary: string) {
    this.#binary = binary;
    this.#work = Array.from({ length: CLIENTS }, (_, id) => this.#run(id));
  }

  async #run(client: number): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const containerId = `c${client}-${count}`;
      await this.#add(containerId);
      if (count % 3 > 0) await this.#release(containerId);
    }
  }

  async #add(containerId: string): Promise<void> {
    const { code, stdout, stderr } = await this.#call("ADD", containerId);
    if (code !== 0 && errorIn(stdout)?.msg.includes("duplicate allocation")) {
      this.duplicates++;
      // As a runtime does after a failed ADD.
      await this.#release(containerId);
      return await this.#add(containerId);
    }
    if (code !== 0) {
      this.problems.push(`ADD ${containerId}: ${stdout}${stderr}`);
      return;
    }
    for (const address of addressesInResult(stdout)) {
      const owner = this.#held.get(address);
      if (owner !== undefined) {
        this.problems.push(`${address}: ${owner} and ${containerId}`);
      }
      this.#held.set(address, ownerText(containerId));
    }
  }

  async #release(containerId: string): Promise<void> {
    // Before the call: another client may get the addresses before it ends.
    for (const [address, owner] of this.#held) {
      if (owner === ownerText(containerId)) this.#held.delete(address);
    }
    const { code, stdout, stderr } = await this.#call("DEL", containerId);
    if (code !== 0) {
      this.problems.push(`DEL ${containerId}: ${stdout}${stderr}`);
    }
  }

  async #call(
    command: string,
    containerId: string,
  ): ReturnType<typeof callHostLocal> {
    this.calls++;
    return await callHostLocal({
      binary: this.#binary,
      command,
      containerId,
      config: this.#config,
    });
  }

  /** Lets so many more calls begin. @throws {Error} if they have not after ten minutes. */
  async untilCalls(count: number): Promise<void> {
    const end = this.calls + count;
    await waitUntil("more calls", () => this.calls >= end, CALLS_TIMEOUT_MS);
  }

  /** Ends the work, and compares the directory with what was printed and not released. */
  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#work);
    const { addresses, others } = readNetwork(`${this.#temp.path}/net`);
    assertEquals(this.problems, []);
    assertEquals(
      Object.fromEntries(addresses),
      Object.fromEntries(this.#held),
    );
    assertEquals(
      others.filter((name) => ![".index.db", ".answered"].includes(name)),
      [],
    );
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

testRowsWith(
  RESIDENT_REQUIREMENTS,
  `${CLIENTS} clients lose, leak and duplicate nothing while the resident process is`,
  [
    {
      name: "killed and started again",
      rounds: 5,
      disturb: async ({ daemon }: ResidentHostLocal) => {
        await daemon.end("SIGKILL");
        await daemon.start();
      },
    },
    {
      name: "killed, and started only after some calls",
      rounds: 2,
      disturb: async ({ daemon }: ResidentHostLocal, clients: Clients) => {
        await daemon.end("SIGKILL");
        await clients.untilCalls(CLIENTS);
        await daemon.start();
      },
    },
    {
      name: "stopped for 4 s",
      rounds: 1,
      disturb: async ({ daemon }: ResidentHostLocal) => {
        daemon.signal("SIGSTOP");
        await pause(4000);
        daemon.signal("SIGCONT");
      },
    },
    {
      name: "restarted",
      rounds: 5,
      disturb: async ({ daemon }: ResidentHostLocal) => {
        assertEquals(await daemon.end("SIGTERM"), 0);
        await daemon.start();
      },
    },
    {
      name: "upgraded",
      rounds: 3,
      disturb: async ({ daemon, standalone }: ResidentHostLocal) => {
        await Deno.symlink(OURS, `${standalone}.new`);
        await Deno.rename(`${standalone}.new`, standalone);
        assertEquals(await daemon.end("SIGTERM"), 0);
        await daemon.start();
      },
    },
  ],
  async ({ name, rounds, disturb }) => {
    await using resident = await ResidentHostLocal.start();
    using clients = new Clients(resident.binary);
    try {
      for (let round = 0; round < rounds; round++) {
        await clients.untilCalls(4 * CLIENTS);
        await disturb(resident, clients);
      }
      await clients.untilCalls(4 * CLIENTS);
    } finally {
      await clients.finish();
    }
    const { calls, duplicates } = clients;
    report(
      `resident process ${name}: ${calls} calls, ${resident.calls} of them resident, ${duplicates} repeated`,
    );
    // A call that is killed between the reservation and its document, and overtaken by another.
    assert(duplicates <= rounds, `${duplicates} duplicate allocations`);
    assert(resident.calls > calls / 4, `${resident.calls} calls were resident`);
    assertEquals(resident.daemon.log.match(/level=error.*/g) ?? [], []);
  },
);
