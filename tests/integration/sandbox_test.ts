/**
 * What a run of the compiled plugin leaves alone: the temporary directory, the variables of its runtime, the network,
 * other programs, and every file outside its network's directory.
 * @module
 */

import { assertEquals } from "@std/assert";
import { OURS } from "../support/binaries.ts";
import {
  callHostLocal,
  environmentOf,
  networkConfig,
} from "../support/host_local_call.ts";
import { readNetwork } from "../support/network_directory.ts";
import { type Requirement, testWith } from "../support/requirements.ts";
import { runTraced, type TracedCall } from "../support/strace.ts";
import { TempDir } from "../support/temp_dir.ts";

const NEEDS: readonly Requirement[] = [`binary:${OURS}`];

/** The commands of a container's life, in an order in which all succeed. */
const COMMANDS = ["VERSION", "STATUS", "ADD", "CHECK", "GC", "DEL"] as const;

/** A network in a directory of its own, and a folder for TMPDIR and HOME. */
class Sandbox implements Disposable {
  readonly #temp = new TempDir();
  readonly dataDir: string = this.#temp.join("data");
  readonly tmp: string = this.#temp.join("tmp");
  readonly config = networkConfig({
    cniVersion: "1.1.0",
    dataDir: this.dataDir,
    subnets: ["10.1.0.0/24", "fd00:1::/64"],
    extra: {
      "cni.dev/valid-attachments": [{ containerID: "c1", ifname: "eth0" }],
    },
  });

  constructor() {
    Deno.mkdirSync(this.tmp);
  }

  join(name: string): string {
    return this.#temp.join(name);
  }

  /** Runs all commands and tells what they printed and left; the variables are added to their environment. */
  async runAll(env: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const seen: string[] = [];
    for (const command of COMMANDS) {
      const outcome = await callHostLocal({
        binary: OURS,
        command,
        config: this.config,
        env: { TMPDIR: this.tmp, HOME: this.tmp, ...env },
      });
      const files = JSON.stringify([
        ...readNetwork(`${this.dataDir}/net`).addresses,
      ]);
      seen.push(
        `${command} ${outcome.code} ${outcome.stdout} [${outcome.stderr}] ${files}`,
      );
    }
    return seen;
  }

  /** Every path in the temporary directory, with the content of what is a file. */
  async temporaryFiles(folder = this.tmp): Promise<string[]> {
    const seen: string[] = [];
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) {
        seen.push(path, ...await this.temporaryFiles(path));
      } else {seen.push(
          `${path} ${entry.isSymlink ? "->" : await Deno.readTextFile(path)}`,
        );}
    }
    return seen.sort();
  }

  [Symbol.dispose](): void {
    this.#temp[Symbol.dispose]();
  }
}

let reference: Promise<string[]> | undefined;

/** What the commands print and leave where nobody interferes. */
function undisturbed(): Promise<string[]> {
  reference ??= (async () => {
    using sandbox = new Sandbox();
    return await sandbox.runAll();
  })();
  return reference;
}

testWith(
  NEEDS,
  "all commands succeed with nothing on stderr and nothing left in TMPDIR",
  async () => {
    using sandbox = new Sandbox();
    const seen = await sandbox.runAll();
    const failed = seen.filter((line, index) =>
      !line.startsWith(`${COMMANDS[index]} 0 `) || !line.includes(" [] ")
    );
    assertEquals(failed, []);
    assertEquals(await sandbox.temporaryFiles(), []);
  },
);

/** What an enemy could put where a compiled program of Deno keeps its V8 code cache by default. */
const PLANTED: Readonly<
  Record<string, (sandbox: Sandbox, path: string) => void>
> = {
  file: (_, path) => Deno.writeTextFileSync(path, "not a cache"),
  directory: (_, path) => Deno.mkdirSync(path),
  "symbolic link to a file": (sandbox, path) => {
    Deno.writeTextFileSync(sandbox.join("victim"), "precious");
    Deno.symlinkSync(sandbox.join("victim"), path);
  },
  "symbolic link to nothing": (sandbox, path) =>
    Deno.symlinkSync(sandbox.join("absent"), path),
};

for (const [kind, plant] of Object.entries(PLANTED)) {
  for (
    const name of ["deno-compile-host-local", "deno-compile-host-local.cache"]
  ) {
    testWith(
      NEEDS,
      `a ${kind} at $TMPDIR/${name} changes nothing and is not touched`,
      async () => {
        using sandbox = new Sandbox();
        plant(sandbox, `${sandbox.tmp}/${name}`);
        const before = await sandbox.temporaryFiles();
        assertEquals(await sandbox.runAll(), await undisturbed());
        assertEquals(await sandbox.temporaryFiles(), before);
        assertEquals(
          await readIfThere(sandbox.join("victim")),
          kind.endsWith("a file") ? "precious" : "absent",
        );
        assertEquals(await readIfThere(sandbox.join("absent")), "absent");
      },
    );
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "absent";
    throw error;
  }
}

