import { assertEquals } from "@std/assert";
import { isValidName, parseEnvironment } from "../../../lib/cni/environment.ts";
import { thrownBy } from "../base/thrown.ts";

const FULL = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/var/run/netns/c1",
  CNI_IFNAME: "eth0",
} as const;

type Variables = Readonly<Record<string, string>>;

function parse(env: Variables): unknown {
  return parseEnvironment((name) => env[name]);
}

function refused(message: string, details = ""): Record<string, unknown> {
  return { name: "CniError", code: 4, message, details };
}

function missing(names: string): Record<string, unknown> {
  return refused(`required env variables [${names}] missing`);
}

const READ: readonly { name: string; env: Variables; want: unknown }[] = [
  {
    name: "reads every variable (SPEC section 2)",
    env: {
      ...FULL,
      CNI_ARGS: "IP=1",
      CNI_PATH: "/bin",
      CNI_NETNS_OVERRIDE: "1",
    },
    want: {
      command: "ADD",
      containerId: "c1",
      netns: "/var/run/netns/c1",
      ifName: "eth0",
      cniArgs: "IP=1",
      netnsOverride: true,
    },
  },
  {
    name: "needs no CNI_PATH (SPEC section 2)",
    env: FULL,
    want: {
      command: "ADD",
      containerId: "c1",
      netns: "/var/run/netns/c1",
      ifName: "eth0",
      cniArgs: "",
      netnsOverride: false,
    },
  },
  {
    name: "needs no CNI_NETNS for DEL (SPEC section 2)",
    env: { CNI_COMMAND: "DEL", CNI_CONTAINERID: "c1", CNI_IFNAME: "eth0" },
    want: {
      command: "DEL",
      containerId: "c1",
      netns: "",
      ifName: "eth0",
      cniArgs: "",
      netnsOverride: false,
    },
  },
  ...["GC", "STATUS", "VERSION", "add", "NOPE"].map((command) => ({
    name: `needs nothing else for ${command}`,
    env: { CNI_COMMAND: command },
    want: {
      command,
      containerId: "",
      netns: "",
      ifName: "",
      cniArgs: "",
      netnsOverride: false,
    },
  })),
  {
    name: "does not check variables that GC does not need",
    env: { CNI_COMMAND: "GC", CNI_CONTAINERID: "/bad", CNI_IFNAME: "a/b" },
    want: {
      command: "GC",
      containerId: "/bad",
      netns: "",
      ifName: "a/b",
      cniArgs: "",
      netnsOverride: false,
    },
  },
  {
    name: "returns no invocation without CNI_COMMAND",
    env: {},
    want: undefined,
  },
  {
    name: "treats an empty CNI_COMMAND as missing",
    env: { CNI_COMMAND: "" },
    want: undefined,
  },
  {
    name: "checks nothing else without CNI_COMMAND",
    env: { CNI_CONTAINERID: "/bad" },
    want: undefined,
  },
];

for (const { name, env, want } of READ) {
  Deno.test(`parseEnvironment() ${name}`, () => assertEquals(parse(env), want));
}

const OVERRIDES = [
  { value: "1", want: true },
  { value: "true", want: true },
  { value: "TRUE", want: true },
  { value: "True", want: true },
  { value: "0", want: false },
  { value: "yes", want: false },
  { value: "true ", want: false },
  { value: "11", want: false },
  { value: "", want: false },
] as const;

for (const { value, want } of OVERRIDES) {
  Deno.test(`parseEnvironment() reads CNI_NETNS_OVERRIDE=${JSON.stringify(value)} as ${want}`, () => {
    const read = parseEnvironment((name) =>
      ({ ...FULL, CNI_NETNS_OVERRIDE: value } as Variables)[name]
    );
    assertEquals(read?.netnsOverride, want);
  });
}

const BAD_ID = "/bad id";
const LONG_NAME = "a234567890123456";

