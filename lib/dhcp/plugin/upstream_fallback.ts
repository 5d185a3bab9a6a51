/** The plugin with upstream's daemon, which goes on running when only the binary is replaced. Pure. @module */

import type { PluginHandlers } from "../../cni/plugin.ts";

/** What answers on the socket is upstream's daemon: it speaks HTTP. */
export class UpstreamDaemon extends Error {}

/** Whether an answer to a line of ours is HTTP's, which upstream's daemon takes it for. */
export function isHttpAnswer(line: string): boolean {
  return line.startsWith("HTTP/");
}

/**
 * Handlers that call upstream's daemon in its own protocol once it turns out that it is there.
 *
 * @param ours They throw {@link UpstreamDaemon} before anything has happened.
 * @param load Gives those for upstream's daemon; only called when they are needed.
 */
export function withUpstream(
  ours: PluginHandlers,
  load: () => Promise<PluginHandlers>,
  warn: (message: string) => void,
): PluginHandlers {
  const either = async (
    call: (handlers: PluginHandlers) => Promise<void>,
  ): Promise<void> => {
    try {
      return await call(ours);
    } catch (error) {
      if (!(error instanceof UpstreamDaemon)) throw error;
    }
    warn(
      "the daemon is upstream's: until it is restarted with this binary, its leases end with it",
    );
    await call(await load());
  };
  return {
    add: (request, answer) =>
      either((handlers) => handlers.add(request, answer)),
    del: (request) => either((handlers) => handlers.del(request)),
    check: (request) => either((handlers) => handlers.check(request)),
    gc: (request) => either((handlers) => handlers.gc(request)),
    status: (request) => either((handlers) => handlers.status(request)),
  };
}
