/** Handlers of a plugin whose code is loaded when a command needs it. Pure. @module */

import type { PluginHandlers } from "./plugin.ts";

/**
 * Returns handlers that call those of `load`. Of a plugin's calls, VERSION and those that fail early
 * need none of them.
 */
export function lazyHandlers(
  load: () => Promise<PluginHandlers>,
): PluginHandlers {
  return {
    add: async (request, answer) => (await load()).add(request, answer),
    del: async (request) => (await load()).del(request),
    check: async (request) => (await load()).check(request),
    gc: async (request) => (await load()).gc(request),
    status: async (request) => (await load()).status(request),
  };
}
