/** Separates an ELF file from what was appended to it. @module */

const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;

const HEADER_LENGTH = 64;
const SECTION_TABLE_OFFSET_AT = 0x28;
const SECTION_ENTRY_SIZE_AT = 0x3a;
const SECTION_COUNT_AT = 0x3c;

/**
 * Returns the ELF file at the start of `bytes`, without what follows it, as a view.
 *
 * It ends with its section header table, which linkers write last (ELF-64, e_shoff, e_shentsize
 * and e_shnum).
 *
 * @throws {RangeError} if there is no complete 64-bit little-endian ELF file.
 */
export function elfFile(bytes: Uint8Array): Uint8Array {
  const isElf = bytes.length >= HEADER_LENGTH &&
    MAGIC.every((byte, index) => bytes[index] === byte) &&
    bytes[4] === CLASS_64 && bytes[5] === LITTLE_ENDIAN;
  if (!isElf) {
    throw new RangeError(
      "Cannot read ELF file: expected a 64-bit little-endian header",
    );
  }

  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_LENGTH);
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
