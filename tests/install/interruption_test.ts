/**
 * install.sh is killed before each of its changes. Every executable is complete at that moment, and
 * the same command repairs what is left.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { capture } from "../../tools/process.ts";
import {
  type ParallelRow,
  testRowsInParallel,
} from "../support/parallel_rows.ts";
import { TempDir } from "../support/temp_dir.ts";
import {
  BIN,
  filesOf,
  install,
  makeHost,
  makeSmallRelease,
  script,
  UNITS,
} from "./release_folder.ts";

/** The programs by which install.sh changes the host. */
const PROGRAMS = ["mv", "cp", "ln", "rm", "sync", "chmod", "mkdir", "rmdir"];

/** No install needs as many changes. */
const MAX_CHANGES = 200;

/** Counts the calls of a program, and kills the whole session before one of them. */
const COUNTING = `#!/bin/sh
read -r count <"$COUNT_FILE"
count=$((count + 1))
echo "$count" >"$COUNT_FILE"
if [ "$count" = "$KILL_BEFORE" ]; then
  # A copy is interrupted in the middle.
  if [ "\${0##*/}" = cp ]; then
    for target; do :; done
    echo incomplete >"$target"
  fi
  kill -KILL 0
fi
PATH=\${PATH#*:}
exec "\${0##*/}" "$@"
`;

const UPSTREAM = {
  [`${BIN}/host-local`]: script("upstream"),
  [`${UNITS}/cni-host-local.service`]: "# another unit\n",
};

interface Scenario {
  readonly name: string;
  /** What is done before, by the releases "1" and "2": the number and the arguments. */
  readonly before: readonly (readonly string[])[];
  readonly command: readonly string[];
}

const PLAIN = ["host-local"];
const LAUNCHER = ["host-local", "--launcher", "--units"];

const SCENARIOS: readonly Scenario[] = [
  {
    name: "the first installation of the launcher",
    before: [],
    command: ["1", ...LAUNCHER],
  },
  {
    name: "the first installation of the plugin",
    before: [],
    command: ["1", ...PLAIN],
  },
  {
    name: "an upgrade",
    before: [["1", ...LAUNCHER]],
    command: ["2", ...LAUNCHER],
  },
  {
    name: "the change from the launcher to the plugin",
    before: [["1", ...LAUNCHER]],
    command: ["2", ...PLAIN],
  },
  {
    name: "the removal",
    before: [["1", ...LAUNCHER], ["2", ...LAUNCHER]],
    command: ["2", "--uninstall"],
  },
];

/** What may be installed under the name that runtimes call. */
const COMPLETE = [
  "upstream",
  "host-local 1",
  "host-local 2",
  "cni-launcher 1",
  "cni-launcher 2",
].map((content) => `755 ${script(content)}`);

class Host implements Disposable {
  readonly #temp = new TempDir();
  readonly root = this.#temp.join("root");
  readonly #shims = this.#temp.join("shims");
  readonly #count = this.#temp.join("count");

  constructor() {
    Deno.mkdirSync(this.#shims);
    for (const program of PROGRAMS) {
      Deno.writeTextFileSync(`${this.#shims}/${program}`, COUNTING, {
        mode: 0o755,
      });
    }
    // What install.sh waits for: no process runs a file of the test.
    Deno.writeTextFileSync(`${this.#shims}/sleep`, "#!/bin/sh\n", {
      mode: 0o755,
    });
  }

  /** A host with upstream's plugin. */
  static withUpstream(): Host {
    const host = new Host();
    makeHost(host.root, { files: UPSTREAM });
    return host;
  }

  /** A host with the same files. */
  async copy(): Promise<Host> {
    const host = new Host();
    await capture(["cp", "-a", this.root, host.root]);
    return host;
  }

  /** Runs install.sh of a release. @returns Whether it was killed. */
  async run(
    releases: string,
    [release, ...args]: readonly string[],
    killBefore = 0,
  ): Promise<boolean> {
    Deno.writeTextFileSync(this.#count, "0\n");
    const { code, output } = await install(
      `${releases}/${release}`,
      [...args, "--root", this.root],
      {
        PATH: `${this.#shims}:${Deno.env.get("PATH")}`,
        COUNT_FILE: this.#count,
        KILL_BEFORE: `${killBefore}`,
      },
    );
    if (killBefore === 0) assertEquals(code, 0, output);
    return code !== 0;
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}

async function interrupt({ before, command }: Scenario): Promise<void> {
  using temp = new TempDir();
  await makeSmallRelease(temp.join("1"), "1");
  await makeSmallRelease(temp.join("2"), "2");
  using start = Host.withUpstream();
  for (const step of before) await start.run(temp.path, step);
  using complete = await start.copy();
  await complete.run(temp.path, command);
  const want = filesOf(complete.root);

  let changes = 0;
  for (;; changes++) {
    using host = await start.copy();
    if (!await host.run(temp.path, command, changes + 1)) break;
    const message = `killed before change ${changes + 1}`;
    const found = filesOf(host.root)[`${BIN}/host-local`] ?? "absent";
    assert(COMPLETE.includes(found), `${message}: ${found}`);
    await host.run(temp.path, command);
    assertEquals(filesOf(host.root), want, message);
    assert(changes < MAX_CHANGES);
  }
  assert(changes > 5, `${changes}`);
}

const ROWS: readonly ParallelRow[] = SCENARIOS.map((scenario) => ({
  name: scenario.name,
  run: () => interrupt(scenario),
}));

testRowsInParallel(
  ["command:setsid", "command:sha256sum"],
  "install.sh repairs what was interrupted",
  ROWS,
);
