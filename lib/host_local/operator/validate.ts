/** `host-local validate`: everything that is wrong with network configurations. Pure. @module */

import { EXIT_STATUS } from "../../cli/exit_status.ts";
import { NO_PROGRESS, type ProgressReport } from "../../cli/progress.ts";
import { type Screen, toned } from "../../cli/screen.ts";
import { wrapText } from "../../cli/wrapped_text.ts";
import { collectProblems } from "../../cni/collect_problems.ts";
import { joinPaths, readConfigDocument } from "../../cni/config_document.ts";
import type { ConfigProblem } from "../../cni/config_problem.ts";
import type { HostLocalConfig } from "../config.ts";
import { formatRange, type Range, rangesOverlap } from "../range.ts";
import { formatRangeSet } from "../range_set.ts";
import { HOST_LOCAL_RULES, warningsOn } from "./config_rules.ts";
import { IPAM_TYPE } from "./configured_networks.ts";
import type { Outcome } from "./outcome.ts";
import type { ConfigFile } from "./ports.ts";

/** A network in a file. */
interface CheckedNetwork {
  readonly file: string;
  readonly path: string;
  readonly name: string;
  readonly config: HostLocalConfig;
}

/** A file, and what is wrong with it. */
interface CheckedFile {
  readonly file: string;
  readonly problems: ConfigProblem[];
  readonly networks: readonly CheckedNetwork[];
  /** The types of the other IPAM plugins in it. */
  readonly otherTypes: readonly string[];
}

/**
 * Checks configurations.
 *
 * @param options `isStrict`: whether warnings count as problems.
 */
export function validate(
  files: readonly ConfigFile[],
  { isStrict, progress = NO_PROGRESS }: {
    readonly isStrict: boolean;
    readonly progress?: ProgressReport;
  },
): Outcome {
  const checked = files.map((file, index) => {
    progress.report("checking configurations", index, files.length);
    return checkFile(file);
  });
  addSharedAddresses(checked);
  for (const { problems } of checked) problems.sort(compareProblems);
  const all = checked.flatMap(({ problems }) => problems);
  const errors = all.filter(({ severity }) => severity === "error").length;
  const warnings = all.length - errors;
  const isFine = errors === 0 && (warnings === 0 || !isStrict);
  return {
    status: isFine ? EXIT_STATUS.ok : EXIT_STATUS.problems,
    json: () => ({
      errors,
      warnings,
      files: checked.map(({ file, problems, networks }) => ({
        file,
        networks: networks.map(({ name, path, config }) => ({
          name,
          path,
          rangeSets: config.rangeSets.map((set) =>
            formatRangeSet(set).split(",")
          ),
        })),
        problems,
      })),
    }),
    lines: (screen) => [
      ...checked.flatMap((each) => [...fileLines(each, screen), ""]),
      summary({ files: checked.length, errors, warnings }, screen),
    ],
    notes: [],
  };
}

/** Errors first, then by path. */
function compareProblems(a: ConfigProblem, b: ConfigProblem): number {
  if (a.severity !== b.severity) return a.severity === "error" ? -1 : 1;
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function checkFile({ path: file, text }: ConfigFile): CheckedFile {
  const { configs, problems: around } = readConfigDocument(text);
  const problems = [...around];
  const networks: CheckedNetwork[] = [];
  for (const { json, path, ipamType } of configs) {
    if (ipamType !== IPAM_TYPE) continue;
    const found = collectProblems(json, HOST_LOCAL_RULES);
    const { parsed, name } = found;
    const own = [...found.problems, ...warningsOn(json, parsed)];
    problems.push(
      ...own.map((each) => ({ ...each, path: joinPaths(path, each.path) })),
    );
    if (parsed !== undefined && name !== undefined) {
      networks.push({ file, path, name, config: parsed });
    }
  }
  const otherTypes = configs.map(({ ipamType }) => ipamType)
    .filter((type) => type !== IPAM_TYPE && type !== "");
  return { file, problems, networks, otherTypes };
}

/** Adds a warning for each pair of networks that can allocate the same address. */
function addSharedAddresses(checked: readonly CheckedFile[]): void {
  const networks = checked.flatMap((each) =>
    each.networks.map((network) => ({ network, problems: each.problems }))
  );
  for (const [index, { network: first }] of networks.entries()) {
    for (const { network, problems } of networks.slice(index + 1)) {
      const warning = sharedAddresses(first, network);
      if (warning !== undefined) problems.push(warning);
    }
  }
}

function sharedAddresses(
  first: CheckedNetwork,
  second: CheckedNetwork,
): ConfigProblem | undefined {
  const path = joinPaths(second.path, "ipam.ranges");
  const where = `network ${first.name} in ${first.file}`;
  if (first.config.directory === second.config.directory) {
    return formatSets(first) === formatSets(second) ? undefined : {
      severity: "warning",
      path,
      message: `${where} has the same directory and other ranges: ${
        formatSets(first)
      }`,
      advice: "write the same ranges in both, or give one another name",
    };
  }
  const shared = firstOverlap(first, second);
  return shared && {
    severity: "warning",
    path,
    message: `${formatRange(shared.second)} shares addresses with ${
      formatRange(shared.first)
    } of ${where}; the networks do not know about each other's reservations`,
    advice:
      "write ranges that share no address, unless the networks are never connected",
  };
}

function formatSets({ config }: CheckedNetwork): string {
  return config.rangeSets.map(formatRangeSet).join("; ");
}

function firstOverlap(
  first: CheckedNetwork,
  second: CheckedNetwork,
): { readonly first: Range; readonly second: Range } | undefined {
  for (const a of first.config.rangeSets.flat()) {
    for (const b of second.config.rangeSets.flat()) {
      if (rangesOverlap(a, b)) return { first: a, second: b };
    }
  }
  return undefined;
}

function fileLines(
  { file, problems, networks, otherTypes }: CheckedFile,
  screen: Screen,
): readonly string[] {
  const width = screen.columns - 4;
  const isValid = problems.every(({ severity }) => severity !== "error");
  return [
    toned(file, "heading", screen),
    ...problems.flatMap(({ severity, path, message, advice }) => [
      `  ${toned(severity, severity === "error" ? "bad" : "warning", screen)}${
        path === "" ? "" : ` at ${path}`
      }`,
      ...wrapText(message, { width }).map((line) => `    ${line}`),
      ...(advice === ""
        ? []
        : wrapText(advice, { width }).map((line) => `    ${line}`)),
    ]),
    ...(isValid
      ? networks.flatMap((network) =>
        wrapText(`network ${network.name}: ${formatSets(network)}`, {
          width: screen.columns - 2,
          indent: "  ",
        }).map((line) => `  ${line}`)
      )
      : []),
    ...otherTypes.map((type) => `  not checked: "type": "${type}"`),
    ...(problems.length === 0 && networks.length === 0
      ? [`  no network with "ipam": {"type": "${IPAM_TYPE}"}`]
      : []),
  ];
}

function summary(
  { files, errors, warnings }: {
    readonly files: number;
    readonly errors: number;
    readonly warnings: number;
  },
  screen: Screen,
): string {
  const text = [
    counted(files, "file"),
    counted(errors, "error"),
    counted(warnings, "warning"),
  ].join(", ");
  const tone = errors > 0 ? "bad" : warnings > 0 ? "warning" : "good";
  return toned(text, tone, screen);
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
