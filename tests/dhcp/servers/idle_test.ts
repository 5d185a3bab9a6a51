/** A daemon whose leases only wait: what it holds of the machine does not grow with them. @module */

import { DNSMASQ } from "../../support/dhcp_server_dnsmasq.ts";
import { run } from "../../../tools/lab/network_namespace.ts";
import { report } from "../../support/report.ts";
import { testWith } from "../../support/requirements.ts";
import { DHCP_BIN } from "../../support/binaries.ts";
import { addressOf, TestNetwork } from "./test_network.ts";

const LEASES = 20;
/** Five, and what the runtime's pool has left of a burst of calls; far from one for each lease. */
const MAX_THREADS = 12;

/** How many files a process has open. */
function descriptorsOf(pid: number): number {
  return countIn(`/proc/${pid}/fd`);
}

/** How many threads it has. */
function threadsOf(pid: number): number {
  return countIn(`/proc/${pid}/task`);
}

/** This directory cannot be read but by a program that may read everything. */
function countIn(directory: string): number {
  return run("ls", directory).trim().split("\n").length;
}

/** A number that stays what it is: the call's connection and its exchange are closed soon after the answer. */
async function settled(
  network: TestNetwork,
  look: () => number,
): Promise<number> {
  let last = 0;
  let times = 0;
  await network.until("number that stays", () => {
    const now = look();
    times = now === last ? times + 1 : 0;
    last = now;
    return times === 10;
  });
  return last;
}

testWith(
  [...DNSMASQ.requirements, `binary:${DHCP_BIN}`],
  `a daemon with ${LEASES} leases that wait has no more open than with one`,
  async () => {
    await using network = await TestNetwork.open(DNSMASQ, {});
    const { host } = network;
    const { pid } = await host.daemon();
    const containers = Array.from({ length: LEASES }, () => host.container());
    const add = (index: number): Promise<string> => {
      const container = containers[index];
      if (container === undefined) throw new Error(`no container ${index}`);
      return host.add(container, { containerId: `c${index}` });
    };
    const first = await add(0);
    const one = await settled(network, () => descriptorsOf(pid));
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
