/**
 * Traces the compiled plugin: it uses no socket, starts no other program, loads no other library
 * and writes no file outside its network's directory.
 * @module
 */

import { assertEquals } from "@std/assert";
import { OURS } from "../../support/binaries.ts";
import { environmentOf } from "../../support/host_local_call.ts";
import { testWith } from "../../support/requirements.ts";
import { COMMANDS, Sandbox } from "../../support/sandbox.ts";
import { runTraced, type TracedCall } from "../../support/strace.ts";

/** System calls that use the network or start programs. */
const FORBIDDEN = new Set([
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

/**
 * Returns the names of the files that the dynamic loader opens: its cache and the libraries that
 * `ldd` lists.
 */
async function linkedLibraries(): Promise<Set<string>> {
  const { stdout } = await new Deno.Command("ldd", { args: [OURS] }).output();
  const names = new TextDecoder().decode(stdout).matchAll(
    /[\w.+-]+\.so[\w.]*/g,
  );
  return new Set(["ld.so.cache", ...[...names].map(([name]) => name)]);
}

/** Returns the system calls that the plugin must not make, as text of the trace. */
function forbiddenCalls(calls: readonly TracedCall[], { dataDir, libraries }: {
  readonly dataDir: string;
  readonly libraries: ReadonlySet<string>;
}): string[] {
  const executions = calls.filter(({ name }) => name.startsWith("execve"));
  const others = calls.filter(({ name, args }) => {
    if (FORBIDDEN.has(name)) return true;
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
    [`binary:${OURS}`, "command:strace", "command:ldd"],
    `${command} opens no socket, starts no program, loads no library and writes only to its network's directory`,
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
        forbiddenCalls(outcome.calls, {
          dataDir,
          libraries: await linkedLibraries(),
        }),
        [],
      );
      const accesses = outcome.calls.filter(({ args }) =>
        args.includes(sandbox.tmp)
      );
      assertEquals(
        accesses.filter(({ name }) => name !== "execve").map(({ args }) =>
          args
        ),
        [],
      );
    },
  );
}
