/** Reads metrics as Prometheus does, and checks them with its tool. @module */

import type { Requirement } from "./requirements.ts";

/** What {@link promtool} needs. */
export const PROMTOOL: Requirement = "command:promtool";

/** The head of a request of Prometheus. */
export const GET_METRICS =
  "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n";

/**
 * Connects to `unix:PATH` or `ADDRESS:PORT`.
 *
 * @param address As a daemon logs it.
 */
export async function connectTo(
  address: string,
): Promise<Deno.Conn | Deno.UnixConn> {
  const path = /^unix:(.+)$/.exec(address)?.[1];
  if (path !== undefined) {
    return await Deno.connect({ transport: "unix", path });
  }
  const [, hostname = "", port] = /^\[?([^\]]+)\]?:([0-9]+)$/.exec(address) ??
    [];
  return await Deno.connect({ hostname, port: Number(port) });
}

/** Sends a request, and returns the whole answer. */
export async function request(address: string, text: string): Promise<string> {
  using connection = await connectTo(address);
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}

/** Returns the metrics that a daemon serves. @throws {Error} if it does not. */
export async function scrape(address: string): Promise<string> {
  const answer = await request(address, GET_METRICS);
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  if (head.startsWith("HTTP/1.1 200 OK\r\n")) return body;
  throw new Error(`Cannot scrape ${address}: ${answer}`);
}

/** Returns where a daemon serves its metrics, as its log says. */
export function metricsAddress(log: string): string {
  return /event=serving .*\bmetrics=(\S+)/.exec(log)?.[1] ?? "";
}

/** Returns a value; undefined if there is none. @param series As it is written: `x{a="b"}`. */
export function valueOf(text: string, series: string): number | undefined {
  const line = text.split("\n").find((line) => line.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Returns the names of all metrics. */
export function familyNames(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = ""]) => name);
}

/** Returns the names of all series, those of a histogram with their suffixes. */
export function metricNames(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap((
    [, name = "", type],
  ) =>
    type === "histogram"
      ? [`${name}_bucket`, `${name}_sum`, `${name}_count`]
      : [name]
  );
}

/** Runs promtool. @returns What it prints if it finds something; empty if it does not. */
export async function promtool(
  args: readonly string[],
  stdin = "",
): Promise<string> {
  const child = new Deno.Command("promtool", {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (success) return "";
  const decoder = new TextDecoder();
  return `${decoder.decode(stdout)}${decoder.decode(stderr)}`;
}
