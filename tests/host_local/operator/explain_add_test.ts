/**
 * `explain --config` says what ADD then does, on random directories.
 *
 * @module
 */

import { NO_PROGRESS } from "../../../lib/cli/progress.ts";
import { assert, assertEquals } from "@std/assert";
import { runPlugin } from "../../../lib/cni/plugin.ts";
import { AddressHistory } from "../../../lib/host_local/address_history.ts";
import { hostLocalHandlers } from "../../../lib/host_local/handlers.ts";
import { addressesIn } from "../../../lib/host_local/store/addresses_in.ts";
import {
  readCached,
  readTraces,
} from "../../../lib/host_local/host/read_runtime_traces.ts";
import { explainAdd } from "../../../lib/host_local/operator/explain_add.ts";
import type { OperatorPorts } from "../../../lib/host_local/operator/ports.ts";
import { presentMoment } from "../../../lib/host_local/store/history_file.ts";
import { inspectNetwork } from "../../../lib/host_local/store/inspect_network.ts";
import { diskStores } from "../../../lib/host_local/store/open_store.ts";
import { readNamedFile } from "../../../lib/sys/small_file.ts";
import { networkConfig } from "../../support/host_local_call.ts";
import { ownerText, writeNetwork } from "../../support/network_directory.ts";
import { cniEnv } from "../../support/plugin_process.ts";
import { Random } from "../../support/random.ts";
import { TempDir } from "../../support/temp_dir.ts";

const NOW_MS = Date.now();
const ROUNDS = 200;
const CONTAINERS = ["c0", "c1", "c2", "c3"];
const DAYS_90_MS = 90 * 86_400_000;

const log = (): void => {};
const stores = diskStores({ log });

/** What the plugin prints for an ADD that really happens. */
async function realAdd(
  config: string,
  env: Readonly<Record<string, string>>,
): Promise<unknown> {
  let stdout = "";
  const handlers = hostLocalHandlers({
    stores,
    readNamedFile,
    nowMs: () => NOW_MS,
    log,
  });
  await runPlugin({
    env: (name) => env[name],
    readStdin: () => config,
    writeStdout: (text) => {
      stdout += text;
    },
    writeStderr: () => {},
    pid: Deno.pid,
  }, { name: "host-local", version: "", handlers });
  return JSON.parse(stdout);
}

const PORTS: OperatorPorts = {
  moment: presentMoment,
  networkNames: () => [],
  readNetwork: (config) => inspectNetwork(config, { log }),
  readReservations: () => Promise.reject(new Error("not reached")),
  repair: () => Promise.reject(new Error("not reached")),
  openForChange: () => Promise.reject(new Error("not reached")),
  readLive: () => ({ path: "", text: "", writtenAtMs: 0 }),
  bootClockMs: () => undefined,
  addressesIn,
  readHistory: () => new AddressHistory(),
  writeFile: () => {},
  probe: (config) => stores.probe(config),
  readTraces,
  readCached,
  readConfigs: () => [],
  readNamedFile,
  nowMs: () => NOW_MS,
  screen: { columns: 80, hasColors: false },
  log,
  progress: NO_PROGRESS,
};

/** Fills a directory at random, with what crashes and other versions leave, too. */
function fill(network: string, random: Random): void {
  const files: Record<string, string> = {};
  const address = (): string =>
    random.chance(0.4)
      ? "10.1.0.2"
      : random.chance(0.7)
      ? `10.1.0.${random.int(9)}`
      : `fd00::${random.int(5)}`;
  for (let count = random.int(7); count > 0; count--) {
    files[address()] = random.pick([
      ownerText(random.pick(CONTAINERS)),
      ownerText(random.pick(CONTAINERS)),
      random.pick(CONTAINERS),
      "",
      "not an owner",
    ]);
  }
  for (const index of [0, 1]) {
    if (random.chance(0.5)) {
      files[`last_reserved_ip.${index}`] = random.pick([address(), "nonsense"]);
    }
  }
  if (random.chance(0.8)) files["lock"] = "";
  if (random.chance(0.3)) {
    files[".answered"] = ownerText(random.pick(CONTAINERS));
  }
  if (random.chance(0.3)) {
    files[".pending"] = ownerText(random.pick(CONTAINERS));
  }
  writeNetwork(network, files);
  const old = new Date(NOW_MS - DAYS_90_MS);
  for (
    const name of Object.keys(files).filter((name) => /^[0-9f]/.test(name))
  ) {
    if (random.chance(0.3)) Deno.utimeSync(`${network}/${name}`, old, old);
  }
  const linked = address();
  if (files[".pending"] !== undefined && files[linked] === undefined) {
    Deno.linkSync(`${network}/.pending`, `${network}/${linked}`);
  }
  if (random.chance(0.1)) Deno.chmodSync(network, 0o777);
}

Deno.test("explain --config prints what ADD then prints", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = new Random(seed);
  const kinds = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    using dir = new TempDir();
    if (random.chance(0.9)) fill(dir.join("data/net"), random);
    const config = networkConfig({
      dataDir: dir.join("data"),
      subnets: random.pick([
        ["10.1.0.0/29"],
        ["10.1.0.0/29", "fd00::/126"],
        ["10.1.0.0/30"],
      ]),
    });
    const containerId = random.pick(CONTAINERS);
    const cniArgs = random.chance(0.3) ? `IP=10.1.0.${random.int(9)}` : "";
    const { json } = await explainAdd(
      [{ path: "net.conf", text: config }],
      { containerId, ifName: "eth0", cniArgs },
      PORTS,
    );
    const { adds } = JSON.parse(JSON.stringify(json()));
    const env = cniEnv("ADD", { containerId, extra: { CNI_ARGS: cniArgs } });
    const real = await realAdd(config, env);
    assertEquals(adds[0].document, real, `seed ${seed}, round ${round}`);
    const code = (real as { readonly code?: number }).code;
    const kind = code === undefined ? "result" : `code ${code}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  for (const kind of ["result", "code 11", "code 999"]) {
    assert((kinds.get(kind) ?? 0) > 5, `${kind}: ${kinds.get(kind)}`);
  }
});
