import { assertEquals } from "@std/assert";
import { withoutUnrequested } from "../../../../lib/dhcp/client/requested.ts";
import { options, reply, settings } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";

/** An ACK with every option that configures a client, and one that does not. */
const ACK = reply("ACK", 1, {
  options: {
    6: "c0000235",
    15: "61",
    26: "05dc",
    33: "0a000000c0000201",
    58: "00000708",
    119: "016100",
    121: "00c0000201",
  },
});
/** What a lease cannot do without: mask, times, type and server. */
const PROTOCOL = [1, 51, 53, 54, 58];

interface Row {
  readonly name: string;
  readonly requestedCodes: readonly number[];
  readonly provided?: string;
  /** Codes beside {@link PROTOCOL}. */
  readonly want: readonly number[];
}

testRows<Row>("withoutUnrequested() keeps", [
  {
    name: "everything that is requested by default",
    requestedCodes: [121, 3, 1, 33, 6, 15, 119, 26],
    want: [3, 6, 15, 26, 33, 119, 121],
  },
  {
    name: "the router if only that is requested",
    requestedCodes: [3],
    want: [3],
  },
  {
    name: "no configuration if only the subnet mask is requested",
    requestedCodes: [1],
    want: [],
  },
  {
    name: "everything if no list is sent: the server has the choice",
    requestedCodes: [],
    want: [3, 6, 15, 26, 33, 119, 121],
  },
  {
    name: "what a provided list requests",
    requestedCodes: [],
    provided: "0106",
    want: [6],
  },
  {
    name: "what is requested, whatever list is provided: that is not sent",
    requestedCodes: [3],
    provided: "0106",
    want: [3],
  },
], ({ requestedCodes, provided, want }) => {
  const given = settings({
    requestedCodes,
    provided: options(provided === undefined ? {} : { 55: provided }),
  });
  const kept = [...withoutUnrequested(ACK, given).options.keys()];
  assertEquals(
    kept.sort((one, other) => one - other),
    [...PROTOCOL, ...want].sort((one, other) => one - other),
  );
});
