import { assertEquals } from "@std/assert";
import { formatDhcpPlot } from "../../tools/bench/dhcp/plot.ts";
import { formatHostLocalPlot } from "../../tools/bench/host_local/plot.ts";
import { perEngine } from "../../tools/bench/engines.ts";

/** How often an element with an attribute is in a plot. */
function count(svg: string, element: string): number {
  return svg.split(`<${element}`).length - 1;
}

Deno.test("the plot of dhcp has a point for each engine, case and quantile, and no lines", () => {
  const times = (fast: number, slow: number) =>
    perEngine(() => ({ timesMs: [fast, fast, fast, slow], failed: 0 }));
  const svg = formatDhcpPlot({
    up: times(20, 40),
    down: times(15, 50),
    together: times(280, 340),
    lossy: times(300, 9000),
  });
  assertEquals([count(svg, "circle"), count(svg, "polyline")], [24, 0]);
  // All values of a panel are between its lowest and highest power of ten.
  const heights = [...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => Number(y));
  assertEquals(heights.filter((y) => !(y >= 60 && y <= 270)), []);
});

Deno.test("the plot of host-local has a line for each engine and panel", () => {
  const size = (reservations: number) => ({
    reservations,
    addMs: perEngine(() => 5),
    rate: perEngine(() => 400),
  });
  const svg = formatHostLocalPlot([size(0), size(250), size(60_000)]);
  assertEquals([count(svg, "circle"), count(svg, "polyline")], [18, 6]);
});
