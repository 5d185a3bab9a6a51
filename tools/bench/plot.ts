/**
 * Figures of a benchmark run as an SVG of two diagrams for light and dark backgrounds. Pure.
 *
 * @module
 */

import { ENGINES, type PerEngine } from "./engines.ts";

const WIDTH = 860;
const HEIGHT = 330;

/** One diagram: one value per engine and label, on a logarithmic scale. */
export interface Panel {
  readonly title: string;
  /** What the labels are about. */
  readonly axis: string;
  readonly labels: readonly string[];
  /** For each label. */
  readonly values: readonly PerEngine<number>[];
  /** Whether the values belong to a series, so that lines connect them. */
  readonly isSeries: boolean;
}

const NAMES: PerEngine<string> = {
  resident: "resident",
  standalone: "standalone",
  upstream: "upstream 1.1.1",
};

/** The left edges of the diagrams. */
const LEFTS = [60, 490] as const;

const PLOT = { width: 340, top: 60, height: 210 };

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 14px; font-weight: 600; }
  .grid { stroke: #8886; stroke-width: 1; }
  .line { fill: none; stroke-width: 2.5; }
  .resident { stroke: #0969da; } .resident-fill { fill: #0969da; }
  .standalone { stroke: #1a7f37; } .standalone-fill { fill: #1a7f37; }
  .upstream { stroke: #bc4c00; } .upstream-fill { fill: #bc4c00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .resident { stroke: #58a6ff; } .resident-fill { fill: #58a6ff; }
    .standalone { stroke: #3fb950; } .standalone-fill { fill: #3fb950; }
    .upstream { stroke: #f0883e; } .upstream-fill { fill: #f0883e; }
  }
`;

/** The powers of ten around all values. */
function decades(values: readonly PerEngine<number>[]): number[] {
  const all = values.flatMap((value) => ENGINES.map((engine) => value[engine]));
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.ceil(Math.log10(Math.max(...all)));
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

function drawPanel(
  { title, axis, labels, values, isSeries }: Panel,
  left: number,
): string {
  const powers = decades(values);
  const [low = 0] = powers;
  const high = powers[powers.length - 1] ?? 1;
  const x = (index: number): number =>
    left + (index + 0.5) * PLOT.width / labels.length;
  const y = (value: number): number =>
    PLOT.top + PLOT.height * (1 - (Math.log10(value) - low) / (high - low));
  const bottom = PLOT.top + PLOT.height;
  const grid = powers.map((power) => {
    const at = y(10 ** power).toFixed(1);
    return `<line class="grid" x1="${left}" x2="${
      left + PLOT.width
    }" y1="${at}" y2="${at}"/>` +
      `<text x="${left - 8}" y="${at}" dy="4" text-anchor="end">${
        10 ** power
      }</text>`;
  });
  const ticks = labels.map((label, index) =>
    `<text x="${x(index).toFixed(1)}" y="${
      bottom + 20
    }" text-anchor="middle">${label}</text>`
  );
  const lines = ENGINES.toReversed().map((side) => {
    const points = values.map((value, index) =>
      [x(index).toFixed(1), y(value[side]).toFixed(1)] as const
    );
    const line = `<polyline class="line ${side}" points="${
      points.map((point) => point.join()).join(" ")
    }"/>`;
    return (isSeries ? line : "") +
      points.map(([cx, cy]) =>
        `<circle class="${side}-fill" cx="${cx}" cy="${cy}" r="3.5"/>`
      ).join("");
  });
  return [
    `<text class="title" x="${left}" y="${PLOT.top - 18}">${title}</text>`,
    ...grid,
    ...ticks,
    `<text x="${left + PLOT.width / 2}" y="${
      bottom + 40
    }" text-anchor="middle">${axis}</text>`,
    ...lines,
  ].join("\n");
}

/** Returns an SVG of two diagrams. @param about What they show, for readers without them. */
export function formatPlot(
  panels: readonly [Panel, Panel],
  about: string,
): string {
  const legend = ENGINES.map((side, index) => {
    const left = 60 + index * 150;
    return `<line class="line ${side}" x1="${left}" x2="${
      left + 24
    }" y1="16" y2="16"/>` +
      `<text x="${left + 30}" y="20">${NAMES[side]}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${about}">`,
    `<style>${STYLE}</style>`,
    ...legend,
    ...panels.map((panel, index) => drawPanel(panel, LEFTS[index] ?? 0)),
    "</svg>",
    "",
  ].join("\n");
}
