/**
 * Fuzz targets for upstream's protocol: gob streams, and whole calls of upstream's plugin.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { concatBytes } from "../../lib/base/bytes.ts";
import {
  ConfigError,
  DecodeError,
  SystemError,
} from "../../lib/base/errors.ts";
import { CniError } from "../../lib/cni/error.ts";
import { NO_DNS, type Result } from "../../lib/cni/result.ts";
import type { Allocation, Daemon } from "../../lib/dhcp/daemon/daemon.ts";
import {
  type DaemonRequest,
  formatRequest,
  parseRequest,
} from "../../lib/dhcp/protocol/daemon_protocol.ts";
import {
  CMD_ARGS,
  CONNECT_LINE,
  CONNECTED_LINE,
  fromRpcResult,
  RPC_REQUEST,
  RPC_RESULT,
  toRpcResult,
} from "../../lib/dhcp/protocol/upstream_protocol.ts";
import {
  type RpcConnection,
  serveUpstream,
} from "../../lib/dhcp/daemon/upstream_server.ts";
import {
  GobDecoder,
  type GobRecord,
} from "../../lib/dhcp/protocol/gob/gob_decoder.ts";
import { GobEncoder } from "../../lib/dhcp/protocol/gob/gob_encoder.ts";

const MAX_BYTES = 65_536;
const RESULT: Result = { ips: [], routes: [], dns: NO_DNS };

/**
 * A stream decodes to the same records, or fails with the same error, in one piece and in many. Any
 * record can be read as a result, and a result that is written reads the same again.
 */
export function runGob(bytes: Uint8Array, choice: number): void {
  const whole = decodeAll(bytes, bytes.length);
  const pieces = decodeAll(bytes, 1 + choice % 512);
  assertEquals(pieces.error, whole.error);
  assertEquals(pieces.records.length, whole.records.length);
  for (const [index, record] of whole.records.entries()) {
    const result = fromRpcResult(record);
    // The rest is slow, and most records have no addresses and routes.
    if (result.ips.length === 0 && result.routes.length === 0) continue;
    assertEquals(pieces.records[index], record);
    const once = throughGob(result);
    assertEquals(throughGob(once), once);
  }
}

/**
 * A call of upstream's plugin is answered, or refused with an expected error, and the request that
 * reaches the daemon can be sent in our own protocol. In every fourth run the bytes are the
 * configuration in a well-formed call.
 */
export async function runUpstreamCall(
  bytes: Uint8Array,
  choice: number,
): Promise<void> {
  const stream = choice % 4 === 0 ? call(bytes, choice) : bytes;
  const connection = new FuzzConnection(stream, 1 + choice % 997);
  const daemon = new FuzzDaemon();
  try {
    // A connection uses no other methods of the daemon.
    await serveUpstream(CONNECT_LINE, connection, {
      daemon: daemon as unknown as Daemon,
      nowMs: () => 0,
    });
  } catch (error) {
    const isExpected = error instanceof CniError ||
      error instanceof DecodeError ||
      error instanceof ConfigError || error instanceof SystemError;
    if (!isExpected) throw error;
  }
  for (const request of daemon.requests) {
    const text = formatRequest(request);
    assertEquals(formatRequest(parseRequest(text)), text);
  }
  const [head, ...answer] = connection.written;
  assertEquals(new TextDecoder().decode(head), `${CONNECTED_LINE}\n\n`);
  if (stream === bytes) return;
  const { records, error } = decodeAll(concatBytes(answer), MAX_BYTES);
  assertEquals([records.length, error], [2, ""]);
}

const METHODS = ["DHCP.Allocate", "DHCP.Allocate", "DHCP.Release", "DHCP.X"];
const ARGS = ["", "K8S_POD_NAME=web-0;IgnoreUnknown=1", "A", "A=b;;=", "\0"];

/** Shared by all calls, because the type descriptions take longer to encode than anything else. */
const encoder = new GobEncoder();
/** The length of an empty struct: length (1), type (2), end (1). */
const EMPTY_BYTES = 4;
const DESCRIPTIONS = [RPC_REQUEST, CMD_ARGS].map((type) =>
  encoder.encode(type, {}).slice(0, -EMPTY_BYTES)
);

/** Encodes a well-formed call with this configuration. */
function call(config: Uint8Array, choice: number): Uint8Array {
  const parts = [
    ...DESCRIPTIONS,
    encoder.encode(RPC_REQUEST, {
      ServiceMethod: METHODS[(choice >>> 2) % METHODS.length],
      Seq: choice,
    }),
    encoder.encode(CMD_ARGS, {
      ContainerID: "c1",
      Netns: "/ns/a",
      IfName: "eth0",
      Args: ARGS[(choice >>> 4) % ARGS.length],
      StdinData: config,
    }),
  ];
  return concatBytes(parts);
}

/** Decodes the records before the end or the first error; `error` is empty at the end. */
function decodeAll(
  bytes: Uint8Array,
  size: number,
): { readonly records: readonly GobRecord[]; readonly error: string } {
  const decoder = new GobDecoder(MAX_BYTES);
  const records: GobRecord[] = [];
  try {
    for (let at = 0; at < bytes.length; at += size) {
      decoder.push(bytes.subarray(at, at + size));
      let next = decoder.next();
      for (; next !== undefined; next = decoder.next()) records.push(next);
    }
    return { records, error: "" };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { records, error: error.message };
  }
}

function throughGob(result: Result): Result {
  const bytes = new GobEncoder().encode(RPC_RESULT, toRpcResult(result));
  const { records: [record = {}], error } = decodeAll(bytes, MAX_BYTES);
  assertEquals(error, "");
  return fromRpcResult(record);
}

const NEVER = new AbortController().signal;

/** A caller that sends a stream in pieces and disconnects. */
class FuzzConnection implements RpcConnection {
  readonly peer = { pid: 1, uid: 0 };
  readonly hungUp = NEVER;
  readonly written: Uint8Array[] = [];
  readonly #stream: Uint8Array;
  readonly #size: number;
  #at = 0;

  constructor(stream: Uint8Array, size: number) {
    this.#stream = stream;
    this.#size = size;
  }

  /** Ends the HTTP head: there are no header lines. */
  readLine(): Promise<string> {
    return Promise.resolve("");
  }

  readBytes(): Promise<Uint8Array | undefined> {
    const from = this.#at;
    this.#at += this.#size;
    return Promise.resolve(
      from < this.#stream.length
        ? this.#stream.subarray(from, this.#at)
        : undefined,
    );
  }

  writeBytes(bytes: Uint8Array): Promise<boolean> {
    this.written.push(bytes);
    return Promise.resolve(true);
  }
}

/** A daemon that grants every request. */
class FuzzDaemon {
  readonly requests: DaemonRequest[] = [];

  allocate(request: DaemonRequest): Promise<Allocation> {
    this.requests.push(request);
    return Promise.resolve({
      result: RESULT,
      confirm: () => {},
      cancel: () => Promise.resolve(),
    });
  }

  release(
    { attachment }: Pick<
      Extract<DaemonRequest, { method: "release" }>,
      "attachment"
    >,
  ): Promise<void> {
    this.requests.push({ method: "release", attachment });
    return Promise.resolve();
  }
}
