import { FINDINGS } from "../../lib/host_local/operator/finding_meanings.ts";

/** The parts that are generated. */
export interface GeneratedParts {
  /** Sessions by name. */
  readonly texts: ReadonlyMap<string, string>;
  /** The table of findings. */
  readonly findings: string;
}

/**
 * Returns the page with its generated parts: what is between `<!-- session: NAME -->` or
 * `<!-- findings -->` and `<!-- end -->`.
 *
 * @throws {Error} if the page names a session that does not exist, or lacks one that does.
 */
export function withSessions(
  page: string,
  { texts, findings }: GeneratedParts,
): string {
  const used = new Set<string>();
  const filled = page.replace(
    /(<!-- session: (\w+) -->\n)[^]*?(<!-- end -->)/g,
    (_, start: string, name: string, end: string) => {
      const text = texts.get(name);
      if (text === undefined) throw new Error(`there is no session ${name}`);
      used.add(name);
      return `${start}\n\`\`\`console\n${text}\`\`\`\n\n${end}`;
    },
  ).replace(
    /(<!-- findings -->\n)[^]*?(<!-- end -->)/,
    (_, start: string, end: string) => `${start}\n${findings}\n${end}`,
  );
  const unused = [...texts.keys()].filter((name) => !used.has(name));
  if (unused.length > 0) {
    throw new Error(`the page has no place for: ${unused.join(", ")}`);
  }
  return filled;
}

/** Returns a Markdown table of everything that check-state can find. */
export function findingsTable(): string {
  const rows = Object.entries(FINDINGS).map(([id, finding]) => [
    `\`${id}\``,
    finding.severity,
    finding.meaning,
    finding.remedy,
  ]);
  const all = [["finding", "severity", "meaning", "what to do"], ...rows];
  const widths = [0, 1, 2, 3].map((index) =>
    Math.max(...all.map((row) => row[index]?.length ?? 0))
  );
  const format = (row: readonly string[]): string =>
    `| ${
      row.map((text, index) => text.padEnd(widths[index] ?? 0)).join(" | ")
    } |`;
  const [head = [], ...body] = all;
  const rule = widths.map((width) => "-".repeat(width));
  return `${[head, rule, ...body].map(format).join("\n")}\n`;
}
