/** The location of the repository. @module */

/** The top folder, without a trailing slash. */
export const REPOSITORY: string = decodeURIComponent(
  new URL("..", import.meta.url).pathname,
).replace(/\/$/, "");
