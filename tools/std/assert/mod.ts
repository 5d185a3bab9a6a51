/** Assertions of the standard library, from its npm package. @module */

// @ts-types="./mod.d.ts"
export * from "deno-std/assert/mod.js";
