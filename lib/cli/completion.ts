/** Completions of a program for shells, made of its commands and options. Pure. @module */

import {
  type Command,
  type Completion,
  type Option,
  optionsOf,
  type Program,
} from "./program.ts";

/** The shells that there are completions for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@link SHELLS}. */
export type Shell = typeof SHELLS[number];

/** Returns the completions of a program for a shell, as a script that the shell reads. */
export function completionScript(program: Program, shell: Shell): string {
  const lines = {
    bash: bashLines,
    zsh: zshLines,
    fish: fishLines,
  }[shell](program);
  return `${lines.join("\n")}\n`;
}

const HELP: Option = { name: "help", help: "Print help" };

function allOptions(program: Program, command: Command): readonly Option[] {
  return [...optionsOf(program, command), HELP];
}

/** Quotes text for a POSIX shell; so does fish, but for the backslash, which no text has. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function bashLines(program: Program): string[] {
  const { name, commands } = program;
  const variable = `_${name.replaceAll("-", "_")}`;
  const names = commands.map((command) => command.name).join(" ");
  return [
    `# bash completion for ${name}`,
    `${variable}() {`,
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"',
    "  if [[ $COMP_CWORD -eq 1 ]]; then",
    `    COMPREPLY=($(compgen -W "${names} help --help --version" -- "$current"))`,
    "    return",
    "  fi",
    '  case "${COMP_WORDS[1]}" in',
    ...commands.flatMap((command) => [
      `  ${command.name})`,
      ...bashCase(allOptions(program, command)),
      `    if [[ $current == -* ]]; then`,
      `      COMPREPLY=($(compgen -W "${
        allOptions(program, command).map((option) => `--${option.name}`)
          .join(" ")
      }" -- "$current"))`,
      ...bashArgument(command),
      "    fi",
      "    ;;",
    ]),
    "  help)",
    `    COMPREPLY=($(compgen -W "${names}" -- "$current"))`,
    "    ;;",
    "  esac",
    "}",
    `complete -o filenames -F ${variable} ${name}`,
  ];
}

function bashCase(options: readonly Option[]): string[] {
  const withValue = options.filter(({ value }) => value !== undefined);
  if (withValue.length === 0) return [];
  return [
    '    case "$previous" in',
    ...withValue.map(({ name, completion }) =>
      `    --${name}) COMPREPLY=(${bashWords(completion)}); return ;;`
    ),
    "    esac",
  ];
}

function bashWords(completion: Completion | undefined): string {
  if (completion === undefined) return "";
  if (completion === "file") return '$(compgen -f -- "$current")';
  if (completion === "directory") return '$(compgen -d -- "$current")';
  return `$(compgen -W "${completion.join(" ")}" -- "$current")`;
}

function bashArgument({ arguments: list }: Command): string[] {
  const words = bashWords(list[0]?.completion);
  return words === "" ? [] : ["    else", `      COMPREPLY=(${words})`];
}

function zshLines(program: Program): string[] {
  const { name, commands } = program;
  const variable = `_${name.replaceAll("-", "_")}`;
  return [
    `#compdef ${name}`,
    `${variable}() {`,
    "  local -a commands",
    "  commands=(",
    ...commands.map((command) =>
      `    ${quoted(`${command.name}:${command.summary}`)}`
    ),
    "  )",
    "  if (( CURRENT == 2 )); then",
    "    _describe command commands",
    "    return",
    "  fi",
    '  case "$words[2]" in',
    ...commands.flatMap((command) => [
      `  ${command.name})`,
      "    shift words; (( CURRENT-- ))",
      `    _arguments ${
        [
          ...allOptions(program, command).map(zshOption),
          ...zshArgument(command),
        ].map((text) => `\\\n      ${quoted(text)}`).join(" ")
      }`,
      "    ;;",
    ]),
    "  esac",
    "}",
    "# In a directory of fpath, this file is the function, and its first call must complete, too.",
    `if [[ "$funcstack[1]" == ${quoted(`_${name}`)} ]]; then`,
    `  ${variable} "$@"`,
    "else",
    `  compdef ${variable} ${name}`,
    "fi",
  ];
}

function zshOption({ name, value, help, completion }: Option): string {
  const text = `--${name}[${zshEscaped(help)}]`;
  return value === undefined
    ? text
    : `${text}:${value}:${zshAction(completion)}`;
}

/** Colons and brackets end parts of a specification. */
function zshEscaped(text: string): string {
  return text.replace(/[[\]:]/g, "\\$&");
}

function zshAction(completion: Completion | undefined): string {
  if (completion === undefined) return " ";
  if (completion === "file") return "_files";
  if (completion === "directory") return "_files -/";
  return `(${completion.join(" ")})`;
}

function zshArgument({ arguments: list }: Command): string[] {
  const [argument] = list;
  if (argument === undefined) return [];
  const { name, isRepeated, completion } = argument;
  // No words: a message would keep options from being completed.
  const action = completion === undefined ? "()" : zshAction(completion);
  return [`${isRepeated ? "*" : "1"}:${name}:${action}`];
}

function fishLines(program: Program): string[] {
  const { name, commands } = program;
  const start = `complete -c ${name}`;
  return [
    `# fish completion for ${name}`,
    `${start} -f`,
    ...commands.map((command) =>
      `${start} -n __fish_use_subcommand -a ${command.name} -d ${
        quoted(command.summary)
      }`
    ),
    ...commands.flatMap((command) => {
      const condition = `${start} -n ${
        quoted(`__fish_seen_subcommand_from ${command.name}`)
      }`;
      return [
        ...allOptions(program, command).map((option) =>
          `${condition} -l ${option.name}${fishValue(option)} -d ${
            quoted(option.help)
          }`
        ),
        ...fishArgument(command).map((text) => `${condition} ${text}`),
      ];
    }),
  ];
}

function fishValue({ value, completion }: Option): string {
  if (value === undefined) return "";
  if (completion === undefined) return " -x";
  if (completion === "file") return " -r -F";
  if (completion === "directory") {
    return " -x -a '(__fish_complete_directories)'";
  }
  return ` -x -a ${quoted(completion.join(" "))}`;
}

function fishArgument({ arguments: list }: Command): string[] {
  const completion = list[0]?.completion;
  if (completion === undefined) return [];
  if (completion === "file") return ["-F"];
  if (completion === "directory") {
    return ["-a '(__fish_complete_directories)'"];
  }
  return [`-a ${quoted(completion.join(" "))}`];
}
