/** Copies of executables that no process has used yet. @module */

import { capture } from "../../process.ts";
import { EXECUTABLES, type Executables } from "./programs.ts";

/**
 * Copies the executables and removes the copies from the page cache. Their pages then count for the
 * control group that uses them first: those of the originals would count for none, because the
 * kernel has them already.
 */
export async function coldExecutables(folder: string): Promise<Executables> {
  const copy = async (from: string, name: string): Promise<string> => {
    const to = `${folder}/${name}`;
    await capture(["cp", from, to]);
    await capture([
      "dd",
      `of=${to}`,
      "oflag=nocache",
      "conv=notrunc,fdatasync",
      "count=0",
      "status=none",
    ]);
    return to;
  };
  const { launcher, standalone, upstream } = EXECUTABLES;
  return {
    launcher: await copy(launcher, "cold-launcher"),
    standalone: await copy(standalone, "cold-standalone"),
    upstream: await copy(upstream, "cold-upstream"),
  };
}
