/** The daemon's side of a connection of upstream's plugin (`upstream_rpc.ts`). @module */

import { isOverride } from "../cni/environment.ts";
import { CniError, CniErrorCode, toCniError } from "../cni/error.ts";
import { parseDocument, readNetworkName } from "../cni/network_config.ts";
import { GobDecoder, type GobRecord } from "../gob/gob_decoder.ts";
import { GobEncoder } from "../gob/gob_encoder.ts";
import { parseDhcpConfig } from "./config.ts";
import type { Daemon } from "./daemon.ts";
import { MOST_REQUEST_BYTES } from "./protocol.ts";
import {
  CONNECT_LINE,
  CONNECTED_LINE,
  EMPTY,
  RPC_RESPONSE,
  RPC_RESULT,
  textOf,
  toRpcResult,
} from "./upstream_rpc.ts";

/** Upstream's plugin sends its call at once. */
const CALL_TIMEOUT_MS = 5000;

/** A connection whose first line is another protocol's. */
export interface RpcConnection {
  /** Aborted when the other side is gone. */
  readonly hungUp: AbortSignal;
  /** Undefined if the other side ends first. @throws {DecodeError | SystemError} */
  readLine(timeoutMs: number): Promise<string | undefined>;
  /** Undefined if the other side ends first. @throws {SystemError} */
  readBytes(timeoutMs: number): Promise<Uint8Array | undefined>;
  /** False if the other side is gone. @throws {SystemError} */
  writeBytes(bytes: Uint8Array, timeoutMs: number): Promise<boolean>;
}

/** Whether a first line is HTTP's. */
export function isHttp(line: string): boolean {
  return /^[A-Z]+ \S+ HTTP\//.test(line);
}

/**
 * Serves one call; upstream's plugin makes no more.
 *
 * @param line The first one.
 * @throws {DecodeError | SystemError} if what comes is no call.
 */
export async function serveUpstream(
  line: string,
  caller: RpcConnection,
  daemon: Daemon,
): Promise<void> {
  const write = (text: string): Promise<boolean> =>
    caller.writeBytes(new TextEncoder().encode(text), CALL_TIMEOUT_MS);
  if (line !== CONNECT_LINE) {
    await write("HTTP/1.0 405 Method Not Allowed\r\n\r\nmust CONNECT\n");
    return;
  }
  for (let header: string | undefined = line; header !== "";) {
    header = await caller.readLine(CALL_TIMEOUT_MS);
    if (header === undefined) return;
  }
  await write(`${CONNECTED_LINE}\n\n`);
  const decoder = new GobDecoder(MOST_REQUEST_BYTES);
  const header = await receive(caller, decoder);
  const args = header && await receive(caller, decoder);
  if (header !== undefined && args !== undefined) {
    await answer(header, args, caller, daemon);
  }
}

async function receive(
  caller: RpcConnection,
  decoder: GobDecoder,
): Promise<GobRecord | undefined> {
  for (;;) {
    const found = decoder.next();
    if (found !== undefined) return found;
    const piece = await caller.readBytes(CALL_TIMEOUT_MS);
    if (piece === undefined) return undefined;
    decoder.push(piece);
  }
}

async function answer(
  { ServiceMethod, Seq }: GobRecord,
  args: GobRecord,
  caller: RpcConnection,
  daemon: Daemon,
): Promise<void> {
  const method = textOf(ServiceMethod);
  const send = (
    { error, type = EMPTY, body = {} }: {
      readonly error?: string;
      readonly type?: typeof EMPTY;
      readonly body?: GobRecord;
    },
  ): Promise<boolean> => {
    const encoder = new GobEncoder();
    const header = { ServiceMethod, Seq, Error: error };
    const bytes = [
      ...encoder.encode(RPC_RESPONSE, header),
      ...encoder.encode(type, body),
    ];
    return caller.writeBytes(Uint8Array.from(bytes), CALL_TIMEOUT_MS);
  };
  try {
    switch (method) {
      case "DHCP.Allocate": {
        const allocation = await daemon.allocate(
          allocateRequest(args),
          caller.hungUp,
        );
        const body = toRpcResult(allocation.result);
        // There is no confirmation in this protocol.
        if (await send({ type: RPC_RESULT, body })) allocation.confirm();
        else await allocation.takeBack();
        return;
      }
      case "DHCP.Release":
        await daemon.release({ method: "release", ...common(args) });
        await send({});
        return;
      default:
        throw new CniError(
          CniErrorCode.internal,
          `rpc: can't find service ${method}`,
          "",
        );
    }
  } catch (error) {
    await send({ error: toCniError(error).message });
    throw error;
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
