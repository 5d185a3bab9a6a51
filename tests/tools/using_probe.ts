/** Prints what happens to a disposable variable, for the test of bundles. @module */

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

function open(): Disposable & { use(): void } {
  return {
    use: () => print("used"),
    [Symbol.dispose]: () => print(" disposed"),
  };
}

function run(): void {
  using opened = open();
  opened.use();
}

run();
