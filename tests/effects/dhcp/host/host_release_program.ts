/**
 * Sends a RELEASE from the network namespace that it runs in, as the daemon does. Prints the way.
 *
 * @module
 */

import { encodeMessage } from "../../../../lib/dhcp/codec/dhcp_message.ts";
import { sendFromHost } from "../../../../lib/dhcp/host/host_release.ts";
import { hex } from "../../../support/bytes.ts";
import { ip, message, options } from "../../../support/dhcp_messages.ts";

const [device = "", server = ""] = Deno.args;
const address = ip("192.0.2.50");
const release = message({ ciaddr: address, options: options({ 53: "07" }) });
const via = sendFromHost({
  xid: 7,
  source: address,
  destination: ip("192.0.2.1"),
  bytes: encodeMessage(release),
}, {
  device: device === "" ? undefined : { name: device, vlanId: undefined },
  client: hex("02005e100001"),
  server: server === "" ? undefined : hex(server),
});
await Deno.stdout.write(new TextEncoder().encode(via));
