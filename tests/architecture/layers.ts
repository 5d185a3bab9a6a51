/** Which part of the code may import which. @module */

/** One import of a module by another; paths from the top of the repository, or `node:...`. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Whether only types are imported, so that the import is gone at run time. */
  readonly typeOnly: boolean;
}

/**
 * Each folder of lib/, and the folders that its modules may import. Every folder below a line is free to import those
 * above it only as listed, so there is no cycle. host-local never lists `linux`, the folder that calls the C library.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // Pure: values in, values out.
  "base": [],
  "net": ["base"],
  "netlink": ["base", "net"],
  "cni": ["base", "net"],
  "host_local": ["base", "net", "cni"],
  "dhcp/codec": ["base", "net"],
  "dhcp/client": ["base", "net", "dhcp/codec"],
  "dhcp/config": ["base", "net", "cni", "dhcp/codec"],
  "dhcp/protocol/gob": ["base"],
  "dhcp/protocol": ["base", "net", "cni", "dhcp/config", "dhcp/protocol/gob"],
  "dhcp/plugin": [
    ...["base", "net", "cni"],
    ...["dhcp/codec", "dhcp/config", "dhcp/protocol", "dhcp/protocol/gob"],
  ],
  "dhcp/daemon": [
    ...["base", "net", "netlink", "cni"],
    ...["dhcp/codec", "dhcp/client", "dhcp/config", "dhcp/protocol"],
    "dhcp/protocol/gob",
  ],
  // With effects: Deno's own API, then the C library, then each plugin's use of them.
  "sys": ["base", "cni"],
  "linux": ["base", "net", "netlink", "sys"],
  "host_local/store": ["base", "net", "cni", "host_local", "sys"],
  "dhcp/host": [
    ...["base", "net", "netlink", "cni", "sys", "linux"],
    ...["dhcp/codec", "dhcp/protocol", "dhcp/plugin", "dhcp/daemon"],
  ],
};

/** The folders whose modules may use the operating system, the clock and randomness. */
export const EFFECT_FOLDERS: readonly string[] = [
  "sys",
  "linux",
  "host_local/store",
  "dhcp/host",
];

/** What is wrong with the imports, one line each. */
export function importProblems(imports: readonly Import[]): string[] {
  const wrong = imports.filter((each) => !isAllowed(each));
  const lines = wrong.map(({ from, to, typeOnly }) =>
    `${from} must not import ${typeOnly ? "a type of " : ""}${to}`
  );
  return [...lines, ...cycles(imports)];
}

/** The modules that can be reached from one, itself included. */
export function reachable(
  root: string,
  imports: readonly Import[],
): Set<string> {
  const found = new Set([root]);
  for (const path of found) {
    for (const { from, to } of imports) if (from === path) found.add(to);
  }
  return found;
}

/** Whether the module at `path` may have effects. */
export function mayHaveEffects(path: string): boolean {
  return EFFECT_FOLDERS.includes(folderOf(path) ?? "");
}

function isAllowed({ from, to }: Import): boolean {
  const importer = folderOf(from);
  // Only lib/ has rules: entry points may import everything.
  if (importer === undefined) return true;
  const imported = folderOf(to);
  if (imported === undefined) {
    return to.startsWith("node:") && mayHaveEffects(from);
  }
  return imported === importer ||
    (MAY_IMPORT[importer]?.includes(imported) ?? false);
}

function folderOf(path: string): string | undefined {
  return /^lib\/(.+)\/[^/]+$/.exec(path)?.[1];
}

/** Each group of modules that import each other, types included, as one line. */
function cycles(imports: readonly Import[]): string[] {
  const problems = new Set<string>();
  for (const { from, to } of imports) {
    const fromThere = reachable(to, imports);
    if (!fromThere.has(from)) continue;
    const group = [...fromThere].filter((path) =>
      reachable(path, imports).has(from)
    );
    problems.add(`${group.sort().join(", ")} import each other`);
  }
  return [...problems];
}
