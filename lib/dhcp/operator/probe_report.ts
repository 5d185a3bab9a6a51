/** What `dhcp probe` prints. Pure. @module */

import { escapedText } from "../../base/quoted_text.ts";
import { type Screen, type Tone, toned } from "../../cli/screen.ts";
import { wrapText } from "../../cli/wrapped_text.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { formatMacAddress } from "../../net/mac_address.ts";
import type { Lease } from "../client/lease.ts";
import { formatRoute } from "../codec/route_options.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import { acceptedRoutes } from "../daemon/route_policy.ts";
import { isUsable, type ProbeAnswer } from "./probe_exchange.ts";
import { serverOf, type Step, warningsOn } from "./probe_steps.ts";

/** Returns an answer as `--json` prints it. */
export function answerJson(
  answer: ProbeAnswer,
  options: LeaseOptions,
): Readonly<Record<string, unknown>> {
  const { result, source, sender, message, afterMs } = answer;
  return {
    server: serverOf(answer),
    source: formatIpAddress(source),
    sender: formatMacAddress(sender),
    address: formatIpAddress(message.yiaddr),
    afterMs: Math.round(afterMs),
    options: [...message.options.keys()].sort((a, b) => a - b),
    isUsable: isUsable(answer),
    refusal: result.kind === "unusable" ? result.reason : null,
    ...(result.kind === "lease" ? leaseJson(result.lease, options) : {}),
  };
}

function leaseJson(
  lease: Lease,
  options: LeaseOptions,
): Readonly<Record<string, unknown>> {
  const { sentMs, t1Ms, t2Ms, expiresMs, dns, mtu, gateway } = lease;
  const seconds = (atMs: number): number | null =>
    atMs === Infinity ? null : Math.round((atMs - sentMs) / 1000);
  return {
    prefixLength: lease.prefixLength,
    leaseSeconds: seconds(expiresMs),
    t1Seconds: seconds(t1Ms),
    t2Seconds: seconds(t2Ms),
    gateway: gateway === undefined ? null : formatIpAddress(gateway),
    routes: acceptedRoutes(lease, options).routes.map(formatRoute),
    nameservers: dns.nameservers.map(formatIpAddress),
    domain: dns.domain ?? null,
    search: dns.search,
    mtu: mtu ?? null,
    warnings: warningsOn(lease, options),
  };
}

const TONES: Readonly<Record<Step["verdict"], Tone>> = {
  ok: "good",
  warning: "warning",
  failed: "bad",
};

/** The width of verdict and name, and the spaces around them. */
const INDENT = 21;

/** Returns the lines on a step. */
export function stepLines(
  { step: name, verdict, text, details, advice }: Step,
  screen: Screen,
): readonly string[] {
  const width = screen.columns - INDENT;
  const blank = " ".repeat(INDENT);
  const [first = "", ...more] = wrapText(escapedText(text), { width });
  const start = `  ${toned(verdict.padEnd(7), TONES[verdict], screen)}  ${
    name.padEnd(10)
  }`;
  return [
    `${start}${first}`,
    ...more.map((line) => `${blank}${line}`),
    ...details.flatMap((detail) =>
      wrapText(escapedText(detail), { width: width - 2, indent: "  " })
        .map((line) => `${blank}  ${line}`)
    ),
    ...(advice === ""
      ? []
      : wrapText(escapedText(advice), { width }).map((line) =>
        `${blank}${line}`
      )),
  ];
}
