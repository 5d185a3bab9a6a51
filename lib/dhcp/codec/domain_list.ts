/** Lists of domain names with compression (RFC 3397, RFC 1035 section 4.1.4). Pure. @module */

import { ByteReader } from "../../base/byte_reader.ts";
import { ByteWriter } from "../../base/byte_writer.ts";
import { DecodeError } from "../../base/errors.ts";

const MAX_LABEL = 63;
const MAX_NAME = 255;
/** No resolver searches so many; and a message of 64 KiB must not hold a daemon up. */
const MAX_NAMES = 64;
const POINTER = 0xc0;

/**
 * Decodes one name or more, until the content ends.
 *
 * A pointer must lead backward, to before the place where the labels that it continues begin, and to a label; so every
 * chain of pointers ends, and soon. Only letters, digits, `-` and `_` may stand in a label: the names are written into resolver files.
 *
 * @param content Reassembled content of the option; pointers count from its first byte (RFC 3397 section 2).
 * @returns Names without the final dot.
 * @throws {DecodeError} if a name is cut off, empty, longer than 255 bytes, or badly compressed, or if there are more
 * than 64.
 */
export function decodeDomainList(content: Uint8Array): readonly string[] {
  const names: string[] = [];
  let offset = 0;
  do {
    if (names.length === MAX_NAMES) throw malformed("too many", offset);
    const { labels, next } = decodeName(content, offset);
    if (labels.length === 0) throw malformed("empty name", offset);
    names.push(labels.join("."));
    offset = next;
  } while (offset < content.length);
  return names;
}

/**
 * Encodes names one after the other, without compression (a sender need not compress).
 *
 * @param names With or without a final dot.
 * @throws {RangeError} if a name is empty, too long or has a label that cannot be decoded again.
 */
export function encodeDomainList(names: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  for (const name of names) {
    const labels = name.replace(/\.$/, "").split(".");
    const length = labels.reduce((sum, label) => sum + label.length + 1, 1);
    if (!labels.every(isLabel) || length > MAX_NAME) {
      throw new RangeError(`Cannot encode domain name "${name}"`);
    }
    for (const label of labels) {
      writer.u8(label.length).bytes(new TextEncoder().encode(label));
    }
    writer.u8(0);
  }
  return writer.finish();
}

function decodeName(
  content: Uint8Array,
  start: number,
): { labels: readonly string[]; next: number } {
  const labels: string[] = [];
  let reader = readerAt(content, start);
  let chunkStart = start;
  let next: number | undefined;
  let length = 1;
  let isAfterPointer = false;
  for (;;) {
    const at = reader.offset;
    const head = reader.u8("label length");
    if (head === 0) return { labels, next: next ?? reader.offset };
    if (head >= POINTER) {
      const target = (head - POINTER) * 256 + reader.u8("compression pointer");
      next ??= reader.offset;
      if (target >= chunkStart) {
        throw malformed("pointer that does not lead back", at);
      }
      if (isAfterPointer) throw malformed("pointer to a pointer", at);
      isAfterPointer = true;
      reader = readerAt(content, target);
      chunkStart = target;
      continue;
    }
    if (head > MAX_LABEL) throw malformed("label of an unknown type", at);
    isAfterPointer = false;
    length += head + 1;
    if (length > MAX_NAME) throw malformed("name of more than 255 bytes", at);
    const label = String.fromCharCode(...reader.bytes(head, "label"));
    if (!isLabel(label)) throw malformed("label with other characters", at);
    labels.push(label);
  }
}

function readerAt(content: Uint8Array, offset: number): ByteReader {
  const reader = new ByteReader(content);
  reader.skip(offset, "start of name");
  return reader;
}

function isLabel(label: string): boolean {
  return /^[A-Za-z0-9_-]{1,63}$/.test(label);
}

function malformed(what: string, at: number): DecodeError {
  return new DecodeError(
    `Cannot decode domain name: ${what}, expected labels of letters, digits and hyphens`,
    String(at),
  );
}