/** Variables that mean something to Deno, Node or V8; `@` stands for a folder of the test. */
const VARIABLES: readonly Readonly<Record<string, string>>[] = [
  {
    DENO_DIR: "@/deno",
    DENO_INSTALL_ROOT: "@/deno",
    XDG_CACHE_HOME: "@/cache",
  },
  {
    DENO_V8_FLAGS:
      "--no-such-flag,--prof,--logfile=@/v8.log,--max-old-space-size=1",
  },
  { DENO_NO_UPDATE_CHECK: "0", DENO_NO_PROMPT: "0", DENO_NO_PACKAGE_JSON: "0" },
  {
    DENO_AUTH_TOKENS: "token@example.invalid",
    DENO_CERT: "@/absent.pem",
    DENO_TLS_CA_STORE: "none",
  },
  { DENO_COVERAGE_DIR: "@/coverage", NODE_V8_COVERAGE: "@/coverage" },
  { DENO_TRACE_PERMISSIONS: "1", DENO_AUDIT_PERMISSIONS: "@/audit" },
  { DENO_PERMISSION_BROKER_PATH: "@/broker.sock" },
  {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://192.0.2.1:4318",
    OTEL_DENO_CONSOLE: "capture",
  },
  { DENO_USR2_MEMORY_TRIM: "1", DENO_JOBS: "0", DENO_EMIT_CACHE_MODE: "error" },
  {
    DENO_UNSTABLE: "1",
    DENO_FUTURE: "1",
    DENO_COMPAT: "1",
    DENO_AUTO_SERVE: "1",
    DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0",
  },
  {
    NODE_OPTIONS: "--require @/absent.js --inspect",
    NODE_PATH: "@",
    NODE_ENV: "production",
  },
  {
    NODE_DEBUG: "fs,net",
    NODE_EXTRA_CA_CERTS: "@/absent.pem",
    NODE_PENDING_DEPRECATION: "1",
  },
  { NODE_CHANNEL_FD: "0", NODE_UNIQUE_ID: "1" },
  {
    RUST_BACKTRACE: "full",
    RUST_MIN_STACK: "4096000",
    FORCE_COLOR: "1",
    NO_COLOR: "1",
  },
  {
    HTTP_PROXY: "http://192.0.2.1",
    HTTPS_PROXY: "http://192.0.2.1",
    NPM_CONFIG_REGISTRY: "http://192.0.2.1",
  },
];

for (const variables of VARIABLES) {
  testWith(
    NEEDS,
    `${Object.keys(variables).join(", ")} in the environment change nothing`,
    async () => {
      using sandbox = new Sandbox();
      const env = Object.fromEntries(
        Object.entries(variables).map((
          [name, value],
        ) => [name, value.replaceAll("@/", `${sandbox.tmp}/`)]),
      );
      assertEquals(await sandbox.runAll(env), await undisturbed());
      assertEquals(await sandbox.temporaryFiles(), []);
    },
  );
}

/** System calls that reach the network or other programs. */
const REACHING_OUT = new Set([
  "socket",
  "connect",
  "bind",
  "listen",
  "sendto",
  "sendmsg",
  "accept4",
  "fork",
  "vfork",
]);

/** What the dynamic loader opens before the program starts: its cache and the libraries that `ldd` tells, by name. */
async function linkedLibraries(): Promise<Set<string>> {
  const { stdout } = await new Deno.Command("ldd", { args: [OURS] }).output();
  const names = new TextDecoder().decode(stdout).matchAll(
    /[\w.+-]+\.so[\w.]*/g,
  );
  return new Set(["ld.so.cache", ...[...names].map(([name]) => name)]);
}

/** Calls of a run that it has no business to make; each as the text of the trace. */
function excesses(calls: readonly TracedCall[], { dataDir, libraries }: {
  readonly dataDir: string;
  readonly libraries: ReadonlySet<string>;
}): string[] {
  const executions = calls.filter(({ name }) => name.startsWith("execve"));
  const others = calls.filter(({ name, args }) => {
    if (REACHING_OUT.has(name)) return true;
    if (name.startsWith("clone")) return !args.includes("CLONE_THREAD");
    if (!name.startsWith("open")) return false;
    const [, path = ""] = /"([^"]*)"/.exec(args) ?? [];
    if (/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(args)) {
      return !path.startsWith(`${dataDir}/`);
    }
    return /\.so(\.|$)/.test(path) && !libraries.has(path.replace(/.*\//, ""));
  });
  return [...executions.slice(1), ...others].map(({ name, args }) =>
    `${name}(${args})`
  );
}

for (const command of COMMANDS) {
  testWith(
    [...NEEDS, "command:strace", "command:ldd"],
    `${command} opens no socket, starts no program, loads no library and writes nowhere else`,
    async () => {
      using sandbox = new Sandbox();
      const options = {
        command: [OURS],
        stdin: sandbox.config,
        traceFile: sandbox.join("trace"),
      };
      const extra = { TMPDIR: sandbox.tmp, HOME: sandbox.tmp };
      if (command !== "ADD") {
        await runTraced({
          ...options,
          env: environmentOf({ command: "ADD", env: extra }),
        });
      }
      const outcome = await runTraced({
        ...options,
        env: environmentOf({ command, env: extra }),
      });
      assertEquals({ code: outcome.code, stderr: outcome.stderr }, {
        code: 0,
        stderr: "",
      }, outcome.stdout);
      const { dataDir } = sandbox;
      assertEquals(
        excesses(outcome.calls, {
          dataDir,
          libraries: await linkedLibraries(),
        }),
        [],
      );
      const searched = outcome.calls.filter(({ args }) =>
        args.includes(sandbox.tmp)
      );
      assertEquals(
        searched.filter(({ name }) => name !== "execve").map(({ args }) =>
          args
        ),
        [],
      );
    },
  );
}
