/** Which part of the code may import which. @module */

/** One import of a module by another; paths from the top of the repository, or `node:...`. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Whether only types are imported, so that nothing is left of it at run time. */
  readonly typeOnly: boolean;
}

/** What the modules of each folder of lib/ may import, besides each other. */
const MAY_IMPORT: ReadonlyMap<string, readonly string[]> = new Map([
  ["base", []],
  ["net", ["base"]],
  ["cni", ["base", "net"]],
  ["host_local", ["base", "net", "cni"]],
  ["dhcp4", ["base", "net"]],
  ["dhcp_client", ["base", "net", "dhcp4"]],
  ["netlink", ["base", "net"]],
  ["gob", ["base"]],
  ["dhcp_plugin", [
    "base",
    "net",
    "cni",
    "dhcp4",
    "dhcp_client",
    "netlink",
    "gob",
  ]],
  ["sys", ["base", "net", "netlink"]],
]);

/** Of the rest, `sys` may import types, and these modules: codecs and errors. */
const CODECS_FOR_SYS = [
  "lib/cni/error.ts",
  "lib/dhcp4/client_identifier.ts",
  "lib/dhcp4/message.ts",
  "lib/dhcp4/packet.ts",
  "lib/dhcp_plugin/lease_record.ts",
  "lib/dhcp_plugin/state_dir.ts",
  "lib/dhcp_plugin/state_file.ts",
  "lib/host_local/reservation.ts",
  "lib/host_local/reservation_table.ts",
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

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const importer = folderOf(from);
  // Only lib/ has rules: entry points may import everything.
  if (importer === undefined) return true;
  const imported = folderOf(to);
  if (imported === undefined) {
    return importer === "sys" && to.startsWith("node:");
  }
  if (imported === importer || MAY_IMPORT.get(importer)?.includes(imported)) {
    return true;
  }
  return importer === "sys" && (typeOnly || CODECS_FOR_SYS.includes(to));
}

function folderOf(path: string): string | undefined {
  return /^lib\/([^/]+)\//.exec(path)?.[1];
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
