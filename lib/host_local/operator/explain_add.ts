/** `host-local explain --config`: what ADD would do now, without doing it. Pure. @module */

import { counted } from "../../base/counted.ts";
import { SystemError } from "../../base/errors.ts";
import { JsonObject } from "../../base/json_reader.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { type Screen, toned } from "../../cli/screen.ts";
import { wrapText } from "../../cli/wrapped_text.ts";
import {
  type ConfigFile,
  readConfigDocument,
} from "../../cni/config_document.ts";
import { formatIpAddress, sameAddress } from "../../net/ip_address.ts";
import type { AddPlan } from "../add_plan.ts";
import type { StoreConfig } from "../config.ts";
import { countExcluded, formatRangeSet } from "../range_set.ts";
import { IPAM_TYPE, parseNetwork } from "./configured_networks.ts";
import { type AddCall, type DryRun, dryRunAdd } from "./dry_run_add.ts";
import { type NetworkFacts, ownerOf, reservationsIn } from "./network_facts.ts";
import type { Outcome } from "../../cli/outcome.ts";
import type { OperatorPorts } from "./ports.ts";
import type { SnapshotStore } from "./snapshot_store.ts";

/** A step of an ADD. */
interface Step {
  readonly what: string;
  readonly outcome: "done" | "failed" | "not reached";
  readonly details: readonly string[];
}

/** What an ADD would do. */
interface ExplainedAdd {
  readonly network: string;
  readonly file: string;
  readonly steps: readonly Step[];
  /** The document that ADD would print. */
  readonly document: unknown;
  readonly succeeds: boolean;
}

/**
 * Explains what an ADD would do for each configuration of this plugin.
 *
 * @throws {SystemError} if there is no configuration of this plugin.
 */
export async function explainAdd(
  files: readonly ConfigFile[],
  add: AddCall,
  ports: OperatorPorts,
): Promise<Outcome> {
  const explained: ExplainedAdd[] = [];
  for (const file of files) {
    for (const { json, ipamType } of readConfigDocument(file.text).configs) {
      if (ipamType !== IPAM_TYPE) continue;
      explained.push(await explainOne(file, { json, add, ports }));
    }
  }
  const [first] = files;
  if (explained.length === 0) {
    throw new SystemError(
      `${
        first?.path ?? "the path"
      }: no network with "ipam": {"type": "${IPAM_TYPE}"}`,
      { advice: "host-local validate says what is wrong with a configuration" },
    );
  }
  return {
    status: explained.every(({ succeeds }) => succeeds)
      ? EXIT_STATUS.ok
      : EXIT_STATUS.problems,
    json: () => ({ adds: explained.map((each) => ({ ...add, ...each })) }),
    lines: (screen) =>
      explained.flatMap((each, index) => [
        ...(index === 0 ? [] : [""]),
        ...linesOf(each, { add, screen }),
      ]),
    notes: [],
  };
}

async function explainOne(
  file: ConfigFile,
  { json, add, ports }: {
    readonly json: Readonly<Record<string, unknown>>;
    readonly add: AddCall;
    readonly ports: OperatorPorts;
  },
): Promise<ExplainedAdd> {
  const run = await dryRunAdd(json, { add, ports });
  const { document, succeeds } = run;
  const name = new JsonObject(json, "").value("name");
  return {
    network: typeof name === "string" ? name : "",
    file: file.path,
    steps: stepsOf(run, { json, add }),
    document,
    succeeds,
  };
}

function stepsOf(
  run: DryRun,
  { json, add }: {
    readonly json: Readonly<Record<string, unknown>>;
    readonly add: AddCall;
  },
): readonly Step[] {
  const { opened, facts, store, plan, resolvConf, warnings, succeeds } = run;
  const network = parseNetwork(json, add.cniArgs);
  const reached = [
    network !== undefined,
    opened !== undefined,
    store !== undefined,
    plan !== undefined,
    succeeds,
  ];
  const failedAt = reached.indexOf(false);
  const step = (
    index: number,
    what: string,
    details: readonly string[],
  ): Step => {
    const isDone = failedAt < 0 || index < failedAt;
    return {
      what,
      outcome: isDone ? "done" : index === failedAt ? "failed" : "not reached",
      details: isDone ? details : [],
    };
  };
  const sets = network?.config.rangeSets ?? [];
  const requested = network?.config.requestedAddresses ?? [];
  return [
    step(0, "read the configuration", [
      ...sets.map((set, index) => {
        const excluded = countExcluded(set);
        const text = excluded === 0n ? "" : `, ${excluded} excluded`;
        return `range set ${index}: ${formatRangeSet(set)}${text}`;
      }),
      ...(requested.length === 0
        ? []
        : [`requested: ${requested.map(formatIpAddress).join(", ")}`]),
      ...warnings,
    ]),
    step(1, "read resolvConf", [
      resolvConf === undefined ? "not configured" : `read ${resolvConf}`,
    ]),
    step(2, "open and lock the directory", directoryDetails(opened, facts)),
    step(3, "choose an address from each range set", [
      ...leftoverDetails(store, facts),
      ...choiceDetails(plan, { store, add }),
    ]),
    step(4, "write the reservations and print the result", [
      ...(plan?.choices ?? []).map(({ address, reused }) =>
        reused
          ? `would update the time of ${opened?.directory}/${
            formatIpAddress(address)
          }`
          : `would create ${opened?.directory}/${formatIpAddress(address)}`
      ),
    ]),
  ];
}

