import { assertEquals } from "@std/assert";
import { ConfigError } from "../../../lib/base/errors.ts";
import { logInvalidConfig } from "../../../lib/cni/config_check.ts";
import { testRows } from "../../support/rows.ts";
import { invocation, networkConfig } from "./builders.ts";

testRows<{ name: string; parse: () => void; want: unknown[] }>(
  "logInvalidConfig() logs",
  [
    { name: "nothing about a valid configuration", parse: () => {}, want: [] },
    {
      name: "why a configuration is invalid",
      parse: () => {
        throw new ConfigError("timeout is 0", "ipam.timeout");
      },
      want: [
        ["warn", "config-invalid", { command: "DEL", reason: "timeout is 0" }],
      ],
    },
  ],
  ({ parse, want }) => {
    const logged: unknown[] = [];
    const request = {
      invocation: invocation({ command: "DEL" }),
      config: networkConfig({}),
    };
    logInvalidConfig(request, (...line) => void logged.push(line), parse);
    assertEquals(logged, want);
  },
);
