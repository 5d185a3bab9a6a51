/**
 * The additional keys of a conformance case of dhcp, and their reading.
 *
 * Texts may contain `${SOCKET}`, the daemon's socket; `${NETNS}`, the network namespace of the
 * container; `${SERVER_NETNS}`, the network namespace of the server; `${DIR}`, a directory of the
 * case; and `${VERSION}`, the current one of `versions`.
 * @module
 */

import {
  ADD_ENV,
  type CaseForm,
  type CaseGroup,
  type ConformanceCase,
  differencesOf,
  loadCases,
} from "../../host_local/conformance/case_reader.ts";
import { keys, type Shape } from "../../host_local/conformance/shape.ts";
import type {
  Outcome,
  Step,
} from "../../host_local/conformance/step_reader.ts";

/** A reply of the server. */
export interface Reply {
  readonly yiaddr?: string;
  /** In hexadecimal, by code. `null` omits an option that a reply normally has. */
  readonly options?: Readonly<Record<string, string | null>>;
  /** Replaces the client's. */
  readonly xid?: number;
  /** Replaces the client's; in hexadecimal. */
  readonly chaddr?: string;
  /** Replaces the type that the message calls for. */
  readonly type?: "OFFER" | "ACK" | "NAK";
  /** Everything after the magic cookie, in hexadecimal, instead of `options`. */
  readonly raw?: string;
  /** The fields of the same name, together with option 52 in `raw`; in hexadecimal. */
  readonly file?: string;
  readonly sname?: string;
}

/**
 * How the scripted server behaves. By default it leases 192.0.2.50/24 from 192.0.2.1 for an hour.
 */
export interface ServerScript {
  readonly offer?: Reply;
  readonly ack?: Reply;
  /** In how many exchanges `offer` and `ack` apply; later replies are correct. Default: in all. */
  readonly exchanges?: number;
  /** The number of messages without a reply at the beginning; -1 for all. */
  readonly silent?: number;
  /** How often the server sends each reply. */
  readonly times?: number;
  /** A packet that the server sends before each reply, in hexadecimal, from the IPv4 header on. */
  readonly before?: string;
}

/**
 * The content of an option in hexadecimal; `null` for an option that must be absent. `anyOrder` has
 * the bytes in ascending order, for lists that upstream sends in random order.
 */
export type ExpectedContent = string | null | { readonly anyOrder: string };

/** A message of the client. Only the given keys are compared. */
export interface ExpectedMessage {
  readonly type: string;
  readonly source?: string;
  readonly destination?: string;
  readonly ciaddr?: string;
  readonly isBroadcast?: boolean;
  /** By code. */
  readonly options?: Readonly<Record<string, ExpectedContent>>;
}

/** The outcome of a call, with the messages of the client. */
export interface DhcpOutcome extends Outcome {
  /** All messages since the previous step, without retransmissions. Default: any. */
  readonly wire?: readonly ExpectedMessage[];
}

/** A call. */
export interface DhcpStep extends Step<DhcpOutcome> {
  /**
   * An address to put on the interface afterwards, as a main plugin does; `true` for the address of
   * the result.
   */
  readonly attach?: true | string;
}

/** A case, with its server, daemon and link. */
export interface DhcpCase extends ConformanceCase<DhcpStep> {
  readonly server?: ServerScript;
  /**
   * The flags of the daemon; `false` if none runs, `unused` if the plugin makes no call: then one
   * runs only for a launcher.
   */
  readonly daemon?: readonly string[] | "unused" | false;
  /** The machine ID, 32 hexadecimal digits. Default: the ID of the machine that runs the test. */
  readonly machineId?: string;
  /** `down` leaves it to the daemon to set the link up. */
  readonly link?: "up" | "down";
  /** The deliberate difference that keeps the case from running with upstream's plugin. */
  readonly notUpstream?: string;
}

const REPLY: Shape = {
  ...keys("yiaddr", "xid", "chaddr", "type", "raw", "file", "sname"),
  options: keys("*"),
};

/** The cases of dhcp compare messages. */
export const DHCP_FORM: CaseForm = {
  env: { ...ADD_ENV, CNI_NETNS: "${NETNS}" },
  caseKeys: {
    ...keys("daemon", "machineId", "link", "notUpstream"),
    server: {
      ...keys("exchanges", "silent", "times", "before"),
      offer: REPLY,
      ack: REPLY,
    },
  },
  stepKeys: keys("attach"),
  outcomeKeys: {
    wire: {
      ...keys("type", "source", "destination", "ciaddr", "isBroadcast"),
      options: { "*": keys("anyOrder") },
    },
  },
};

/**
 * Reads the case files of a directory.
 *
 * @throws {SyntaxError} if a file is not valid, or a case has both `upstream` and `notUpstream`.
 */
export function loadDhcpCases(directory: URL): CaseGroup<DhcpCase>[] {
  const groups = loadCases<DhcpCase>(directory, DHCP_FORM);
  for (const { topic, cases } of groups) {
    for (const each of cases) {
      if (each.notUpstream !== undefined && differencesOf(each).length > 0) {
        throw new SyntaxError(
          `${topic}: "${each.name}": "upstream" next to "notUpstream"`,
        );
      }
    }
  }
  return groups;
}
