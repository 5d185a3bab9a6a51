/** Finds a free TCP port with the standard library, from its npm package. @module */

// @ts-types="./get_available_port.d.ts"
export * from "deno-std/net/get_available_port.js";
