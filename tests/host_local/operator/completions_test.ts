/** The completions for zsh and fish of both programs, in the shells themselves. @module */

import { assert, assertEquals } from "@std/assert";
import { DHCP_BIN, OURS } from "../../support/binaries.ts";
import { runPlugin } from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

const PROGRAMS = [
  {
    name: "host-local",
    binary: OURS,
    completions: [
      ["ch", "check-state"],
      ["show --l", "show --low"],
      ["completion z", "completion zsh"],
      ["list --data-dir /etc/alternati", "list --data-dir /etc/alternatives"],
    ],
  },
  {
    name: "dhcp",
    binary: DHCP_BIN,
    completions: [
      ["relea", "release"],
      ["probe --netw", "probe --network"],
      ["probe --config /etc/hostnam", "probe --config /etc/hostname"],
      ["completion b", "completion bash"],
    ],
  },
] as const;

/** Completes a line as its first line, in a terminal, and prints the words of the command. */
const ZSH_SESSION = `
zmodload zsh/zpty
zpty shell zsh -f -i
setup="PS1=; fpath+=$2; autoload -U compinit; compinit -u -D"
zpty -w shell "$setup; $1() "'{ print -r "<$*>" }'
zpty -w shell "$1 $3"$'\t'
zpty -w shell exit
while zpty -r shell line; do print -rn -- "$line"; done
`;

async function outputOf(
  shell: string,
  args: readonly string[],
): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(shell, {
    args: [...args],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

for (const { name, binary, completions } of PROGRAMS) {
  const writeScript = async (shell: string, path: string): Promise<void> => {
    const args = ["completion", shell];
    const { stdout } = await runPlugin({ binary, args, env: {} });
    await Deno.writeTextFile(path, stdout);
    assertEquals(await outputOf(shell, ["-n", path]), "");
  };

  testWith(
    [`binary:${binary}`, "command:zsh"],
    `zsh completes ${name}, from the first call on`,
    async () => {
      using dir = new TempDir();
      await writeScript("zsh", dir.join(`_${name}`));
      for (const [line, wanted] of completions) {
        const printed = await outputOf("zsh", [
          ...["-f", "-c", ZSH_SESSION, "zsh"],
          ...[name, dir.path, line],
        ]);
        const [, words = ""] = /^<([^$]*?) ?>\r?$/m.exec(printed) ?? [];
        assertEquals(words, wanted, printed);
      }
    },
  );

  testWith(
    [`binary:${binary}`, "command:fish"],
    `fish completes ${name}`,
    async () => {
      using dir = new TempDir();
      const script = dir.join(`${name}.fish`);
      await writeScript("fish", script);
      for (const [line, wanted] of completions) {
        const printed = await outputOf("fish", [
          ...["-N", "-c", "source $argv[1]; complete -C $argv[2]"],
          ...[script, `${name} ${line}`],
        ]);
        const words = printed.trim().split("\n").map((each) =>
          each.split("\t")[0]?.replace(/\/$/, "")
        );
        assertEquals(words, [wanted.split(" ").at(-1)]);
      }
    },
  );
}
