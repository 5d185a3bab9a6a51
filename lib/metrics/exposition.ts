/** Metrics in the text-based exposition format of Prometheus, version 0.0.4. Pure. @module */

/** The content type of the text. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Labels and their values. */
export type Labels = Readonly<Record<string, string>>;

/** One value of a metric. */
export interface Sample {
  /** What is added to the name of the family: `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly labels?: Labels;
  readonly value: number;
}

/** A metric, with a sample for each combination of labels. */
export interface MetricFamily {
  /** Letters, digits and underscores; ends with the unit, and `_total` for a counter. */
  readonly name: string;
  /** A sentence without a period. */
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** No two with the same suffix and labels. */
  readonly samples: readonly Sample[];
}

/**
 * Formats metrics. A family without samples is still described.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const text = formatMetrics([{
 *   name: "calls_total",
 *   help: "Calls that have ended",
 *   type: "counter",
 *   samples: [{ labels: { command: "ADD" }, value: 3 }],
 * }]);
 * assertEquals(text.split("\n"), [
 *   "# HELP calls_total Calls that have ended",
 *   "# TYPE calls_total counter",
 *   'calls_total{command="ADD"} 3',
 *   "",
 * ]);
 * ```
 */
export function formatMetrics(families: readonly MetricFamily[]): string {
  return families.map(formatFamily).join("");
}

function formatFamily({ name, help, type, samples }: MetricFamily): string {
  const lines = samples.map(({ suffix = "", labels = {}, value }) =>
    `${name}${suffix}${formatLabels(labels)} ${formatValue(value)}\n`
  );
  return [
    `# HELP ${name} ${help.replace(/[\\\n]/g, escapeCharacter)}\n`,
    `# TYPE ${name} ${type}\n`,
    ...lines,
  ].join("");
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name}="${value.replace(/[\\\n"]/g, escapeCharacter)}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeCharacter(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}

function formatValue(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
