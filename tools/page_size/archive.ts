/** The archive that a kernel unpacks as its first file system (cpio, format "newc"). @module */

/** A file, or a directory if it has no content. */
export interface ArchiveEntry {
  /** Its path, without a slash at the start. The directories above it come first. */
  readonly name: string;
  readonly content?: Uint8Array;
}

const MAGIC = "070701";
const REGULAR = 0o100755;
const DIRECTORY = 0o040755;
const TRAILER = "TRAILER!!!";

/** Returns the archive. Every file is executable and belongs to root. */
export function archive(entries: readonly ArchiveEntry[]): Uint8Array {
  const parts = [...entries, { name: TRAILER }].map(encode);
  const bytes = new Uint8Array(
    parts.reduce((total, { length }) => total + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encode({ name, content }: ArchiveEntry, index: number): Uint8Array {
  const isTrailer = name === TRAILER;
  const path = new TextEncoder().encode(`${name}\0`);
  const size = content?.length ?? 0;
  const mode = content === undefined ? DIRECTORY : REGULAR;
  const fields = [
    ...[index + 1, isTrailer ? 0 : mode, 0, 0, 1, 0, size],
    ...[0, 0, 0, 0, path.length, 0],
  ];
  const header = new TextEncoder().encode(
    MAGIC +
      fields.map((field) => field.toString(16).padStart(8, "0")).join(""),
  );
  const contentAt = aligned(header.length + path.length);
  const bytes = new Uint8Array(aligned(contentAt + size));
  bytes.set(header);
  bytes.set(path, header.length);
  if (content !== undefined) bytes.set(content, contentAt);
  return bytes;
}

function aligned(length: number): number {
  return Math.ceil(length / 4) * 4;
}
