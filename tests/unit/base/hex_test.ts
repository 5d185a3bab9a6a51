import { assertEquals } from "@std/assert";
import { formatHex, parseHex } from "../../../lib/base/hex.ts";
import { testRows } from "../../support/rows.ts";

testRows("parseHex()", [
  { name: "accepts empty text", text: "", want: [] },
  { name: "accepts digits", text: "00fFa0", want: [0, 255, 160] },
  { name: "accepts colons", text: "00:ff", want: [0, 255] },
  { name: "accepts hyphens", text: "00-ff", want: [0, 255] },
  { name: "refuses half a byte", text: "00f", want: undefined },
  { name: "refuses one digit between colons", text: "00:f", want: undefined },
  { name: "refuses mixed separators", text: "00:ff-00", want: undefined },
  { name: "refuses a final colon", text: "00:ff:", want: undefined },
  { name: "refuses missing colons", text: "00:ffaa", want: undefined },
  { name: "refuses other letters", text: "0g", want: undefined },
  { name: "refuses white space", text: "00 ff", want: undefined },
], ({ text, want }) => {
  const bytes = parseHex(text);
  assertEquals(bytes && [...bytes], want);
  if (bytes && !/[:-]/.test(text)) {
    assertEquals(formatHex(bytes), text.toLowerCase());
  }
});
