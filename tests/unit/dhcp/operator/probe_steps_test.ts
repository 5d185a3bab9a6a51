import { assertEquals } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { leaseFromAck } from "../../../../lib/dhcp/client/lease.ts";
import type {
  ProbeAnswer,
  ProbeExchange,
} from "../../../../lib/dhcp/operator/probe_exchange.ts";
import {
  exchangeSteps,
  linkSteps,
  type Step,
} from "../../../../lib/dhcp/operator/probe_steps.ts";
import { hex } from "../../../support/bytes.ts";
import { ip, reply } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { LINK } from "../daemon/fake_interface.ts";
import { LEASED } from "../daemon/sample_lease.ts";

/** Returns steps in short, without details and advice. */
function brief(steps: readonly Step[]): readonly string[] {
  return steps.map(({ step, verdict, text }) => `${step} ${verdict}: ${text}`);
}

testRows("linkSteps()", [
  {
    name: "fail for an interface that was removed",
    link: undefined,
    want: ["link failed: eth0 was removed"],
  },
  {
    name: "fail for a link that is down",
    link: { ...LINK, isUp: false, hasCarrier: false },
    want: ["link failed: it is down (veth, 02:00:5e:10:00:01, MTU 1500)"],
  },
  {
    name: "fail for a link without a carrier",
    link: { ...LINK, hasCarrier: false },
    want: [
      "link ok: it is up (veth, 02:00:5e:10:00:01, MTU 1500)",
      "carrier failed: there is no carrier",
    ],
  },
  {
    name: "succeed for a device without a hardware address",
    link: { ...LINK, kind: undefined, macAddress: new Uint8Array() },
    want: [
      "link ok: it is up (device, MTU 1500)",
      "carrier ok: frames can be sent",
    ],
  },
], ({ link, want }) => {
  assertEquals(brief(linkSteps("eth0", link)), want);
});

/** An exchange without an answer. */
const SILENT: ProbeExchange = {
  xid: 7,
  sent: 1,
  sendError: undefined,
  answers: [],
  moreAnswers: 0,
  dropped: new Map(),
  durationMs: 10_000,
};
const DOWN = new SystemError("network is down", { advice: "set it up" });

/** Returns an OFFER of the server 192.0.2.`host`. */
function offer(host: number): ProbeAnswer {
  const identifier = `c00002${host.toString(16).padStart(2, "0")}`;
  const message = reply("OFFER", 7, { options: { 54: identifier } });
  return {
    source: ip(`192.0.2.${host}`),
    sender: hex("02005e1000fe"),
    message,
    afterMs: 12,
    result: leaseFromAck(message, { sentMs: 0 }),
  };
}

const REFUSED: ProbeAnswer = {
  ...offer(1),
  result: { kind: "unusable", reason: "no mask" },
};
const SENT = "sent ok: 1 DHCPDISCOVER (xid 00000007)";
const OFFERED =
  "offer ok: 192.0.2.50/24 from server 192.0.2.1, sent by 192.0.2.1 (02:00:5e:10:00:fe)";

testRows("exchangeSteps()", [
  {
    name: "say why nothing could be sent",
    found: { ...SILENT, sent: 0, sendError: DOWN },
    want: ["sent failed: no DHCPDISCOVER: network is down"],
  },
  {
    name: "warn that no more could be sent",
    found: { ...SILENT, sent: 2, sendError: DOWN },
    want: [
      "sent warning: 2 DHCPDISCOVERs (xid 00000007), then: network is down",
      "received failed: no answer within 10 s",
    ],
  },
  {
    name: "fail without an answer",
    found: SILENT,
    want: [SENT, "received failed: no answer within 10 s"],
  },
  {
    name: "succeed with an offer",
    found: { ...SILENT, answers: [offer(1)] },
    want: [
      SENT,
      "received ok: 1 answer from 1 server, the first after 12 ms",
      OFFERED,
    ],
  },
  {
    name: "fail with a refused offer",
    found: { ...SILENT, answers: [REFUSED] },
    want: [
      SENT,
      "received ok: 1 answer from 1 server, the first after 12 ms",
      "offer failed: 192.0.2.50 from 192.0.2.1 (02:00:5e:10:00:fe) is refused",
    ],
  },
  {
    name: "warn about several servers",
    found: { ...SILENT, answers: [offer(1), offer(9)] },
    want: [
      SENT,
      "received warning: 2 answers from 2 servers, the first after 12 ms",
      OFFERED,
      "offer ok: 192.0.2.50/24 from server 192.0.2.9, sent by 192.0.2.9 (02:00:5e:10:00:fe)",
    ],
  },
], ({ found, want }) => {
  assertEquals(brief(exchangeSteps(found, LEASED.options)), want);
});

testRows("exchangeSteps() list", [
  {
    name: "packets that were dropped",
    found: { ...SILENT, dropped: new Map([["checksum", 2]]) },
    want: ["2 packets dropped: checksum"],
  },
  {
    name: "how many answers are not listed",
    found: { ...SILENT, answers: [offer(1)], moreAnswers: 1 },
    want: ["1 other answer not listed"],
  },
], ({ found, want }) => {
  const steps = exchangeSteps(found, LEASED.options);
  assertEquals(steps.find(({ step }) => step === "received")?.details, want);
});
