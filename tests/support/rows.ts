/** Table tests: one `Deno.test` per row, so that a failure names its row. @module */

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
