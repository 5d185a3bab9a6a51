import { assertEquals } from "@std/assert";
import {
  formatReleaseNote,
  parseReleaseNote,
} from "../../../../lib/dhcp/protocol/release_note.ts";

const ATTACHMENT = { containerId: "c1", networkName: "net", ifName: "eth0" };

Deno.test("parseReleaseNote() reads what formatReleaseNote() writes", () => {
  assertEquals(parseReleaseNote(formatReleaseNote(ATTACHMENT)), ATTACHMENT);
});

Deno.test("parseReleaseNote() reads a release note of version 0.1.0", () => {
  const note = { format: 1, release: true, attachment: ATTACHMENT };
  assertEquals(parseReleaseNote(JSON.stringify(note)), ATTACHMENT);
});
