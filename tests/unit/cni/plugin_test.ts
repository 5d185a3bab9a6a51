import { assertEquals, assertMatch } from "@std/assert";
import { ConfigError, SystemError } from "../../../lib/base/errors.ts";
import { CniError } from "../../../lib/cni/error.ts";
import type { PluginHandlers } from "../../../lib/cni/plugin.ts";
import { environment, resultOf, runOnce } from "./builders.ts";

function failing(error: unknown): () => Promise<never> {
  return () => Promise.reject(error);
}

function errorDocument(
  { cniVersion = "1.1.0", code, msg, details }: {
    readonly cniVersion?: string;
    readonly code: number;
    readonly msg: string;
    readonly details?: string;
  },
): string {
  const keys = {
    cniVersion,
    code,
    msg,
    ...(details === undefined ? {} : { details }),
  };
  return JSON.stringify(keys, undefined, 4);
}

const VERSION_DOCUMENT =
  '{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}\n';
const ABOUT = "CNI test plugin v1.2.3\n" +
  "CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0";

for (const env of [{}, { CNI_COMMAND: "", CNI_CONTAINERID: "/bad" }]) {
  Deno.test(`runPlugin() prints the about text for ${JSON.stringify(env)}`, async () => {
    assertEquals(await runOnce({ env }), {
      exitStatus: 0,
      stdout: [],
      stderr: [ABOUT],
      calls: [],
    });
  });
}

Deno.test("runPlugin() answers VERSION without reading stdin", async () => {
  const readStdin = (): never => {
    throw new Error("stdin was read");
  };
  assertEquals(
    await runOnce({ env: { CNI_COMMAND: "VERSION" }, io: { readStdin } }),
    { exitStatus: 0, stdout: [VERSION_DOCUMENT], stderr: [], calls: [] },
  );
});

for (const command of ["ADD", "DEL", "CHECK", "GC", "STATUS"]) {
  Deno.test(`runPlugin() passes ${command} to its handler`, async () => {
    const { exitStatus, stdout, calls } = await runOnce({
      env: environment(command),
    });
    assertEquals({ exitStatus, stdout }, { exitStatus: 0, stdout: [] });
    const seen = calls.map(([name, { invocation, config }]) => ({
      name,
      containerId: invocation.containerId,
      network: config.name,
      cniVersion: config.cniVersion,
    }));
    assertEquals(seen, [
      { name: command, containerId: "c1", network: "net", cniVersion: "1.1.0" },
    ]);
  });
}

Deno.test("runPlugin() passes the version on as given in the document", async () => {
  const { calls } = await runOnce({
    env: environment("DEL"),
    stdin: '{"name":"net"}',
  });
  assertEquals(calls.map(([, { config }]) => config.cniVersion), [""]);
});

const answering: Partial<PluginHandlers> = {
  add: (_request, answer) => Promise.resolve(answer(resultOf("10.0.0.2/24"))),
};

const ANSWERS = [
  {
    version: "1.0.0",
    want:
      '{\n    "cniVersion": "1.0.0",\n    "ips": [\n        {\n            "address": "10.0.0.2/24"\n        }\n    ]\n}',
  },
  {
    version: "0.2.0",
    want:
      '{\n    "cniVersion": "0.2.0",\n    "ip4": {\n        "ip": "10.0.0.2/24"\n    },\n    "dns": {}\n}',
  },
  {
    version: "",
    want:
      '{\n    "cniVersion": "0.1.0",\n    "ip4": {\n        "ip": "10.0.0.2/24"\n    },\n    "dns": {}\n}',
  },
] as const;

for (const { version, want } of ANSWERS) {
  Deno.test(`runPlugin() answers ADD in version ${JSON.stringify(version)}`, async () => {
    const { exitStatus, stdout, stderr } = await runOnce({
      env: environment("ADD"),
      stdin: JSON.stringify({ cniVersion: version, name: "net" }),
      handlers: answering,
    });
    assertEquals({ exitStatus, stdout, stderr }, {
      exitStatus: 0,
      stdout: [want],
      stderr: [],
    });
  });
}

