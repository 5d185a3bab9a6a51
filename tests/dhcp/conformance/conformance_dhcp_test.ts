/**
 * Runs every case in `cases/` against this project's dhcp, once by itself and once through a
 * launcher, and against upstream's, each with its own daemon.
 *
 * `DHCP_BIN` names a binary to test instead of dist/dhcp. Upstream's is the one that the Debian
 * package containernetworking-plugins installs. The `upstream` keys of the cases describe that
 * release, 1.1.1.
 * @module
 */

import { assertEquals } from "@std/assert";
import { differencesOf } from "../../host_local/conformance/case_reader.ts";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import { deliberateDifferences } from "../../support/deliberate_differences.ts";
import { testRowsInParallel } from "../../support/parallel_rows.ts";
import { report } from "../../support/report.ts";
import { type DhcpCase, loadDhcpCases } from "./dhcp_case.ts";
import { runDhcpCase, type Side } from "./dhcp_runner.ts";

const groups = loadDhcpCases(new URL("cases/", import.meta.url));

register({ binary: DHCP_BIN, target: "here" }, () => true);
register(
  { binary: DHCP_BIN, target: "here", isResident: true },
  () => true,
);
register(
  { binary: `${UPSTREAM_DIR}/dhcp`, target: "upstream" },
  ({ notUpstream }) => notUpstream === undefined,
);

Deno.test("every conformance case of dhcp has a unique name", () => {
  for (const { topic, cases } of groups) {
    const names = cases.map(({ name }) => name);
    assertEquals(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
      topic,
    );
  }
});

Deno.test("the documentation explains every difference that a case of dhcp relies on", async () => {
  const explained = await deliberateDifferences();
  const used = new Set(
    groups.flatMap(({ cases }) => cases).flatMap((each) =>
      [differencesOf(each), each.notUpstream ?? []].flat()
    ),
  );
  assertEquals([...used].filter((id) => !explained.has(id)).sort(), []);
});

/**
 * Registers one test for each case file, with a step for each case. Steps mostly wait, so several
 * run at once.
 */
function register(side: Side, isWanted: (each: DhcpCase) => boolean): void {
  for (const { topic, cases } of groups) {
    testRowsInParallel(
      ["root", `binary:${side.binary}`],
      `${side.isResident === true ? "launcher" : side.target} ${topic}`,
      cases.filter(isWanted).map((each) => ({
        name: each.name,
        run: async () => {
          const problems = await problemsOf(each, side);
          if (problems.length > 0) throw new Error(problems.join("\n"));
        },
      })),
    );
  }
}

/**
 * Runs a case. Upstream's plugin gets a second attempt: it gives up on an exchange that a busy
 * machine delays, and the cases describe what it does, not how often.
 */
async function problemsOf(each: DhcpCase, side: Side): Promise<string[]> {
  const problems = await runDhcpCase(each, side);
  if (problems.length === 0 || side.target === "here") return problems;
  report(`upstream, first attempt of "${each.name}": ${problems[0]}`);
  return await runDhcpCase(each, side);
}
