/** Walks a directory tree with the standard library, from its npm package. @module */

// @ts-types="./walk.d.ts"
export * from "deno-std/fs/walk.js";
