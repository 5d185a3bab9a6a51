/** Which options of a server the client uses: those that it requested. Pure. @module */

import type { DhcpMessage } from "../codec/dhcp_message.ts";
import { OptionCode } from "../codec/option_code.ts";
import type { ClientSettings } from "./settings.ts";

/**
 * The options that configure the client beyond its address. The others are part of the protocol:
 * no lease works without the subnet mask and the times.
 */
const CONFIGURATION: readonly number[] = [
  OptionCode.router,
  OptionCode.domainNameServer,
  OptionCode.domainName,
  OptionCode.interfaceMtu,
  OptionCode.staticRoute,
  OptionCode.domainSearch,
  OptionCode.classlessStaticRoute,
];

/**
 * Returns a server's message without the configuration that the client did not request (option 55).
 * A server may send more (RFC 2131 section 4.3.1). A client without such a list leaves the choice
 * to the server.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { message, options, settings } from "../../../tests/support/dhcp_messages.ts";
 *
 * const reply = message({ options: options({ 3: "c0000201", 121: "00c0000201" }) });
 * const requested = withoutUnrequested(reply, settings({ requestedCodes: [1, 3] }));
 * assertEquals([...requested.options.keys()], [3]);
 * ```
 */
export function withoutUnrequested(
  message: DhcpMessage,
  { requestedCodes, provided }: ClientSettings,
): DhcpMessage {
  const requested = requestedCodes.length > 0
    ? requestedCodes
    : provided.get(OptionCode.parameterRequestList) ?? [];
  if (requested.length === 0) return message;
  const isUsed = (code: number): boolean =>
    requested.includes(code) || !CONFIGURATION.includes(code);
  const options = [...message.options].filter(([code]) => isUsed(code));
  return { ...message, options: new Map(options) };
}
