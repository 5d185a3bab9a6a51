/** The exit statuses of the commands for operators. @module */

/** What a command exits with. */
export const EXIT_STATUS = {
  /** It did what it was asked for, and found nothing wrong. */
  ok: 0,
  /** It did what it was asked for, and found problems. */
  problems: 1,
  /** Its arguments are wrong. */
  usage: 2,
  /** The operating system refused something, so it could not do it. */
  failure: 3,
} as const;
