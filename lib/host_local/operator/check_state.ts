/** `host-local check-state`: finds and repairs what is inconsistent in networks. Pure. @module */

import { counted } from "../../base/counted.ts";
import type { ConfigFile } from "../../cni/config_document.ts";
import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { type Screen, toned } from "../../cli/screen.ts";
import { wrapText } from "../../cli/wrapped_text.ts";
import {
  type ConfiguredNetwork,
  configuredNetworks,
} from "./configured_networks.ts";
import type { NetworkFacts } from "./network_facts.ts";
import type { Outcome } from "../../cli/outcome.ts";
import type { OperatorPorts, RepairReport, RepairStep } from "./ports.ts";
import { readNetworks, storeConfigOf } from "./read_networks.ts";
import { type Finding, findingsIn } from "./state_findings.ts";
import { type FindingMeaning, FINDINGS } from "./finding_meanings.ts";

/** What `check-state` is called with. */
export interface CheckStateOptions {
  readonly dataDir: string;
  /** The wanted networks; all if it is empty. */
  readonly names: readonly string[];
  readonly files: readonly ConfigFile[];
  readonly repair: boolean;
}

/** A network, and what is inconsistent in it. */
interface CheckedState {
  readonly facts: NetworkFacts;
  /** What is inconsistent, after a repair if there was one. */
  readonly findings: readonly Finding[];
  readonly report: RepairReport | undefined;
}

const MAX_SHOWN = 20;

/**
 * Checks networks, and repairs them if that is wanted.
 *
 * @throws {SystemError} if a network cannot be read or locked.
 */
export async function checkState(
  { dataDir, names, files, repair }: CheckStateOptions,
  ports: OperatorPorts,
): Promise<Outcome> {
  const configured = configuredNetworks(files);
  const options = { verifyIndex: true };
  const read = await readNetworks(dataDir, names, { ports, ...options });
  const networks = [...read.networks];
  for (const { name, config: { directory } } of configured) {
    const isWanted = names.length === 0 || names.includes(name);
    const isRead = networks.some((known) => known.directory === directory);
    if (!isWanted || isRead) continue;
    const config = storeConfigOf(directory);
    const facts = await ports.readNetwork(config, options);
    if (facts !== undefined) networks.push(facts);
  }
  const checked: CheckedState[] = [];
  for (const facts of networks) {
    checked.push(await checkOne(facts, { configured, repair, ports }));
  }
  const hasProblems = checked.some(({ findings, report }) =>
    findings.some(isProblem) || (report?.failed.length ?? 0) > 0
  );
  return {
    status: read.failures.length > 0
      ? EXIT_STATUS.failure
      : hasProblems
      ? EXIT_STATUS.problems
      : EXIT_STATUS.ok,
    json: () => ({ networks: checked.map(stateJson) }),
    lines: (screen) =>
      checked.length === 0
        ? [`no networks in ${dataDir}`]
        : checked.flatMap((each, index) => [
          ...(index === 0 ? [] : [""]),
          ...stateLines(each, screen),
        ]),
    notes: read.failures,
  };
}

async function checkOne(
  facts: NetworkFacts,
  { configured, repair, ports }: {
    readonly configured: readonly ConfiguredNetwork[];
    readonly repair: boolean;
    readonly ports: OperatorPorts;
  },
): Promise<CheckedState> {
  const { directory } = facts;
  const rangeSets = configured.find(({ config }) =>
    config.directory === directory
  )?.config.rangeSets;
  const check = (some: NetworkFacts): readonly Finding[] =>
    findingsIn(some, { rangeSets, nowMs: ports.nowMs() });
  const findings = check(facts);
  const repairs = findings.flatMap((each) => each.repair ?? []);
  if (!repair || repairs.length === 0) {
    return { facts, findings, report: undefined };
  }
  const steps = repairs.filter((each): each is RepairStep =>
    each.kind !== "next call"
  );
  const config = storeConfigOf(directory);
  ports.progress.report(`repairing ${directory}`, 0, facts.files.length);
  const report = await ports.repair(config, steps);
  const after = await ports.readNetwork(config, { verifyIndex: true });
  return after === undefined
    ? { facts, findings: [], report }
    : { facts: after, findings: check(after), report };
}

