/** A host in memory, for the output of the commands for operators. @module */

import type { ConfigFile } from "../../lib/cni/config_document.ts";
import { SystemError } from "../../lib/base/errors.ts";
import { formatLogLine, type Log } from "../../lib/base/log_line.ts";
import type {
  AddressHistory,
  Moment,
} from "../../lib/host_local/address_history.ts";
import { NO_PROGRESS } from "../../lib/cli/progress.ts";
import type { IpAddress } from "../../lib/net/ip_address.ts";
import type { StoreConfig } from "../../lib/host_local/config.ts";
import type { LiveText } from "../../lib/host_local/operator/live_list.ts";
import {
  type FileFacts,
  historyOf,
  type IndexFacts,
  type LockFacts,
  type NetworkFacts,
  type NetworkReservations,
  reservationsIn,
} from "../../lib/host_local/operator/network_facts.ts";
import type {
  LockedReservations,
  OperatorPorts,
  RepairReport,
  RepairStep,
} from "../../lib/host_local/operator/ports.ts";
import type {
  CachedAttachment,
  RuntimeTraces,
} from "../../lib/host_local/operator/runtime_traces.ts";
import { sameAddress } from "../../lib/net/ip_address.ts";
import {
  ownerKey,
  parseReservationName,
} from "../../lib/host_local/reservation_format.ts";

/** The clock of the host. */
export const NOW_MS = Date.parse("2026-11-28T12:00:00Z");

/** Ten hours after the boot of the host. */
export const MOMENT: Moment = {
  bootId: 7,
  uptimeSeconds: 36_000,
  atMs: NOW_MS,
};

const MINUTE_MS = 60_000;
const DATA_DIR = "/var/lib/cni/networks";

/** A file of a network; a text is its content. */
export type ExampleFile =
  | string
  | Partial<FileFacts> & {
    /** How long ago it was changed. */
    readonly minutes?: number;
  };

/** A network in memory. */
export interface ExampleNetwork {
  readonly files: Readonly<Record<string, ExampleFile>>;
  readonly directory?: string;
  readonly exposure?: string;
  readonly mode?: number;
  readonly lock?: LockFacts;
  readonly index?: IndexFacts;
  readonly earlierBoot?: readonly string[];
}

/** Returns the facts of a network. */
export function networkFacts(
  name: string,
  { files, ...network }: ExampleNetwork,
): NetworkFacts {
  return {
    name,
    directory: network.directory ?? `${DATA_DIR}/${name}`,
    mode: network.mode ?? 0o755,
    uid: 0,
    ...(network.exposure === undefined ? {} : { exposure: network.exposure }),
    lock: network.lock ?? { kind: "held" },
    index: network.index ?? { kind: "none" },
    files: Object.entries(files).map(([file, example], index) =>
      fileFacts(file, example, index)
    ),
    earlierBoot: new Set(network.earlierBoot),
  };
}

function fileFacts(
  name: string,
  example: ExampleFile,
  index: number,
): FileFacts {
  const { minutes = 0, ...given } = typeof example === "string"
    ? { content: example }
    : example;
  return {
    name,
    kind: "file",
    mode: 0o600,
    uid: 0,
    size: given.content?.length ?? 0,
    modifiedMs: NOW_MS - minutes * MINUTE_MS,
    inode: 100 + index,
    address: parseReservationName(name),
    content: undefined,
    ...given,
  };
}

/** Returns the reservations of a network as a store has them. */
export function lockedView(
  facts: NetworkFacts,
  remove: (names: ReadonlySet<string>) => void,
  sync: () => Promise<void> = () => Promise.resolve(),
): LockedReservations {
  let reservations = reservationsIn(facts);
  return {
    find: (address) =>
      reservations.find((each) => sameAddress(each.address, address)),
    releaseUnless: (keep) => {
      const released = new Set(
        reservations.filter((each) =>
          ownerKey(each.owner) !== "" && !keep(each)
        ),
      );
      reservations = reservations.filter((each) => !released.has(each));
      remove(new Set([...released].map(({ name }) => name)));
    },
    unlockAndSync: sync,
    [Symbol.dispose]: () => {},
  };
}

/** What a host in memory has. */
export interface ExampleHostOptions {
  readonly networks?: Readonly<Record<string, ExampleNetwork>>;
  /** The files of /etc/cni/net.d, and others, by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly traces?: Partial<RuntimeTraces>;
  /** The files of the CNI cache, by path. */
  readonly cached?: Readonly<Record<string, CachedAttachment>>;
  /** Why ADD could not use a directory. */
  readonly unusable?: string;
  /** What a repair leaves of each network. */
  readonly repaired?: Readonly<Record<string, ExampleNetwork>>;
  /** When the machine started: minutes ago. */
  readonly bootMinutes?: number | undefined;
  /** When the list of containers was written: minutes ago. */
  readonly liveMinutes?: number;
  /** Brings what was released to the disk. */
  readonly sync?: () => Promise<void>;
  /** Happens before a network is opened for a change. */
  readonly beforeChange?: (host: ExampleHost) => void;
  /** Why a network cannot be opened for a change, by name. */
  readonly locked?: Readonly<Record<string, string>>;
  /** Networks that cannot be read. */
  readonly unreadable?: readonly string[];
  readonly columns?: number;
  readonly hasColors?: boolean;
}

