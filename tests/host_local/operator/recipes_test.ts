/** Every configuration on the pages in docs/recipes/ is valid. @module */

import { assertEquals } from "@std/assert";
import { collectProblems } from "../../../lib/cni/collect_problems.ts";
import { readConfigDocument } from "../../../lib/cni/config_document.ts";
import { parseDhcpConfig } from "../../../lib/dhcp/config/dhcp_config.ts";
import { OURS } from "../../support/binaries.ts";
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

  for (const { json, ipamType } of configs) {
    if (ipamType !== "dhcp") continue;
    Deno.test(`dhcp accepts the recipe ${name}`, () => {
      const { problems } = collectProblems(json, {
        parse: (config) => parseDhcpConfig(config, ""),
      });
      assertEquals(problems, []);
    });
  }
}