function meaningOf({ id }: Finding): FindingMeaning {
  return FINDINGS[id];
}

function isProblem(each: Finding): boolean {
  return meaningOf(each).severity === "problem";
}

function pathOf({ directory }: NetworkFacts, { name }: Finding): string {
  return name === "" ? directory : `${directory}/${name}`;
}

function stateJson({ facts, findings, report }: CheckedState): unknown {
  return {
    network: facts.name,
    directory: facts.directory,
    findings: findings.map((each) => ({
      id: each.id,
      ...meaningOf(each),
      path: pathOf(facts, each),
      detail: each.detail,
      isRepairable: each.repair !== undefined,
    })),
    ...(report === undefined ? {} : { repair: report }),
  };
}

function stateLines(
  { facts, findings, report }: CheckedState,
  screen: Screen,
): readonly string[] {
  const { name, directory } = facts;
  const sorted = [
    ...findings.filter(isProblem),
    ...findings.filter((each) => !isProblem(each)),
  ];
  const ids = [...new Set(sorted.map(({ id }) => id))];
  const problems = findings.filter(isProblem).length;
  const notes = findings.length - problems;
  const result = problems > 0
    ? toned(
      `${counted(problems, "problem")}, ${counted(notes, "note")}`,
      "bad",
      screen,
    )
    : notes > 0
    ? `no problems, ${counted(notes, "note")}`
    : toned("consistent", "good", screen);
  const isRepairable = findings.some(({ repair }) => repair !== undefined);
  return [
    `${toned(name, "heading", screen)} (${directory}): ${result}`,
    ...(report?.done ?? []).flatMap((text) =>
      indented(`repaired: ${text}`, { by: 2, screen })
    ),
    ...(report?.failed ?? []).flatMap((text) =>
      indented(`not repaired: ${text}`, { by: 2, screen })
    ),
    ...ids.flatMap((id) =>
      findingLines(findings.filter((each) => each.id === id), {
        facts,
        screen,
      })
    ),
    ...(isRepairable && report === undefined
      ? indented("--repair repairs what is marked with *", { by: 2, screen })
      : []),
  ];
}

/** Returns the lines on findings of one kind. */
function findingLines(
  findings: readonly Finding[],
  { facts, screen }: {
    readonly facts: NetworkFacts;
    readonly screen: Screen;
  },
): readonly string[] {
  const [first] = findings;
  if (first === undefined) return [];
  const { severity, meaning, remedy } = meaningOf(first);
  const mark = first.repair === undefined ? "" : " *";
  const shown = findings.slice(0, MAX_SHOWN);
  const more = findings.length - shown.length;
  return [
    `  ${
      toned(
        `${severity} ${first.id}${mark}`,
        severity === "problem" ? "bad" : "dim",
        screen,
      )
    }`,
    ...indented(`meaning: ${meaning}`, { by: 4, screen }),
    ...indented(`what to do: ${remedy}`, { by: 4, screen }),
    ...shown.flatMap((each) =>
      indented(
        each.detail === ""
          ? pathOf(facts, each)
          : `${pathOf(facts, each)}: ${each.detail}`,
        { by: 4, screen },
      )
    ),
    ...(more === 0 ? [] : indented(`and ${more} more`, { by: 4, screen })),
  ];
}

function indented(
  text: string,
  { by, screen }: { readonly by: number; readonly screen: Screen },
): string[] {
  return wrapText(text, { width: screen.columns - by, indent: "  " })
    .map((line) => `${" ".repeat(by)}${line}`);
}
