import { assertEquals } from "@std/assert";
import { parseCniArgs } from "../../../../lib/dhcp/config/cni_args.ts";
import { testRows } from "../../../support/rows.ts";

testRows<{ name: string; text: string; want: [string, string][] }>(
  "parseCniArgs() of",
  [
    { name: "nothing", text: "", want: [] },
    { name: "two pairs", text: "A=1;B=2", want: [["A", "1"], ["B", "2"]] },
    { name: "a value with =", text: "A=b=c", want: [["A", "b=c"]] },
    { name: "an empty value", text: "A=", want: [["A", ""]] },
    { name: "parts without =", text: "A;;B=2;", want: [["B", "2"]] },
    { name: "a repeated key", text: "A=1;A=2", want: [["A", "2"]] },
  ],
  ({ text, want }) => assertEquals([...parseCniArgs(text)], want),
);
