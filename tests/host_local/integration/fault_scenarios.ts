/** The calls into which the fault sweep injects faults, and their networks. @module */

import { ownerText, reservations } from "../../support/network_directory.ts";
import { networkConfig } from "../../support/host_local_call.ts";

/** The container of the call. */
export const TARGET = "target";

/**
 * Number of other containers in a network that is large enough for the index. Each holds two
 * addresses.
 */
const INDEXED = 130;

/** One call on one network. */
export interface FaultScenario {
  readonly name: string;
  readonly command: "ADD" | "DEL" | "GC";
  /** Whether the plugin keeps an index for the network; a call before the fault then fills it. */
  readonly indexed: boolean;
  /** Files in the network's directory; undefined: there is no directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** Files whose modification time is before the last boot. */
  readonly beforeBoot?: readonly string[];
  /** More keys of `ipam`. */
  readonly ipam?: Readonly<Record<string, unknown>>;
}

/** Returns the configuration of the network; GC must keep the `valid` containers. */
export function faultConfig(
  dataDir: string,
  valid: readonly string[],
  ipam: FaultScenario["ipam"] = {},
): string {
  return networkConfig({
    dataDir,
    ipam,
    cniVersion: "1.1.0",
    subnets: ["10.1.0.0/16", "fd00:1::/64"],
    extra: {
      "cni.dev/valid-attachments": valid.map((containerID) => ({
        containerID,
        ifname: "eth0",
      })),
    },
  });
}

/** Returns the other containers of the scenario. */
export function othersIn(scenario: FaultScenario): string[] {
  const owners = Object.values(scenario.files ?? {}).filter((content) =>
    content.startsWith("other")
  );
  return [...new Set(owners.map((content) => content.replace(/\r\n.*/, "")))];
}

/** Returns the dual-stack reservations of `count` other containers, and their cursors. */
function others(count: number): Record<string, string> {
  const files = reservations(count);
  for (let index = 0; index < count; index += 1) {
    files[`fd00:1::${(index + 2).toString(16)}`] = ownerText(`other${index}`);
  }
  const last = count + 1;
  files["last_reserved_ip.0"] = `10.1.${last >> 8}.${last & 255}`;
  files["last_reserved_ip.1"] = `fd00:1::${last.toString(16)}`;
  return files;
}

/** The reservations of the target before DEL and GC. */
const HELD = {
  "10.1.200.7": ownerText(TARGET),
  "fd00:1::c807": ownerText(TARGET),
};

function scenariosOn(
  label: string,
  indexed: boolean,
  files: Record<string, string>,
): FaultScenario[] {
  return [
    { name: `ADD, ${label}`, command: "ADD", indexed, files },
    {
      name: `DEL, ${label}`,
      command: "DEL",
      indexed,
      files: { ...files, ...HELD },
    },
    {
      name: `GC, ${label}`,
      command: "GC",
      indexed,
      files: { ...files, ...HELD },
    },
    {
      name: `ADD after a reboot, ${label}`,
      command: "ADD",
      indexed,
      files: { ...files, ...HELD },
      beforeBoot: [...Object.keys(files), ...Object.keys(HELD)],
    },
  ];
}

/** Calls that append to what is remembered about addresses, and one that replaces it. */
function historyScenarios(): FaultScenario[] {
  const ipam = { sticky: "pod", cooldownSeconds: 3600 };
  const files = { ...others(2), ...HELD };
  const line = `10.1.200.7 eth0 ${TARGET} shop/web-0 1\n`;
  const base = { indexed: false, ipam };
  return [
    {
      ...base,
      name: "ADD with a history",
      command: "ADD",
      files: { ...others(2), ".history": line },
    },
    {
      ...base,
      name: "the first DEL with a history",
      command: "DEL",
      files,
    },
    {
      ...base,
      name: "GC that replaces a history",
      command: "GC",
      files: { ...files, ".history": line.repeat(200) },
    },
  ];
}

/** All scenarios of the sweep. */
export const SCENARIOS: readonly FaultScenario[] = [
  { name: "the first ADD of a network", command: "ADD", indexed: false },
  ...scenariosOn("2 others", false, others(2)),
  ...historyScenarios(),
  ...scenariosOn(`${INDEXED} others`, true, others(INDEXED)),
];
