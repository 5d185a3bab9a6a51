/** Makes an archive with one file (zip). @module */

const NAME = new TextEncoder().encode("denort");

/**
 * Returns an archive.
 *
 * @param method 8 compresses the file.
 * @param length The length that its directory states.
 */
export async function zipOf(
  file: Uint8Array<ArrayBuffer>,
  { method, length = file.length }: {
    readonly method: number;
    readonly length?: number;
  },
): Promise<Uint8Array<ArrayBuffer>> {
  const packed = method === 8 ? await deflate(file) : file;
  // Both headers have the same fields, from the needed version to the length of the extra field.
  const common = bytesOf([
    ...[[2, 20], [2, 0], [2, method], [4, 0], [4, 0]],
    ...[[4, packed.length], [4, length], [2, NAME.length], [2, 0]],
  ]);
  const local = [bytesOf([[4, 0x04034b50]]), common, NAME, packed].flatMap((
    part,
  ) => [...part]);
  const directory = [
    ...bytesOf([[4, 0x02014b50], [2, 20]]),
    ...common,
    ...bytesOf([[2, 0], [2, 0], [2, 0], [4, 0], [4, 0]]),
    ...NAME,
  ];
  const end = bytesOf([
    ...[[4, 0x06054b50], [2, 0], [2, 0], [2, 1], [2, 1]],
    ...[[4, directory.length], [4, local.length], [2, 0]],
  ]);
  return new Uint8Array([...local, ...directory, ...end]);
}

/** Writes numbers in little-endian order, each with its size in bytes. */
function bytesOf(fields: readonly (readonly number[])[]): Uint8Array {
  return new Uint8Array(
    fields.flatMap(([size = 0, value = 0]) =>
      Array.from({ length: size }, (_, index) => (value >>> (8 * index)) & 0xff)
    ),
  );
}

async function deflate(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(
    new CompressionStream("deflate-raw"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
