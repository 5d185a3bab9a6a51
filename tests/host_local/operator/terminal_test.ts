/** The compiled commands on a terminal: width and colors. @module */

import { assert, assertEquals } from "@std/assert";
import { OURS } from "../../support/binaries.ts";
import { networkConfig } from "../../support/host_local_call.ts";
import { reservations, writeNetwork } from "../../support/network_directory.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { runOnTerminal } from "../../support/terminal.ts";
import { runOperator } from "./command_process.ts";

/** Selects a color. */
const SGR = new RegExp("\u{1b}\\[\\d+m", "g");
const COLUMNS = 62;

testWith(
  ["command:script", "command:stty", `binary:${OURS}`],
  "tables and texts fit the terminal, and only a terminal gets colors",
  async () => {
    using dir = new TempDir();
    const config = dir.join("net.conf");
    const subnets = ["10.1.0.0/28"];
    const dataDir = dir.join("data");
    await Deno.writeTextFile(config, networkConfig({ dataDir, subnets }));
    const prefix = "a".repeat(60);
    writeNetwork(`${dataDir}/net`, reservations(13, { prefix }));
    for (
      const args of [
        ["list", "--data-dir", dataDir],
        ["show", "--data-dir", dataDir, "--config", config],
        ["validate", config],
      ]
    ) {
      const command = [OURS, ...args];
      const colored = await runOnTerminal(command, { columns: COLUMNS });
      assert(SGR.test(colored), colored);
      const plain = await runOnTerminal(command, {
        columns: COLUMNS,
        env: { NO_COLOR: "1" },
      });
      assertEquals(colored.replaceAll(SGR, ""), plain);
      const wide = plain.split("\r\n").filter((line) =>
        line.length > COLUMNS && !line.includes(dir.path)
      );
      assertEquals(wide, []);
      const { stdout } = await runOperator(args, {
        env: { COLUMNS: `${COLUMNS}` },
      });
      assertEquals(plain.replaceAll("\r\n", "\n"), stdout);
    }
  },
);
