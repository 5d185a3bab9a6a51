/** `dhcp probe`: whether a container would get a lease on an interface, step by step. @module */

import { escapedText } from "../../base/quoted_text.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import type { Outcome } from "../../cli/outcome.ts";
import { toned } from "../../cli/screen.ts";
import { formatMacAddress } from "../../net/mac_address.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { ClientSettings } from "../client/settings.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import { clientSettings, newIdentity } from "../daemon/client_identity.ts";
import { DAEMON_FLAGS } from "../daemon/flags.ts";
import type { OperatorPorts } from "./ports.ts";
import { exchange, isUsable, type ProbeExchange } from "./probe_exchange.ts";
import { answerJson, stepLines } from "./probe_report.ts";
import { exchangeSteps, linkSteps, type Step } from "./probe_steps.ts";

/** What to probe. */
export interface ProbeSubject {
  /** The path of a network namespace. */
  readonly netns: string;
  readonly ifName: string;
  readonly timeoutMs: number;
  /** What to send, and what to accept. */
  readonly options: LeaseOptions;
}

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
  const { netns, ifName, timeoutMs, options } = subject;
  await using session = await ports.openProbe(netns, ifName);
  const link = session.attached.read();
  const steps = [...linkSteps(ifName, link)];
  let found: ProbeExchange | undefined;
  if (link !== undefined && steps.every(isNotFailed)) {
    const settings = settingsOf(link, options);
    found = await exchange(settings, timeoutMs, {
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
