/** The commands of the dhcp plugin on upstream's daemon, in its own protocol. @module */

import { SystemError, TooLongError } from "../../base/errors.ts";
import { escapedText, quotedText, shortened } from "../../base/quoted_text.ts";
import { CniError, CniErrorCode } from "../../cni/error.ts";
import type { PluginHandlers, Request } from "../../cni/plugin.ts";
import type { Result } from "../../cni/result.ts";
import { parseResult } from "../../cni/result_reader.ts";
import { GobDecoder, type GobRecord } from "../protocol/gob/gob_decoder.ts";
import { GobEncoder } from "../protocol/gob/gob_encoder.ts";
import { formatCidr } from "../../net/cidr.ts";
import { parseSocketPath } from "../config/dhcp_config.ts";
import { absoluteNetns } from "./netns_path.ts";
import type { PluginPorts } from "./ports.ts";
import { MAX_RESPONSE_BYTES } from "../protocol/daemon_protocol.ts";
import { upstreamConfig } from "./upstream_config.ts";
import {
  CMD_ARGS,
  CONNECT_LINE,
  CONNECTED_LINE,
  fromRpcResult,
  RPC_REQUEST,
  type RpcMethod,
  textOf,
} from "../protocol/upstream_protocol.ts";

const CONNECT_TIMEOUT_MS = 5000;
/** Upstream's daemon sends one line. One piece can have 64 KiB. */
const MAX_HEAD_LENGTH = 128 * 1024;
/** Upstream's daemon ends an ADD after 208 s at the latest. */
const CALL_TIMEOUT_MS = 240_000;
/** Of a text of the daemon, in an error. Characters. */
const MAX_TEXT = 1000;

/**
 * Returns the commands on upstream's daemon, which has neither GC nor STATUS: GC releases nothing,
 * and STATUS succeeds because the daemon has responded.
 */
export function upstreamHandlers(ports: PluginPorts): PluginHandlers {
  return {
    add: async (request, answer) =>
      await answer(await allocate(request, ports)),
    del: async (request) => {
      await call(request, "DHCP.Release", ports);
    },
    check: async (request) =>
      checkAddresses(request, await allocate(request, ports)),
    gc: () => {
      ports.log("warn", "gc-unsupported");
      return Promise.resolve();
    },
    status: () => Promise.resolve(),
  };
}

async function allocate(request: Request, ports: PluginPorts): Promise<Result> {
  return fromRpcResult(await call(request, "DHCP.Allocate", ports));
}

function checkAddresses({ config }: Request, { ips }: Result): void {
  const previous = config.json.object("prevResult");
  if (previous === undefined) return;
  const before = parseResult(previous).ips.map(({ address }) =>
    formatCidr(address)
  );
  const missing = ips.map(({ address }) => formatCidr(address)).find((text) =>
    !before.includes(text)
  );
  if (missing === undefined) return;
  throw new CniError(
    CniErrorCode.internal,
    `dhcp: the lease is ${missing}, which prevResult does not have: ${
      before.join(" ")
    }`,
  );
}

/** Makes one call on a new connection. @returns The body of the response. */
async function call(
  request: Request,
  method: RpcMethod,
  ports: PluginPorts,
): Promise<GobRecord> {
  const { invocation, config } = request;
  using connection = await ports.connect(parseSocketPath(config));
  const connected = await connection.exchange(
    new TextEncoder().encode(`${CONNECT_LINE}\n\n`),
    { timeoutMs: CONNECT_TIMEOUT_MS, take: headTaker() },
  );
  if (connected !== CONNECTED_LINE) {
    throw new SystemError(
      `error dialing DHCP daemon: unexpected response ${
        quotedText(shortened(connected, MAX_TEXT))
      }`,
    );
  }
  const encoder = new GobEncoder();
  const bytes = [
    ...encoder.encode(RPC_REQUEST, { ServiceMethod: method }),
    ...encoder.encode(CMD_ARGS, {
      ContainerID: invocation.containerId,
      Netns: absoluteNetns(request, ports),
      IfName: invocation.ifName,
      Args: invocation.cniArgs,
      StdinData: new TextEncoder().encode(
        JSON.stringify(upstreamConfig(config.json)),
      ),
    }),
  ];
  const [header = {}, body = {}] = await connection.exchange(
    Uint8Array.from(bytes),
    { timeoutMs: CALL_TIMEOUT_MS, take: responseTaker() },
  );
  // The text may quote a server.
  const error = escapedText(shortened(textOf(header["Error"]), MAX_TEXT));
  if (error === "") return body;
  throw new CniError(
    CniErrorCode.internal,
    `error calling ${method}: ${error}`,
  );
}

/**
 * Collects pieces of an HTTP response until its head is complete, and returns its first line.
 *
 * @throws {TooLongError} if the head does not end.
 */
function headTaker(): (piece: Uint8Array) => string | undefined {
  let head = "";
  return (piece) => {
    head += new TextDecoder().decode(piece);
    if (head.length > MAX_HEAD_LENGTH) {
      throw new TooLongError(
        `error dialing DHCP daemon: HTTP head of more than ${MAX_HEAD_LENGTH} bytes`,
        "head",
      );
    }
    return head.includes("\n\n") || head.includes("\r\n\r\n")
      ? head.split(/\r?\n/)[0]
      : undefined;
  };
}

/** Collects pieces of a gob stream until it has two records: header and body. */
function responseTaker(): (piece: Uint8Array) => GobRecord[] | undefined {
  const decoder = new GobDecoder(MAX_RESPONSE_BYTES);
  const found: GobRecord[] = [];
  return (piece) => {
    decoder.push(piece);
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      found.push(next);
    }
    return found.length < 2 ? undefined : found;
  };
}
