/** Archives with one file, as Deno publishes its runtimes (zip). @module */

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const FILE_SIGNATURE = 0x04034b50;
const END_LENGTH = 22;
const FILE_HEADER_LENGTH = 30;
const STORED = 0;
const DEFLATED = 8;

/**
 * Returns the file in an archive.
 *
 * @throws {RangeError} if it is no archive with exactly one file, or is damaged.
 */
export async function fileInZip(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = bytes.length - END_LENGTH;
  if (
    end < 0 || view.getUint32(end, true) !== END_SIGNATURE ||
    view.getUint16(end + 10, true) !== 1
  ) {
    throw new RangeError("Cannot read archive: expected a zip with one file");
  }
  const entry = view.getUint32(end + 16, true);
  if (view.getUint32(entry, true) !== ENTRY_SIGNATURE) {
    throw new RangeError("Cannot read archive: no entry in its directory");
  }
  const method = view.getUint16(entry + 10, true);
  const packedLength = view.getUint32(entry + 20, true);
  const length = view.getUint32(entry + 24, true);
  const header = view.getUint32(entry + 42, true);
  if (view.getUint32(header, true) !== FILE_SIGNATURE) {
    throw new RangeError("Cannot read archive: no header before the file");
  }
  const start = header + FILE_HEADER_LENGTH +
    view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  const packed = bytes.slice(start, start + packedLength);
  const file = await unpack(packed, method);
  if (file.length !== length) {
    throw new RangeError(
      `Cannot read archive: ${file.length} bytes, expected ${length}`,
    );
  }
  return file;
}

async function unpack(
  packed: Uint8Array<ArrayBuffer>,
  method: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (method === STORED) return packed;
  if (method !== DEFLATED) {
    throw new RangeError(`Cannot read archive: unknown method ${method}`);
  }
  const stream = new Blob([packed]).stream().pipeThrough(
    new DecompressionStream("deflate-raw"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
