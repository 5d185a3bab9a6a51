import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  ConfigError,
  DecodeError,
  SystemError,
} from "../../../lib/base/errors.ts";
import { CniError, formatError, toCniError } from "../../../lib/cni/error.ts";
import { factsOf } from "../base/thrown.ts";

const BUG = "This is a bug of the plugin; stderr has the stack";

const MAPPINGS = [
  {
    name: "SPEC section 5, code 6: a DecodeError, with its path",
    error: new DecodeError("no", "ipam.ranges[0]"),
    want: { code: 6, message: "no", details: "at ipam.ranges[0]" },
  },
  {
    name: "SPEC section 5, code 7: a ConfigError, with its path",
    error: new ConfigError("no", "ipam.subnet"),
    want: { code: 7, message: "no", details: "at ipam.subnet" },
  },
  {
    name: "SPEC section 5, code 7: a ConfigError, with its path and advice",
    error: new ConfigError("no", "ipam.subnet", { advice: "expected a CIDR" }),
    want: {
      code: 7,
      message: "no",
      details: "at ipam.subnet; expected a CIDR",
    },
  },
  {
    name: "SPEC section 5, code 7: a ConfigError about the whole configuration",
    error: new ConfigError("no", ""),
    want: { code: 7, message: "no", details: "" },
  },
  {
    name: "SPEC section 5, code 5: a SystemError, with advice",
    error: new SystemError("open /x: no", { advice: "do that" }),
    want: { code: 5, message: "open /x: no", details: "do that" },
  },
  {
    name: "code 999: any other error",
    error: new TypeError("oops"),
    want: { code: 999, message: "oops", details: BUG },
  },
  {
    name: "code 999: a thrown value that is not an Error",
    error: "oops",
    want: { code: 999, message: "oops", details: BUG },
  },
] as const;

for (const { name, error, want } of MAPPINGS) {
  Deno.test(`toCniError() maps ${name}`, () => {
    assertEquals(factsOf(toCniError(error)), { name: "CniError", ...want });
  });

  Deno.test(`toCniError() keeps the cause: ${name}`, () => {
    assertStrictEquals(toCniError(error).cause, error);
  });
}

Deno.test("toCniError() returns a CniError unchanged", () => {
  const error = new CniError(8, "own");
  assertStrictEquals(toCniError(error), error);
});

const DOCUMENTS = [
  {
    name: "has cniVersion, code, msg and details (SPEC section 5)",
    error: new CniError(4, "invalid characters in containerID", {
      details: "/bad id",
    }),
    want: `{
    "cniVersion": "1.0.0",
    "code": 4,
    "msg": "invalid characters in containerID",
    "details": "/bad id"
}`,
  },
  {
    name: "omits empty details",
    error: new CniError(999, "IP <nil> not v4 nor v6"),
    want: `{
    "cniVersion": "1.0.0",
    "code": 999,
    "msg": "IP \\u003cnil\\u003e not v4 nor v6"
}`,
  },
] as const;

for (const { name, error, want } of DOCUMENTS) {
  Deno.test(`formatError() ${name}`, () => {
    assertEquals(formatError(error, "1.0.0"), want);
  });
}
