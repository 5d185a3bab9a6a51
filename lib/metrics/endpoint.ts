/** Where metrics are served: the value of the flag `-metrics`. Pure. @module */

import { SystemError } from "../base/errors.ts";

/** An address to listen on. */
export type MetricsEndpoint =
  | { readonly kind: "unix"; readonly path: string }
  | {
    readonly kind: "tcp";
    /** Without brackets. */
    readonly hostname: string;
    /** 0: any free port. */
    readonly port: number;
  };

const MAX_PORT = 65_535;

/**
 * Parses `unix:PATH` or `ADDRESS:PORT`. An IPv6 address is in brackets.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseMetricsEndpoint("[::1]:9553"), {
 *   kind: "tcp",
 *   hostname: "::1",
 *   port: 9553,
 * });
 * ```
 *
 * @throws {SystemError} if it is neither.
 */
export function parseMetricsEndpoint(text: string): MetricsEndpoint {
  const path = /^unix:(\/.+)$/s.exec(text)?.[1];
  if (path !== undefined) return { kind: "unix", path };
  const [, inBrackets, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const hostname = inBrackets ?? plain;
  const port = Number(digits);
  if (hostname !== undefined && port <= MAX_PORT) {
    return { kind: "tcp", hostname, port };
  }
  throw new SystemError(
    `cannot serve metrics at ${
      JSON.stringify(text)
    }: neither unix:PATH nor ADDRESS:PORT`,
    {
      advice:
        "write -metrics unix:/run/cni/NAME.sock, with an absolute path, or -metrics 127.0.0.1:9553",
    },
  );
}
