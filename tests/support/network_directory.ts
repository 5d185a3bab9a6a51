/** Reads and writes the directory of a host-local network. @module */

/** The directory's entries by kind. */
export interface NetworkState {
  /** Address file name to its content, byte for byte. */
  readonly addresses: ReadonlyMap<string, string>;
  /** `last_reserved_ip.N` to its content. */
  readonly cursors: ReadonlyMap<string, string>;
  /** Every other name except `lock`. */
  readonly others: readonly string[];
}

const CURSOR = /^last_reserved_ip\./;
const ADDRESS = /^(\d+\.\d+\.\d+\.\d+|[0-9a-f.]*:[0-9a-f:.]*)$/;

/** Returns whether a file name is an address (dotted IPv4, or IPv6 with colons). */
export function isAddressName(name: string): boolean {
  return ADDRESS.test(name);
}

/** Returns the content of an address file of the attachment. */
export function ownerText(containerId: string, ifName = "eth0"): string {
  return `${containerId}\r\n${ifName}`;
}

/**
 * Reads the directory; an absent one is empty. The content of an entry that is not a file is
 * `<kind>`.
 */
export function readNetwork(path: string): NetworkState {
  const addresses = new Map<string, string>();
  const cursors = new Map<string, string>();
  const others: string[] = [];
  for (const entry of entriesOf(path)) {
    const content = (): string =>
      entry.isFile
        ? Deno.readTextFileSync(`${path}/${entry.name}`)
        : entry.isDirectory
        ? "<directory>"
        : "<link>";
    if (entry.name === "lock") continue;
    if (CURSOR.test(entry.name)) cursors.set(entry.name, content());
    else if (isAddressName(entry.name)) addresses.set(entry.name, content());
    else others.push(entry.name);
  }
  return { addresses, cursors, others };
}

function entriesOf(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)].sort((
      a,
      b,
    ) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Replaces the content of the directory by these files. */
export function writeNetwork(
  path: string,
  files: Readonly<Record<string, string>>,
): void {
  Deno.mkdirSync(path, { recursive: true });
  for (const entry of entriesOf(path)) {
    Deno.removeSync(`${path}/${entry.name}`, { recursive: true });
  }
  for (const [name, content] of Object.entries(files)) {
    Deno.writeTextFileSync(`${path}/${name}`, content, { mode: 0o600 });
  }
}

/** Returns the address and cursor files of a state, as `writeNetwork` takes them. */
export function filesOf(state: NetworkState): Record<string, string> {
  return Object.fromEntries([...state.addresses, ...state.cursors]);
}

/** Returns the addresses whose files name the attachment as owner. */
export function addressesOf(
  state: NetworkState,
  containerId: string,
  ifName = "eth0",
): string[] {
  const owner = ownerText(containerId, ifName);
  return [...state.addresses].filter(([, content]) => content === owner).map((
    [name],
  ) => name);
}

/**
 * Builds files for `count` addresses of 10.<net>.0.0/16 from host `first`, owned by `<prefix>0`,
 * `<prefix>1`, ...
 */
export function reservations(
  count: number,
  { net = 1, first = 2, prefix = "other" }: {
    readonly net?: number;
    readonly first?: number;
    readonly prefix?: string;
  } = {},
): Record<string, string> {
  const files: Record<string, string> = {};
  for (let index = 0; index < count; index += 1) {
    const host = first + index;
    files[`10.${net}.${host >> 8}.${host & 255}`] = ownerText(
      `${prefix}${index}`,
    );
  }
  return files;
}
