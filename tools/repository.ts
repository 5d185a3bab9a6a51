/** Where the repository is. @module */

/** Its top folder, without a slash at the end. */
export const REPOSITORY: string = decodeURIComponent(
  new URL("..", import.meta.url).pathname,
).replace(/\/$/, "");
