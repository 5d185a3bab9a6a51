/**
 * Every parser of text finishes on a megabyte of each input: none needs a time that grows faster
 * than the input. A parser that does takes minutes here.
 */

import { parseFlags } from "../../lib/base/flags.ts";
import { parseDuration } from "../../lib/base/duration.ts";
import { parseHex } from "../../lib/base/hex.ts";
import { formatLogLine } from "../../lib/base/log_line.ts";
import { cleanPath } from "../../lib/base/path.ts";
import {
  hasWhiteSpace,
  splitWords,
  trimWhiteSpace,
} from "../../lib/base/whitespace.ts";
import { formatDocument } from "../../lib/cni/document.ts";
import { isOverride, isValidName } from "../../lib/cni/environment.ts";
import { parseDocument } from "../../lib/cni/network_config.ts";
import { isOwnNetns } from "../../lib/cni/own_netns.ts";
import { selectVersion } from "../../lib/cni/spec_version.ts";
import { dnsOf } from "../../lib/dhcp/codec/dns_options.ts";
import { OptionReader } from "../../lib/dhcp/codec/option_reader.ts";
import { parseCniArgs as parseDhcpArgs } from "../../lib/dhcp/config/cni_args.ts";
import { readOptionCode } from "../../lib/dhcp/config/option_name.ts";
import { encodeOptionText } from "../../lib/dhcp/config/option_text.ts";
import { readProvidedOptions } from "../../lib/dhcp/config/provided_options.ts";
import { DAEMON_FLAGS } from "../../lib/dhcp/daemon/flags.ts";
import { isHttp } from "../../lib/dhcp/daemon/upstream_server.ts";
import { stateFileKind } from "../../lib/dhcp/protocol/state_directory.ts";
import { parseStateFile } from "../../lib/dhcp/protocol/state_file.ts";
import { parseCniArgs } from "../../lib/host_local/cni_args.ts";
import {
  parseOwner,
  parseReservationName,
} from "../../lib/host_local/reservation_format.ts";
import { parseResolvConf } from "../../lib/host_local/resolv_conf.ts";
import { JsonObject } from "../../lib/base/json_reader.ts";
import { parseCidr } from "../../lib/net/cidr.ts";
import { parseIpAddress } from "../../lib/net/ip_address.ts";
import { testRows } from "../support/rows.ts";

const LENGTH = 1_000_000;

function filled(unit: string): string {
  return unit.repeat(Math.ceil(LENGTH / unit.length));
}

const INPUTS = [
  { what: "spaces between letters", text: `x${filled(" ")}x` },
  {
    what: "lines of spaces between letters",
    text: filled(`x${" ".repeat(60_000)}x\n`),
  },
  { what: "search lines", text: filled(`search${" ".repeat(60_000)}x\n`) },
  { what: "NULs between letters", text: `x${filled("\0")}x` },
  { what: "words", text: filled("a ") },
  { what: "letters", text: filled("a") },
  { what: "digits", text: filled("1") },
  { what: "durations", text: filled("1m") },
  { what: "slashes", text: filled("/") },
  { what: "parent directories", text: filled("../a/") },
  { what: "dots", text: filled(".") },
  { what: "colons", text: filled(":") },
  { what: "groups", text: filled("1:") },
  { what: "pairs", text: filled("K=1;") },
  { what: "list elements", text: `IP=${filled("10.0.0.1,")}` },
  { what: "open brackets", text: filled("[") },
  { what: "nested lists", text: `${filled("[")}${filled("]")}` },
] as const;

const PARSERS: readonly {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}[] = [
  { name: "trimWhiteSpace()", parse: trimWhiteSpace },
  { name: "splitWords()", parse: splitWords },
  { name: "hasWhiteSpace()", parse: hasWhiteSpace },
  { name: "parseDuration()", parse: parseDuration },
  { name: "parseHex()", parse: parseHex },
  { name: "cleanPath()", parse: cleanPath },
  {
    name: "formatLogLine()",
    parse: (reason) => formatLogLine("warn", "config-invalid", { reason }),
  },
  { name: "formatDocument()", parse: formatDocument },
  { name: "parseDocument()", parse: parseDocument },
  { name: "isValidName()", parse: isValidName },
  { name: "isOverride()", parse: isOverride },
  { name: "isOwnNetns()", parse: (text) => isOwnNetns(text, 1) },
  { name: "selectVersion()", parse: (text) => selectVersion("GC", text) },
  { name: "parseIpAddress()", parse: parseIpAddress },
  { name: "parseCidr()", parse: parseCidr },
  { name: "parseCniArgs() of host-local", parse: parseCniArgs },
  { name: "parseOwner()", parse: parseOwner },
  { name: "parseReservationName()", parse: parseReservationName },
  { name: "parseResolvConf()", parse: parseResolvConf },
  { name: "parseCniArgs() of dhcp", parse: parseDhcpArgs },
  {
    name: "readOptionCode()",
    parse: (option) => readOptionCode(new JsonObject({ option }, "")),
  },
  {
    name: "encodeOptionText() of addresses",
    parse: (text) => encodeOptionText(3, text, ""),
  },
  {
    name: "encodeOptionText() of numbers",
    parse: (text) => encodeOptionText(25, text, ""),
  },
  {
    name: "encodeOptionText() of names",
    parse: (text) => encodeOptionText(119, text, ""),
  },
  {
    name: "readProvidedOptions()",
    parse: (hex) => {
      const provide = [{ option: "12", hex }];
      const args = new Map([["K8S_POD_NAME", hex]]);
      return readProvidedOptions(new JsonObject({ provide }, ""), args);
    },
  },
  {
    name: "dnsOf()",
    parse: (text) =>
      dnsOf(
        new OptionReader(new Map([[15, new TextEncoder().encode(text)]])),
        { address: { family: 4, value: 0xc0000232n }, prefixLength: 24 },
      ),
  },
  {
    name: "parseFlags()",
    parse: (text) => parseFlags([text, `-a=${text}`], DAEMON_FLAGS),
  },
  { name: "isHttp()", parse: (text) => isHttp(`GET ${text}`) },
  { name: "stateFileKind()", parse: stateFileKind },
  { name: "parseStateFile()", parse: parseStateFile },
];

for (const { name, parse } of PARSERS) {
  testRows(
    `${name} finishes on a megabyte of`,
    INPUTS.map(({ what, text }) => ({ name: what, text })),
    ({ text }) => {
      try {
        parse(text);
      } catch (error) {
        if (isStackOverflow(error)) throw error;
      }
    },
  );
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof Error && error.message.includes("call stack");
}
