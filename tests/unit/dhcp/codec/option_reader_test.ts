import { assertEquals } from "@std/assert";
import { OptionReader } from "../../../../lib/dhcp/codec/option_reader.ts";
import { testRows } from "../../../support/rows.ts";

testRows<{
  name: string;
  warn: (reader: OptionReader) => void;
  want: readonly string[];
}>("OptionReader.warnings", [
  { name: "is empty at first", warn: () => {}, want: [] },
  {
    name: "names option and reason",
    warn: (reader) => reader.warn(15, "not a domain name"),
    want: ["option 15 ignored: not a domain name"],
  },
  {
    name: "names the value that is ignored",
    warn: (reader) => reader.warn(3, "not a host", "127.0.0.1"),
    want: ["option 3 (127.0.0.1) ignored: not a host"],
  },
  {
    name: "has no text twice",
    warn: (reader) => {
      reader.warn(3, "not a host", "127.0.0.1");
      reader.warn(3, "not a host", "127.0.0.1");
    },
    want: ["option 3 (127.0.0.1) ignored: not a host"],
  },
  {
    name: "has at most eight texts and a number",
    warn: (reader) => {
      for (let i = 0; i < 1000; i++) reader.warn(3, "bad", String(i));
    },
    want: [
      ...Array.from({ length: 8 }, (_, i) => `option 3 (${i}) ignored: bad`),
      "992 more values ignored",
    ],
  },
], ({ warn, want }) => {
  const reader = new OptionReader(new Map());
  warn(reader);
  assertEquals(reader.warnings, want);
});
