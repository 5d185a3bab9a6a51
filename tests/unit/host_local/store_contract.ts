/**
 * What every `ReservationStore` promises: the same rows for the store on disk and for the fake.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Choice } from "../../../lib/host_local/add_plan.ts";
import type { ReservationStore } from "../../../lib/host_local/ports.ts";
import { testRows } from "../../support/rows.ts";
import { attachment, ip, range, texts } from "./builders.ts";

type Files = Readonly<Record<string, string>>;

/** A store over reservations that a row has set up. */
export interface ContractStore extends Disposable {
  readonly store: ReservationStore;
  /** Contents of the reservations by address. */
  files(): Files;
}

interface Row {
  readonly name: string;
  /** Contents of the reservations by address. */
  readonly files: Files;
  readonly run: (store: ReservationStore) => void;
  /** The reservations afterwards; the same as before if absent. */
  readonly want?: Files;
}

const C1 = "c1\r\neth0";
const C2 = "c2\r\neth0";
const NET1 = "c1\r\nnet1";
const UNKNOWN = "three\nlines\nhere";

function choice(address: string, facts: Partial<Choice> = {}): Choice {
  return {
    address: ip(address),
    range: range("10.0.0.0/24"),
    reused: false,
    replaced: [],
    ...facts,
  };
}

/** What `release` and `heldBy` agree on: the addresses of interface eth0 of c1. */
const HELD: readonly [name: string, held: Files, others: Files][] = [
  [
    "both families, in the order of file names",
    { "10.0.0.10": C1, "10.0.0.9": C1, "2001:db8::2": C1 },
    { "10.0.0.3": C2 },
  ],
  ["only its own interface", { "10.0.0.2": C1 }, { "10.0.0.3": NET1 }],
  ["addresses outside every range", { "192.0.2.7": C1 }, {}],
  ["a file with white space around", { "10.0.0.2": " c1\r\neth0\r\n" }, {}],
  ["a file with a bare LF (lf-separator)", { "10.0.0.2": "c1\neth0\n" }, {}],
  ["a file without an interface name", { "10.0.0.2": "c1\n" }, {}],
  [
    "no file without an interface name beside its own (legacy-fallback)",
    { "10.0.0.3": C1 },
    { "10.0.0.2": "c1" },
  ],
  ["nothing of others", {}, { "10.0.0.2": C2, "10.0.0.3": UNKNOWN }],
  ["nothing in an empty network", {}, {}],
];

const HELD_ROWS = HELD.flatMap(([name, held, others]): Row[] => [
  {
    name: `heldBy() returns ${name}`,
    files: { ...held, ...others },
    run: (store) =>
      assertEquals(texts(store.heldBy(attachment())), Object.keys(held)),
  },
  {
    name: `release() releases ${name}`,
    files: { ...held, ...others },
    run: (store) => store.release(attachment()),
    want: others,
  },
]);

const ROWS: readonly Row[] = [
  ...HELD_ROWS,
  {
    name: "reservationsOf() lists files with and without the interface name",
    files: {
      "10.0.0.9": C1,
      "10.0.0.10": C1,
      "10.0.0.8": "c1",
      "10.0.0.2": C2,
    },
    run: (store) => {
      const { held } = store.reservationsOf(attachment());
      assertEquals(held, [
        { address: ip("10.0.0.10"), reusable: false },
        { address: ip("10.0.0.8"), reusable: false },
        { address: ip("10.0.0.9"), reusable: false },
      ]);
    },
  },
  {
    name: "reservationsOf() knows what is free",
    files: { "10.0.0.2": C1, "10.0.0.3": UNKNOWN, "10.0.0.5": C2 },
    run: (store) => {
      const reservations = store.reservationsOf(attachment());
      const last = ip("10.0.0.9");
      assertEquals(
        reservations.firstFree(ip("10.0.0.2"), last),
        ip("10.0.0.4"),
      );
      assertEquals(reservations.cursor(0), undefined);
    },
  },
  {
    name: "firstFree() skips what is taken",
    files: { "10.0.0.2": C1, "10.0.0.4": C2 },
    run: (store) => {
      const from = ip("10.0.0.2");
      assertEquals(store.firstFree(from, ip("10.0.0.9")), ip("10.0.0.3"));
      assertEquals(store.firstFree(from, from), undefined);
    },
  },
  {
    name: "reserve() reserves what is kept",
    files: { "10.0.0.2": C2 },
    run: (store) => {
      const choices = [choice("10.0.0.3"), choice("2001:db8::3")];
      using reserved = store.reserve(attachment(), { choices });
      reserved.keep();
    },
    want: { "10.0.0.2": C2, "10.0.0.3": C1, "2001:db8::3": C1 },
  },
  {
    name: "reserve() is undone unless it is kept",
    files: { "10.0.0.2": C2, "10.0.0.4": C1 },
    run: (store) => {
      const choices = [choice("10.0.0.3"), choice("2001:db8::3")];
      using _reserved = store.reserve(attachment(), { choices });
      assert(store.find(ip("10.0.0.3")) !== undefined);
    },
  },
  {
    name: "reserve() releases what is replaced once it is kept",
    files: { "10.0.0.2": C1, "10.0.0.3": C1, "10.0.0.4": C1 },
    run: (store) => {
      const replaced = [ip("10.0.0.2"), ip("10.0.0.4")];
      const choices = [choice("10.0.0.3", { reused: true, replaced })];
      using reserved = store.reserve(attachment(), { choices });
      assert(store.find(ip("10.0.0.2")) !== undefined);
      reserved.keep();
    },
    want: { "10.0.0.3": C1 },
  },
  {
    name: "reserve() leaves reused and replaced addresses alone when undone",
    files: { "10.0.0.2": C1, "10.0.0.3": C1 },
    run: (store) => {
      const replaced = [ip("10.0.0.2")];
      const choices = [choice("10.0.0.3", { reused: true, replaced })];
      using _reserved = store.reserve(attachment(), { choices });
    },
  },
  {
    name: "releaseUnless() releases unkept addresses of known owners",
    files: {
      "10.0.0.2": C1,
      "10.0.0.3": C2,
      "10.0.0.4": "c3",
      "10.0.0.5": UNKNOWN,
    },
    run: (store) =>
      store.releaseUnless(({ address }) => texts([address])[0] === "10.0.0.2"),
    want: { "10.0.0.2": C1, "10.0.0.5": UNKNOWN },
  },
  {
    name: "find() returns owner and address",
    files: { "10.0.0.2": C1, "10.0.0.3": "c2", "10.0.0.4": UNKNOWN },
    run: (store) => {
      const found = ["10.0.0.2", "10.0.0.3", "10.0.0.4"].map((text) => {
        const { address, owner } = store.find(ip(text)) ?? {};
        return [address && texts([address])[0], owner];
      });
      assertEquals(found, [
        ["10.0.0.2", { kind: "attachment", attachment: attachment() }],
        ["10.0.0.3", { kind: "container", containerId: "c2" }],
        ["10.0.0.4", { kind: "unknown" }],
      ]);
    },
  },
  {
    name: "find() returns undefined for a free address",
    files: { "10.0.0.2": C1 },
    run: (store) => assertEquals(store.find(ip("10.0.0.3")), undefined),
  },
];

/**
 * Registers the rows for one kind of store.
 *
 * @param subject Names the kind.
 * @param open Opens a store over the reservations `files`.
 */
export function testStoreContract(
  subject: string,
  open: (files: Files) => ContractStore,
): void {
  testRows(subject, ROWS, ({ files, run, want = files }) => {
    using opened = open(files);
    run(opened.store);
    assertEquals(opened.files(), want);
  });
}
