/** Reads the headers of ELF files. @module */

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;

const HEADER_LENGTH = 64;
const PROGRAM_TABLE_OFFSET_AT = 0x20;
const SECTION_TABLE_OFFSET_AT = 0x28;
const PROGRAM_ENTRY_SIZE_AT = 0x36;
const PROGRAM_COUNT_AT = 0x38;
const SECTION_ENTRY_SIZE_AT = 0x3a;
const SECTION_COUNT_AT = 0x3c;

/** Type of the segments that are loaded (PT_LOAD), and where an entry has their alignment. */
const LOADED = 1;
const ALIGNMENT_AT = 0x30;

/**
 * Returns the ELF file at the start of `bytes`, without what follows it, as a view.
 *
 * It ends with its section header table, which linkers write last (ELF-64, e_shoff, e_shentsize
 * and e_shnum).
 *
 * @throws {RangeError} if there is no complete 64-bit little-endian ELF file.
 */
export function elfFile(bytes: Uint8Array): Uint8Array {
  const header = headerOf(bytes);
  const tableLength = header.getUint16(SECTION_ENTRY_SIZE_AT, true) *
    header.getUint16(SECTION_COUNT_AT, true);
  const end = Number(header.getBigUint64(SECTION_TABLE_OFFSET_AT, true)) +
    tableLength;
  if (end > bytes.length) {
    throw new RangeError(
      `Cannot read ELF file: ${bytes.length} bytes, expected ${end}`,
    );
  }
  return bytes.subarray(0, end);
}

/**
 * Returns the alignments of the segments that are loaded, in bytes. A kernel with larger pages
 * cannot load the file.
 *
 * @throws {RangeError} if there is no complete 64-bit little-endian ELF file.
 */
export function segmentAlignments(bytes: Uint8Array): number[] {
  const file = elfFile(bytes);
  const header = headerOf(file);
  const table = Number(header.getBigUint64(PROGRAM_TABLE_OFFSET_AT, true));
  const size = header.getUint16(PROGRAM_ENTRY_SIZE_AT, true);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  return Array.from(
    { length: header.getUint16(PROGRAM_COUNT_AT, true) },
    (_, index) => table + index * size,
  ).filter((entry) => view.getUint32(entry, true) === LOADED)
    .map((entry) => Number(view.getBigUint64(entry + ALIGNMENT_AT, true)));
}

function headerOf(bytes: Uint8Array): DataView {
  const isElf = bytes.length >= HEADER_LENGTH &&
    MAGIC.every((byte, index) => bytes[index] === byte) &&
    bytes[4] === CLASS_64 && bytes[5] === LITTLE_ENDIAN;
  if (!isElf) {
    throw new RangeError(
      "Cannot read ELF file: expected a 64-bit little-endian header",
    );
  }
  return new DataView(bytes.buffer, bytes.byteOffset, HEADER_LENGTH);
}
