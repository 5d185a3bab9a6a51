/** Runs a program on a terminal of its own, with `script` of util-linux. @module */

/**
 * Returns what the program writes to a terminal of so many columns; its lines end with CR LF.
 *
 * Needs the command `script`.
 */
export async function runOnTerminal(
  command: readonly string[],
  { columns, env = {} }: {
    readonly columns: number;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const line = `stty cols ${columns}; ${quoted.join(" ")}`;
  const { stdout } = await new Deno.Command("script", {
    args: ["--quiet", "--command", line, "/dev/null"],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", SHELL: "/bin/sh", TERM: "xterm", ...env },
    stdin: "null",
    stdout: "piped",
  }).output();
  return new TextDecoder().decode(stdout);
}
