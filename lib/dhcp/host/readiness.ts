/** Whether an ADD could succeed on this host, for STATUS. @module */

import { SystemError } from "../../base/errors.ts";
import { probeCreation } from "../../sys/unnamed_file.ts";

/**
 * Returns why no lease can be stored in the state directory, such as a full or read-only file
 * system; undefined if one can, or if the file system does not say without a file being made.
 */
export function storageProblem(stateDir: string): string | undefined {
  try {
    probeCreation(stateDir);
    return undefined;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return `no lease can be stored: ${error.message}`;
  }
}
