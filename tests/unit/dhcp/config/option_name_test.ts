import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError, DecodeError } from "../../../../lib/base/errors.ts";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import { readOptionCode } from "../../../../lib/dhcp/config/option_name.ts";
import { testRows } from "../../../support/rows.ts";

function read(option: unknown): number | undefined {
  return readOptionCode(new JsonObject({ option }, "ipam.request[0]"));
}

testRows("readOptionCode() reads", [
  { name: "a name", option: "routers", want: 3 },
  { name: "a number", option: 12, want: 12 },
  { name: "a number as text", option: "12", want: 12 },
  { name: "empty text as no option", option: "", want: undefined },
  { name: "an absent key as no option", option: undefined, want: undefined },
], ({ option, want }) => assertEquals(read(option), want));

/** What `details` of the error document say. */
const ADVICE =
  "expected a name of dhcp-options(5), such as host-name, or a number up to 255";

testRows("readOptionCode() refuses", [
  {
    name: "an unknown name",
    option: "zork",
    error: "ConfigError",
    message:
      'Can not parse option "zork": Can not parse option: strconv.ParseUint: parsing "zork": invalid syntax',
    advice: ADVICE,
  },
  {
    name: "a number above 255",
    option: "256",
    error: "ConfigError",
    message:
      'Can not parse option "256": Can not parse option: strconv.ParseUint: parsing "256": value out of range',
    advice: ADVICE,
  },
  {
    name: "a boolean",
    option: true,
    error: "DecodeError",
    message:
      "json: cannot unmarshal bool into ipam.request[0].option: expected a string",
    advice: "write a string",
  },
], ({ option, error, message, advice }) => {
  const thrown = assertThrows(() => read(option));
  assert(thrown instanceof ConfigError || thrown instanceof DecodeError);
  assertEquals(
    [thrown.name, thrown.message, thrown.advice],
    [error, message, advice],
  );
});
