import { assertEquals } from "@std/assert";
import { formatBar } from "../../../lib/cli/bar.ts";
import { type Cell, type Column, formatTable } from "../../../lib/cli/table.ts";
import { formatDefinitions, wrapText } from "../../../lib/cli/wrapped_text.ts";
import { testRows } from "../../support/rows.ts";

const COLUMNS: readonly Column[] = [
  { title: "NAME", minWidth: 4 },
  { title: "ID", minWidth: 6 },
  { title: "AGE", isNumber: true },
  { title: "STATE" },
];

function table(rows: readonly (readonly Cell[])[], columns: number): string[] {
  const cells = COLUMNS.map((_, index) => rows.map((row) => row[index] ?? ""));
  return formatTable(COLUMNS, cells, { columns, hasColors: false });
}

const ROWS = [
  ["network", "abcdefghijkl", "3h", "alive"],
  ["b", "c1", "12m", "gone"],
] as const;

testRows("formatTable() formats", [
  {
    name: "columns as wide as their cells",
    rows: ROWS,
    columns: 80,
    want: [
      "NAME     ID            AGE  STATE",
      "network  abcdefghijkl   3h  alive",
      "b        c1            12m  gone",
    ],
  },
  {
    name: "the widest column shortened",
    rows: ROWS,
    columns: 30,
    want: [
      "NAME     ID         AGE  STATE",
      "network  abcdefgh…   3h  alive",
      "b        c1         12m  gone",
    ],
  },
  {
    name: "all columns at their minimum",
    rows: ROWS,
    columns: 10,
    want: [
      "NAME  ID      AGE  STATE",
      "net…  abcde…   3h  alive",
      "b     c1      12m  gone",
    ],
  },
  {
    name: "titles without rows",
    rows: [],
    columns: 80,
    want: ["NAME  ID  AGE  STATE"],
  },
  {
    name: "empty cells without spaces at the end",
    rows: [["a", "", "", ""]],
    columns: 80,
    want: ["NAME  ID  AGE  STATE", "a"],
  },
  {
    name: "what a terminal would obey, escaped",
    rows: [["\x1b[2J", "a\nb", "1", "\u202e"]],
    columns: 80,
    want: [
      "NAME       ID        AGE  STATE",
      "\\u001b[2J  a\\u000ab    1  \\u202e",
    ],
  },
], ({ rows, columns, want }) => {
  assertEquals(table(rows, columns), want);
});

Deno.test("formatTable() colors cells only if there are colors", () => {
  const columns = [{ title: "A" }, { title: "B" }];
  const cells = [["x"], [{ text: "y", tone: "bad" as const }]];
  const of = (hasColors: boolean): string[] =>
    formatTable(columns, cells, { columns: 80, hasColors });
  assertEquals(of(false), ["A  B", "x  y"]);
  assertEquals(of(true), ["\x1b[1mA  B\x1b[0m", "x  \x1b[31my\x1b[0m"]);
});

testRows("wrapText() returns", [
  { name: "a short text", text: "one two", width: 10, want: ["one two"] },
  {
    name: "lines that fit",
    text: "one two three",
    width: 7,
    want: ["one two", "three"],
  },
  {
    name: "an indent",
    text: "one two three",
    width: 8,
    want: ["one two", "  three"],
    indent: "  ",
  },
  {
    name: "a long word on its own line",
    text: "a verylongword b",
    width: 5,
    want: ["a", "verylongword", "b"],
  },
  { name: "an empty text", text: "", width: 5, want: [""] },
], ({ text, width, want, ...row }) => {
  const { indent = "" }: { indent?: string } = row;
  assertEquals(wrapText(text, { width, indent }), want);
});

Deno.test("formatDefinitions() aligns meanings, and breaks after a long term", () => {
  assertEquals(
    formatDefinitions([
      ["a", "first meaning of it"],
      ["a-very-long-term", "second"],
    ], 30),
    [
      "  a           first meaning of",
      "              it",
      "  a-very-long-term",
      "              second",
    ],
  );
});

testRows("formatBar() shows", [
  { name: "nothing", share: 0, want: "[----------]" },
  { name: "a little", share: 0.001, want: "[#---------]" },
  { name: "half", share: 0.5, want: "[#####-----]" },
  { name: "nearly all", share: 0.999, want: "[#########-]" },
  { name: "all", share: 1, want: "[##########]" },
  { name: "more than all", share: 1.5, want: "[##########]" },
], ({ share, want }) => {
  assertEquals(formatBar(share, 12), want);
});
