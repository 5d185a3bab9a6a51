/**
 * `deno task stack < LOG`: prints a log with the positions of stack traces as those in the source,
 * `lib/cni/plugin.ts:126:5`. It bundles the sources of this checkout, which must be those of the
 * executable.
 *
 * @module
 */

import { walkSync } from "@std/fs/walk";
import { PLUGINS } from "./build/binaries.ts";
import { bundle } from "./build/bundle.ts";
import { mapStack } from "./build/map_stack.ts";
import type { SourceMap } from "./build/source_map.ts";
import { print } from "./terminal.ts";

const folder = await Deno.makeTempDir({ prefix: "cni-ipam-stack-" });
try {
  for (const plugin of PLUGINS) await bundle(plugin, folder);
  const maps = new Map<string, SourceMap>();
  for (const { path } of walkSync(folder, { exts: [".map"] })) {
    const file = path.slice(folder.length + 1).replace(/\.map$/, "");
    maps.set(file, JSON.parse(await Deno.readTextFile(path)));
  }
  const log = await new Response(Deno.stdin.readable).text();
  print(mapStack(log, maps).trimEnd());
} finally {
  await Deno.remove(folder, { recursive: true });
}
