/** The command line parser of the standard library, from its npm package. @module */

// @ts-types="./parse_args.d.ts"
export * from "deno-std/cli/parse_args.js";
