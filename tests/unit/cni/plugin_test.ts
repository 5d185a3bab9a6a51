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
  Deno.test(`runPlugin() A.8 prints the about text for ${JSON.stringify(env)}`, async () => {
    assertEquals(await runOnce({ env }), {
      exitStatus: 0,
      stdout: [],
      stderr: [ABOUT],
      calls: [],
    });
  });
}

Deno.test("runPlugin() A.8 answers VERSION without reading stdin", async () => {
  const readStdin = (): never => {
    throw new Error("stdin was read");
  };
  assertEquals(
    await runOnce({ env: { CNI_COMMAND: "VERSION" }, io: { readStdin } }),
    { exitStatus: 0, stdout: [VERSION_DOCUMENT], stderr: [], calls: [] },
  );
});

for (const command of ["ADD", "DEL", "CHECK", "GC", "STATUS"]) {
  Deno.test(`runPlugin() SPEC 2 gives ${command} to its handler`, async () => {
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

Deno.test("runPlugin() hands on the version as it stands in the document", async () => {
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
  Deno.test(`runPlugin() SPEC 5 answers ADD in version ${JSON.stringify(version)}`, async () => {
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

// A.2 and A.5: the first failure wins; each row is wrong in everything that comes later, too.
const ORDER = [
  {
    name: "A.2.1 a bad variable before anything else",
    env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: "/bad" },
    stdin: "not JSON",
    want: {
      code: 4,
      msg: "invalid characters in containerID",
      details: "/bad",
    },
  },
  {
    name: "A.2.2 a missing variable before stdin",
    env: { CNI_COMMAND: "DEL", CNI_CONTAINERID: "c1" },
    stdin: "not JSON",
    want: { code: 4, msg: "required env variables [CNI_IFNAME] missing" },
  },
  {
    name: "A.2.4 the name before an unknown command",
    env: { CNI_COMMAND: "add" },
    stdin: '{"cniVersion":7}',
    want: { cniVersion: "0.1.0", code: 7, msg: "missing network name" },
  },
  {
    name: "A.5 an unknown command before its version",
    env: { CNI_COMMAND: "add" },
    stdin: '{"cniVersion":"9.9.9","name":"net"}',
    want: { cniVersion: "9.9.9", code: 4, msg: "unknown CNI_COMMAND: add" },
  },
  {
    name: "A.5 the type of the version before its value",
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
    name: "A.5 the version before the handler, and before the own namespace",
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
    name: "K1 ADD refuses its own namespace before it does anything",
    env: { ...environment("ADD"), CNI_NETNS: "/proc/4711/ns/net" },
    stdin: '{"cniVersion":"0.4.0","name":"net"}',
    want: {
      cniVersion: "0.4.0",
      code: 8,
      msg: "plugin's netns and netns from CNI_NETNS should not be the same",
      details:
        'CNI_NETNS is "/proc/4711/ns/net"; set CNI_NETNS_OVERRIDE=1 if that is meant',
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

Deno.test("runPlugin() A.2.3 code 5 if stdin cannot be read, in the current version", async () => {
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

Deno.test("runPlugin() A.4 code 6 for stdin that is no JSON", async () => {
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

Deno.test("runPlugin() A.6 DEL frees first and then refuses its own namespace", async () => {
  const { exitStatus, stdout, calls } = await runOnce({
    env: { ...environment("DEL"), CNI_NETNS: "/proc/self/ns/net" },
  });
  assertEquals(calls.map(([name]) => name), ["DEL"]);
  assertEquals([exitStatus, stdout.length], [1, 1]);
  assertMatch(stdout.join(""), /"code": 8,/);
});

for (const command of ["CHECK", "GC", "STATUS"]) {
  Deno.test(`runPlugin() A.5 does not look at the namespace for ${command}`, async () => {
    const { exitStatus } = await runOnce({
      env: { ...environment(command), CNI_NETNS: "/proc/self/ns/net" },
    });
    assertEquals(exitStatus, 0);
  });
}

Deno.test("runPlugin() A.6 passes its own namespace with CNI_NETNS_OVERRIDE", async () => {
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
    name: "SPEC 5 code 7 for a bad configuration, in its version",
    error: new ConfigError("no IP ranges specified", "ipam.ranges"),
    want: {
      cniVersion: "0.3.1",
      code: 7,
      msg: "no IP ranges specified",
      details: "at ipam.ranges",
    },
  },
  {
    name: "SPEC 5 code 11 as the handler says it",
    error: new CniError(11, "full", { details: "all held" }),
    want: { cniVersion: "0.3.1", code: 11, msg: "full", details: "all held" },
  },
  {
    name: "A.5 code 999 that a handler means goes without a stack",
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

Deno.test("runPlugin() A.5 code 999 for a bug, with the stack on stderr", async () => {
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

Deno.test("runPlugin() keeps to the answer if something fails after it", async () => {
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

Deno.test("runPlugin() K1 never writes a second document", async () => {
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

Deno.test("runPlugin() fails an ADD whose answer cannot be written, and says so on stderr", async () => {
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

Deno.test("runPlugin() says an error on stderr if stdout takes nothing", async () => {
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
