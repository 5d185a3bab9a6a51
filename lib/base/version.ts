/** The version of this project. @module */

/**
 * The same as in deno.json, which is not imported because all of it would become part of the
 * executables.
 */
export const VERSION = "0.1.0";
