/** The environment of `deno compile`. @module */

const PASSED = ["PATH", "HOME", "TMPDIR", "DENO_DIR", "XDG_CACHE_HOME"];

/**
 * Only the variables that locate files: `deno compile` writes settings from other variables (V8
 * flags, certificates, telemetry) into the binary.
 *
 * @param denort Path of the runtime to embed.
 */
export function compilerEnv(
  denort: string,
): Record<string, string> {
  const env: Record<string, string> = { NO_COLOR: "1", DENORT_BIN: denort };
  for (const name of PASSED) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}
