/**
 * `deno task demo`: the example of the CNI project's host-local page on the compiled plugin, with
 * the files that it leaves. Exit status 1 if anything is not as the page, or the SPEC, has it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { walkSync } from "@std/fs/walk";
import { build } from "./build.ts";
import { PLUGINS } from "./build/binaries.ts";
import { hostTarget, outputPath } from "./build/target.ts";
import { REPOSITORY } from "./repository.ts";
import { print, warn } from "./terminal.ts";

/** One command, and what should come of it. */
interface Step {
  readonly title: string;
  readonly command: "ADD" | "CHECK" | "DEL";
  readonly config: unknown;
  /** What stdout should be as JSON; `undefined` for nothing. */
  readonly stdout: unknown;
  /** Contents of the files that should be there, by name. */
  readonly files: Readonly<Record<string, string>>;
}

const NETWORK = "examplenet";
const IPV4 = { address: "203.0.113.2/24", gateway: "203.0.113.1" };
const IPV6 = { address: "2001:db8:1::2/64", gateway: "2001:db8:1::1" };

/** Files that stay when all addresses are free again. */
const EMPTY_NETWORK = {
  "last_reserved_ip.0": "203.0.113.2",
  "last_reserved_ip.1": "2001:db8:1::2",
  "lock": "",
};

const RESERVED = {
  ...EMPTY_NETWORK,
  "203.0.113.2": "example\r\ndummy0",
  "2001:db8:1::2": "example\r\ndummy0",
};

function steps(dataDir: string): readonly Step[] {
  const config = {
    cniVersion: "0.3.1",
    name: NETWORK,
    ipam: {
      type: "host-local",
      ranges: [[{ subnet: "203.0.113.0/24" }], [{ subnet: "2001:db8:1::/64" }]],
      dataDir,
    },
  };
  return [
    {
      title: "ADD reserves an address of each range set",
      command: "ADD",
      config,
      stdout: {
        cniVersion: "0.3.1",
        ips: [{ version: "4", ...IPV4 }, { version: "6", ...IPV6 }],
        dns: {},
      },
      files: RESERVED,
    },
    {
      title:
        "CHECK compares an earlier result with the reservations (since CNI 0.4.0, so the " +
        "configuration is one of 1.1.0)",
      command: "CHECK",
      config: {
        ...config,
        cniVersion: "1.1.0",
        prevResult: { cniVersion: "1.1.0", ips: [IPV4, IPV6] },
      },
      stdout: undefined,
      files: RESERVED,
    },
    {
      title: "DEL frees them; where the search went on from stays",
      command: "DEL",
      config,
      stdout: undefined,
      files: EMPTY_NETWORK,
    },
  ];
}

/** Runs the step, shows it, and throws an `AssertionError` if something else came of it. */
async function run(
  step: Step,
  { binary, dataDir }: { binary: string; dataDir: string },
): Promise<void> {
  print(`\n=== ${step.title}\n`);
  const variables = {
    CNI_COMMAND: step.command,
    CNI_CONTAINERID: "example",
    CNI_NETNS: "/dev/null",
    CNI_IFNAME: "dummy0",
    CNI_PATH: ".",
  };
  const config = JSON.stringify(step.config);
  const shown = Object.entries(variables).map(([name, value]) =>
    `${name}=${value}`
  ).join(" ");
  print(`$ echo '${config}' | ${shown} dist/host-local`);

  const child = new Deno.Command(binary, {
    clearEnv: true,
    env: variables,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  await new Response(config).body?.pipeTo(child.stdin);
  const { code, stdout } = await child.output();
  const text = new TextDecoder().decode(stdout);
  if (text !== "") print(text);
  print(`exit status ${code}`);

  const folder = `${dataDir}/${NETWORK}`;
  print(`\nFiles in ${folder}:`);
  const files = readFiles(folder);
  for (const { name, mode, content } of files) {
    print(`  ${mode}  ${name.padEnd(20)}${JSON.stringify(content)}`);
  }

  assertEquals(code, 0, "exit status");
  assertEquals(
    text === "" ? undefined : JSON.parse(text),
    step.stdout,
    "stdout",
  );
  const contents = Object.fromEntries(
    files.map(({ name, content }) => [name, content]),
  );
  assertEquals(contents, { ...step.files }, "files");
}

function readFiles(
  folder: string,
): { name: string; mode: string; content: string }[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort().map(
    (name) => {
      const path = `${folder}/${name}`;
      const mode = ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8)
        .padStart(4, "0");
      return { name, mode, content: Deno.readTextFileSync(path) };
    },
  );
}

/** Whether the binary is older than what it is made of. */
function isOutdated(binary: string): boolean {
  const built = modified(binary);
  const sources = [...walkSync(`${REPOSITORY}/lib`)].map(({ path }) => path);
  return [
    ...sources,
    `${REPOSITORY}/main_host_local.ts`,
    `${REPOSITORY}/deno.json`,
  ]
    .some((path) => modified(path) > built);
}

/** Milliseconds; 0 if there is no such file. */
function modified(path: string): number {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

if (import.meta.main) {
  const target = hostTarget();
  const binary = outputPath("host-local", target);
  if (isOutdated(binary)) {
    await build(PLUGINS.filter(({ name }) => name === "host-local"), target);
  }
  const dataDir = Deno.makeTempDirSync({ prefix: "cni-example-" });
  try {
    for (const step of steps(dataDir)) await run(step, { binary, dataDir });
    print("\nAll as expected.");
  } catch (error) {
    warn(
      `\nNot as expected: ${error instanceof Error ? error.message : error}`,
    );
    Deno.exitCode = 1;
  } finally {
    Deno.removeSync(dataDir, { recursive: true });
  }
}