/** The effects of the commands on a host in memory. */
export class ExampleHost implements OperatorPorts {
  readonly screen: OperatorPorts["screen"];
  /** The lines that were logged. */
  readonly logged: string[] = [];
  /** The files that were written, by path. */
  readonly written = new Map<string, string>();
  /** The steps of each repair. */
  readonly repairs: (readonly RepairStep[])[] = [];
  readonly #networks: Map<string, NetworkFacts>;
  readonly #options: ExampleHostOptions;

  constructor(options: ExampleHostOptions) {
    const { networks = {}, columns = 80, hasColors = false } = options;
    this.#options = options;
    this.screen = { columns, hasColors };
    this.#networks = new Map(
      Object.entries(networks).map(([name, network]) => {
        const facts = networkFacts(name, network);
        return [facts.directory, facts] as const;
      }),
    );
  }

  networkNames(dataDir: string): readonly string[] {
    return [...this.#networks.values()]
      .filter(({ name, directory }) => directory === `${dataDir}/${name}`)
      .map(({ name }) => name)
      .concat(this.#options.unreadable ?? []).sort();
  }

  readNetwork({ directory }: StoreConfig): Promise<NetworkFacts | undefined> {
    const name = directory.slice(directory.lastIndexOf("/") + 1);
    if (this.#options.unreadable?.includes(name)) {
      const message = `open ${directory}: permission denied`;
      return Promise.reject(new SystemError(message));
    }
    return Promise.resolve(this.#networks.get(directory));
  }

  async readReservations(
    config: StoreConfig,
  ): Promise<NetworkReservations | undefined> {
    const facts = await this.readNetwork(config);
    if (facts === undefined) return undefined;
    const { name, directory, lock, files, exposure } = facts;
    return {
      name,
      directory,
      ...(exposure === undefined ? {} : { exposure }),
      lock,
      fileCount: files.length,
      unreadable: files.flatMap(({ unreadable }) => unreadable ?? []),
      history: historyOf(facts),
      reservations: reservationsIn(facts),
    };
  }

  readHistory(directory: string): AddressHistory {
    return historyOf(this.#networks.get(directory));
  }

  async *addressesIn(
    directory: string,
  ): AsyncGenerator<readonly IpAddress[]> {
    const facts = await this.readNetwork({ directory, lockTimeoutMs: 0 });
    yield (facts?.files ?? []).flatMap(({ address }) => address ?? []);
  }

  writeFile(path: string, text: string): void {
    this.written.set(path, text);
  }

  repair(
    { directory }: StoreConfig,
    steps: readonly RepairStep[],
  ): Promise<RepairReport> {
    this.repairs.push(steps);
    const before = this.#networks.get(directory);
    const name = before?.name ?? "";
    const after = networkFacts(
      name,
      this.#options.repaired?.[name] ?? { files: {} },
    );
    this.#networks.set(directory, after);
    const left = new Set(after.files.map((file) => file.name));
    const done = (before?.files ?? []).map((file) => file.name)
      .filter((file) => !left.has(file)).sort()
      .map((file) => `removed ${directory}/${file}`);
    return Promise.resolve({ done, failed: [] });
  }

  /** Replaces the files of a network, as calls of the plugin do. */
  changeNetwork(name: string, network: ExampleNetwork): void {
    const facts = networkFacts(name, network);
    this.#networks.set(facts.directory, facts);
  }

  openForChange(
    { directory }: StoreConfig,
  ): Promise<LockedReservations | undefined> {
    this.#options.beforeChange?.(this);
    const facts = this.#networks.get(directory);
    const reason = this.#options.locked?.[facts?.name ?? ""];
    if (reason !== undefined) return Promise.reject(new SystemError(reason));
    return Promise.resolve(
      facts && lockedView(facts, (names) => {
        const files = facts.files.filter(({ name }) => !names.has(name));
        this.#networks.set(directory, { ...facts, files });
      }, this.#options.sync),
    );
  }

  readLive(path: string): LiveText {
    const { stdin = "", liveMinutes = 0 } = this.#options;
    return {
      path: path === "-" ? "stdin" : path,
      text: path === "-" ? stdin : this.readNamedFile(path),
      writtenAtMs: NOW_MS - liveMinutes * MINUTE_MS,
    };
  }

  bootClockMs(): number | undefined {
    const { bootMinutes } = this.#options;
    return bootMinutes === undefined
      ? undefined
      : NOW_MS - bootMinutes * MINUTE_MS;
  }

  readonly log: Log = (level, event, fields) => {
    this.logged.push(formatLogLine(level, event, fields));
  };

  readonly progress = NO_PROGRESS;

  probe(): void {
    const { unusable } = this.#options;
    if (unusable !== undefined) throw new SystemError(unusable);
  }

  readTraces(): RuntimeTraces {
    return {
      sources: [],
      containers: new Map(),
      namespaces: new Map(),
      cached: new Map(),
      ...this.#options.traces,
    };
  }

  readCached(path: string): CachedAttachment | undefined {
    return this.#options.cached?.[path];
  }

  readConfigs(path: string): readonly ConfigFile[] {
    const { files = {}, stdin = "" } = this.#options;
    if (path === "-") return [{ path: "stdin", text: stdin }];
    const found = Object.entries(files)
      .filter(([file]) => file === path || file.startsWith(`${path}/`))
      .map(([file, text]) => ({ path: file, text }));
    if (found.length > 0) return found;
    throw new SystemError(`open ${path}: no such file or directory`);
  }

  readNamedFile(path: string): string {
    const text = this.#options.files?.[path];
    if (text !== undefined) return text;
    throw new SystemError(`open ${path}: no such file or directory`);
  }

  nowMs(): number {
    return NOW_MS;
  }

  moment(): Moment {
    return MOMENT;
  }
}
