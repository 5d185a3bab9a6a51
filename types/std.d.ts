/**
 * Types of the `@std` functions in use: the npm package that carries the standard library ships
 * none. A function that is missing here does not check; add it with the types of `jsr:@std`.
 */

declare module "@std/assert" {
  // deno-lint-ignore no-explicit-any -- what `instanceof` accepts
  type Constructor<T> = abstract new (...args: any[]) => T;

  export class AssertionError extends Error {}

  export function assert(value: unknown, message?: string): asserts value;
  export function assertFalse(value: unknown, message?: string): void;
  export function assertEquals<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  export function assertNotEquals<T>(
    actual: T,
    expected: T,
    message?: string,
  ): void;
  export function assertStrictEquals<T>(
    actual: unknown,
    expected: T,
    message?: string,
  ): asserts actual is T;
  export function assertExists<T>(
    value: T,
    message?: string,
  ): asserts value is NonNullable<T>;
  export function assertInstanceOf<T>(
    value: unknown,
    type: Constructor<T>,
    message?: string,
  ): asserts value is T;
  export function assertMatch(
    text: string,
    pattern: RegExp,
    message?: string,
  ): void;
  export function assertNotMatch(
    text: string,
    pattern: RegExp,
    message?: string,
  ): void;
  export function assertStringIncludes(
    text: string,
    part: string,
    message?: string,
  ): void;
  export function assertArrayIncludes<T>(
    actual: ArrayLike<T>,
    expected: ArrayLike<T>,
    message?: string,
  ): void;
  export function assertGreater<T>(actual: T, bound: T, message?: string): void;
  export function assertGreaterOrEqual<T>(
    actual: T,
    bound: T,
    message?: string,
  ): void;
  export function assertLess<T>(actual: T, bound: T, message?: string): void;
  export function assertLessOrEqual<T>(
    actual: T,
    bound: T,
    message?: string,
  ): void;
  export function assertThrows(run: () => unknown, message?: string): unknown;
  export function assertThrows<E extends Error = Error>(
    run: () => unknown,
    type: Constructor<E>,
    part?: string,
    message?: string,
  ): E;
  export function assertRejects(
    run: () => PromiseLike<unknown>,
    message?: string,
  ): Promise<unknown>;
  export function assertRejects<E extends Error = Error>(
    run: () => PromiseLike<unknown>,
    type: Constructor<E>,
    part?: string,
    message?: string,
  ): Promise<E>;
  export function fail(message?: string): never;
}

declare module "@std/cli/parse-args" {
  /** `boolean` names are `false` and `string` names absent unless given; the rest is in `_`. */
  export function parseArgs<B extends string = never, S extends string = never>(
    args: readonly string[],
    options: {
      readonly boolean?: readonly B[];
      readonly string?: readonly S[];
      readonly unknown?: (
        argument: string,
        key?: string,
        value?: unknown,
      ) => unknown;
    },
  ):
    & { _: (string | number)[] }
    & { [name in B]: boolean }
    & { [name in S]?: string };
}

declare module "@std/fs/ensure-dir" {
  export function ensureDir(path: string | URL): Promise<void>;
  export function ensureDirSync(path: string | URL): void;
}

declare module "@std/fs/walk" {
  interface WalkEntry extends Deno.DirEntry {
    path: string;
  }
  interface WalkOptions {
    includeFiles?: boolean;
    includeDirs?: boolean;
    includeSymlinks?: boolean;
    exts?: string[];
    match?: RegExp[];
    skip?: RegExp[];
  }
  export function walk(
    root: string | URL,
    options?: WalkOptions,
  ): AsyncIterableIterator<WalkEntry>;
  export function walkSync(
    root: string | URL,
    options?: WalkOptions,
  ): IterableIterator<WalkEntry>;
}

declare module "@std/net/get-available-port" {
  export function getAvailablePort(
    options?: { readonly preferredPort?: number },
  ): number;
}

declare module "@std/path/from-file-url" {
  export function fromFileUrl(url: string | URL): string;
}