// The first failure is reported. In each row everything that is checked later is wrong too.
const ORDER = [
  {
    name: "reports an invalid variable before anything else",
    env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "/bad" },
    stdin: "not JSON",
    want: {
      code: 4,
      msg: "invalid characters in containerID",
      details: "/bad",
    },
  },
  {
    name: "reports a missing variable before stdin",
    env: { CNI_COMMAND: "DEL", CNI_CONTAINERID: "c1" },
    stdin: "not JSON",
    want: { code: 4, msg: "required env variables [CNI_IFNAME] missing" },
  },
  {
    name: "reports the name before an unknown command",
    env: { CNI_COMMAND: "add" },
    stdin: '{"cniVersion":7}',
    want: { cniVersion: "0.1.0", code: 7, msg: "missing network name" },
  },
  {
    name: "reports an unknown command before its version",
    env: { CNI_COMMAND: "add" },
    stdin: '{"cniVersion":"9.9.9","name":"net"}',
    want: { cniVersion: "9.9.9", code: 4, msg: "unknown CNI_COMMAND: add" },
  },
  {
    name: "reports the type of the version before its value",
    env: environment("CHECK"),
    stdin: '{"cniVersion":7,"name":"net"}',
    want: {
      cniVersion: "0.1.0",
      code: 6,
      msg:
        "decoding version from network config: json: cannot unmarshal number into cniVersion: expected a string",
    },
  },
  {
    name: "reports the version before the handler and the own namespace",
    env: { ...environment("ADD"), CNI_NETNS: "/proc/self/ns/net" },
    stdin: '{"cniVersion":"9.9.9","name":"net"}',
    want: {
      cniVersion: "9.9.9",
      code: 1,
      msg: "incompatible CNI versions",
      details:
        'config is "9.9.9", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]',
    },
  },
  {
    name: "own-netns-first: ADD refuses the own namespace before the handler",
    env: { ...environment("ADD"), CNI_NETNS: "/proc/4711/ns/net" },
    stdin: '{"cniVersion":"0.4.0","name":"net"}',
    want: {
      cniVersion: "0.4.0",
      code: 8,
      msg: "plugin's netns and netns from CNI_NETNS should not be the same",
      details:
        'CNI_NETNS is "/proc/4711/ns/net"; set CNI_NETNS_OVERRIDE=1 if that is intended',
    },
  },
] as const;

for (const { name, env, stdin, want } of ORDER) {
  Deno.test(`runPlugin() ${name}`, async () => {
    assertEquals(await runOnce({ env, stdin }), {
      exitStatus: 1,
      stdout: [errorDocument(want)],
      stderr: [],
      calls: [],
    });
  });
}

Deno.test("runPlugin() fails with code 5 in the current version if stdin cannot be read", async () => {
  const readStdin = (): never => {
    throw new SystemError("error reading from stdin: gone");
  };
  const { exitStatus, stdout } = await runOnce({
    env: environment("ADD"),
    io: { readStdin },
  });
  assertEquals({ exitStatus, stdout }, {
    exitStatus: 1,
    stdout: [errorDocument({ code: 5, msg: "error reading from stdin: gone" })],
  });
});

Deno.test("runPlugin() fails with code 6 if stdin is not JSON", async () => {
  const { exitStatus, stdout, calls } = await runOnce({
    env: environment("ADD"),
    stdin: "",
  });
  assertEquals([exitStatus, stdout.length, calls], [1, 1, []]);
  assertMatch(
    stdout.join(""),
    /"cniVersion": "1\.1\.0",\s+"code": 6,\s+"msg": "error unmarshall network config: /,
  );
});

Deno.test("runPlugin() runs the handler of DEL before it refuses the own namespace", async () => {
  const { exitStatus, stdout, calls } = await runOnce({
    env: { ...environment("DEL"), CNI_NETNS: "/proc/self/ns/net" },
  });
  assertEquals(calls.map(([name]) => name), ["DEL"]);
  assertEquals([exitStatus, stdout.length], [1, 1]);
  assertMatch(stdout.join(""), /"code": 8,/);
});

for (const command of ["CHECK", "GC", "STATUS"]) {
  Deno.test(`runPlugin() does not check the namespace for ${command}`, async () => {
    const { exitStatus } = await runOnce({
      env: { ...environment(command), CNI_NETNS: "/proc/self/ns/net" },
    });
    assertEquals(exitStatus, 0);
  });
}

Deno.test("runPlugin() accepts the own namespace with CNI_NETNS_OVERRIDE", async () => {
  const env = {
    ...environment("ADD"),
    CNI_NETNS: "/proc/self/ns/net",
    CNI_NETNS_OVERRIDE: "1",
  };
  const { exitStatus, calls } = await runOnce({ env });
  assertEquals([exitStatus, calls.length], [0, 1]);
});

