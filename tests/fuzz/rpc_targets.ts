/** Fuzzing of upstream's protocol: gob, as plugin and daemon read it, and whole calls of upstream's plugin. @module */

import { assertEquals } from "@std/assert";
import { ByteWriter } from "../../lib/base/byte_writer.ts";
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

const MOST = 65_536;
const RESULT: Result = { ips: [], routes: [], dns: NO_DNS };

/**
 * A stream is read the same in one piece and in many, or refused the same; whatever it says can be read as a result,
 * and a result that was read can be written and reads the same again.
 */
export function runGob(bytes: Uint8Array, choice: number): void {
  const whole = decodeAll(bytes, bytes.length);
  const pieces = decodeAll(bytes, 1 + choice % 512);
  assertEquals(pieces.error, whole.error);
  assertEquals(pieces.records.length, whole.records.length);
  for (const [index, record] of whole.records.entries()) {
    const result = fromRpcResult(record);
    // Dear, and mostly there is nothing to see.
    if (result.ips.length === 0 && result.routes.length === 0) continue;
    assertEquals(pieces.records[index], record);
    const once = throughGob(result);
    assertEquals(throughGob(once), once);
  }
}

/**
 * A call of upstream's plugin is answered, or refused with an error that is meant; what it asks of the daemon could have
 * been asked by our plugin too. For every fourth the bytes are the configuration in a call that is well formed.
 */
export async function runUpstreamCall(
  bytes: Uint8Array,
  choice: number,
): Promise<void> {
  const stream = choice % 4 === 0 ? call(bytes, choice) : bytes;
  const connection = new FuzzConnection(stream, 1 + choice % 997);
  const daemon = new FuzzDaemon();
  try {
    // All that a connection asks of the daemon.
    await serveUpstream(CONNECT_LINE, connection, {
      daemon: daemon as unknown as Daemon,
      nowMs: () => 0,
    });
  } catch (error) {
    const isMeant = error instanceof CniError || error instanceof DecodeError ||
      error instanceof ConfigError || error instanceof SystemError;
    if (!isMeant) throw error;
  }
  for (const request of daemon.requests) {
    const text = formatRequest(request);
    assertEquals(formatRequest(parseRequest(text)), text);
  }
  const [head, ...answer] = connection.taken;
  assertEquals(new TextDecoder().decode(head), `${CONNECTED_LINE}\n\n`);
  if (stream === bytes) return;
  const { records, error } = decodeAll(joined(answer), MOST);
  assertEquals([records.length, error], [2, ""]);
}

const METHODS = ["DHCP.Allocate", "DHCP.Allocate", "DHCP.Release", "DHCP.X"];
const ARGS = ["", "K8S_POD_NAME=web-0;IgnoreUnknown=1", "A", "A=b;;=", "\0"];

/** One for all calls: describing the types takes longer than all the rest. */
const encoder = new GobEncoder();
/** A struct without fields: length, type, end. */
const EMPTY_BYTES = 4;
const DESCRIPTIONS = [RPC_REQUEST, CMD_ARGS].map((type) =>
  encoder.encode(type, {}).slice(0, -EMPTY_BYTES)
);

/** A call with this configuration. */
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
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}

/** The records before the end or the first error, and that. */
function decodeAll(
  bytes: Uint8Array,
  size: number,
): { readonly records: readonly GobRecord[]; readonly error: string } {
  const decoder = new GobDecoder(MOST);
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
  const { records: [record = {}], error } = decodeAll(bytes, MOST);
  assertEquals(error, "");
  return fromRpcResult(record);
}

const NEVER = new AbortController().signal;

/** The other side: sends a stream in pieces and is gone. */
class FuzzConnection implements RpcConnection {
  readonly hungUp = NEVER;
  readonly taken: Uint8Array[] = [];
  readonly #stream: Uint8Array;
  readonly #size: number;
  #at = 0;

  constructor(stream: Uint8Array, size: number) {
    this.#stream = stream;
    this.#size = size;
  }

  /** No headers. */
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
    this.taken.push(bytes);
    return Promise.resolve(true);
  }
}

/** Grants everything. */
class FuzzDaemon {
  readonly requests: DaemonRequest[] = [];

  allocate(request: DaemonRequest): Promise<Allocation> {
    this.requests.push(request);
    return Promise.resolve({
      result: RESULT,
      confirm: () => {},
      takeBack: () => Promise.resolve(),
    });
  }

  release(
    { method, attachment }: Extract<DaemonRequest, { method: "release" }>,
  ): Promise<void> {
    this.requests.push({ method, attachment });
    return Promise.resolve();
  }
}
