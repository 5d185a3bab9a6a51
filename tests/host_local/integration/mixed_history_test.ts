/**
 * Rows for the model behind the mixed test: what it must accept, and what it must report.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Effect, findViolations } from "./mixed_history.ts";

type Files = Readonly<Record<string, string>>;

interface Row {
  readonly name: string;
  readonly before?: Files;
  readonly effects?: readonly Effect[];
  readonly after?: Files;
}

type Times = readonly [startMs: number, endMs: number];

function add(
  owner: string,
  address: string,
  [startMs, endMs]: Times = [0, 9],
): Effect {
  return { kind: "reserve", owner, addresses: [address], startMs, endMs };
}

function del(owner: string, [startMs, endMs]: Times = [0, 9]): Effect {
  return { kind: "release", owner, startMs, endMs };
}

const LEGAL: readonly Row[] = [
  { name: "nothing happens", before: { A: "c0" }, after: { A: "c0" } },
  {
    name: "ADDs reserve free addresses",
    effects: [add("c1", "A"), add("c2", "B")],
    after: { A: "c1", B: "c2" },
  },
  {
    name: "DEL releases every address of its container, and no other",
    before: { A: "c0", B: "c0", C: "c1" },
    effects: [del("c0")],
    after: { C: "c1" },
  },
  {
    name: "DEL of a container without addresses changes nothing",
    before: { A: "c0" },
    effects: [del("c1")],
    after: { A: "c0" },
  },
  {
    name: "a concurrent DEL frees the address that an ADD reserves",
    before: { A: "c0" },
    effects: [add("c1", "A"), del("c0")],
    after: { A: "c1" },
  },
  {
    name: "a DEL that starts late and ends last frees the address of an ADD",
    before: { A: "c0" },
    effects: [add("c1", "A", [0, 5]), del("c0", [4, 9])],
    after: { A: "c1" },
  },
  {
    name: "a DEL that starts in the millisecond in which the ADD ends",
    before: { A: "c0" },
    effects: [add("c1", "A", [0, 5]), del("c0", [5, 9])],
    after: { A: "c1" },
  },
  {
    name: "an address passes through three containers in turn",
    before: { A: "c0" },
    effects: [
      del("c0", [0, 1]),
      add("c1", "A", [2, 3]),
      del("c1", [4, 5]),
      add("c2", "A", [6, 7]),
    ],
    after: { A: "c2" },
  },
  {
    name: "an address passes through three containers in overlapping calls",
    before: { A: "c0" },
    effects: [add("c2", "A"), add("c1", "A"), del("c1"), del("c0")],
    after: { A: "c2" },
  },
  {
    name: "a container releases its address and gets it again",
    before: { A: "c0" },
    effects: [del("c0", [0, 1]), add("c0", "A", [2, 3])],
    after: { A: "c0" },
  },
  {
    name: "ADD and DEL of one container overlap, and ADD was the first",
    effects: [add("c1", "A"), del("c1")],
    after: {},
  },
  {
    name: "ADD and DEL of one container overlap, and DEL was the first",
    effects: [add("c1", "A"), del("c1")],
    after: { A: "c1" },
  },
];

const ILLEGAL: readonly (Row & { readonly want: string })[] = [
  {
    name: "two ADDs print one address",
    effects: [add("c1", "A"), add("c2", "A")],
    after: { A: "c2" },
    want:
      'A: free before, reserve "c1" in 0.0..9.0 ms, reserve "c2" in 0.0..9.0 ms, "c2" after; no order of the calls is legal',
  },
  {
    name: "two ADDs print the address that one DEL releases",
    before: { A: "c0" },
    effects: [del("c0"), add("c1", "A"), add("c2", "A")],
    after: { A: "c1" },
    want:
      'A: "c0" before, reserve "c1" in 0.0..9.0 ms, reserve "c2" in 0.0..9.0 ms, release "c0" in 0.0..9.0 ms, "c1" after; no order of the calls is legal',
  },
  {
    name: "ADD prints an address that a container holds",
    before: { A: "c0" },
    effects: [add("c1", "A"), del("c2")],
    after: { A: "c1" },
    want:
      'A: "c0" before, reserve "c1" in 0.0..9.0 ms, "c1" after; no order of the calls is legal',
  },
  {
    name:
      "ADD prints an address of another container, and its own DEL overlaps",
    before: { A: "c0" },
    effects: [del("c1"), add("c1", "A")],
    after: { A: "c1" },
    want:
      'A: "c0" before, reserve "c1" in 0.0..9.0 ms, release "c1" in 0.0..9.0 ms, "c1" after; no order of the calls is legal',
  },
  {
    name: "ADD ends before the DEL that releases its address starts",
    before: { A: "c0" },
    effects: [add("c1", "A", [0, 4]), del("c0", [5, 9])],
    after: { A: "c1" },
    want:
      'A: "c0" before, reserve "c1" in 0.0..4.0 ms, release "c0" in 5.0..9.0 ms, "c1" after; no order of the calls is legal',
  },
  {
    name: "a second ADD ends before the DEL of the first container starts",
    effects: [
      add("c1", "A", [0, 1]),
      add("c2", "A", [2, 3]),
      del("c1", [4, 5]),
    ],
    after: { A: "c2" },
    want:
      'A: free before, reserve "c1" in 0.0..1.0 ms, reserve "c2" in 2.0..3.0 ms, release "c1" in 4.0..5.0 ms, "c2" after; no order of the calls is legal',
  },
  {
    name: "the DEL of the first container ends before its ADD starts",
    effects: [
      del("c1", [0, 1]),
      add("c1", "A", [2, 9]),
      add("c2", "A", [2, 9]),
    ],
    after: { A: "c2" },
    want:
      'A: free before, reserve "c1" in 2.0..9.0 ms, reserve "c2" in 2.0..9.0 ms, release "c1" in 0.0..1.0 ms, "c2" after; no order of the calls is legal',
  },
  {
    name: "a printed address has no file",
    effects: [add("c1", "A")],
    want:
      'A: free before, reserve "c1" in 0.0..9.0 ms, free after; expected "c1"',
  },
  {
    name: "a DEL removes the file of the next owner",
    before: { A: "c0" },
    effects: [del("c0"), add("c1", "A")],
    want:
      'A: "c0" before, reserve "c1" in 0.0..9.0 ms, release "c0" in 0.0..9.0 ms, free after; expected "c1"',
  },
  {
    name: "a reservation of a container without a call is gone",
    before: { A: "c0" },
    effects: [del("c1")],
    want: 'A: "c0" before, free after; expected "c0"',
  },
  {
    name: "a released address keeps its file",
    before: { A: "c0" },
    effects: [del("c0")],
    after: { A: "c0" },
    want:
      'A: "c0" before, release "c0" in 0.0..9.0 ms, "c0" after; expected free',
  },
  {
    name: "a file appears that no ADD printed",
    effects: [add("c1", "A")],
    after: { A: "c1", B: "c1" },
    want: 'B: free before, "c1" after; expected free',
  },
  {
    name: "the file of a printed address names another owner",
    effects: [add("c1", "A"), add("c2", "B")],
    after: { A: "c2", B: "c2" },
    want:
      'A: free before, reserve "c1" in 0.0..9.0 ms, "c2" after; expected "c1"',
  },
];

function violationsIn(
  { before = {}, effects = [], after = {} }: Row,
): string[] {
  return findViolations({
    before: new Map(Object.entries(before)),
    effects,
    after: new Map(Object.entries(after)),
  });
}

for (const row of LEGAL) {
  Deno.test(`the mixed test accepts: ${row.name}`, () =>
    assertEquals(violationsIn(row), []));
}

for (const row of ILLEGAL) {
  Deno.test(`the mixed test reports: ${row.name}`, () =>
    assertEquals(violationsIn(row), [row.want]));
}
