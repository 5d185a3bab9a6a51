/** A program with few commands. @module */

import type { Command, Program } from "../../../lib/cli/program.ts";

const COPY: Command = {
  name: "copy",
  summary: "Copy files",
  description: ["Copies what it's given - or not."],
  arguments: [
    {
      name: "FROM",
      help: "what to copy",
      isRequired: true,
      isRepeated: false,
      completion: "file",
    },
    {
      name: "TO",
      help: "where to",
      isRequired: false,
      isRepeated: false,
      completion: "directory",
    },
  ],
  options: [
    {
      name: "mode",
      value: "MODE",
      help: "The mode of the copy",
      fallback: "fast",
      completion: ["fast", "safe"],
    },
    { name: "log", value: "FILE", help: "Log to a file", completion: "file" },
    { name: "count", value: "N", help: "How often" },
    { name: "force", help: "Replace [existing] files: all" },
  ],
  statuses: [{ status: 0, meaning: "Copied" }, { status: 2, meaning: "Usage" }],
  examples: [{ call: "tool copy a b", comment: "Copy a to b" }],
};

const LIST: Command = {
  name: "list",
  summary: "List files",
  description: [],
  arguments: [{
    name: "NAME",
    help: "a name",
    isRequired: false,
    isRepeated: true,
  }],
  options: [],
  statuses: [{ status: 0, meaning: "Listed" }, { status: 2, meaning: "Usage" }],
  examples: [],
};

/** The program `tool`. */
export const TOOL: Program = {
  name: "tool",
  summary: "handle files",
  description: ["A tool for files."],
  commands: [COPY, LIST],
  commonOptions: [{ name: "json", help: "Print JSON" }],
  files: [{ path: "/etc/tool", help: "Configuration" }],
  seeAlso: ["cp(1)"],
};