const REFUSED: readonly { name: string; env: Variables; want: unknown }[] = [
  {
    name: "names all missing variables, in the order of its checks",
    env: { CNI_COMMAND: "ADD" },
    want: missing("CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"),
  },
  {
    name: "names all variables that are missing for CHECK",
    env: { CNI_COMMAND: "CHECK" },
    want: missing("CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"),
  },
  {
    name: "names all variables that are missing for DEL",
    env: { CNI_COMMAND: "DEL" },
    want: missing("CNI_CONTAINERID,CNI_IFNAME"),
  },
  {
    name: "treats an empty variable as missing",
    env: { ...FULL, CNI_NETNS: "" },
    want: missing("CNI_NETNS"),
  },
  {
    name: "reports a bad container ID before missing variables",
    env: { CNI_COMMAND: "ADD", CNI_CONTAINERID: BAD_ID },
    want: refused("invalid characters in containerID", BAD_ID),
  },
  {
    name: "reports a bad container ID before a bad interface name",
    env: { ...FULL, CNI_CONTAINERID: BAD_ID, CNI_IFNAME: ".." },
    want: refused("invalid characters in containerID", BAD_ID),
  },
  {
    name: "reports a bad interface name before a missing container ID",
    env: { CNI_COMMAND: "ADD", CNI_IFNAME: ".." },
    want: refused("interface name is . or .."),
  },
  {
    name: "reports a bad interface name for CHECK",
    env: { ...FULL, CNI_COMMAND: "CHECK", CNI_IFNAME: "." },
    want: refused("interface name is . or .."),
  },
  {
    name: "reports a bad container ID for DEL",
    env: { ...FULL, CNI_COMMAND: "DEL", CNI_CONTAINERID: BAD_ID },
    want: refused("invalid characters in containerID", BAD_ID),
  },
];

for (const { name, env, want } of REFUSED) {
  Deno.test(`parseEnvironment() ${name}`, () => {
    assertEquals(thrownBy(() => parse(env)), want);
  });
}

const TOO_LONG = refused(
  "interface name is too long",
  "interface name should be less than 16 characters",
);
const BAD_CHARACTER = refused(
  "interface name contains / or : or whitespace characters",
);

const INTERFACES: readonly { name: string; value: string; want: unknown }[] = [
  { name: "accepts 15 bytes", value: "a23456789012345", want: undefined },
  { name: "refuses 16 bytes", value: LONG_NAME, want: TOO_LONG },
  {
    name: "accepts 7 characters of 2 bytes",
    value: "ééééééé",
    want: undefined,
  },
  {
    name: "refuses 8 characters of 2 bytes",
    value: "éééééééé",
    want: TOO_LONG,
  },
  { name: "refuses .", value: ".", want: refused("interface name is . or ..") },
  {
    name: "refuses ..",
    value: "..",
    want: refused("interface name is . or .."),
  },
  { name: "accepts ...", value: "...", want: undefined },
  { name: "refuses a slash", value: "a/b", want: BAD_CHARACTER },
  { name: "refuses a colon", value: "eth0:1", want: BAD_CHARACTER },
  { name: "refuses a space", value: "a b", want: BAD_CHARACTER },
  {
    name: "refuses a trailing line feed",
    value: "eth0\n",
    want: BAD_CHARACTER,
  },
  { name: "refuses a no-break space", value: "a\u00a0b", want: BAD_CHARACTER },
  {
    name: "accepts a byte order mark, which is not white space",
    value: "a\ufeffb",
    want: undefined,
  },
  { name: "accepts other punctuation", value: "eth0@if5", want: undefined },
  {
    name: "reports the length before the characters",
    value: `${LONG_NAME}/`,
    want: TOO_LONG,
  },
];

for (const { name, value, want } of INTERFACES) {
  Deno.test(`parseEnvironment() interface name: ${name}`, () => {
    assertEquals(thrownBy(() => parse({ ...FULL, CNI_IFNAME: value })), want);
  });
}

const NAMES = [
  { text: "a", want: true },
  { text: "0", want: true },
  { text: "Az09_.-", want: true },
  { text: "a..b", want: true },
  { text: "10.0.0.2", want: true },
  { text: "x".repeat(5000), want: true },
  { text: "", want: false },
  { text: ".a", want: false },
  { text: "-a", want: false },
  { text: "_a", want: false },
  { text: "..", want: false },
  { text: "a/b", want: false },
  { text: "a b", want: false },
  { text: "a\n", want: false },
  { text: "\na", want: false },
  { text: "aé", want: false },
  { text: "a:b", want: false },
] as const;

for (const { text, want } of NAMES) {
  const shown = JSON.stringify(text.slice(0, 20));
  Deno.test(`isValidName() ${want ? "accepts" : "refuses"} ${shown}`, () => {
    assertEquals(isValidName(text), want);
  });
}
