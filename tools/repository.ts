/** Where the repository is. @module */

import { fromFileUrl } from "@std/path/from-file-url";

/** Its top folder, without a slash at the end. */
export const REPOSITORY: string = fromFileUrl(new URL("..", import.meta.url))
  .replace(/\/$/, "");
