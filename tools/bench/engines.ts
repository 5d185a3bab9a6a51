/** The three ways to run a plugin that the benchmarks compare. Pure. @module */

/**
 * `resident`: the launcher with the resident process; `standalone`: the executable that starts for
 * each call; `upstream`: Debian's.
 */
export type Engine = "resident" | "standalone" | "upstream";

/** In the order of the columns. */
export const ENGINES = ["resident", "standalone", "upstream"] as const;

/**
 * The engines that are measured alternately. Each start of the standalone executable empties the
 * caches of the CPU, which costs the call after it 1 to 2 ms. So it has rounds of its own.
 */
export const ENGINE_GROUPS: readonly (readonly Engine[])[] = [
  ["resident", "upstream"],
  ["standalone"],
];

/** One value for each. */
export type PerEngine<T> = Readonly<Record<Engine, T>>;

/** Returns what `make` returns for each engine. */
export function perEngine<T>(make: (engine: Engine) => T): PerEngine<T> {
  return {
    resident: make("resident"),
    standalone: make("standalone"),
    upstream: make("upstream"),
  };
}

/** As {@link perEngine}, one engine after the other. */
export async function perEngineInTurn<T>(
  make: (engine: Engine) => Promise<T>,
): Promise<PerEngine<T>> {
  const resident = await make("resident");
  const standalone = await make("standalone");
  return { resident, standalone, upstream: await make("upstream") };
}
