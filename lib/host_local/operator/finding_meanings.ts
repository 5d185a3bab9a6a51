/** The findings of `host-local check-state`: what each means, and its remedy. Pure. @module */

/** What a finding means, and what to do about it. */
export interface FindingMeaning {
  /** A `problem` keeps an address or a call from working; a `note` is harmless. */
  readonly severity: "problem" | "note";
  readonly meaning: string;
  readonly remedy: string;
}

/** Every finding. */
export const FINDINGS = {
  "directory-exposed": {
    severity: "problem",
    meaning:
      "other users can change the reservations, so the plugin keeps no index and repairs nothing",
    remedy: "make the directory writable by its owner only, and root its owner",
  },
  "lock-missing": {
    severity: "note",
    meaning: "there is no lock file, although there are reservations",
    remedy: "none: the next call creates it",
  },
  "lock-held": {
    severity: "problem",
    meaning:
      "another call holds the lock, so every call fails after its timeout",
    remedy: "find the process with fuser -v, and end it if it hangs",
  },
  "lock-refused": {
    severity: "problem",
    meaning:
      "this user cannot take the lock, so the files may have changed while they were read",
    remedy: "run the command as the user that runs the plugins, normally root",
  },
  "not-a-file": {
    severity: "problem",
    meaning:
      "the plugin needs a regular file of this name, and its calls fail while there is something else",
    remedy: "remove it",
  },
  "reservation-not-a-file": {
    severity: "problem",
    meaning:
      "something other than a file has the name of an address, which counts as taken; no call releases it",
    remedy: "remove it",
  },
  "reservation-unreadable": {
    severity: "problem",
    meaning:
      "the owner of the address cannot be read, so the address counts as taken",
    remedy: "make the file readable, or remove it if its container is gone",
  },
  "reservation-empty": {
    severity: "problem",
    meaning:
      "a process ended between creating the file and writing the owner; upstream counts the address as taken",
    remedy: "none: the next call of this plugin removes the file",
  },
  "reservation-without-owner": {
    severity: "problem",
    meaning:
      "the text in the file names no container, so no call releases the address",
    remedy: "remove the file, if no container uses the address",
  },
  "interface-unknown": {
    severity: "note",
    meaning:
      "a very old version wrote the container without its interface; a DEL of the container releases the address if it holds nothing else",
    remedy: "none",
  },
  "several-addresses": {
    severity: "problem",
    meaning:
      "one interface of a container holds several addresses of one range set; an ADD reserves one",
    remedy:
      "remove the files of the addresses that the interface does not have",
  },
  "outside-ranges": {
    severity: "note",
    meaning:
      "the address is in none of the range sets that are configured now; DEL and GC release it as usual",
    remedy: "none",
  },
  "gateway-reserved": {
    severity: "problem",
    meaning: "a container holds an address that is configured as a gateway",
    remedy: "recreate the container, or change the gateway",
  },
  "file-exposed": {
    severity: "problem",
    meaning: "other users can write the file",
    remedy: "make it writable by its owner only",
  },
  "time-in-future": {
    severity: "note",
    meaning:
      "the address was reserved in the future, by the clock as it is now; gcGraceSeconds counts from then",
    remedy: "none, if the clock is right again",
  },
  "name-not-canonical": {
    severity: "problem",
    meaning:
      "the name is an address in a form that no plugin writes; it reserves nothing, and no DEL removes the file",
    remedy: "rename it to the canonical form of the address, or remove it",
  },
  "add-interrupted": {
    severity: "problem",
    meaning:
      "an ADD ended before it answered; the runtime does not know the addresses that it reserved",
    remedy: "none: the next call undoes it",
  },
  "answer-unconfirmed": {
    severity: "note",
    meaning:
      "an ADD ended while it answered; its addresses stay reserved, and the same ADD gets them again",
    remedy: "none: the next DEL or GC removes the marker",
  },
  "temporary-left": {
    severity: "note",
    meaning: "a temporary file was not renamed",
    remedy: "none: the next call removes it",
  },
  "index-outdated": {
    severity: "note",
    meaning:
      "the directory was changed without the index, so the next call reads all files",
    remedy: "none: the next ADD, DEL or GC rebuilds it",
  },
  "index-damaged": {
    severity: "problem",
    meaning: "the index is not what the files say",
    remedy: "remove it: it is a cache",
  },
  "index-leftover": {
    severity: "note",
    meaning: "SQLite left a file beside the index",
    remedy: "remove it",
  },
  "cursor-invalid": {
    severity: "problem",
    meaning:
      "the file has no address, so the search for a free address starts at the beginning of the range set",
    remedy: "remove it",
  },
  "cursor-outside": {
    severity: "note",
    meaning:
      "the last reserved address is outside the range set, so the search starts at its beginning",
    remedy: "none: the next ADD replaces it",
  },
  "cursor-unused": {
    severity: "note",
    meaning: "there is no range set of this number in the configuration",
    remedy: "none, or remove it if no runtime passes ipRanges",
  },
  "foreign-file": {
    severity: "note",
    meaning: "no plugin knows this name, and all ignore it",
    remedy: "none, or move it elsewhere",
  },
} as const satisfies Readonly<Record<string, FindingMeaning>>;

/** The name of a finding. */
export type FindingId = keyof typeof FINDINGS;
