/**
 * The launcher's side of its protocol (docs/launcher.md), step by step, and a stand-in for the
 * launcher itself.
 *
 * @module
 */

import { concatBytes, viewOf } from "../../lib/base/bytes.ts";
import {
  type PluginCall,
  type PluginOutcome,
  runPlugin,
} from "./plugin_process.ts";

/** What a launcher sends in its request. */
export interface LauncherCall {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string | undefined;
  /** Its process ID; that of the test by default. */
  readonly pid?: number;
  /** Its root directory. */
  readonly root: { readonly device: number; readonly inode: number };
  /** The version of the protocol; 1 by default. */
  readonly version?: number;
}

/** A message of the resident process: `A`, `N`, `B`, `E`, `O` or `X`. */
export interface ReceivedFrame {
  readonly type: string;
  readonly payload: Uint8Array;
}

/** `g`: run the call. */
export const GO: Uint8Array = Uint8Array.of(0x67);
/** `p`: the document is printed. */
export const PRINTED: Uint8Array = Uint8Array.of(0x70);

/** Returns the root directory of this process. */
export function ownRoot(): LauncherCall["root"] {
  const { dev, ino } = Deno.statSync("/");
  return { device: dev, inode: ino ?? 0 };
}

/** Encodes a request. Only variables whose names begin with `CNI_` are sent. */
export function encodeRequest(
  { env, stdin = "", pid = 4711, root, version = 1 }: LauncherCall,
): Uint8Array {
  const encoder = new TextEncoder();
  const environment = encoder.encode(
    Object.entries(env).filter(([name]) => name.startsWith("CNI_"))
      .map(([name, value]) => `${name}=${value}\0`).join(""),
  );
  const input = encoder.encode(stdin);
  const header = new Uint8Array(40);
  const view = viewOf(header);
  header.set(encoder.encode("\0CNI"));
  view.setUint32(4, version, true);
  view.setUint32(8, pid, true);
  view.setUint32(12, environment.length, true);
  view.setUint32(16, input.length, true);
  view.setBigUint64(24, BigInt(root.device), true);
  view.setBigUint64(32, BigInt(root.inode), true);
  return concatBytes([header, environment, input]);
}

/** Assembles messages from pieces of any size. */
export class FrameDecoder {
  #bytes: Uint8Array = new Uint8Array(0);

  /** Adds a piece. */
  push(piece: Uint8Array): void {
    this.#bytes = concatBytes([this.#bytes, piece]);
  }

  /** Returns the next message; undefined if it is not complete yet. */
  next(): ReceivedFrame | undefined {
    if (this.#bytes.length < 5) return undefined;
    const end = 5 + viewOf(this.#bytes).getUint32(1, true);
    if (this.#bytes.length < end) return undefined;
    const type = String.fromCharCode(this.#bytes[0] ?? 0);
    const payload = this.#bytes.slice(5, end);
    this.#bytes = this.#bytes.slice(end);
    return { type, payload };
  }
}

/** A connection to a resident process. */
export class LauncherClient implements Disposable {
  readonly #connection: Deno.UnixConn;
  readonly #decoder = new FrameDecoder();

  private constructor(connection: Deno.UnixConn) {
    this.#connection = connection;
  }

  /** Connects. @throws {Error} if no process listens at `path`. */
  static async connect(path: string): Promise<LauncherClient> {
    return new LauncherClient(
      await Deno.connect({ transport: "unix", path }),
    );
  }

  /** Sends bytes. */
  async send(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      rest = rest.subarray(await this.#connection.write(rest));
    }
  }

  /** Receives the next message, beats included; undefined if the connection has ended. */
  async receive(): Promise<ReceivedFrame | undefined> {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const frame = this.#decoder.next();
      if (frame !== undefined) return frame;
      const length = await this.#connection.read(buffer).catch(() => null);
      if (length === null) return undefined;
      this.#decoder.push(buffer.subarray(0, length));
    }
  }

  /** Receives messages until one of another type than `B` and `E`. */
  async receiveNext(): Promise<ReceivedFrame | undefined> {
    for (;;) {
      const frame = await this.receive();
      if (frame?.type !== "B" && frame?.type !== "E") return frame;
    }
  }

  /** Disconnects. Doing so again does nothing. */
  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

/**
 * Makes a call as the launcher does, without its deadlines.
 *
 * @param root The root directory that the launcher reports; that of this process by default.
 * @returns Undefined if the standalone executable has to run the call.
 */
export async function launch(
  { env, stdin }: Pick<PluginCall, "env" | "stdin">,
  socketPath: string,
  root: LauncherCall["root"] = ownRoot(),
): Promise<PluginOutcome | undefined> {
  const decoder = new TextDecoder();
  let stdout: string | undefined;
  let stderr = "";
  let code: number | undefined;
  try {
    using client = await LauncherClient.connect(socketPath);
    await client.send(encodeRequest({ env, stdin, pid: Deno.pid, root }));
    if ((await client.receive())?.type !== "A") return undefined;
    await client.send(GO);
    for (;;) {
      const frame = await client.receive();
      if (frame === undefined) break;
      const { type, payload } = frame;
      if (type === "E") stderr += decoder.decode(payload);
      if (type === "O") {
        code = payload[0];
        stdout = decoder.decode(payload.subarray(1));
        await client.send(PRINTED);
      }
      if (type === "X") {
        code = payload[0];
        break;
      }
    }
  } catch (error) {
    // No process listens, or it has disconnected.
    if (!(error instanceof Error)) throw error;
  }
  return code === undefined
    ? undefined
    : { stdout: stdout ?? "", stderr, code };
}

/** Makes a call as the launcher does, and runs the executable where the launcher does so. */
export async function launchOrRun(
  call: PluginCall,
  socketPath: string,
  root?: LauncherCall["root"],
): Promise<PluginOutcome> {
  return await launch(call, socketPath, root) ?? await runPlugin(call);
}
