/**
 * The format of a conformance case file.
 *
 * A case is one call of the plugin, or several calls under `steps` that share one fresh data
 * directory. A case states only what differs from the defaults of its file and from what follows
 * from its other keys; anything else is refused. Texts may contain `${DATA_DIR}`, the path of the
 * data directory, and `${VERSION}`, the current one of `versions`. `deno task format:cases` formats
 * the files.
 * @module
 */

/** A file in `cases/`. */
export interface CaseFile {
  /** The network configuration that the calls send on stdin. */
  readonly config: Json;
  /** Variables of every call, on top of those of the plugin's suite. */
  readonly env?: EnvPatch;
  /** The result of an ADD that states no outcome of its own. */
  readonly result?: Json;
  readonly cases: readonly (CaseEntry & (StepEntry | Sequence))[];
}

/** What every case has, whether it is one call or several. */
export interface CaseEntry {
  /** What holds, in the present tense. */
  readonly name: string;
  /** The sections that require it, for example "SPEC section 2, ADD" or "RFC 3442". */
  readonly spec?: string | readonly string[];
  /** Values of `cniVersion`: the case runs once with each of them. */
  readonly versions?: readonly string[];
  /** A merge patch on the configuration of the file. */
  readonly config?: Json;
  /** What the data directory contains before the first call. Default: nothing. */
  readonly filesBefore?: Tree;
}

/** Several calls in a row. */
export interface Sequence {
  readonly steps: readonly StepEntry[];
}

/** One call and its outcome. */
export interface StepEntry extends OutcomeEntry {
  /** Variables that differ from the defaults; `null` unsets one. */
  readonly env?: EnvPatch;
  /** A merge patch on the configuration of the file and the case. */
  readonly config?: Json;
  /**
   * What the call reads instead of a configuration: a raw text, or a value that no merge patch can
   * express.
   */
  readonly stdin?: Json;
  /** What upstream's plugin does differently in this call. */
  readonly upstream?: UpstreamEntry;
}

/**
 * The outcome of a call. At most one of `result`, `error` and `stdout` is given. Without any, the
 * call prints nothing, which is what DEL, CHECK, GC and STATUS do on success, or an ADD prints the
 * result of the file.
 */
export interface OutcomeEntry {
  /**
   * The result, with its keys in order. Default of `cniVersion`: the version of the configuration.
   */
  readonly result?: Json;
  /** The error document. Default of `cniVersion`: the version of the configuration. */
  readonly error?: Partial<ExpectedError>;
  /** The exact text, or its lines. */
  readonly stdout?: string | readonly string[];
  /** A regular expression that matches stderr. Default: stderr is empty. */
  readonly stderr?: string;
  /** Default: 1 if the call prints an error document, else 0. */
  readonly exitCode?: number;
  /** What the call changes in the data directory. Default: nothing. */
  readonly changes?: Changes;
}

/**
 * The outcome with upstream's plugin. Keys replace those of the step; `result` and `error` are
 * merge patches on the step's own if it has the same kind of document.
 */
export interface UpstreamEntry extends OutcomeEntry {
  /** The row, or rows, of the tables "Deliberate differences" that explain it. */
  readonly difference: string | readonly string[];
  /** Every possible outcome where upstream's plugin acts at random. */
  readonly oneOf?: readonly OutcomeEntry[];
}

/**
 * An error document. `msgPrefix` replaces `msg` where the text comes from the library of a
 * programming language.
 */
export interface ExpectedError {
  /**
   * The value in this project's documents; if absent, any string. Upstream's documents have no such
   * key.
   */
  readonly cniVersion?: string;
  readonly code: number;
  readonly msg?: string;
  readonly msgPrefix?: string;
  /**
   * The exact text. If absent, upstream's document has no details, and this project's may have any.
   */
  readonly details?: string;
  /** A regular expression for this project's details, where upstream's document has none. */
  readonly detailsPattern?: string;
}

/** Any JSON value. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Environment variables by name; `null` unsets one. */
export type EnvPatch = Readonly<Record<string, string | null>>;

/**
 * Entries by path below the data directory. The parent directories of an entry need no entries of
 * their own.
 */
export type Tree = Readonly<Record<string, TreeEntry>>;

/** Entries that a call adds or replaces; `null` for those that it removes. */
export type Changes = Readonly<Record<string, TreeEntry | null>>;

/** A text is the content of a regular file. */
export type TreeEntry =
  | string
  | {
    /** Default: file. */
    readonly type?: "file" | "directory" | "symlink";
    /** The content of a file. Default: empty. */
    readonly content?: string;
    /** A regular expression that matches the content instead, of a file that a call changes. */
    readonly pattern?: string;
    /** The target of a symbolic link. */
    readonly target?: string;
    /** Octal, for example "0600". Compared only if given. */
    readonly mode?: string;
    /** ISO 8601, only in `filesBefore`. Default: now. */
    readonly mtime?: string;
  };
