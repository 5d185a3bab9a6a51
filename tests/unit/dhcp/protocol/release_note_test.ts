import { assertEquals } from "@std/assert";
import {
  formatReleaseNote,
  parseReleaseNote,
} from "../../../../lib/dhcp/protocol/release_note.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../base/thrown.ts";
import { C1 } from "../daemon/fake_host.ts";

Deno.test("parseReleaseNote() parses what formatReleaseNote() formats", () => {
  assertEquals(parseReleaseNote(formatReleaseNote(C1)), C1);
});

testRows("parseReleaseNote() refuses", [
  {
    name: "a truncated note",
    text: formatReleaseNote(C1).slice(0, -3),
    message: "not JSON",
  },
  {
    name: "another format",
    text: '{"format":2}',
    message: "format is 2, expected 1",
  },
  {
    name: "a note without an attachment",
    text: '{"format":1}',
    message: "attachment is missing",
  },
  {
    name: "an attachment without a network name",
    text: '{"format":1,"attachment":{"containerId":"c1","ifName":"eth0"}}',
    message: "networkName is missing",
  },
], ({ text, message }) => {
  const thrown = thrownBy(() => parseReleaseNote(text));
  assertEquals([thrown?.["name"], thrown?.["message"]], [
    "DecodeError",
    message,
  ]);
});
