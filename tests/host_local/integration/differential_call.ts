/** Random calls for the differential test, on random networks. @module */

import type { Random } from "../../support/random.ts";
import type { RandomNetwork } from "./differential_network.ts";

/** One call of a sequence. */
export interface RandomCall {
  readonly command: "ADD" | "DEL" | "CHECK";
  readonly env: Readonly<Record<string, string>>;
  /** Address requests in the configuration: `args.cni.ips` and `runtimeConfig.ips`. */
  readonly argsIps?: readonly unknown[];
  readonly runtimeIps?: readonly unknown[];
}

const CONTAINERS = ["c1", "c2", "c3", "web-1", "0a.b_c"];

/** Returns the configuration of a call, with this data directory. */
export function formatConfig(
  network: RandomNetwork,
  call: RandomCall,
  dataDir: string,
): string {
  const runtimeConfig = call.runtimeIps === undefined
    ? network.runtimeConfig
    : { ...network.runtimeConfig, ips: call.runtimeIps };
  return JSON.stringify({
    cniVersion: network.cniVersion,
    // Without `ipam` the plugins use the default directory, where this machine may have networks of
    // its own.
    name: network.ipam ? "net" : "cni-ipam-test-absent",
    ipam: network.ipam ? { ...network.ipam, dataDir } : network.ipam,
    ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
    ...(call.argsIps === undefined
      ? {}
      : { args: { cni: { ips: call.argsIps } } }),
  });
}

function randomRequest(random: Random, network: RandomNetwork): string {
  return random.pick(network.addresses) +
    (random.chance(0.3) ? random.pick(["/24", "/64", "/0", "/200"]) : "");
}

function randomCniArgs(random: Random, network: RandomNetwork): string {
  const pairs: string[] = [];
  if (random.chance(0.7)) pairs.push(`IP=${randomRequest(random, network)}`);
  if (random.chance(0.1)) {
    pairs.push(
      random.pick(["IP=", "IP=foo", "IgnoreUnknown=yes", "A=b=c", ""]),
    );
  }
  if (random.chance(0.2)) pairs.push("K8S_POD_NAME=web");
  if (random.chance(0.3)) {
    pairs.push(
      random.pick([
        "IgnoreUnknown=1",
        "IgnoreUnknown=true",
        "IgnoreUnknown=FALSE",
      ]),
    );
  }
  return random.shuffle(pairs).join(";");
}

/** Returns a random call on a network. */
export function randomCall(random: Random, network: RandomNetwork): RandomCall {
  const command = random.pick(
    ["ADD", "ADD", "ADD", "ADD", "DEL", "DEL", "CHECK"] as const,
  );
  const env: Record<string, string> = {
    CNI_CONTAINERID: random.chance(0.02)
      ? random.pick(["", "-c1", "c 1", "c1\n"])
      : random.pick(CONTAINERS),
    CNI_IFNAME: random.chance(0.02)
      ? random.pick(["", "eth:0", "a/b", "0123456789abcdef", ".."])
      : random.pick(["eth0", "eth0", "eth0", "net1"]),
    CNI_NETNS: random.chance(0.02) ? "" : "/dev/null",
    CNI_PATH: random.chance(0.02) ? "" : "/opt/cni/bin",
  };
  const requests = command === "ADD" && random.chance(0.35);
  if (requests || random.chance(0.03)) {
    if (random.chance(0.5)) env["CNI_ARGS"] = randomCniArgs(random, network);
  }
  const list = (): unknown[] => {
    if (random.chance(0.03)) return [random.pick(["", "foo", 7])];
    return Array.from(
      { length: 1 + random.int(2) },
      () => randomRequest(random, network),
    );
  };
  return {
    command,
    env,
    ...(requests && random.chance(0.4) ? { argsIps: list() } : {}),
    ...(requests && random.chance(0.4) ? { runtimeIps: list() } : {}),
  };
}

/**
 * Returns files that an earlier version, a crash or an operator may have left in the network's
 * directory.
 */
export function randomLeftovers(
  random: Random,
  network: RandomNetwork,
): Record<string, string> {
  const files: Record<string, string> = {};
  if (random.chance(0.7)) return files;
  for (
    const name of random.shuffle(network.addresses).slice(0, 1 + random.int(3))
  ) {
    if (/[^0-9a-f:.]/.test(name) || name.endsWith("::")) continue;
    const id = random.pick(CONTAINERS);
    files[name] = random.pick([
      `${id}\r\neth0`,
      `${id}\r\neth0`,
      id,
      `${id}\n`,
      ` ${id}\r\neth0\n`,
      `${id}\neth0`,
      "",
      "not an owner at all",
    ]);
  }
  if (random.chance(0.5)) {
    files["last_reserved_ip.0"] = random.pick([
      random.pick(network.addresses),
      "",
      "x",
      "10.1.0.2\n",
    ]);
  }
  return files;
}
