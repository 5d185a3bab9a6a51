/** Accepting connections for as long as a socket listens. @module */

/** How long to wait after a connection could not be accepted: the process is out of descriptors. */
const PAUSE_MS = 100;

/** Passes each connection to `onConnection`, until the listener is closed. Never rejects. */
export async function acceptConnections<C extends Deno.Conn | Deno.UnixConn>(
  listener: { accept(): Promise<C> },
  onConnection: (connection: C) => void,
): Promise<void> {
  for (;;) {
    let connection: C;
    try {
      connection = await listener.accept();
    } catch (error) {
      if (isClosed(error)) return;
      // Out of descriptors: callers wait in the queue meanwhile.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      continue;
    }
    onConnection(connection);
  }
}

/** Returns whether an operation has failed because this process has closed what it works on. */
function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}
