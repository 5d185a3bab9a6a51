/** Table tests: one `Deno.test` a row, so a failure names it. @module */

/** Registers one test for each row, named `<subject> <row.name>`. */
export function testRows<Row extends { readonly name: string }>(
  subject: string,
  rows: readonly Row[],
  run: (row: Row) => void,
): void {
  for (const row of rows) {
    Deno.test(`${subject} ${row.name}`, () => run(row));
  }
}
