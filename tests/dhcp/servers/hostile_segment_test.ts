/** A short run of `deno task test:hostile`, with this project's daemon only. @module */

import { assert, assertEquals } from "@std/assert";
import { attackOf } from "../../../tools/hostile/attacks.ts";
import { attackAll } from "../../../tools/hostile_segment.ts";
import { DHCP_BIN } from "../../support/binaries.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

testWith(
  [
    ...["root", "command:dnsmasq", "command:perl"] as const,
    ...["command:setpriv", `binary:${DHCP_BIN}`] as const,
  ],
  "the daemon survives hostile replies and connections, and serves other containers",
  async () => {
    using directory = new TempDir();
    const names = ["unusable replies", "connections of a stranger"];
    const figures = await attackAll({
      targets: [{ name: "here", binary: DHCP_BIN }],
      attacks: names.map(attackOf),
      seconds: 1,
      folder: directory.path,
    });
    assertEquals(figures.map(({ attack }) => attack), names);
    for (const { sent, hasEnded, failedAdds, addMs, logLines } of figures) {
      assert(sent > 0);
      assertEquals([hasEnded, failedAdds, addMs.length > 0], [false, 0, true]);
      assert(logLines < 1000, String(logLines));
    }
  },
);
