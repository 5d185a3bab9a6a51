import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  CniArgsError,
  parseCniArgs,
  readPod,
} from "../../../lib/host_local/cni_args.ts";
import { formatIpAddress } from "../../../lib/net/ip_address.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";

function requested(text: string): string {
  return parseCniArgs(text).map(formatIpAddress).join(" ");
}

const TAKEN = [
  { name: "no text", text: "", want: "" },
  { name: "IP", text: "IP=10.0.0.5", want: "10.0.0.5" },
  {
    name: "ip in lower case (cni-args-ip-lower-case)",
    text: "ip=10.0.0.5",
    want: "10.0.0.5",
  },
  {
    name: "IP with a prefix length, which is dropped",
    text: "IP=10.0.0.5/8",
    want: "10.0.0.5",
  },
  { name: "an IPv6 address", text: "IP=2001:DB8::5/64", want: "2001:db8::5" },
  {
    name: "an IPv4-mapped address as IPv4",
    text: "IP=::ffff:10.0.0.5",
    want: "10.0.0.5",
  },
  {
    name: "an IPv4-mapped address with a prefix length",
    text: "IP=::ffff:10.0.0.5/120",
    want: "10.0.0.5",
  },
  {
    name: "a list of addresses (cni-args-ip-list)",
    text: "IP=10.80.0.77/24,fd80::77/64",
    want: "10.80.0.77 fd80::77",
  },
  {
    name: "the last of two lists",
    text: "IP=10.0.0.5,fd80::5;ip=10.0.0.6,fd80::6",
    want: "10.0.0.6 fd80::6",
  },
  {
    name: "several addresses of one family",
    text: "IP=10.0.0.5,10.0.0.6",
    want: "10.0.0.5 10.0.0.6",
  },
  { name: "an empty IP as absent", text: "IP=", want: "" },
  { name: "the last IP", text: "IP=10.0.0.5;IP=10.0.0.6", want: "10.0.0.6" },
  {
    name: "the last of both spellings",
    text: "IP=10.0.0.5;ip=10.0.0.6",
    want: "10.0.0.6",
  },
  {
    name: "an empty last IP as absent",
    text: "IP=10.0.0.5;IP=",
    want: "",
  },
  {
    name: "unknown keys if IgnoreUnknown is 1",
    text: "IgnoreUnknown=1;K8S_POD_NAME=x;IP=10.0.0.5",
    want: "10.0.0.5",
  },
  {
    name: "IgnoreUnknown after the unknown key",
    text: "K=V;IgnoreUnknown=TRUE",
    want: "",
  },
  {
    name: "the last IgnoreUnknown",
    text: "K=V;IgnoreUnknown=0;IgnoreUnknown=true",
    want: "",
  },
  {
    name: "IgnoreUnknown=0 without unknown keys",
    text: "IgnoreUnknown=0;IP=10.0.0.5",
    want: "10.0.0.5",
  },
] as const;

testRows("parseCniArgs() takes", TAKEN, ({ text, want }) => {
  assertEquals<string>(requested(text), want);
});

function unmarshal(value: string): string {
  return `ARGS: error parsing value of pair "IgnoreUnknown=${value}": boolean unmarshal error: invalid input ${value}`;
}

function badIp(pair: string, value: string): string {
  return `ARGS: error parsing value of pair "${pair}": invalid IP address ${value}`;
}

