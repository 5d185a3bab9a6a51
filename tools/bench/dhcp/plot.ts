/** The diagrams of the dhcp benchmark. Pure. @module */

import { type PerEngine, perEngine } from "../engines.ts";
import { formatPlot } from "../plot.ts";
import { quantile } from "../process_time.ts";
import { AT_ONCE, type DhcpFigures, LOSS_PERCENT } from "./figures.ts";

/** Returns the SVG: the median of ADD on the left, the 99th percentile on the right. */
export function formatDhcpPlot(
  { up, down, together, lossy }: Pick<
    DhcpFigures,
    "up" | "down" | "together" | "lossy"
  >,
): string {
  const cases = [up, down, together, lossy];
  const common = {
    axis: "link, simultaneous calls, or lost frames",
    labels: ["up", "down", `${AT_ONCE} at once`, `${LOSS_PERCENT} % lost`],
    isSeries: false,
  };
  const valuesAt = (share: number): PerEngine<number>[] =>
    cases.map((times) =>
      perEngine((engine) => quantile(times[engine].timesMs, share))
    );
  return formatPlot([
    { ...common, title: "ADD, median, milliseconds", values: valuesAt(0.5) },
    {
      ...common,
      title: "ADD, 99th percentile, milliseconds",
      values: valuesAt(0.99),
    },
  ], "ADD time of dhcp");
}
