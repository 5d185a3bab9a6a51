/** Table tests: one `Deno.test` per row, so that a failure names its row. @module */

import { type Requirement, testWith } from "./requirements.ts";

/** Registers one test per row, named `<subject> <row.name>`. */
export function testRows<Row extends { readonly name: string }>(
  subject: string,
  rows: readonly Row[],
  run: (row: Row) => void | Promise<void>,
): void {
  for (const row of rows) {
    Deno.test(`${subject} ${row.name}`, () => run(row));
  }
}

/** Registers one test per row with requirements, which is skipped if something is missing. */
export function testRowsWith<Row extends { readonly name: string }>(
  requirements: readonly Requirement[],
  subject: string,
  rows: readonly Row[],
  run: (row: Row) => void | Promise<void>,
): void {
  for (const row of rows) {
    testWith(requirements, `${subject} ${row.name}`, () => run(row));
  }
}