const REFUSED = [
  { name: "a pair without =", text: "foo", want: 'ARGS: invalid pair "foo"' },
  { name: "a trailing ;", text: "IP=10.0.0.5;", want: 'ARGS: invalid pair ""' },
  {
    name: "two = in a pair",
    text: "A=b=c",
    want: 'ARGS: invalid pair "A=b=c"',
  },
  {
    name: "an invalid pair although unknown keys are ignored",
    text: "IgnoreUnknown=1;foo",
    want: 'ARGS: invalid pair "foo"',
  },
  {
    name: "unknown keys, all of them",
    text: "K=V;IP=10.0.0.5;K2=V2",
    want: 'ARGS: unknown args ["K=V" "K2=V2"]',
  },
  {
    name: "an unknown key if IgnoreUnknown is false",
    text: "K=V;IgnoreUnknown=false",
    want: 'ARGS: unknown args ["K=V"]',
  },
  { name: "an empty key", text: "=x", want: 'ARGS: unknown args ["=x"]' },
  {
    name: "Ip, which is neither spelling",
    text: "Ip=10.0.0.5",
    want: 'ARGS: unknown args ["Ip=10.0.0.5"]',
  },
  {
    name: "ignoreunknown in another case",
    text: "ignoreunknown=1",
    want: 'ARGS: unknown args ["ignoreunknown=1"]',
  },
  {
    name: "yes as a boolean",
    text: "IgnoreUnknown=yes",
    want: unmarshal("yes"),
  },
  { name: "an empty boolean", text: "IgnoreUnknown=", want: unmarshal("") },
  {
    name: "the name of a method as a boolean",
    text: "IgnoreUnknown=constructor;K=V",
    want: unmarshal("constructor"),
  },
  {
    name: "__proto__ as a boolean",
    text: "IgnoreUnknown=__proto__",
    want: unmarshal("__proto__"),
  },
  {
    name: "a word as an address",
    text: "IP=foo",
    want: badIp("IP=foo", "foo"),
  },
  {
    name: "a list with a word",
    text: "IP=10.0.0.5,foo",
    want: badIp("IP=10.0.0.5,foo", "10.0.0.5,foo"),
  },
  {
    name: "a list that ends with a comma",
    text: "IP=10.0.0.5,",
    want: badIp("IP=10.0.0.5,", "10.0.0.5,"),
  },
  {
    name: "a list with a space",
    text: "IP=10.0.0.5, fd80::5",
    want: badIp("IP=10.0.0.5, fd80::5", "10.0.0.5, fd80::5"),
  },
  {
    name: "a leading zero",
    text: "ip=10.0.0.05",
    want: badIp("ip=10.0.0.05", "10.0.0.05"),
  },
  {
    name: "a prefix length that is too long",
    text: "IP=10.0.0.5/33",
    want: badIp("IP=10.0.0.5/33", "10.0.0.5/33"),
  },
  {
    name: "an empty prefix length",
    text: "IP=10.0.0.5/",
    want: badIp("IP=10.0.0.5/", "10.0.0.5/"),
  },
  {
    name: "a bad address before a good one",
    text: "IP=foo;IP=10.0.0.5",
    want: badIp("IP=foo", "foo"),
  },
] as const;

testRows("parseCniArgs() refuses", REFUSED, ({ text, want }) => {
  assertEquals(thrownBy(() => parseCniArgs(text)), {
    name: "CniArgsError",
    message: want,
  });
});

testRows("readPod() reads", [
  {
    name: "what Kubernetes passes",
    text: "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;" +
      "K8S_POD_INFRA_CONTAINER_ID=c1",
    want: { namespace: "shop", name: "web-0" },
  },
  {
    name: "the last of several names",
    text: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;K8S_POD_NAME=web-1",
    want: { namespace: "shop", name: "web-1" },
  },
  { name: "nothing", text: "", want: undefined },
  {
    name: "no pod without its namespace",
    text: "K8S_POD_NAME=web-0",
    want: undefined,
  },
  {
    name: "no empty name",
    text: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=",
    want: undefined,
  },
  {
    name: "no name with a space",
    text: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web 0",
    want: undefined,
  },
  {
    name: "no name with a slash",
    text: "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web/0",
    want: undefined,
  },
  {
    name: "no name that is too long",
    text: `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${"w".repeat(254)}`,
    want: undefined,
  },
], ({ text, want }) => {
  assertEquals(readPod(text), want);
});

Deno.test("parseCniArgs() returns, or throws CniArgsError, for any text", () => {
  const token = fc.constantFrom(
    "IP",
    "ip",
    "IgnoreUnknown",
    "=",
    ";",
    "1",
    "10.0.0.5",
    "/",
    "x",
  );
  fc.assert(fc.property(fc.array(token), (tokens) => {
    const { name } = thrownBy(() => parseCniArgs(tokens.join(""))) ?? {};
    assertEquals(name === undefined || name === "CniArgsError", true);
  }));
});

Deno.test("CniArgsError has its name", () => {
  assertEquals(String(new CniArgsError("x")), "CniArgsError: x");
});
