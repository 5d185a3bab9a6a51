/** The part of HTTP/1.1 that a scrape needs: one request and its response. Pure. @module */

import { CONTENT_TYPE } from "./exposition.ts";

/** The path of the metrics. */
const PATH = "/metrics";

/** What a request asks for. */
export type HttpRequest =
  /** The metrics; without a body for HEAD. */
  | { readonly kind: "metrics"; readonly hasBody: boolean }
  /** Anything else. */
  | { readonly kind: "refused"; readonly status: "400" | "404" | "405" };

/**
 * Parses the head of a request.
 *
 * @param text The bytes so far, as Latin-1.
 * @returns Undefined if the head is not complete.
 */
export function parseHttpRequest(text: string): HttpRequest | undefined {
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return undefined;
  const [, method, target = ""] =
    /^([A-Z]+) (\S+) HTTP\/1\.[01]\r?\n/.exec(text) ?? [];
  if (method === undefined) return { kind: "refused", status: "400" };
  if (target.split("?")[0] !== PATH) return { kind: "refused", status: "404" };
  if (method !== "GET" && method !== "HEAD") {
    return { kind: "refused", status: "405" };
  }
  return { kind: "metrics", hasBody: method === "GET" };
}

const REFUSALS = {
  "400": "Bad Request",
  "404": "Not Found",
  "405": "Method Not Allowed",
} as const;

/** Formats the answer that refuses a request. */
export function formatRefusal(status: keyof typeof REFUSALS): Uint8Array {
  const body = status === "404"
    ? `the metrics are at ${PATH}\n`
    : `${REFUSALS[status]}\n`;
  const type = "text/plain; charset=utf-8";
  const allow = status === "405" ? ["Allow: GET, HEAD"] : [];
  return format(`${status} ${REFUSALS[status]}`, { body, type, allow });
}

/** Formats the answer with the metrics. @param body Their text. */
export function formatAnswer(body: string, hasBody: boolean): Uint8Array {
  return format("200 OK", { body, type: CONTENT_TYPE, hasBody });
}

function format(
  status: string,
  { body, type, allow = [], hasBody = true }: {
    readonly body: string;
    readonly type: string;
    readonly allow?: readonly string[];
    readonly hasBody?: boolean;
  },
): Uint8Array {
  const encoder = new TextEncoder();
  const { length } = encoder.encode(body);
  const head = [
    `HTTP/1.1 ${status}`,
    `Content-Type: ${type}`,
    `Content-Length: ${length}`,
    ...allow,
    "Connection: close",
  ].join("\r\n");
  return encoder.encode(`${head}\r\n\r\n${hasBody ? body : ""}`);
}
