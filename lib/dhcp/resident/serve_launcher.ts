/**
 * Plugin calls that the daemon runs for a launcher: the commands of the plugin, on a connection to
 * the daemon itself.
 *
 * @module
 */

import { formatLogLine, type Log } from "../../base/log_line.ts";
import type { Attachment } from "../../cni/attachment.ts";
import type { Plugin } from "../../cni/plugin.ts";
import { type Call, serveCall } from "../../resident/serve_call.ts";
import type { CallerConnection } from "../daemon/server.ts";
import { dhcpHandlers } from "../plugin/handlers.ts";
import { type Clock, MemoryConnection } from "./memory_connection.ts";
import { notMine, type Place } from "./not_mine.ts";

/** The daemon around the calls. */
export interface LauncherContext {
  readonly version: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Returns what the daemon shares with its callers at this moment. */
  place(): Place;
  /** Serves a connection to its end; never rejects. */
  serve(connection: CallerConnection): Promise<void>;
  /** Writes a release note for this daemon or the next one. */
  writeReleaseNote(attachment: Attachment): Promise<boolean>;
}

/** Serves the call of a launcher to its end, with all that follows from it; never rejects. */
export async function serveLauncher(
  caller: CallerConnection,
  context: LauncherContext,
): Promise<void> {
  const { clock } = context;
  const log: Log = (level, event, fields) =>
    context.log(level, event, { pid: caller.peer.pid, ...fields });
  const connections: Promise<void>[] = [];
  await serveCall({
    readBytes: () => caller.readBytes(Infinity),
    writeBytes: (bytes) => caller.writeBytes(bytes, Infinity),
    [Symbol.dispose]: () => caller[Symbol.dispose](),
  }, {
    plugin: (call) => pluginFor(call, { caller, connections, context }),
    refusal: (request) => {
      const reason = notMine(request, context.place());
      if (reason !== undefined) log("info", "call-refused", { reason });
      return reason;
    },
    // A daemon that stops answers a call itself, with an error.
    isStopping: () => false,
    log,
    nowMs: () => clock.nowMs(),
    timer: (callback) => clock.timer(callback),
  });
  // A lease that the launcher did not confirm is still being released.
  await Promise.all(connections);
}

function pluginFor(
  { writeStderr, hungUp }: Call,
  { caller: { peer }, connections, context }: {
    readonly caller: CallerConnection;
    readonly connections: Promise<void>[];
    readonly context: LauncherContext;
  },
): Plugin {
  const { version, clock, serve, writeReleaseNote } = context;
  const handlers = dhcpHandlers({
    connect: (socketPath) => {
      const connection = new MemoryConnection(
        socketPath,
        { ...peer, hungUp },
        clock,
      );
      connections.push(serve(connection.caller));
      return Promise.resolve(connection);
    },
    writeReleaseNote: (_socketPath, attachment) => writeReleaseNote(attachment),
    // Only for a relative CNI_NETNS, which is not ours.
    workingDirectory: () => "/",
    log: (level, event, fields) =>
      writeStderr(formatLogLine(level, event, fields)),
  });
  return { name: "dhcp", version, handlers };
}
