import { assertEquals } from "@std/assert";
import {
  type Command,
  isAtLeast,
  parseCommand,
  selectVersion,
} from "../../../lib/cni/spec_version.ts";
import { thrownBy } from "../base/thrown.ts";

const COMMANDS = ["ADD", "DEL", "CHECK", "GC", "STATUS"] as const;

// CHECK was introduced in 0.4.0, GC and STATUS in 1.1.0 (SPEC section 2).
const GATES = [
  { version: "0.1.0", allowed: ["ADD", "DEL"] },
  { version: "0.2.0", allowed: ["ADD", "DEL"] },
  { version: "0.3.0", allowed: ["ADD", "DEL"] },
  { version: "0.3.1", allowed: ["ADD", "DEL"] },
  { version: "0.4.0", allowed: ["ADD", "DEL", "CHECK"] },
  { version: "1.0.0", allowed: ["ADD", "DEL", "CHECK"] },
  { version: "1.1.0", allowed: ["ADD", "DEL", "CHECK", "GC", "STATUS"] },
] as const;

function incompatible(message: string, details = ""): Record<string, unknown> {
  return { name: "CniError", code: 1, message, details };
}

function notSupported(version: string): Record<string, unknown> {
  return incompatible(
    "incompatible CNI versions",
    `config is "${version}", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]`,
  );
}

function undecodable(message: string): Record<string, unknown> {
  return { name: "CniError", code: 6, message, details: "" };
}

for (const { version, allowed } of GATES) {
  for (const command of COMMANDS) {
    if (allowed.some((candidate) => candidate === command)) {
      Deno.test(`selectVersion() allows ${command} in ${version}`, () => {
        assertEquals(selectVersion(command, version), version);
      });
    } else {
      Deno.test(`selectVersion() refuses ${command} in ${version}`, () => {
        assertEquals(
          thrownBy(() => selectVersion(command, version)),
          incompatible(`config version does not allow ${command}`),
        );
      });
    }
  }
}

const DEFAULTS = [
  { command: "ADD", want: "0.1.0" },
  { command: "DEL", want: "0.1.0" },
] as const;

for (const { command, want } of DEFAULTS) {
  Deno.test(`selectVersion() treats a missing version as 0.1.0 for ${command}`, () => {
    assertEquals(selectVersion(command, ""), want);
  });
}

const REFUSED: readonly {
  command: Command;
  version: string;
  want: Record<string, unknown>;
}[] = [
  {
    command: "CHECK",
    version: "",
    want: incompatible("config version does not allow CHECK"),
  },
  {
    command: "STATUS",
    version: "",
    want: incompatible("config version does not allow STATUS"),
  },
  { command: "ADD", version: "9.9.9", want: notSupported("9.9.9") },
  { command: "DEL", version: "9.9.9", want: notSupported("9.9.9") },
  { command: "ADD", version: "1.1", want: notSupported("1.1") },
  { command: "ADD", version: "v1.0.0", want: notSupported("v1.0.0") },
  { command: "ADD", version: " 1.0.0", want: notSupported(" 1.0.0") },
  { command: "ADD", version: "abc", want: notSupported("abc") },
  { command: "ADD", version: "0.3.2", want: notSupported("0.3.2") },
  { command: "CHECK", version: "0.5.0", want: notSupported("0.5.0") },
  { command: "CHECK", version: "1.0", want: notSupported("1.0") },
  { command: "CHECK", version: "01.0.0", want: notSupported("01.0.0") },
  {
    command: "CHECK",
    version: "0.3.9",
    want: incompatible("config version does not allow CHECK"),
  },
  {
    command: "CHECK",
    version: "0.0.99",
    want: incompatible("config version does not allow CHECK"),
  },
  {
    command: "CHECK",
    version: "1.1.1",
    want: incompatible("plugin version does not allow CHECK"),
  },
  {
    command: "CHECK",
    version: "1.2.0",
    want: incompatible("plugin version does not allow CHECK"),
  },
  {
    command: "GC",
    version: "2.0.0",
    want: incompatible("plugin version does not allow GC"),
  },
  {
    command: "STATUS",
    version: "2",
    want: incompatible("plugin version does not allow STATUS"),
  },
  {
    command: "STATUS",
    version: "1.0.9",
    want: incompatible("config version does not allow STATUS"),
  },
  {
    command: "CHECK",
    version: "abc",
    want: undecodable(
      'failed to convert major version part "abc": strconv.Atoi: parsing "abc": invalid syntax',
    ),
  },
  {
    command: "CHECK",
    version: "1.x.0",
    want: undecodable(
      'failed to convert minor version part "x": strconv.Atoi: parsing "x": invalid syntax',
    ),
  },
  {
    command: "GC",
    version: "1.1.",
    want: undecodable(
      'failed to convert micro version part "": strconv.Atoi: parsing "": invalid syntax',
    ),
  },
  {
    command: "STATUS",
    version: "1.1.0.0",
    want: undecodable('invalid version "1.1.0.0": too many parts'),
  },
  {
    command: "STATUS",
    version: "1.1.0-rc1",
    want: undecodable(
      'failed to convert micro version part "0-rc1": strconv.Atoi: parsing "0-rc1": invalid syntax',
    ),
  },
];

for (const { command, version, want } of REFUSED) {
  Deno.test(`selectVersion() refuses ${command} in ${JSON.stringify(version)}`, () => {
    assertEquals(thrownBy(() => selectVersion(command, version)), want);
  });
}

for (const command of COMMANDS) {
  Deno.test(`parseCommand() knows ${command}`, () => {
    assertEquals(parseCommand(command), command);
  });
}

for (const text of ["add", "VERSION", "", "ADD ", "toString", "constructor"]) {
  Deno.test(`parseCommand() does not know ${JSON.stringify(text)}`, () => {
    assertEquals(parseCommand(text), undefined);
  });
}

const ORDERS = [
  { version: "0.3.0", other: "0.3.0", want: true },
  { version: "0.3.1", other: "0.3.0", want: true },
  { version: "0.2.0", other: "0.3.0", want: false },
  { version: "1.0.0", other: "0.4.0", want: true },
  { version: "0.4.0", other: "1.0.0", want: false },
] as const;

for (const { version, other, want } of ORDERS) {
  const verb = want ? "puts" : "does not put";
  Deno.test(`isAtLeast() ${verb} ${version} at or above ${other}`, () => {
    assertEquals(isAtLeast(version, other), want);
  });
}
