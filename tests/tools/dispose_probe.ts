/** Prints a line when a resource is disposed of; see bundle_test.ts. @module */

class Resource implements Disposable {
  use(): void {}

  [Symbol.dispose](): void {
    Deno.stdout.writeSync(new TextEncoder().encode("disposed of\n"));
  }
}

function useOnce(): void {
  using resource = new Resource();
  resource.use();
}

useOnce();
