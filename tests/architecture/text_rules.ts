/**
 * Rules for comments, names and other texts: module headers, doc comments, plain English.
 *
 * @module
 */

/** Returns what is wrong with the header of a module, one line each. */
export function headerProblems(path: string, text: string): string[] {
  const header = /^\/\*\*(?:[^*]|\*(?!\/))*\*\//.exec(text)?.[0] ?? "";
  return header.includes("@module")
    ? []
    : [`${path} does not begin with a comment that ends in @module`];
}

/** The part of `deno doc --json` that the rules read. */
export interface ModuleDocs {
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly {
      readonly declarationKind: string;
      /** `function`, `class`, ... */
      readonly kind?: string;
      readonly jsDoc?: {
        readonly doc?: string;
        readonly tags?: readonly { readonly kind?: string }[];
      };
    }[];
  }[];
}

/** Returns the exports without a doc comment, one line each. */
export function docProblems(path: string, { symbols }: ModuleDocs): string[] {
  return symbols
    .filter(({ declarations }) =>
      declarations.some(({ declarationKind }) =>
        declarationKind === "export"
      ) &&
      !declarations.some(({ jsDoc }) => jsDoc?.doc || jsDoc?.tags?.length)
    )
    .map(({ name }) => `${path} exports ${name} without a doc comment`);
}

/** Folders and files whose texts are held to the rules below. */
export const PLAIN_TEXTS: readonly string[] = [
  ...["deploy", "docs", "lib", "systemd", "tests", "tools"],
  ...["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md"],
  ...["SECURITY.md", "install.sh", "main_dhcp.ts", "main_dhcp_plugin.ts"],
  ...["main_host_local.ts", "main_host_local_plugin.ts"],
];

/** The list of words, and its test. */
const WORD_LIST = /^tests\/architecture\/text_rules(?:_test)?\.ts$/;

/** Words that are not used, and what to write instead. Identifiers count too. */
const WORDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/keeper/gi, "lease client"],
  [/heirloom/gi, "the record that is resumed"],
  [/tombstone/gi, "release note"],
  [/oddit(?:y|ies)/gi, "unusable file"],
  [/takeUp/g, "resume"],
  [/\banew\b/gi, "again; recreate"],
  [/\bfor ever\b/gi, "forever; permanently"],
  [/\b(?:whoever|somebody|anybody|nobody)\b/gi, "who it is: the caller, ..."],
  [/\bbe it\b/gi, "whether; even if"],
  [/\bfor want of\b/gi, "without; because there is no"],
  [/\b(?:is|are|was|were|be|been) told\b(?! apart)/gi, "receives; is notified"],
  [/\b(?:goes|going|went|gone|go) on\b/gi, "continues; resumes"],
  [/\b(?:gives?|given|giving|gave) back\b|giveBack/gi, "release"],
  [/\bbesides\b/gi, "also; in addition"],
  [/\bmade[- ]up\b/gi, "random; generated"],
  [/\bby turns\b/gi, "alternately"],
  [/\bas a rule\b/gi, "normally"],
  [/\bunder way\b/gi, "in progress"],
  [/\bit may be that\b/gi, "might"],
  [/\bin the place of\b/gi, "instead of; in place of"],
  [/\bon its way\b/gi, "what is happening to it"],
  [/\bno whole\b/gi, "incomplete"],
  [/\bMOST_/g, "MAX_"],
  [/\bLEAST_/g, "MIN_"],
  [/unlessItWaits/g, "nonBlocking"],
  [/doubtNothing/g, "requireFound"],
  [/quietly\b/gi, "bestEffort"],
  [/\b(?:upstream )?contract [A-Z]?\.?\d/gi, "a section of SPEC or an RFC"],
];

/** Texts that contain such a word and stay. */
const QUOTED: readonly string[] = [
  // A container ID of conformance cases, and the error that repeats it.
  '"CNI_CONTAINERID": "nobody"',
  "by container nobody",
];

const COMMENT_WIDTH = 100;

/** Returns each word that must not be used in a text, as `path:line word: instead`. */
export function wordProblems(path: string, text: string): string[] {
  if (WORD_LIST.test(path)) return [];
  const own = QUOTED.reduce(
    (rest, quoted) => rest.replaceAll(quoted, "·".repeat(quoted.length)),
    text,
  );
  return WORDS.flatMap(([pattern, instead]) =>
    [...own.matchAll(pattern)].map(({ 0: word, index }) =>
      `${path}:${lineAt(own, index)} ${word}: write ${instead}`
    )
  );
}

/** Returns what is wrong with the form of the comments of a module, as `path:line problem`. */
export function commentProblems(path: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const isTableRow = /^\s*\* \|/.test(line);
    if (!/^\s*(?:\/\/|\/?\*)/.test(line)) return [];
    const problems = [
      ...(line.length > COMMENT_WIDTH && !isTableRow
        ? [`comment is wider than ${COMMENT_WIDTH} columns`]
        : []),
      ...(/@throws (?!\{[\w.]+(?: \| [\w.]+)*\} (?:[a-z]|E[A-Z]+))/.test(line)
        ? ["write @throws {Error} if ..., in lower case"]
        : []),
    ];
    return problems.map((problem) => `${path}:${index + 1} ${problem}`);
  });
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
