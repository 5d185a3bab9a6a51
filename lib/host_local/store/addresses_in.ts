/** The addresses that have a file in the directory of a network. @module */

import { systemError } from "../../sys/files.ts";
import type { IpAddress } from "../../net/ip_address.ts";
import { parseReservationName } from "../reservation_format.ts";

/** After so many names the process does something else: calls must not wait for a scrape. */
const BATCH = 500;

/**
 * Returns the addresses that files of a directory are named like, in parts; none if there is no
 * such directory.
 *
 * @throws {SystemError} if the directory cannot be read.
 */
export async function* addressesIn(
  directory: string,
): AsyncGenerator<readonly IpAddress[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(directory)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw systemError("read", directory, error);
  }
  for (let start = 0; start < names.length; start += BATCH) {
    if (start > 0) await new Promise((resolve) => setTimeout(resolve));
    yield names.slice(start, start + BATCH).flatMap((name) =>
      parseReservationName(name) ?? []
    );
  }
}
