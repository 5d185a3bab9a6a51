import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatMetrics,
  type MetricFamily,
} from "../../../lib/metrics/exposition.ts";

const FAMILY: MetricFamily = {
  name: "leases",
  help: "Leases",
  type: "gauge",
  samples: [],
};

function lines(family: Partial<MetricFamily>): string[] {
  return formatMetrics([{ ...FAMILY, ...family }]).split("\n");
}

Deno.test("formatMetrics() describes a family without samples", () => {
  assertEquals(lines({}), ["# HELP leases Leases", "# TYPE leases gauge", ""]);
});

Deno.test("formatMetrics() escapes backslashes and line feeds in a description", () => {
  assertEquals(
    lines({ help: 'a\\b\n"c"' })[0],
    '# HELP leases a\\\\b\\n"c"',
  );
});

Deno.test("formatMetrics() escapes backslashes, quotes and line feeds in labels", () => {
  assertEquals(
    lines({
      samples: [{ labels: { a: 'x"y\\z\n', b: "" }, value: 1 }],
    })[2],
    'leases{a="x\\"y\\\\z\\n",b=""} 1',
  );
});

Deno.test("formatMetrics() writes values as Prometheus reads them", () => {
  const values = [0, -1.5, 2 ** 64, 1e-7, Infinity, -Infinity, NaN];
  assertEquals(
    lines({ samples: values.map((value) => ({ value })) }).slice(2, -1),
    [
      "leases 0",
      "leases -1.5",
      "leases 18446744073709552000",
      "leases 1e-7",
      "leases +Inf",
      "leases -Inf",
      "leases NaN",
    ],
  );
});

Deno.test("formatMetrics() writes one line for each sample, whatever its labels", () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
    const samples = texts.map((text) => ({ labels: { text }, value: 1 }));
    const written = lines({ samples }).slice(2, -1);
    assertEquals(
      written.map((line) => {
        const [, quoted] = /^leases\{text=(".*")\} 1$/su.exec(line) ?? [];
        return (quoted ?? "").slice(1, -1).replace(
          /\\([\\n"])/g,
          (_, character) => character === "n" ? "\n" : character,
        );
      }),
      texts,
    );
  }));
});
