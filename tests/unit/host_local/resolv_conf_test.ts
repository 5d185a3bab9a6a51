import { assertEquals } from "@std/assert";
import { NO_DNS } from "../../../lib/cni/result.ts";
import { parseResolvConf } from "../../../lib/host_local/resolv_conf.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";

const ROWS = [
  { name: "reads an empty file", text: "", want: {} },
  {
    name: "reads all four keywords",
    text:
      "nameserver 192.0.2.3\ndomain a.example\nsearch x.example\noptions ndots:5\n",
    want: {
      nameservers: ["192.0.2.3"],
      domain: "a.example",
      search: ["x.example"],
      options: ["ndots:5"],
    },
  },
  {
    name: "reads only the first argument of nameserver",
    text: "nameserver 192.0.2.3 192.0.2.4",
    want: { nameservers: ["192.0.2.3"] },
  },
  {
    name: "neither limits nor validates name servers",
    text: "nameserver a\nnameserver b\nnameserver c\nnameserver ::1%eth0",
    want: { nameservers: ["a", "b", "c", "::1%eth0"] },
  },
  {
    name: "reads the first argument of the last domain",
    text: "domain a\ndomain b c",
    want: { domain: "b" },
  },
  {
    name: "accumulates search over lines",
    text: "search a b\nsearch c",
    want: { search: ["a", "b", "c"] },
  },
  {
    name: "accumulates options over lines",
    text: "options a\noptions b c",
    want: { options: ["a", "b", "c"] },
  },
  {
    name: "skips lines that start with # or ;",
    text: "# search a\n;search b\n  # search c\nsearch d",
    want: { search: ["d"] },
  },
  {
    name: "does not support comments at the end of a line",
    text: "search a b # x",
    want: { search: ["a", "b", "#", "x"] },
  },
  {
    name: "skips a keyword without an argument",
    text: "nameserver\nsearch  \ndomain",
    want: {},
  },
  { name: "is case-sensitive", text: "Nameserver a\nSEARCH b", want: {} },
  {
    name: "ignores other keywords",
    text: "sortlist 10.0.0.0\nlookup file bind",
    want: {},
  },
  {
    name: "splits at tabs and runs of white space",
    text: "\tsearch\t a \t b\r\n",
    want: { search: ["a", "b"] },
  },
  {
    name: "reads a last line without a line feed",
    text: "search a\nnameserver b",
    want: { search: ["a"], nameservers: ["b"] },
  },
] as const;

testRows("parseResolvConf()", ROWS, ({ text, want }) => {
  assertEquals<unknown>(parseResolvConf(text), { ...NO_DNS, ...want });
});

const TOO_LONG = {
  name: "ConfigError",
  message: "bufio.Scanner: token too long",
  path: "ipam.resolvConf",
} as const;

const LENGTHS = [
  {
    name: "accepts a line of 65535 bytes",
    line: `#${"x".repeat(65534)}`,
    want: undefined,
  },
  {
    name: "refuses a line of 65536 bytes",
    line: `#${"x".repeat(65535)}`,
    want: TOO_LONG,
  },
  {
    name: "counts bytes, not characters",
    line: `#${"é".repeat(32768)}`,
    want: TOO_LONG,
  },
] as const;

testRows("parseResolvConf()", LENGTHS, ({ line, want }) => {
  const refusal = thrownBy(() => parseResolvConf(`search a\n${line}\n`));
  assertEquals<unknown>(refusal, want);
});
