/**
 * The daemon's side of a connection of upstream's plugin (`protocol/upstream_protocol.ts`).
 *
 * @module
 */

import { DecodeError } from "../../base/errors.ts";
import { isOverride } from "../../cni/environment.ts";
import { CniError, CniErrorCode, toCniError } from "../../cni/error.ts";
import { parseDocument, readNetworkName } from "../../cni/network_config.ts";
import type { Command } from "../../cni/spec_version.ts";
import { GobDecoder, type GobRecord } from "../protocol/gob/gob_decoder.ts";
import { GobEncoder, type GobStruct } from "../protocol/gob/gob_encoder.ts";
import { parseDhcpConfig } from "../config/dhcp_config.ts";
import { type CallRecord, recorded } from "./call_record.ts";
import type { CallerCredentials } from "./caller_credentials.ts";
import type { Caller, Daemon } from "./daemon.ts";
import { MAX_REQUEST_BYTES } from "../protocol/daemon_protocol.ts";
import {
  CONNECT_LINE,
  CONNECTED_LINE,
  EMPTY,
  RPC_RESPONSE,
  RPC_RESULT,
  textOf,
  toRpcResult,
} from "../protocol/upstream_protocol.ts";

/** How long upstream's plugin may take to send its whole call. */
const CALL_TIMEOUT_MS = 5000;
/** How long it may take to read its answer. */
const ANSWER_TIMEOUT_MS = 5000;
/** The maximum of header lines; upstream's plugin sends none. */
const MAX_HEADER_LINES = 64;

/** The commands of the runtime that upstream's methods come from. */
const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["DHCP.Allocate", "ADD"],
  ["DHCP.Release", "DEL"],
]);

/** A connection for another protocol than ours. */
export interface RpcConnection {
  readonly peer: CallerCredentials;
  /** Aborted when the caller disconnects. */
  readonly hungUp: AbortSignal;
  /**
   * Reads a line; undefined if the caller has disconnected.
   *
   * @throws {DecodeError} if the line is malformed or too long.
   * @throws {SystemError} if it does not come in time.
   */
  readLine(timeoutMs: number): Promise<string | undefined>;
  /**
   * Reads some bytes; undefined if the caller has disconnected.
   *
   * @throws {SystemError} if none come in time.
   */
  readBytes(timeoutMs: number): Promise<Uint8Array | undefined>;
  /**
   * Writes bytes.
   *
   * @returns False if the caller has disconnected.
   * @throws {SystemError} if the caller does not read them in time.
   */
  writeBytes(bytes: Uint8Array, timeoutMs: number): Promise<boolean>;
}

/** The daemon that answers, the clock for time-outs, and the record of calls. */
export interface UpstreamContext extends CallRecord {
  readonly daemon: Daemon;
}

/** Returns whether the first line of a connection is an HTTP request. */
export function isHttp(line: string): boolean {
  return /^[A-Z]+ \S+ HTTP\//.test(line);
}

/**
 * Serves one call; upstream's plugin makes one per connection.
 *
 * @param line The first line of the connection.
 * @throws {DecodeError | SystemError} if the caller does not send a call.
 */
export async function serveUpstream(
  line: string,
  caller: RpcConnection,
  { daemon, ...record }: UpstreamContext,
): Promise<void> {
  const { nowMs } = record;
  const write = (text: string): Promise<boolean> =>
    caller.writeBytes(new TextEncoder().encode(text), ANSWER_TIMEOUT_MS);
  if (line !== CONNECT_LINE) {
    await write("HTTP/1.0 405 Method Not Allowed\r\n\r\nmust CONNECT\n");
    return;
  }
  const endMs = nowMs() + CALL_TIMEOUT_MS;
  const leftMs = (): number => Math.max(endMs - nowMs(), 0);
  if (!await skipHeader(caller, leftMs)) return;
  await write(`${CONNECTED_LINE}\n\n`);
  const decoder = new GobDecoder(MAX_REQUEST_BYTES);
  const receive = (): Promise<GobRecord | undefined> =>
    receiveRecord(caller, decoder, { leftMs });
  const header = await receive();
  if (header === undefined) return;
  const send = responder(header, caller);
  try {
    const args = await receive();
    if (args === undefined) return;
    const method = textOf(header["ServiceMethod"]);
    await recorded(COMMANDS.get(method), record, () =>
      answer(method, args, {
        daemon,
        send,
        caller: { pid: caller.peer.pid, hungUp: caller.hungUp },
      }));
  } catch (error) {
    await send({ error: toCniError(error).message });
    throw error;
  }
}

