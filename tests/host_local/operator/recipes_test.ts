/** Every configuration on the pages in docs/recipes/ is valid. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { readConfigDocument } from "../../../lib/cni/config_document.ts";
import { DHCP_BIN, OURS } from "../../support/binaries.ts";
import { runPlugin } from "../../support/plugin_process.ts";
import { readRecipes } from "../../support/recipes.ts";
import { testWith } from "../../support/requirements.ts";
import { runOperator } from "./command_process.ts";

const RECIPES = readRecipes().map(({ name, document }) => {
  const text = JSON.stringify(document);
  const { configs } = readConfigDocument(text);
  return { name, text, configs };
});

Deno.test("there are recipes for both plugins", () => {
  const types = RECIPES.flatMap(({ configs }) => configs)
    .map(({ ipamType }) => ipamType).filter((type) => type !== "");
  assertEquals([...new Set(types)].sort(), ["dhcp", "host-local"]);
});

for (const { name, text, configs } of RECIPES) {
  testWith(
    [`binary:${OURS}`],
    `host-local validate accepts the recipe ${name}`,
    async () => {
      const args = ["validate", "--strict", "-"];
      const { code, stdout } = await runOperator(args, { stdin: text });
      assertEquals(code, 0, stdout);
    },
  );

  if (!configs.some(({ ipamType }) => ipamType === "dhcp")) continue;
  testWith(
    [`binary:${DHCP_BIN}`],
    `dhcp validate accepts the recipe ${name}`,
    async () => {
      const { code, stdout } = await runPlugin({
        binary: DHCP_BIN,
        args: ["validate", "--strict", "-"],
        env: {},
        stdin: text,
      });
      assertEquals(code, 0, stdout);
      assertMatch(stdout, /network .*: daemon at /);
    },
  );
}
