/**
 * The messages between a launcher and a resident process, version 1 (docs/launcher.md). Pure.
 *
 * Integers are little-endian, as on both machines that the launcher is built for.
 *
 * @module
 */

import { concatBytes, viewOf } from "../base/bytes.ts";
import { DecodeError } from "../base/errors.ts";
import { MAX_STDIN_BYTES } from "../cni/network_config.ts";

/** The first bytes of a request. JSON lines and HTTP begin with others. */
const MAGIC = [0, 0x43, 0x4e, 0x49];
const VERSION = 1;
const HEADER_BYTES = 40;
/** The environment: the kernel limits one variable to 128 KiB (execve(2)). */
const MAX_ENVIRONMENT_BYTES = 256 * 1024;

/** The longest document that a launcher accepts. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024 - 1;

/** What the launcher sends after its request, one byte each. */
export const SIGNAL = {
  /** Run the call: the launcher has seen that it is accepted. */
  go: 0x67,
  /** The document is on stdout. */
  printed: 0x70,
} as const;

/** A call that a launcher forwards. */
export interface LauncherRequest {
  /** The process ID of the launcher. */
  readonly pid: number;
  /** The root directory of the launcher, as stat(2) identifies it. */
  readonly root: RootIdentity;
  /** The values of the CNI_* variables. They need not be UTF-8. */
  readonly environment: ReadonlyMap<string, Uint8Array>;
  readonly stdin: Uint8Array;
}

/** A root directory: which device, and which inode on it. Exact up to 2^53. */
export interface RootIdentity {
  readonly device: number;
  readonly inode: number;
}

/** Returns whether the first byte of a connection is that of a launcher. */
export function isLauncher(firstByte: number): boolean {
  return firstByte === MAGIC[0];
}

/** Collects the pieces of a request. */
export class RequestDecoder {
  #pieces: Uint8Array[] = [];
  #length = 0;
  #expected = HEADER_BYTES;
  #hasHeader = false;

  /**
   * Adds a piece; it may be changed afterwards.
   *
   * @returns The request once it is complete.
   * @throws {DecodeError} if it is not one, is too long, or more bytes follow.
   */
  push(piece: Uint8Array): LauncherRequest | undefined {
    this.#pieces.push(piece.slice());
    this.#length += piece.length;
    if (this.#length < this.#expected) return undefined;
    const bytes = concatBytes(this.#pieces);
    if (!this.#hasHeader) {
      this.#expected = lengthOf(bytes);
      this.#hasHeader = true;
      this.#pieces = [bytes];
      if (this.#length < this.#expected) return undefined;
    }
    if (this.#length > this.#expected) {
      throw new DecodeError("Cannot decode request: bytes after its end", "0");
    }
    return parseRequest(bytes);
  }
}

/** Checks the header. @returns The length of the whole request. */
function lengthOf(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw new DecodeError("Cannot decode request: not a launcher's", "0");
  }
  const version = view.getUint32(4, true);
  if (version !== VERSION) {
    throw new DecodeError(
      `Cannot decode request: version ${version}, expected ${VERSION}`,
      "4",
    );
  }
  const environmentBytes = view.getUint32(12, true);
  const stdinBytes = view.getUint32(16, true);
  if (
    environmentBytes > MAX_ENVIRONMENT_BYTES || stdinBytes > MAX_STDIN_BYTES
  ) {
    throw new DecodeError(
      `Cannot decode request: ${environmentBytes} bytes of environment and ${stdinBytes} of stdin are too many`,
      "12",
    );
  }
  return HEADER_BYTES + environmentBytes + stdinBytes;
}

function parseRequest(bytes: Uint8Array): LauncherRequest {
  const view = viewOf(bytes);
  const stdinAt = HEADER_BYTES + view.getUint32(12, true);
  return {
    pid: view.getUint32(8, true),
    root: {
      device: Number(view.getBigUint64(24, true)),
      inode: Number(view.getBigUint64(32, true)),
    },
    environment: parseEnvironment(bytes.subarray(HEADER_BYTES, stdinAt)),
    stdin: bytes.subarray(stdinAt),
  };
}

const LATIN1 = new TextDecoder("latin1");

/** As for getenv(3), the first of several variables of one name counts. */
function parseEnvironment(
  bytes: Uint8Array,
): ReadonlyMap<string, Uint8Array> {
  const variables = new Map<string, Uint8Array>();
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start);
    if (end < 0) {
      throw new DecodeError(
        "Cannot decode request: the environment is truncated",
        String(HEADER_BYTES + start),
      );
    }
    const variable = bytes.subarray(start, end);
    const equals = variable.indexOf(0x3d);
    if (equals > 0) {
      const name = LATIN1.decode(variable.subarray(0, equals));
      if (!variables.has(name)) {
        variables.set(name, variable.subarray(equals + 1));
      }
    }
    start = end + 1;
  }
  return variables;
}

/** A message to the launcher. */
export type Frame =
  /** The request is complete, and runs once the launcher says so. */
  | { readonly kind: "accepted" }
  /** The launcher has to run the standalone executable; `reason` is for operators. */
  | { readonly kind: "notMine"; readonly reason: string }
  /** The call is still running. */
  | { readonly kind: "beat" }
  | { readonly kind: "stderr"; readonly text: string }
  /** The document for stdout, to be confirmed. */
  | {
    readonly kind: "document";
    readonly exitStatus: number;
    readonly text: string;
  }
  /** The call is over. */
  | { readonly kind: "end"; readonly exitStatus: number };

const ENCODER = new TextEncoder();

const TYPES = {
  accepted: "A",
  notMine: "N",
  beat: "B",
  stderr: "E",
  document: "O",
  end: "X",
} as const;

/** Encodes a message to the launcher: type, length of the payload, payload. */
export function encodeFrame(frame: Frame): Uint8Array {
  const payload = payloadOf(frame);
  const bytes = new Uint8Array(5 + payload.length);
  bytes[0] = TYPES[frame.kind].charCodeAt(0);
  viewOf(bytes).setUint32(1, payload.length, true);
  bytes.set(payload, 5);
  return bytes;
}

function payloadOf(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case "accepted":
    case "beat":
      return new Uint8Array(0);
    case "notMine":
      return ENCODER.encode(frame.reason);
    case "stderr":
      return ENCODER.encode(frame.text);
    case "document":
      return concatBytes([
        Uint8Array.of(frame.exitStatus),
        ENCODER.encode(frame.text),
      ]);
    case "end":
      return Uint8Array.of(frame.exitStatus);
  }
}
