/** The function in use, typed as in jsr:@std/cli. @module */

/** `boolean` names are `false` and `string` names absent unless given; the rest is in `_`. */
export function parseArgs<B extends string = never, S extends string = never>(
  args: readonly string[],
  options: {
    readonly boolean?: readonly B[];
    readonly string?: readonly S[];
    readonly alias?: Readonly<Record<string, string>>;
    /** Receives each argument that is no known option; `key` is absent for arguments. */
    readonly unknown?: (arg: string, key?: string) => unknown;
  },
):
  & { _: (string | number)[] }
  & { [name in B]: boolean }
  & { [name in S]?: string };
