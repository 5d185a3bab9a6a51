/** The configurations on the pages in docs/recipes/. @module */

import { REPO_ROOT } from "./binaries.ts";

/** A configuration. */
export interface Recipe {
  /** The page, and the name of the network. */
  readonly name: string;
  /** The document: a list of plugins, or a NetworkAttachmentDefinition as JSON. */
  readonly document: Readonly<Record<string, unknown>>;
}

const FOLDER = `${REPO_ROOT}/docs/recipes`;

/** Returns the configurations of all pages. */
export function readRecipes(): Recipe[] {
  return [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort()
    .flatMap((page) =>
      documentsIn(Deno.readTextFileSync(`${FOLDER}/${page}`))
        .map((document) => ({ name: `${page}: ${nameOf(document)}`, document }))
    );
}

/** Returns the name of the network that a document defines. */
export function nameOf({ name, metadata }: Recipe["document"]): string {
  const owner = metadata as { readonly name?: string } | undefined;
  return String(name ?? owner?.name);
}

function documentsIn(page: string): Recipe["document"][] {
  const blocks = page.matchAll(/^```(json|yaml)\n(.*?)^```$/gms);
  return [...blocks].map(([, language, text = ""]) =>
    language === "json" ? JSON.parse(text) : definitionOf(text)
  );
}

/** Reads a NetworkAttachmentDefinition in YAML, as far as these pages use YAML. */
function definitionOf(yaml: string): Recipe["document"] {
  const [head = "", config = ""] = yaml.split(/^ {2}config: \|\n/m);
  const [, kind] = /^kind: (\S+)$/m.exec(head) ?? [];
  const [, name] = /^metadata:\n {2}name: (\S+)$/m.exec(head) ?? [];
  // A document that was read wrongly fails here.
  JSON.parse(config);
  return { kind, metadata: { name }, spec: { config } };
}
