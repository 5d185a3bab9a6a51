/** The diagrams of the host-local benchmark. Pure. @module */

import { formatPlot } from "../plot.ts";
import { CLIENTS, type Figures } from "./figures.ts";

/** Returns the SVG: time of an ADD on the left, calls per second on the right. */
export function formatHostLocalPlot({ sizes }: Pick<Figures, "sizes">): string {
  const labels = sizes.map(({ reservations }) =>
    reservations.toLocaleString("en-US")
  );
  const common = {
    axis: "reservations in the network",
    labels,
    isSeries: true,
  };
  return formatPlot([
    {
      ...common,
      title: "ADD, milliseconds",
      values: sizes.map(({ addMs }) => addMs),
    },
    {
      ...common,
      title: `calls per second, ${CLIENTS} clients`,
      values: sizes.map(({ rate }) => rate),
    },
  ], "ADD time and call rate");
}
