import { assertEquals } from "@std/assert";
import {
  type CommandLine,
  readCommandLine,
} from "../../../lib/cli/command_line.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { TOOL } from "./programs.ts";

/** The values, switches and arguments of a call, with its command. */
function factsOf(line: CommandLine): unknown {
  if (line.kind === "version") return line.kind;
  if (line.kind === "help") return ["help", line.command?.name];
  const { command, values, switches, arguments: args } = line;
  return [command.name, values, [...switches], args];
}

testRows("readCommandLine() reads", [
  { name: "nothing as a call for help", args: [], want: ["help", undefined] },
  { name: "--help", args: ["--help"], want: ["help", undefined] },
  { name: "-h", args: ["-h"], want: ["help", undefined] },
  { name: "help", args: ["help"], want: ["help", undefined] },
  { name: "help of a command", args: ["help", "copy"], want: ["help", "copy"] },
  {
    name: "--help of a command, whatever else is wrong",
    args: ["copy", "--nonsense", "--help"],
    want: ["help", "copy"],
  },
  { name: "--version", args: ["--version"], want: "version" },
  {
    name: "a command without arguments",
    args: ["list"],
    want: ["list", {}, [], []],
  },
  {
    name: "arguments and options in any order",
    args: ["copy", "--force", "a", "--mode", "safe", "b", "--json"],
    want: ["copy", { mode: "safe" }, ["force", "json"], ["a", "b"]],
  },
  {
    name: "a value after an equals sign",
    args: ["copy", "a", "--mode=fast=1"],
    want: ["copy", { mode: "fast=1" }, [], ["a"]],
  },
  {
    name: "arguments that look like numbers as text",
    args: ["list", "10", "1e3", "0x10"],
    want: ["list", {}, [], ["10", "1e3", "0x10"]],
  },
  {
    name: "values that look like numbers as text",
    args: ["copy", "a", "--count", "007"],
    want: ["copy", { count: "007" }, [], ["a"]],
  },
  {
    name: "- as a value and as an argument",
    args: ["copy", "-", "--mode", "-", "--", "--mode"],
    want: ["copy", { mode: "-" }, [], ["-", "--mode"]],
  },
  {
    name: "arguments after --",
    args: ["list", "--", "--json", "--help"],
    want: ["list", {}, [], ["--json", "--help"]],
  },
  {
    name: "- as an argument",
    args: ["copy", "-"],
    want: ["copy", {}, [], ["-"]],
  },
  {
    name: "the last of several values",
    args: ["copy", "a", "--mode", "x", "--mode", "y"],
    want: ["copy", { mode: "y" }, [], ["a"]],
  },
], ({ args, want }) => {
  assertEquals(factsOf(readCommandLine(TOOL, args)), want);
});

testRows("readCommandLine() refuses", [
  {
    name: "an unknown command",
    args: ["delete"],
    message: 'tool has no command "delete"',
  },
  {
    name: "a misspelled command",
    args: ["lsit"],
    message: 'tool has no command "lsit"; did you mean list?',
  },
  {
    name: "an unknown command after help",
    args: ["help", "x"],
    message: 'tool has no command "x"',
  },
  {
    name: "an option before the command",
    args: ["--json", "list"],
    message: "option --json must follow a command",
  },
  {
    name: "an unknown option",
    args: ["list", "--color"],
    message: 'list has no option "--color"',
    command: "list",
  },
  {
    name: "a misspelled option",
    args: ["copy", "a", "--forse"],
    message: 'copy has no option "--forse"; did you mean --force?',
    command: "copy",
  },
  {
    name: "an option of another command",
    args: ["list", "--force"],
    message: 'list has no option "--force"',
    command: "list",
  },
  {
    name: "an unknown option with a value",
    args: ["list", "--jsn=1"],
    message: 'list has no option "--jsn=1"; did you mean --json?',
    command: "list",
  },
  {
    name: "a short option",
    args: ["list", "-j"],
    message: 'list has no option "-j"',
    command: "list",
  },
  {
    name: "a missing value",
    args: ["copy", "a", "--mode"],
    message: "option --mode needs a value: MODE",
    command: "copy",
  },
  {
    name: "an option instead of a value",
    args: ["copy", "a", "--mode", "--json"],
    message: "option --mode needs a value: MODE",
    command: "copy",
  },
  {
    name: "a missing argument",
    args: ["copy", "--force"],
    message: "copy needs an argument: FROM, what to copy",
    command: "copy",
  },
  {
    name: "an excess argument",
    args: ["copy", "a", "b", "c"],
    message: 'copy has no use for the argument "c"',
    command: "copy",
  },
], ({ args, message, command }) => {
  assertEquals(thrownBy(() => readCommandLine(TOOL, args)), {
    name: "UsageError",
    message,
    command,
  });
});