function directoryDetails(
  opened: StoreConfig | undefined,
  facts: NetworkFacts | undefined,
): readonly string[] {
  const directory = opened?.directory ?? "";
  if (facts === undefined) return [`would create ${directory}`];
  const { length } = reservationsIn(facts);
  return [
    `${directory} has ${counted(length, "reservation")}`,
    ...(facts.lock.kind === "missing" ? ["would create the lock file"] : []),
    ...(facts.exposure === undefined ? [] : [
      `the directory is ${facts.exposure}: only the reservations are believed`,
    ]),
  ];
}

function leftoverDetails(
  store: SnapshotStore | undefined,
  facts: NetworkFacts | undefined,
): readonly string[] {
  const undone = store?.undone ?? [];
  const empty = (facts?.files ?? []).filter((file) =>
    file.address !== undefined && ownerOf(file).kind === "none"
  );
  return [
    ...undone.map(({ file }) =>
      `would remove ${file.name}: its ADD was interrupted`
    ),
    ...empty.map(({ name }) => `would remove ${name}: the file is empty`),
    ...(store?.reclaimed ?? []).map(({ address }) =>
      `would release ${
        formatIpAddress(address)
      }: its container no longer exists`
    ),
  ];
}

function choiceDetails(
  plan: AddPlan | undefined,
  { store, add }: {
    readonly store: SnapshotStore | undefined;
    readonly add: AddCall;
  },
): readonly string[] {
  const preferences = store?.preferencesOf(add);
  return (plan?.choices ?? []).map(({ address, reused, replaced }, index) => {
    const cursor = store?.cursor(index);
    const wasOwn = preferences?.keptForOwnPod()
      .some((use) => sameAddress(use.address, address));
    const pod = preferences?.keptFor(address);
    const why = reused
      ? "the container gets its address again, because its ADD is known to be over"
      : wasOwn === true
      ? "the pod had it last"
      : pod !== undefined
      ? `it was kept for pod ${pod.namespace}/${pod.name}, but no other is free`
      : cursor === undefined
      ? "no address has been reserved before"
      : `the last reserved address is ${formatIpAddress(cursor)}`;
    const others = replaced.length === 0
      ? ""
      : `; would release ${replaced.map(formatIpAddress).join(", ")}`;
    return `range set ${index}: ${formatIpAddress(address)}; ${why}${others}`;
  });
}

const MARKS: Readonly<Record<Step["outcome"], string>> = {
  "done": "ok",
  "failed": "FAILED",
  "not reached": "-",
};

function linesOf(
  { network, steps, document, succeeds }: ExplainedAdd,
  { add, screen }: { readonly add: AddCall; readonly screen: Screen },
): readonly string[] {
  const { containerId, ifName } = add;
  const outcome = succeeds
    ? toned("would succeed", "good", screen)
    : toned("would fail", "bad", screen);
  return [
    `ADD in network ${network} ${outcome} (container ${containerId}, interface ${ifName})`,
    ...steps.flatMap(({ what, outcome, details }, index) => [
      `  ${index + 1}. ${what}: ${
        toned(MARKS[outcome], TONES[outcome], screen)
      }`,
      ...indentedLines(details, screen),
    ]),
    ...(succeeds
      ? [
        "  It would print:",
        ...JSON.stringify(document, undefined, 2).split("\n")
          .map((line) => `     ${line}`),
      ]
      : ["  It would print an error:", ...errorLines(document, screen)]),
  ];
}

function indentedLines(
  texts: readonly string[],
  { columns }: Screen,
): readonly string[] {
  return texts.flatMap((text) =>
    wrapText(text, { width: columns - 5, indent: "  " })
      .map((line) => `     ${line}`)
  );
}

/** Returns the keys of an error document. */
function errorLines(document: unknown, screen: Screen): readonly string[] {
  const json = new JsonObject(document, "");
  const texts = ["code", "msg", "details"].flatMap((key) => {
    const value = json.value(key);
    return value === undefined ? [] : [`${key}: ${value}`];
  });
  return indentedLines(texts, screen);
}

const TONES = {
  "done": "good",
  "failed": "bad",
  "not reached": "dim",
} as const;
