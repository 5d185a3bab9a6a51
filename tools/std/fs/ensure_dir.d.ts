/** The function in use, typed as in jsr:@std/fs. @module */

export function ensureDir(dir: string | URL): Promise<void>;
