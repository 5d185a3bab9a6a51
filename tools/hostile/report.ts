/** The report of a hostile segment as Markdown, and as lines for a terminal. Pure. @module */

import { quantile } from "../bench/process_time.ts";
import { ms, row } from "../bench/report.ts";
import { ATTACKS } from "./attacks.ts";
import type { AttackFigures } from "./figures.ts";

const HEAD = [
  ["attack", "side", "sent", "daemon"],
  ["memory, MB", "after", "CPU, ms/s", "log lines", "per ADD"],
  ["ADD p50, ms", "ADD max, ms", "failed", "victim's ADDs failed"],
].flat();

/** Returns a table with a row for each attack and side. */
export function hostileTable(figures: readonly AttackFigures[]): string[] {
  return [
    row(...HEAD),
    row(...HEAD.map((_, index) => index < 2 ? "---" : "---:")),
    ...figures.map((each) =>
      row(
        ...[each.attack, each.side, each.sent.toLocaleString("en-US")],
        each.hasEnded ? "**ended**" : "runs",
        ...[whole(each.peakMb), whole(each.afterMb)],
        whole(each.cpuMsPerSecond),
        each.logLines.toLocaleString("en-US"),
        (each.logLines / (addsOf(each) + each.victimAdds)).toFixed(1),
        ...[0.5, 1].map((share) => time(quantile(each.addMs, share))),
        `${each.failedAdds} of ${addsOf(each)}`,
        `${each.victimFailedAdds} of ${each.victimAdds}`,
      )
    ),
  ];
}

function addsOf({ addMs, failedAdds }: AttackFigures): number {
  return addMs.length + failedAdds;
}

function whole(value: number): string {
  return Number.isNaN(value) ? "-" : value.toFixed(0);
}

function time(value: number): string {
  return Number.isNaN(value) ? "-" : ms(value);
}

/** Returns the whole document; `machine` has lines that describe the machine, `date` is the day. */
export function formatHostileReport(
  figures: readonly AttackFigures[],
  { machine, date, seconds }: {
    readonly machine: readonly string[];
    readonly date: string;
    readonly seconds: number;
  },
): string {
  return [
    "# A hostile segment",
    "",
    `Measured with \`deno task test:hostile\` on ${date}. A neighbor on the same segment attacks for ${seconds} seconds, or users`,
    "of the host attack the socket of the daemon, while two containers repeat ADD and DEL: the victim, whose messages the",
    "attacker answers, and another one. Both daemons in one run, one after the other, with one dnsmasq. The attacker,",
    "the server and the daemon share the CPUs, so compare the sides, not the attacks. DHCP has no authentication: a",
    "neighbor that answers before the server can make the victim's ADD fail, or give it an address.",
    "",
    ...machine,
    "",
    ...hostileTable(figures),
    "",
    "- `sent`: frames or connections of the attacker.",
    "- `memory`: the largest proportional set size of the daemon during the attack, and the one after it.",
    "- `CPU`: time of the daemon's process per second of the attack.",
    "- `log lines`: those of the daemon; `per ADD` counts the ADDs of both containers. Without an attack, an ADD and its DEL",
    "  log eight lines here and three with upstream.",
    "- `ADD`: wall times of the other container's ADDs; an ADD that takes longer than 20 seconds is stopped and has failed.",
    "",
    "## Attacks",
    "",
    ...ATTACKS.map(({ name, text }) => `- ${name}: ${text}`),
    "",
  ].join("\n");
}
