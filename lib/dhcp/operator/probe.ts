/** `dhcp probe`: whether a container would get a lease on an interface, step by step. @module */

import { formatAge } from "../../base/age.ts";
import { escapedText, quotedText } from "../../base/quoted_text.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import type { Outcome } from "../../cli/outcome.ts";
import { type Screen, type Tone, toned } from "../../cli/screen.ts";
import { wrapText } from "../../cli/wrapped_text.ts";
import { formatCidr } from "../../net/cidr.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import { formatMacAddress } from "../../net/mac_address.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { Lease } from "../client/lease.ts";
import type { ClientSettings } from "../client/settings.ts";
import { formatRoute } from "../codec/route_options.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import { clientSettings, newIdentity } from "../daemon/client_identity.ts";
import { DAEMON_FLAGS } from "../daemon/flags.ts";
import { acceptedRoutes } from "../daemon/route_policy.ts";
import type { OperatorPorts } from "./ports.ts";
import {
  exchange,
  isUsable,
  type ProbeAnswer,
  type ProbeExchange,
} from "./probe_exchange.ts";
import { counted } from "../../base/counted.ts";

/** What to probe. */
export interface ProbeSubject {
  /** The path of a network namespace. */
  readonly netns: string;
  readonly ifName: string;
  readonly timeoutMs: number;
  /** What to send, and what to accept. */
  readonly options: LeaseOptions;
}

/** One step of the diagnosis. */
interface Step {
  readonly step: "link" | "carrier" | "sent" | "seen" | "offer";
  readonly verdict: "ok" | "warning" | "failed";
  readonly text: string;
  /** More lines. */
  readonly details: readonly string[];
  /** What to do; empty if nothing. */
  readonly advice: string;
}

const TONES: Readonly<Record<Step["verdict"], Tone>> = {
  ok: "good",
  warning: "warning",
  failed: "bad",
};

/**
 * Probes an interface. Sends DISCOVERs and no REQUEST, so no server grants anything. Changes
 * nothing on the host.
 *
 * @throws {SystemError} if there is no such interface, or it may not be used.
 */
export async function probe(
  subject: ProbeSubject,
  ports: Pick<OperatorPorts, "openProbe" | "progress">,
): Promise<Outcome> {
  const { netns, ifName, options } = subject;
  await using session = await ports.openProbe(netns, ifName);
  const link = session.attached.read();
  const steps = linkSteps(subject, link);
  let found: ProbeExchange | undefined;
  if (link !== undefined && steps.every(isNotFailed)) {
    const settings = settingsOf(link, options);
    found = await exchange(settings, subject.timeoutMs, {
      session,
      progress: ports.progress,
    });
    steps.push(...exchangeSteps(found, options));
  }
  const offers = found?.answers.filter(isUsable) ?? [];
  return {
    status: offers.length > 0 ? EXIT_STATUS.ok : EXIT_STATUS.problems,
    json: () => ({
      netns,
      ifName,
      steps,
      answers: found?.answers.map((answer) => answerJson(answer, options)) ??
        [],
    }),
    lines: (screen) => [
      toned(escapedText(`${ifName} in ${netns}`), "heading", screen),
      ...steps.flatMap((step) => stepLines(step, screen)),
    ],
    notes: [],
  };
}

function isNotFailed({ verdict }: Step): boolean {
  return verdict !== "failed";
}

function step(
  name: Step["step"],
  verdict: Step["verdict"],
  text: string,
  { details = [], advice = "" }: Partial<Pick<Step, "details" | "advice">> = {},
): Step {
  return { step: name, verdict, text, details, advice };
}

function linkSteps(
  { ifName }: ProbeSubject,
  link: LinkInfo | undefined,
): Step[] {
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

/**
 * Servers see a client of its own: what they have granted to the container on this interface, by
 * its client identifier, stays as it is.
 */
function settingsOf(link: LinkInfo, options: LeaseOptions): ClientSettings {
  const attachment = {
    containerId: "dhcp-probe",
    networkName: formatMacAddress(link.macAddress),
    ifName: link.name,
  };
  const identity = newIdentity(attachment, options, {
    link,
    // The text is short enough to be sent as it is.
    digest: (bytes) => bytes,
    machineId: undefined,
  });
  return clientSettings(identity, options, {
    flags: DAEMON_FLAGS.defaults,
    linkKind: link.kind,
    mtu: link.mtu,
  });
}

function exchangeSteps(found: ProbeExchange, options: LeaseOptions): Step[] {
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
      step("seen", "failed", `no answer within ${seconds} s`, {
        details,
        advice:
          "check that a DHCP server with free addresses serves this segment, and that nothing between drops UDP ports 67 and 68: VLAN, bridge port, DHCP snooping, firewall",
      }),
    ];
  }
  const servers = new Set(answers.map(serverOf));
  const [first] = answers;
  const seen = step(
    "seen",
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
    seen,
    ...answers.map((answer) => answerStep(answer, options)),
  ];
}

/** Returns the server of an answer: its identifier, or the sender if it has none. */
function serverOf({ result, source }: ProbeAnswer): string {
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
  const span = (atMs: number): string =>
    atMs === Infinity ? "never" : formatAge(atMs - sentMs);
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
function warningsOn(lease: Lease, options: LeaseOptions): readonly string[] {
  const { warnings } = acceptedRoutes(lease, options);
  return [...lease.warnings, ...warnings].map((text) => `ignored: ${text}`);
}

function answerJson(
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

/** The width of verdict and name, and the spaces around them. */
const INDENT = 19;

function stepLines(
  { step: name, verdict, text, details, advice }: Step,
  screen: Screen,
): readonly string[] {
  const width = screen.columns - INDENT;
  const blank = " ".repeat(INDENT);
  const [first = "", ...more] = wrapText(escapedText(text), { width });
  const start = `  ${toned(verdict.padEnd(7), TONES[verdict], screen)}  ${
    name.padEnd(8)
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
