/**
 * `deno task demo`: runs the example of the CNI project's host-local page with the compiled plugin,
 * and shows the files it leaves. Exit status 1 if anything differs from the page or the SPEC.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { freshBinary } from "./demo/fresh_binary.ts";
import { demonstrate } from "./demo/report.ts";
import { showCall } from "./demo/shown_call.ts";
import { print } from "./terminal.ts";

/** One command, and its expected outcome. */
interface Step {
  readonly title: string;
  readonly command: "ADD" | "CHECK" | "DEL";
  readonly config: unknown;
  /** The expected JSON on stdout; `undefined` for nothing. */
  readonly stdout: unknown;
  /** The expected content of each file, by name. */
  readonly files: Readonly<Record<string, string>>;
}

const NETWORK = "examplenet";
const IPV4 = { address: "203.0.113.2/24", gateway: "203.0.113.1" };
const IPV6 = { address: "2001:db8:1::2/64", gateway: "2001:db8:1::1" };

/** The files that remain when all addresses are free. */
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
      title: "ADD reserves one address of each range set",
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
        "CHECK compares an earlier result with the reservations (its configuration is " +
        "version 1.1.0, for CHECK exists since CNI 0.4.0)",
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
      title: "DEL frees the addresses and keeps the position of the search",
      command: "DEL",
      config,
      stdout: undefined,
      files: EMPTY_NETWORK,
    },
  ];
}

/** Runs a step and shows it. @throws {AssertionError} if its outcome is not the expected one. */
async function run(
  { title, command, config, stdout, files }: Step,
  { binary, dataDir }: { binary: string; dataDir: string },
): Promise<void> {
  print(`\n=== ${title}\n`);
  const variables = {
    CNI_CONTAINERID: "example",
    CNI_NETNS: "/dev/null",
    CNI_IFNAME: "dummy0",
    CNI_PATH: ".",
  };
  const output = await showCall(binary, { command, variables, config });
  const folder = `${dataDir}/${NETWORK}`;
  print(`\nFiles in ${folder}:`);
  const found = readFiles(folder);
  for (const { name, mode, content } of found) {
    print(`  ${mode}  ${name.padEnd(20)}${JSON.stringify(content)}`);
  }
  assertEquals(output, stdout, "stdout");
  const contents = Object.fromEntries(
    found.map(({ name, content }) => [name, content]),
  );
  assertEquals(contents, { ...files }, "files");
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

if (import.meta.main) {
  const binary = await freshBinary("host-local");
  const dataDir = Deno.makeTempDirSync({ prefix: "cni-example-" });
  try {
    await demonstrate(async () => {
      for (const step of steps(dataDir)) await run(step, { binary, dataDir });
    });
  } finally {
    Deno.removeSync(dataDir, { recursive: true });
  }
}
