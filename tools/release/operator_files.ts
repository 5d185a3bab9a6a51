/** The manual pages and the completions of a release. @module */

import { completionScript } from "../../lib/cli/completion.ts";
import { manPage } from "../../lib/cli/man_page.ts";
import { dhcpProgram } from "../../lib/dhcp/operator/program.ts";
import { hostLocalProgram } from "../../lib/host_local/operator/program.ts";

/** A text of a release. */
export interface ReleaseText {
  /** Its path in the tarball, below the name of the directory that installs it. */
  readonly name: string;
  readonly text: string;
}

/** Returns the texts for operators, as `man` and `completion` of each plugin print them. */
export function operatorFiles(version: string): readonly ReleaseText[] {
  return [hostLocalProgram(), dhcpProgram()].flatMap((program) => {
    const { name } = program;
    return [
      { name: `man/man8/${name}.8`, text: manPage(program, version) },
      {
        name: `completions/bash/${name}`,
        text: completionScript(program, "bash"),
      },
      {
        name: `completions/zsh/_${name}`,
        text: completionScript(program, "zsh"),
      },
      {
        name: `completions/fish/${name}.fish`,
        text: completionScript(program, "fish"),
      },
    ];
  });
}
