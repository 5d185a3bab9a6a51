/** The addresses that have a file in the directory of a network. @module */

import { systemError } from "../../sys/files.ts";
import type { IpAddress } from "../../net/ip_address.ts";
import { parseReservationName } from "../reservation_format.ts";

/** After a batch other work of the process gets a turn: calls must not wait for a scrape. */
const BATCH_SIZE = 500;

/**
 * Returns the addresses that have a file in a directory, in batches; none if there is no such
 * directory.
 *
 * @throws {SystemError} if the directory cannot be read.
 */
export async function* addressesIn(
  directory: string,
): AsyncGenerator<readonly IpAddress[]> {
  let batch: IpAddress[] = [];
  for (const { name } of entriesOf(directory)) {
    const address = parseReservationName(name);
    if (address === undefined) continue;
    batch.push(address);
    if (batch.length < BATCH_SIZE) continue;
    yield batch;
    batch = [];
    await new Promise((resolve) => setTimeout(resolve));
  }
  if (batch.length > 0) yield batch;
}

/** Returns the entries of a directory. Reading all at once is faster than one by one. */
function entriesOf(directory: string): Iterable<Deno.DirEntry> {
  try {
    return Deno.readDirSync(directory);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw systemError("read", directory, error);
  }
}
