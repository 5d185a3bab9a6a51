/** The function in use, typed as in jsr:@std/net. @module */

export function getAvailablePort(): number;
