/** A socket-activated server that prints what it was passed. Run by socket_activation_test.ts. */

import { EventLoop } from "../../../lib/linux/event_loop.ts";
import { UnixServer } from "../../../lib/linux/unix_server.ts";
import { activatedListener } from "../../../lib/linux/socket_activation.ts";

const encoder = new TextEncoder();

function say(text: string): void {
  Deno.stdout.writeSync(encoder.encode(`${text}\n`));
}

try {
  const listener = activatedListener(Deno.env, Deno.pid);
  if (listener === undefined) {
    say("none");
    Deno.exit(0);
  }
  say(`left ${Deno.env.get("LISTEN_FDS") ?? "nothing"}`);
  say(`at ${listener.path ?? "no path"}`);
  const loop = new EventLoop((error) => say(String(error)));
  new UnixServer(loop, listener, {
    maxLineBytes: 100,
    onConnection: async (connection) => {
      const line = await connection.readLine(60_000);
      await connection.writeLine(`echo ${line}`, 60_000);
      connection[Symbol.dispose]();
      listener[Symbol.dispose]();
      Deno.exit(0);
    },
  });
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  Deno.exit(1);
}
