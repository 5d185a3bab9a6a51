/** Prints the stack trace of an error, for the test of source maps. @module */

function fail(): never {
  throw new Error("probe");
}

try {
  fail();
} catch (error) {
  const stack = error instanceof Error ? error.stack ?? "" : "";
  Deno.stdout.writeSync(
    new TextEncoder().encode(stack.replaceAll("\n", "\\n")),
  );
}