/** Reads the header to its end. @returns False if the caller has disconnected. */
async function skipHeader(
  caller: RpcConnection,
  leftMs: () => number,
): Promise<boolean> {
  for (let count = 0; count <= MAX_HEADER_LINES; count++) {
    const line = await caller.readLine(leftMs());
    if (line === undefined) return false;
    if (line === "") return true;
  }
  throw new DecodeError(
    `more than ${MAX_HEADER_LINES} header lines`,
    "header",
  );
}

async function receiveRecord(
  caller: RpcConnection,
  decoder: GobDecoder,
  { leftMs }: { readonly leftMs: () => number },
): Promise<GobRecord | undefined> {
  for (;;) {
    const found = decoder.next();
    if (found !== undefined) return found;
    const piece = await caller.readBytes(leftMs());
    if (piece === undefined) return undefined;
    decoder.push(piece);
  }
}

/**
 * Sends a response.
 *
 * @returns False if the caller has disconnected.
 * @throws {SystemError} if it cannot be sent.
 */
type Respond = (
  response: {
    readonly error?: string;
    readonly type?: GobStruct;
    readonly body?: GobRecord;
  },
) => Promise<boolean>;

function responder(
  { ServiceMethod, Seq }: GobRecord,
  caller: RpcConnection,
): Respond {
  return ({ error, type = EMPTY, body = {} }) => {
    const encoder = new GobEncoder();
    const header = { ServiceMethod, Seq, Error: error };
    const bytes = [
      ...encoder.encode(RPC_RESPONSE, header),
      ...encoder.encode(type, body),
    ];
    return caller.writeBytes(Uint8Array.from(bytes), ANSWER_TIMEOUT_MS);
  };
}

async function answer(
  method: string,
  args: GobRecord,
  { daemon, send, caller }: {
    readonly daemon: Daemon;
    readonly send: Respond;
    readonly caller: Caller;
  },
): Promise<void> {
  switch (method) {
    case "DHCP.Allocate": {
      const allocation = await daemon.allocate(allocateRequest(args), caller);
      const body = toRpcResult(allocation.result);
      let isTaken = false;
      try {
        isTaken = await send({ type: RPC_RESULT, body });
      } finally {
        // This protocol has no confirmation.
        if (isTaken) allocation.confirm();
        else await allocation.cancel();
      }
      return;
    }
    case "DHCP.Release":
      await daemon.release(common(args));
      await send({});
      return;
    default:
      throw new CniError(
        CniErrorCode.internal,
        `rpc: can't find service ${method}`,
      );
  }
}

function allocateRequest(
  args: GobRecord,
): Parameters<Daemon["allocate"]>[0] {
  const { attachment, json } = common(args);
  const config = { name: attachment.networkName, cniVersion: "", json };
  return {
    method: "allocate",
    attachment,
    netns: textOf(args["Netns"]),
    netnsOverride: isOverride(textOf(args["NetnsOverride"])),
    options: parseDhcpConfig(config, textOf(args["Args"])).options,
  };
}

function common(args: GobRecord): {
  readonly attachment: Parameters<Daemon["release"]>[0]["attachment"];
  readonly json: ReturnType<typeof parseDocument>;
} {
  const { StdinData } = args;
  const bytes = StdinData instanceof Uint8Array ? StdinData : new Uint8Array();
  const json = parseDocument(new TextDecoder().decode(bytes));
  return {
    attachment: {
      containerId: textOf(args["ContainerID"]),
      networkName: readNetworkName(json),
      ifName: textOf(args["IfName"]),
    },
    json,
  };
}