const FAILURES = [
  {
    name:
      "fails with code 7 in the version of the configuration (SPEC section 5)",
    error: new ConfigError("no IP ranges specified", "ipam.ranges"),
    want: {
      cniVersion: "0.3.1",
      code: 7,
      msg: "no IP ranges specified",
      details: "at ipam.ranges",
    },
  },
  {
    name: "fails with the code, message and details of the handler",
    error: new CniError(11, "full", { details: "all held" }),
    want: { cniVersion: "0.3.1", code: 11, msg: "full", details: "all held" },
  },
  {
    name: "logs no stack for a code 999 that a handler throws",
    error: new CniError(999, "refused"),
    want: { cniVersion: "0.3.1", code: 999, msg: "refused" },
  },
] as const;

for (const { name, error, want } of FAILURES) {
  Deno.test(`runPlugin() ${name}`, async () => {
    assertEquals(
      await runOnce({
        env: environment("ADD"),
        stdin: '{"cniVersion":"0.3.1","name":"net"}',
        handlers: { add: failing(error) },
      }),
      { exitStatus: 1, stdout: [errorDocument(want)], stderr: [], calls: [] },
    );
  });
}

Deno.test("runPlugin() fails with code 999 for a bug and logs its stack", async () => {
  const { exitStatus, stdout, stderr } = await runOnce({
    env: environment("DEL"),
    handlers: { del: failing(new TypeError("oops")) },
  });
  const details = "This is a bug of the plugin; stderr has the stack";
  assertEquals({ exitStatus, stdout }, {
    exitStatus: 1,
    stdout: [errorDocument({ code: 999, msg: "oops", details })],
  });
  assertEquals(stderr.length, 1);
  assertMatch(
    stderr.join(""),
    /^level=error event=unexpected-error reason=oops stack="TypeError: oops/,
  );
});

Deno.test("runPlugin() exits with 0 if something fails after the answer", async () => {
  const { exitStatus, stdout, stderr } = await runOnce({
    env: environment("ADD"),
    handlers: {
      add: (_request, answer) => {
        answer(resultOf("10.0.0.2/24"));
        return Promise.reject(new TypeError("late"));
      },
    },
  });
  assertEquals([exitStatus, stdout.length], [0, 1]);
  assertMatch(stdout.join(""), /"address": "10\.0\.0\.2\/24"/);
  assertMatch(
    stderr.join(""),
    /^level=error event=unexpected-error reason=late /,
  );
});

Deno.test("runPlugin() never writes a second document", async () => {
  const { exitStatus, stdout } = await runOnce({
    env: environment("ADD"),
    handlers: {
      add: (_request, answer) => {
        answer(resultOf("10.0.0.2/24"));
        return Promise.resolve(answer(resultOf("10.0.0.3/24")));
      },
    },
  });
  assertEquals([exitStatus, stdout.length], [0, 1]);
});

Deno.test("runPlugin() fails an ADD whose answer cannot be written and logs the failure", async () => {
  const attempts: string[] = [];
  const { exitStatus, stderr } = await runOnce({
    env: environment("ADD"),
    handlers: answering,
    io: {
      writeStdout: (text) => {
        attempts.push(text);
        throw new SystemError("write stdout: broken pipe");
      },
    },
  });
  assertEquals([exitStatus, attempts.length], [1, 1]);
  assertEquals(stderr, [
    'level=error event=command-failed reason="write stdout: broken pipe" details=""',
  ]);
});

Deno.test("runPlugin() logs the error if stdout cannot be written", async () => {
  const { exitStatus, stderr } = await runOnce({
    env: environment("DEL"),
    handlers: {
      del: failing(new CniError(5, "no", { details: "look there" })),
    },
    io: {
      writeStdout: () => {
        throw new SystemError("write stdout: broken pipe");
      },
    },
  });
  assertEquals({ exitStatus, stderr }, {
    exitStatus: 1,
    stderr: ['level=error event=command-failed reason=no details="look there"'],
  });
});

Deno.test("runPlugin() says how a command has ended", async () => {
  const codes: number[] = [];
  const run = (
    env: Readonly<Record<string, string>>,
    handlers: Partial<PluginHandlers> = {},
  ): Promise<unknown> =>
    runOnce({ env, handlers, onEnd: (code) => void codes.push(code) });
  await run(environment("DEL"));
  await run(environment("DEL"), {
    del: failing(new CniError(11, "later")),
  });
  await run({ CNI_COMMAND: "VERSION" });
  await run({ CNI_COMMAND: "ADD" });
  assertEquals(codes, [0, 11, 0, 4]);
});
