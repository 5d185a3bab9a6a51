/**
 * A daemon that only waits for renewals: its threads and descriptors do not increase with its
 * leases.
 *
 * @module
 */

import { DNSMASQ } from "../../support/dhcp_server_dnsmasq.ts";
import { run } from "../../../tools/lab/network_namespace.ts";
import { report } from "../../support/report.ts";
import { testWith } from "../../support/requirements.ts";
import { DHCP_BIN } from "../../support/binaries.ts";
import { addressOf, TestNetwork } from "./test_network.ts";

const LEASES = 20;
/**
 * Five, and what remains of the runtime's thread pool after many calls at once; far below one per
 * lease.
 */
const MAX_THREADS = 12;

/** How many files a process has open. */
function descriptorsOf(pid: number): number {
  return countIn(`/proc/${pid}/fd`);
}

/** How many threads it has. */
function threadsOf(pid: number): number {
  return countIn(`/proc/${pid}/task`);
}

/** Deno does not let a program with limited permissions read /proc, so `ls` does. */
function countIn(directory: string): number {
  return run("ls", directory).trim().split("\n").length;
}

/**
 * Waits until a number is stable: a call's connection and sockets are closed soon after the reply.
 */
async function untilStable(
  network: TestNetwork,
  read: () => number,
): Promise<number> {
  let last = 0;
  let times = 0;
  await network.until("stable number", () => {
    const now = read();
    times = now === last ? times + 1 : 0;
    last = now;
    return times === 10;
  });
  return last;
}

testWith(
  [...DNSMASQ.requirements, `binary:${DHCP_BIN}`],
  `a daemon with ${LEASES} idle leases has no more descriptors than with one`,
  async () => {
    await using network = await TestNetwork.open(DNSMASQ);
    const { host } = network;
    const { pid } = await host.daemon();
    const containers = Array.from({ length: LEASES }, () => host.container());
    const add = (index: number): Promise<string> => {
      const container = containers[index];
      if (container === undefined) throw new Error(`no container ${index}`);
      return host.add(container, { containerId: `c${index}` });
    };
    const first = await add(0);
    const one = await untilStable(network, () => descriptorsOf(pid));
    const others = await Promise.all(
      containers.slice(1).map((_, index) => add(index + 1)),
    );
    await network.serverHas([first, ...others].map(addressOf));
    await network.until(
      `daemon with ${one} descriptors and ${MAX_THREADS} threads`,
      () => descriptorsOf(pid) <= one && threadsOf(pid) <= MAX_THREADS,
    );
    report(
      `daemon with ${LEASES} leases: ${
        descriptorsOf(pid)
      } descriptors as with one, ${threadsOf(pid)} threads`,
    );
  },
);
