/** `validate` reports an error exactly if the plugin refuses the configuration. @module */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ConfigError, DecodeError } from "../../../../lib/base/errors.ts";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import { CniError } from "../../../../lib/cni/error.ts";
import {
  readCniVersion,
  readNetworkName,
} from "../../../../lib/cni/network_config.ts";
import { selectVersion } from "../../../../lib/cni/spec_version.ts";
import { parseHostLocalConfig } from "../../../../lib/host_local/config.ts";
import { validate } from "../../../../lib/host_local/operator/validate.ts";
import { checkProperty } from "../../../support/property.ts";

/** Returns whether the plugin accepts the configuration in an ADD. */
function isAccepted(value: unknown): boolean {
  try {
    const json = new JsonObject(JSON.parse(JSON.stringify(value)), "");
    const name = readNetworkName(json);
    const cniVersion = readCniVersion(json);
    selectVersion("ADD", cniVersion);
    parseHostLocalConfig({ json, name, cniVersion }, "");
    return true;
  } catch (error) {
    if (
      error instanceof ConfigError || error instanceof DecodeError ||
      error instanceof CniError
    ) return false;
    throw error;
  }
}

const text = fc.constantFrom(
  "10.1.0.0/24",
  "10.1.0.0/25",
  "10.1.0.7/24",
  "fd00::/64",
  "10.1.0.9",
  "10.1.0.200",
  "fd00::9",
  "10.9.0.1",
  "",
  "nonsense",
);
const wrong = fc.constantFrom(null, 5, true, [], {}, "x");
const value = fc.oneof({ weight: 8, arbitrary: text }, wrong);

const range = fc.record({
  subnet: value,
  rangeStart: value,
  rangeEnd: value,
  gateway: value,
  exclude: fc.oneof(fc.array(value, { maxLength: 3 }), wrong),
}, { requiredKeys: [] });
const good = fc.constantFrom(
  { subnet: "10.2.0.0/24" },
  { subnet: "10.3.0.0/24" },
  { subnet: "fd01::/64" },
);
const anyRange = fc.oneof(
  { weight: 3, arbitrary: good },
  { weight: 2, arbitrary: range },
  wrong,
);
const sets = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.array(anyRange, { maxLength: 3 }) },
    wrong,
  ),
  { maxLength: 4 },
);
const ipam = fc.record({
  ranges: fc.oneof({ weight: 8, arbitrary: sets }, wrong),
  subnet: value,
  gateway: value,
  exclude: fc.oneof(fc.array(value, { maxLength: 3 }), wrong),
  routes: fc.oneof(fc.array(fc.record({ dst: value, gw: value })), wrong),
  dataDir: fc.oneof(fc.constant("/x"), wrong),
  resolvConf: fc.oneof(fc.constant("/x"), wrong),
  gcGraceSeconds: fc.oneof(fc.integer(), wrong),
}, { requiredKeys: [] });
const config = fc.record({
  name: fc.oneof({ weight: 8, arbitrary: fc.constant("net") }, wrong),
  cniVersion: fc.constantFrom("0.2.0", "1.0.0", "1.1.0", "9.9.9"),
  args: fc.record({ cni: fc.record({ ips: fc.array(value) }) }),
  runtimeConfig: fc.record({ ipRanges: sets, ips: fc.array(value) }, {
    requiredKeys: [],
  }),
  ipam: ipam.map((keys) => ({ ...keys, type: "host-local" })),
}, { requiredKeys: ["name", "cniVersion", "ipam"] });

Deno.test("validate reports an error exactly if ADD refuses the configuration", () => {
  checkProperty(
    fc.property(config, (value) => {
      const files = [{ path: "x", text: JSON.stringify(value) }];
      const { status } = validate(files, { paths: ["x"], isStrict: false });
      assertEquals(status === 0, isAccepted(value));
    }),
    1000,
  );
});

Deno.test("validate reports at most one error about a value", () => {
  checkProperty(
    fc.property(config, (value) => {
      const files = [{ path: "x", text: JSON.stringify(value) }];
      const report = JSON.parse(
        JSON.stringify(
          validate(files, { paths: ["x"], isStrict: false }).json(),
        ),
      );
      const paths = report.files[0].problems
        .filter(({ severity }: { severity: string }) => severity === "error")
        .map(({ path }: { path: string }) => path);
      assertEquals([...new Set(paths)], paths);
    }),
    1000,
  );
});

Deno.test("validate accepts any text", () => {
  const texts = fc.oneof(fc.string(), fc.json(), fc.anything().map(String));
  checkProperty(
    fc.property(texts, (text) => {
      validate([{ path: "x", text }], { paths: ["x"], isStrict: false }).lines({
        columns: 80,
        hasColors: false,
      });
    }),
    1000,
  );
});
