/** The text of an error about an acquisition that failed. Pure. @module */

import { quotedText } from "../../base/quoted_text.ts";
import { formatIpAddress } from "../../net/ip_address.ts";
import type { Failure } from "./failure.ts";

/** Describes a failure in one sentence for the runtime; text that a server sent is quoted. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case "link-down":
      return "link is down: no DHCPDISCOVER could be sent";
    case "no-offer":
      return `no DHCPOFFER received: ${failure.discovers} DHCPDISCOVERs unanswered${
        failure.before === undefined
          ? ""
          : `, after ${describeFailure(failure.before)}`
      }`;
    case "offer-refused":
      return `no usable DHCPOFFER received for ${failure.discovers} DHCPDISCOVERs: ${failure.reason}`;
    case "no-ack":
      return `no DHCPACK received from ${
        formatIpAddress(failure.server)
      }: ${failure.requests} DHCPREQUESTs for ${
        formatIpAddress(failure.address)
      } unanswered`;
    case "nak": {
      const said = failure.message === ""
        ? ""
        : `: ${quotedText(failure.message)}`;
      return `DHCPNAK received from ${formatIpAddress(failure.server)}${said}`;
    }
    case "unusable-ack":
      return `DHCPACK from ${
        formatIpAddress(failure.server)
      } cannot be used: ${failure.reason}`;
    case "conflict":
      return `address ${
        formatIpAddress(failure.address)
      } is already in use by another host`;
  }
}
