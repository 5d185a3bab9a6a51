/**
 * The compiled plugin neither uses the temporary directory nor obeys the environment variables of
 * its runtime.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { OURS } from "../../support/binaries.ts";
import {
  type ParallelRow,
  testRowsInParallel,
} from "../../support/parallel_rows.ts";
import { COMMANDS, Sandbox } from "../../support/sandbox.ts";

let reference: Promise<string[]> | undefined;

/**
 * Runs the commands once without interference, and returns their output and the files that remain.
 */
function undisturbed(): Promise<string[]> {
  reference ??= (async () => {
    using sandbox = new Sandbox();
    return await sandbox.runAll();
  })();
  return reference;
}

const UNDISTURBED: ParallelRow = {
  name:
    "all commands succeed, print nothing on stderr and leave nothing in TMPDIR",
  run: async () => {
    using sandbox = new Sandbox();
    const seen = await sandbox.runAll();
    const failed = seen.filter((line, index) =>
      !line.startsWith(`${COMMANDS[index]} 0 `) || !line.includes(" [] ")
    );
    assertEquals(failed, []);
    assertEquals(await sandbox.temporaryFiles(), []);
  },
};

/**
 * What an attacker could plant where a program compiled by Deno keeps its V8 code cache by default.
 */
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

const PLANTED_ROWS: readonly ParallelRow[] = Object.entries(PLANTED).flatMap((
  [kind, plant],
) =>
  ["deno-compile-host-local", "deno-compile-host-local.cache"].map((name) => ({
    name: `a ${kind} at $TMPDIR/${name} has no effect and stays unchanged`,
    run: async () => {
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
  }))
);

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "absent";
    throw error;
  }
}

/** Variables that Deno, Node or V8 read; `@` stands for a directory of the test. */
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

const VARIABLE_ROWS: readonly ParallelRow[] = VARIABLES.map((variables) => ({
  name: `environment variables have no effect: ${
    Object.keys(variables).join(", ")
  }`,
  run: async () => {
    using sandbox = new Sandbox();
    const env = Object.fromEntries(
      Object.entries(variables).map((
        [name, value],
      ) => [name, value.replaceAll("@/", `${sandbox.tmp}/`)]),
    );
    assertEquals(await sandbox.runAll(env), await undisturbed());
    assertEquals(await sandbox.temporaryFiles(), []);
  },
}));

testRowsInParallel([`binary:${OURS}`], "sandbox", [
  UNDISTURBED,
  ...PLANTED_ROWS,
  ...VARIABLE_ROWS,
], { width: 3 });
