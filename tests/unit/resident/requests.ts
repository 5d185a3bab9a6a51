/** Requests as a launcher sends them. @module */

import { concatBytes, viewOf } from "../../../lib/base/bytes.ts";

/** What a request consists of. */
export interface RequestParts {
  readonly magic?: string;
  readonly version?: number;
  readonly pid?: number;
  readonly device?: bigint;
  readonly inode?: bigint;
  readonly environment?: Uint8Array | Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array | string;
  /** What the header says, if that is not the truth. */
  readonly environmentLength?: number;
  readonly stdinLength?: number;
}

/** Encodes a request. */
export function requestBytes(
  {
    magic = "\0CNI",
    version = 1,
    pid = 4711,
    device = 64769n,
    inode = 2n,
    environment = { CNI_COMMAND: "VERSION" },
    stdin = "",
    ...lengths
  }: RequestParts = {},
): Uint8Array {
  const variables = environment instanceof Uint8Array
    ? environment
    : bytesOf(variablesText(environment));
  const input = stdin instanceof Uint8Array ? stdin : bytesOf(stdin);
  const header = new Uint8Array(40);
  header.set(bytesOf(magic));
  const view = viewOf(header);
  view.setUint32(4, version, true);
  view.setUint32(8, pid, true);
  view.setUint32(12, lengths.environmentLength ?? variables.length, true);
  view.setUint32(16, lengths.stdinLength ?? input.length, true);
  view.setBigUint64(24, device, true);
  view.setBigUint64(32, inode, true);
  return concatBytes([header, variables, input]);
}

function variablesText(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name}=${value}\0`).join("");
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
