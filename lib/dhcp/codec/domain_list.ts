/** Lists of domain names with compression (RFC 3397, RFC 1035 section 4.1.4). Pure. @module */

import { ByteReader } from "../../base/byte_reader.ts";
import { ByteWriter } from "../../base/byte_writer.ts";
import { DecodeError } from "../../base/errors.ts";

const MAX_LABEL = 63;
const MAX_NAME = 255;
/** More than any resolver uses. The limit bounds the work that a message of 64 KiB can cause. */
const MAX_NAMES = 64;
const POINTER = 0xc0;

/**
 * Decodes at least one name, to the end of the content.
 *
 * A pointer must lead to a label, and to one before the labels that it continues, so that decoding
 * takes bounded time. A label consists of letters, digits, `-` and `_` only, because the names are
 * written into resolver files.
 *
 * @param content The reassembled content of the option; pointers count from its first byte (RFC
 * 3397 section 2).
 * @returns Names without a final dot.
 * @throws {DecodeError} if a name is truncated, empty, longer than 255 bytes or badly compressed,
 * or if there are more than 64 names.
 */
export function decodeDomainList(content: Uint8Array): readonly string[] {
  const names: string[] = [];
  let offset = 0;
  do {
    if (names.length === MAX_NAMES) {
      throw malformed(`more than ${MAX_NAMES} names`, offset);
    }
    const { labels, next } = decodeName(content, offset);
    if (labels.length === 0) throw malformed("empty name", offset);
    names.push(labels.join("."));
    offset = next;
  } while (offset < content.length);
  return names;
}

/**
 * Encodes names in order, without compression, which is optional.
 *
 * @param names Names with or without a final dot.
 * @throws {RangeError} if a name is empty or too long, or has a label that {@link decodeDomainList}
 * refuses.
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
        throw malformed("pointer that does not lead backward", at);
      }
      if (isAfterPointer) throw malformed("pointer to a pointer", at);
      isAfterPointer = true;
      reader = readerAt(content, target);
      chunkStart = target;
      continue;
    }
    if (head > MAX_LABEL) throw malformed("label of unknown type", at);
    isAfterPointer = false;
    length += head + 1;
    if (length > MAX_NAME) throw malformed("name of more than 255 bytes", at);
    const label = String.fromCharCode(...reader.bytes(head, "label"));
    if (!isLabel(label)) {
      throw malformed(
        "label with other characters than letters, digits, - and _",
        at,
      );
    }
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

function malformed(reason: string, at: number): DecodeError {
  return new DecodeError(`Cannot decode domain name: ${reason}`, String(at));
}
