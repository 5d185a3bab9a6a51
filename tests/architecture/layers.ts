/** Which folders of lib/ may import which. @module */

/** One import of a module by another. Paths are relative to the repository, or `node:...`. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Whether only types are imported: the import does not exist at run time. */
  readonly typeOnly: boolean;
}

/**
 * Each folder of lib/ and the folders that it may import, all of them listed above it. So there are
 * no cycles, and host-local cannot reach `linux`, the folder that calls the C library.
 */
const PURE = {
  "base": "",
  "net": "base",
  "netlink": "base net",
  "cni": "base net",
  "metrics": "base",
  "cli": "base cni",
  "resident": "base cni",
  "host_local": "base net cni",
  "host_local/operator": "base net cni cli metrics host_local",
  "dhcp/codec": "base net",
  "dhcp/client": "base net dhcp/codec",
  "dhcp/config": "base net cni dhcp/codec",
  "dhcp/protocol/gob": "base",
  "dhcp/protocol": "base net cni dhcp/config dhcp/protocol/gob",
  "dhcp/plugin":
    "base net cni dhcp/codec dhcp/config dhcp/protocol dhcp/protocol/gob",
  "dhcp/daemon":
    "base net netlink cni metrics resident dhcp/codec dhcp/client dhcp/config dhcp/protocol dhcp/protocol/gob",
  "dhcp/resident":
    "base cni resident dhcp/config dhcp/protocol dhcp/plugin dhcp/daemon",
  "dhcp/operator":
    "base net netlink cni cli dhcp/codec dhcp/client dhcp/config dhcp/protocol dhcp/plugin dhcp/daemon",
};

/** The same for the folders whose modules use the operating system, the clock or randomness. */
const WITH_EFFECTS = {
  "sys": "base cni metrics",
  "linux": "base net netlink sys",
  "host_local/store": "base net cni host_local host_local/operator sys",
  "host_local/host":
    "base cni cli metrics resident host_local host_local/operator host_local/store sys",
  "dhcp/host":
    "base net netlink cni cli metrics sys linux dhcp/codec dhcp/protocol dhcp/daemon dhcp/resident dhcp/operator",
};

/** Each folder of lib/ and the folders that it may import. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = Object
  .fromEntries(
    Object.entries({ ...PURE, ...WITH_EFFECTS }).map(([folder, list]) =>
      [folder, list.split(" ").filter((name) => name !== "")] as const
    ),
  );

/** The folders without effects. */
export const PURE_FOLDERS: readonly string[] = Object.keys(PURE);

/** The folders with effects. */
export const EFFECT_FOLDERS: readonly string[] = Object.keys(WITH_EFFECTS);

/** Returns the imports that the table does not allow, and the cycles, one line each. */
export function importProblems(imports: readonly Import[]): string[] {
  const wrong = imports.filter((each) => !isAllowed(each));
  const lines = wrong.map(({ from, to, typeOnly }) =>
    `${from} must not import ${typeOnly ? "a type of " : ""}${to}`
  );
  return [...lines, ...cycles(imports)];
}

/** Returns what the table allows although no module needs it, one line each. */
export function unusedArrows(imports: readonly Import[]): string[] {
  const used = new Set(
    imports.map(({ from, to }) => `${folderOf(from)} ${folderOf(to)}`),
  );
  return Object.entries(MAY_IMPORT).flatMap(([folder, list]) =>
    list.filter((imported) => !used.has(`${folder} ${imported}`))
      .map((imported) => `no module of ${folder} imports ${imported}`)
  );
}

/** Returns the modules that `root` reaches through imports, including itself. */
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

/** Returns whether the module at `path` may have effects. */
export function mayHaveEffects(path: string): boolean {
  return EFFECT_FOLDERS.includes(folderOf(path) ?? "");
}

function isAllowed({ from, to }: Import): boolean {
  const importer = folderOf(from);
  // Entry points may import everything.
  if (importer === undefined) return true;
  const imported = folderOf(to);
  if (imported === undefined) {
    return isStandardLibrary(to) ||
      to.startsWith("node:") && mayHaveEffects(from);
  }
  return imported === importer ||
    (MAY_IMPORT[importer]?.includes(imported) ?? false);
}

/** Returns whether it is a module of `@std`, all of which are pure that lib/ could need. */
function isStandardLibrary(path: string): boolean {
  return path.startsWith("tools/std/") || path.startsWith("jsr:@std/");
}

function folderOf(path: string): string | undefined {
  return /^lib\/(.+)\/[^/]+$/.exec(path)?.[1];
}

/** Returns each group of modules that import each other, types included, as one line. */
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
