/** Rows for `parallel_rows_test.ts`. @module */

import { testRowsInParallel } from "../support/parallel_rows.ts";

testRowsInParallel([], "first", [
  { name: "a", run: () => Promise.resolve() },
  { name: "b", run: () => Promise.resolve() },
]);
testRowsInParallel([], "second", [
  { name: "c", run: () => Promise.resolve() },
  { name: "d", reason: "never runs", run: () => Promise.reject() },
]);
testRowsInParallel([], "third", [
  { name: "e", reason: "never runs", run: () => Promise.reject() },
]);
