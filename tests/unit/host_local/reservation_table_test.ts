import { assertEquals } from "@std/assert";
import { ReservationTable } from "../../../lib/host_local/reservation_table.ts";
import { ip, tableOf, texts } from "./builders.ts";

// What it has in common with the index on disk is in
// tests/effects/host_local/store/reservation_lookup_test.ts.

Deno.test("ReservationTable.size counts both families", () => {
  assertEquals(tableOf(["10.0.0.2", "10.0.0.3", "::a00:2"]).size, 3);
});

Deno.test("ReservationTable.size shrinks with each removal", () => {
  const table = tableOf(["10.0.0.2", "10.0.0.3"]);
  table.remove(ip("10.0.0.2"));
  table.remove(ip("10.0.0.9"));
  assertEquals(table.size, 1);
});

Deno.test("ReservationTable.entries() yields addresses and owners", () => {
  const table = new ReservationTable();
  table.insert(ip("::1"), "b");
  table.insert(ip("0.0.0.1"), "a");
  assertEquals([...table.entries()], [
    [ip("0.0.0.1"), "a"],
    [ip("::1"), "b"],
  ]);
});

Deno.test("ReservationTable.entries() does not yield removed entries", () => {
  const table = tableOf(["10.0.0.2", "10.0.0.3"]);
  table.remove(ip("10.0.0.2"));
  assertEquals(texts([...table.entries()].map(([address]) => address)), [
    "10.0.0.3",
  ]);
});

Deno.test("ReservationTable.firstFree() stops at the end of the family", () => {
  const table = tableOf(["255.255.255.255"]);
  const last = { family: 4, value: 1n << 32n } as const;
  assertEquals(table.firstFree(ip("255.255.255.255"), last), undefined);
});
