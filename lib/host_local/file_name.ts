/** The names of the files in the directory of a network. Pure. @module */

/** Names of files that are not reservations. Those with a dot in front are this project's own. */
export const FILE_NAME = {
  lock: "lock",
  /**
   * The file that the reservations of an ADD are links of until it answers; see
   * store/write_reservations.ts.
   */
  pending: ".pending",
  /** The same file once the ADD is answering. */
  answered: ".answered",
  /** A temporary file, renamed to a cursor, `.earlier-boot` or `.history`. */
  cursor: ".cursor",
  /** Reservations from before the last boot; see store/earlier_boot.ts. */
  earlierBoot: ".earlier-boot",
  /** What is remembered about addresses; see address_history.ts. */
  history: ".history",
  /** The index of a large network; see store/reservation_index.ts. */
  index: ".index.db",
} as const;
