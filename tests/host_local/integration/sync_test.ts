/**
 * What a call brings to the disk before it ends: the least that a power failure makes necessary.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { OURS } from "../../support/binaries.ts";
import { environmentOf } from "../../support/host_local_call.ts";
import {
  ownerText,
  reservations,
  writeNetwork,
} from "../../support/network_directory.ts";
import { testWith } from "../../support/requirements.ts";
import { runTraced } from "../../support/strace.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { faultConfig } from "./fault_scenarios.ts";

/** Before the last boot of every machine that runs the tests. */
const BEFORE_BOOT = new Date(1e12);

interface Row {
  readonly name: string;
  readonly command: "ADD" | "CHECK" | "DEL" | "GC" | "STATUS";
  /** Files in the network's directory; undefined: there is no directory. */
  readonly files?: Readonly<Record<string, string>>;
  readonly beforeBoot?: boolean;
  readonly ipam?: Readonly<Record<string, unknown>>;
  /** Exit status; 0 by default. */
  readonly code?: number;
  /** What is synced, relative to the network's directory. */
  readonly want: readonly string[];
}

const OWN = { "10.1.0.2": ownerText("c1"), "fd00:1::2": ownerText("c1") };
const CURSORS = {
  "last_reserved_ip.0": "10.1.0.9",
  "last_reserved_ip.1": "fd00:1::9",
};

const ROWS: readonly Row[] = [
  {
    name: "the first ADD of a network syncs the owner's name",
    command: "ADD",
    want: ["/.pending"],
  },
  {
    name: "ADD that moves cursors syncs the owner's name",
    command: "ADD",
    files: { ...reservations(3), ...CURSORS },
    want: ["/.pending"],
  },
  {
    name: "ADD that keeps an index syncs the owner's name",
    command: "ADD",
    files: { ...reservations(250), ...CURSORS },
    want: ["/.pending"],
  },
  {
    name: "the first ADD after a boot syncs the owner's name",
    command: "ADD",
    files: { ...OWN, ...reservations(3, { first: 3 }), ...CURSORS },
    beforeBoot: true,
    want: ["/.pending"],
  },
  {
    name: "ADD that is refused syncs nothing",
    command: "ADD",
    files: { lock: "", ...OWN },
    code: 1,
    want: [],
  },
  {
    name: "DEL syncs the directory, so that what it released stays free",
    command: "DEL",
    files: OWN,
    want: [""],
  },
  {
    name: "GC syncs the directory, so that what it released stays free",
    command: "GC",
    files: { ...OWN, ...reservations(3, { first: 3 }) },
    want: [""],
  },
  {
    name: "DEL of nothing syncs nothing",
    command: "DEL",
    files: reservations(3),
    want: [],
  },
  {
    name: "GC of nothing syncs nothing",
    command: "GC",
    files: {},
    want: [],
  },
  {
    name: "CHECK syncs nothing",
    command: "CHECK",
    files: OWN,
    want: [],
  },
  {
    name: "DEL that adds to a history does not sync it",
    command: "DEL",
    files: { ...OWN, ".history": "10.1.0.2 eth0 c1 shop/web-0 1\n" },
    ipam: { sticky: "pod" },
    want: [""],
  },
  {
    name:
      "GC that replaces a history syncs it, because it could be lost as a whole",
    command: "GC",
    files: { ...OWN, ".history": "10.1.0.2 eth0 c1 shop/web-0 1\n".repeat(80) },
    ipam: { sticky: "pod" },
    want: ["/.cursor", ""],
  },
  { name: "STATUS syncs nothing", command: "STATUS", files: OWN, want: [] },
];

for (
  const { name, command, files, beforeBoot, ipam, code = 0, want } of ROWS
) {
  testWith(
    [`binary:${OURS}`, "command:strace"],
    name,
    async () => {
      using temp = new TempDir();
      const dataDir = temp.join("data");
      const network = `${dataDir}/net`;
      if (files !== undefined) writeNetwork(network, files);
      for (const file of Object.keys(beforeBoot ? files ?? {} : {})) {
        await Deno.utime(`${network}/${file}`, BEFORE_BOOT, BEFORE_BOOT);
      }
      const outcome = await runTraced({
        command: [OURS],
        env: environmentOf({ command, containerId: "c1" }),
        stdin: faultConfig(dataDir, [], ipam),
        traceFile: temp.join("trace"),
        options: [
          "-y",
          "-e",
          "trace=fsync,fdatasync,sync_file_range,syncfs,sync,msync",
        ],
      });
      const synced = outcome.calls.map(({ args }) => /<(.*)>/.exec(args)?.[1]);
      assertEquals(
        [outcome.code, synced],
        [code, want.map((path) => `${network}${path}`)],
        outcome.stdout,
      );
    },
  );
}
