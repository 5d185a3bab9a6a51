/** What a probe has found, step by step, and what to do about it. Pure. @module */

import { formatAge } from "../../base/age.ts";
import { counted } from "../../base/counted.ts";
import { quotedText } from "../../base/quoted_text.ts";
import { formatCidr } from "../../net/cidr.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { formatMacAddress } from "../../net/mac_address.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { Lease } from "../client/lease.ts";
import { formatRoute } from "../codec/route_options.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import { acceptedRoutes } from "../daemon/route_policy.ts";
import type { ProbeAnswer, ProbeExchange } from "./probe_exchange.ts";

/** One step of the diagnosis. */
export interface Step {
  readonly step: "link" | "carrier" | "sent" | "received" | "offer";
  readonly verdict: "ok" | "warning" | "failed";
  readonly text: string;
  /** More lines. */
  readonly details: readonly string[];
  /** What to do; empty if nothing. */
  readonly advice: string;
}

function step(
  name: Step["step"],
  verdict: Step["verdict"],
  text: string,
  { details = [], advice = "" }: Partial<Pick<Step, "details" | "advice">> = {},
): Step {
  return { step: name, verdict, text, details, advice };
}

/** Returns the steps up to a link that can send. @param link Undefined if it was removed. */
export function linkSteps(
  ifName: string,
  link: LinkInfo | undefined,
): readonly Step[] {
  if (link === undefined) {
    return [step("link", "failed", `${ifName} was removed`)];
  }
  const { macAddress, mtu, kind, isUp, hasCarrier } = link;
  const about = [
    kind ?? "device",
    ...(macAddress.length === 0 ? [] : [formatMacAddress(macAddress)]),
    `MTU ${mtu}`,
  ].join(", ");
  if (!isUp) {
    const advice =
      "ADD sets it up; to probe it, do so yourself: ip link set dev NAME up";
    return [step("link", "failed", `it is down (${about})`, { advice })];
  }
  const up = step("link", "ok", `it is up (${about})`);
  if (hasCarrier) return [up, step("carrier", "ok", "frames can be sent")];
  const advice =
    "check the other end: the peer, bridge or master of the interface must be up, and a cable connected";
  return [up, step("carrier", "failed", "there is no carrier", { advice })];
}

/** Returns the steps of an exchange, each answer being one. */
export function exchangeSteps(
  found: ProbeExchange,
  options: LeaseOptions,
): readonly Step[] {
  const { sent, sendError, xid, answers, moreAnswers, dropped } = found;
  const id = `xid ${xid.toString(16).padStart(8, "0")}`;
  if (sent === 0) {
    const { message = "nothing was sent", advice = "" } = sendError ?? {};
    return [step("sent", "failed", `no DHCPDISCOVER: ${message}`, { advice })];
  }
  const sentStep = sendError === undefined
    ? step("sent", "ok", `${counted(sent, "DHCPDISCOVER")} (${id})`)
    : step(
      "sent",
      "warning",
      `${counted(sent, "DHCPDISCOVER")} (${id}), then: ${sendError.message}`,
      { advice: sendError.advice },
    );
  const details = [
    ...[...dropped].map(([reason, count]) =>
      `${counted(count, "packet")} dropped: ${reason}`
    ),
    ...(moreAnswers > 0
      ? [`${counted(moreAnswers, "other answer")} not listed`]
      : []),
  ];
  const seconds = Math.round(found.durationMs / 1000);
  if (answers.length === 0) {
    return [
      sentStep,
      step("received", "failed", `no answer within ${seconds} s`, {
        details,
        advice:
          "check that a DHCP server with free addresses serves this segment, and that nothing between drops UDP ports 67 and 68: VLAN, bridge port, DHCP snooping, firewall",
      }),
    ];
  }
  const servers = new Set(answers.map(serverOf));
  const [first] = answers;
  const received = step(
    "received",
    servers.size > 1 ? "warning" : "ok",
    `${counted(answers.length, "answer")} from ${
      counted(servers.size, "server")
    }, the first after ${Math.round(first?.afterMs ?? 0)} ms`,
    {
      details,
      advice: servers.size > 1
        ? "several servers answer on this segment; a client accepts the first usable offer"
        : "",
    },
  );
  return [
    sentStep,
    received,
    ...answers.map((answer) => answerStep(answer, options)),
  ];
}

/** Returns the server of an answer: its identifier, or the sender if it has none. */
export function serverOf({ result, source }: ProbeAnswer): string {
  return formatIpAddress(
    result.kind === "lease" ? result.lease.serverIdentifier : source,
  );
}

function answerStep(answer: ProbeAnswer, options: LeaseOptions): Step {
  const { result, source, sender, message } = answer;
  const via = `${formatIpAddress(source)} (${formatMacAddress(sender)})`;
  const given = `options ${
    [...message.options.keys()].sort((a, b) => a - b).join(", ")
  }`;
  if (result.kind === "unusable") {
    const address = formatIpAddress(message.yiaddr);
    return step("offer", "failed", `${address} from ${via} is refused`, {
      details: [result.reason, given],
      advice: "correct the configuration of that server",
    });
  }
  const { lease } = result;
  const server = formatIpAddress(lease.serverIdentifier);
  const text = `${formatCidr(lease)} from server ${server}, sent by ${via}`;
  const warnings = warningsOn(lease, options);
  return step("offer", warnings.length > 0 ? "warning" : "ok", text, {
    details: [...leaseTexts(lease, options), ...warnings, given],
  });
}

function leaseTexts(lease: Lease, options: LeaseOptions): string[] {
  const { sentMs, t1Ms, t2Ms, expiresMs, dns, mtu } = lease;
  // The clock has fractions of a millisecond, and the difference their rounding errors.
  const span = (atMs: number): string =>
    atMs === Infinity ? "never" : formatAge(Math.round(atMs - sentMs));
  const routes = acceptedRoutes(lease, options).routes.map(formatRoute);
  const names = [dns.domain ?? "", ...dns.search]
    .filter((name) => name !== "");
  return [
    `lease time ${span(expiresMs)}, T1 ${span(t1Ms)}, T2 ${span(t2Ms)}`,
    routes.length === 0 ? "no routes" : `routes ${routes.join("; ")}`,
    ...(options.suppressDns || dns.nameservers.length === 0
      ? []
      : [`name servers ${dns.nameservers.map(formatIpAddress).join(", ")}`]),
    ...(options.suppressDns || names.length === 0
      ? []
      : [`domains ${names.map(quotedText).join(", ")}`]),
    ...(mtu === undefined ? [] : [`MTU ${mtu}`]),
  ];
}

/** Returns what ADD would ignore of an offer. */
export function warningsOn(
  lease: Lease,
  options: LeaseOptions,
): readonly string[] {
  const { warnings } = acceptedRoutes(lease, options);
  return [...lease.warnings, ...warnings].map((text) => `ignored: ${text}`);
}
