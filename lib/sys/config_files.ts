/** Reads network configurations from files, directories and standard input. @module */

import { advised } from "../base/errors.ts";
import type { ConfigFile } from "../cni/config_document.ts";
import { attempt, isDirectory } from "./files.ts";
import { readNamedFile } from "./small_file.ts";

/** What the CNI library reads in a directory. */
const CONFIG_NAME = /\.(?:conf|conflist|json)$/;

const MAX_CONFIG_BYTES = 2 * 1024 * 1024;

const ADVICE =
  "name a configuration file, or a directory of them such as /etc/cni/net.d";

/**
 * Reads a configuration, or every configuration of a directory, sorted by name. Standard input is
 * `-`.
 *
 * @throws {SystemError} if the path does not exist or cannot be read.
 */
export function readConfigs(
  path: string,
  readStdin: () => string,
): readonly ConfigFile[] {
  if (path === "-") return [{ path: "stdin", text: readStdin() }];
  return advised(ADVICE, () => readPath(path));
}

function readPath(path: string): readonly ConfigFile[] {
  const paths = isDirectory(path)
    ? attempt("read", path, () => [...Deno.readDirSync(path)])
      .map(({ name }) => name)
      .filter((name) => CONFIG_NAME.test(name))
      .sort()
      .map((name) => `${path.replace(/\/+$/, "")}/${name}`)
    : [path];
  return paths.map((each) => ({
    path: each,
    text: readNamedFile(each, MAX_CONFIG_BYTES),
  }));
}
