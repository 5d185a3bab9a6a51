/** SHA-256 as a synchronous function. @module */

import type { Digest } from "../daemon/ports.ts";

/** Loads SHA-256. */
export async function loadSha256(): Promise<Digest> {
  // A static import would make the plugin load it too: a compiled program loads all of them.
  const { createHash } = await import("node:crypto");
  return (bytes) => createHash("sha256").update(bytes).digest();
}
