/**
 * What a conformance case of dhcp has besides the steps that all plugins share, and its reading.
 *
 * Texts in `stdin`, `env` and `stdout` may hold `${SOCKET}`, the daemon's socket, `${NETNS}`, the container's namespace,
 * `${SERVER_NETNS}`, another one, `${DIR}`, a directory of the case, and `${VERSION}`, each of `versions` in turn.
 * @module
 */

import {
  type CaseForm,
  type CaseGroup,
  type ConformanceCase,
  loadCases,
  type Step,
  type UpstreamOverride,
} from "../../host_local/conformance/case_format.ts";

/** A reply; options in hexadecimal by code, `null` leaves one out that is usual. */
export interface Reply {
  readonly yiaddr?: string;
  readonly options?: Readonly<Record<string, string | null>>;
  /** Not the client's. */
  readonly xid?: number;
  /** Not the client's, in hexadecimal. */
  readonly chaddr?: string;
  /** Another type than the one that is due. */
  readonly type?: "OFFER" | "ACK" | "NAK";
  /** Everything after the magic cookie, in hexadecimal, instead of `options`. */
  readonly raw?: string;
  /** The fields of that name, with option 52 in `raw`; in hexadecimal. */
  readonly file?: string;
  readonly sname?: string;
}

/** What the scripted server says; it serves 192.0.2.50/24 from 192.0.2.1 for an hour. */
export interface ServerScript {
  readonly offer?: Reply;
  readonly ack?: Reply;
  /** How many messages stay unanswered at first; -1 for all. */
  readonly silent?: number;
  /** How many exchanges stay unanswered at first: messages of one xid, however often they are repeated. */
  readonly silentExchanges?: number;
  /** Every answer comes so many times. */
  readonly times?: number;
  /** A packet, in hexadecimal from the IPv4 header on, before each answer. */
  readonly before?: string;
}

/**
 * An option in hexadecimal; `null` for one that must not be there. `anyOrder` has its bytes in ascending order, for lists
 * that come in the random order of a table of upstream's.
 */
export type ExpectedContent = string | null | { readonly anyOrder: string };

/** A message of the client; only what is given is compared. */
export interface ExpectedMessage {
  readonly type: string;
  readonly source?: string;
  readonly destination?: string;
  readonly ciaddr?: string;
  readonly isBroadcast?: boolean;
  /** By code. */
  readonly options?: Readonly<Record<string, ExpectedContent>>;
}

/** A call, and what the client said meanwhile. */
export interface DhcpStep extends Step {
  /** Every message since the step before, repetitions left out. */
  readonly wire?: readonly ExpectedMessage[];
  /** The address of the result, or this one, is put on the interface afterwards, as a main plugin does. */
  readonly attach?: boolean | string;
  readonly upstream?: UpstreamOverride & Pick<DhcpStep, "wire">;
}

/** A case with its surroundings. */
export interface DhcpCase extends ConformanceCase {
  readonly server?: ServerScript;
  /** Flags; false: none runs. */
  readonly daemon?: readonly string[] | false;
  /** The machine's id, 32 hexadecimal digits: that of the machine itself, which differs, unless given. */
  readonly machineId?: string;
  /** Down: the link is set up by the daemon only. */
  readonly link?: "up" | "down";
  /** CNI versions that it is run with, one after the other. */
  readonly versions?: readonly string[];
  /** The id in docs/differences.md because of which the case cannot run against upstream. */
  readonly notUpstream?: string;
  readonly steps: readonly DhcpStep[];
}

const FORM: CaseForm = {
  caseKeys: [
    "server",
    "daemon",
    "machineId",
    "link",
    "versions",
    "notUpstream",
  ],
  stepKeys: ["wire", "attach"],
};

/** Reads the cases; one with `versions` becomes one for each. */
export function loadDhcpCases(directory: URL): CaseGroup[] {
  return loadCases(directory, FORM).map(({ topic, cases }) => ({
    topic,
    cases: cases.flatMap(perVersion),
  }));
}

function perVersion(each: DhcpCase): DhcpCase[] {
  const { versions, ...rest } = each;
  if (versions === undefined) return [rest];
  return versions.map((version) => ({
    ...JSON.parse(JSON.stringify(rest).replaceAll("${VERSION}", version)),
    name: `${each.name}, ${version}`,
  }));
}
