/** Creates directories with the standard library, from its npm package. @module */

// @ts-types="./ensure_dir.d.ts"
export * from "deno-std/fs/ensure_dir.js";
