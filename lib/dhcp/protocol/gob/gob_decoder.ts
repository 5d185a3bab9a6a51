/**
 * Decodes gob, the encoding of Go's `encoding/gob`, which upstream's plugin and daemon use.
 *
 * A stream describes each of its types before the first value of that type. A struct becomes a
 * record of its fields by name; gob leaves out fields whose value is zero. Pure.
 *
 * @module
 */

import { ByteReader } from "../../../base/byte_reader.ts";
import { concatBytes } from "../../../base/bytes.ts";
import { DecodeError, TooLongError } from "../../../base/errors.ts";
import { readInt, readUint } from "./gob_number.ts";

/** A decoded value. */
export type GobValue =
  | number
  | boolean
  | string
  | Uint8Array
  | readonly GobValue[]
  | GobRecord;

/** A decoded struct; an absent field is zero. */
export interface GobRecord {
  readonly [field: string]: GobValue | undefined;
}

type GobType =
  | { readonly kind: "bool" | "int" | "uint" | "bytes" | "string" }
  | { readonly kind: "list"; readonly element: number }
  | {
    readonly kind: "struct";
    readonly fields: readonly (readonly [name: string, type: number])[];
  };

const BOOL = 1;
const INT = 2;
const UINT = 3;
const BYTES = 5;
const STRING = 6;
const WIRE_TYPE = 16;
const ARRAY_TYPE = 17;
const COMMON_TYPE = 18;
const SLICE_TYPE = 19;
const STRUCT_TYPE = 20;
const FIELD_TYPE = 21;
const FIELD_TYPES = 22;
/** A type that a stream describes has a greater number. */
const LAST_BUILT_IN = 63;
const COMMON = ["CommonType", COMMON_TYPE] as const;

/** The types that need no description; the descriptions themselves are values of some of them. */
const BUILT_IN: ReadonlyMap<number, GobType> = new Map<number, GobType>([
  [BOOL, { kind: "bool" }],
  [INT, { kind: "int" }],
  [UINT, { kind: "uint" }],
  [BYTES, { kind: "bytes" }],
  [STRING, { kind: "string" }],
  [WIRE_TYPE, {
    kind: "struct",
    fields: [
      ["ArrayT", ARRAY_TYPE],
      ["SliceT", SLICE_TYPE],
      ["StructT", STRUCT_TYPE],
    ],
  }],
  [ARRAY_TYPE, {
    kind: "struct",
    fields: [COMMON, ["Elem", INT], ["Len", INT]],
  }],
  [COMMON_TYPE, { kind: "struct", fields: [["Name", STRING], ["Id", INT]] }],
  [SLICE_TYPE, { kind: "struct", fields: [COMMON, ["Elem", INT]] }],
  [STRUCT_TYPE, { kind: "struct", fields: [COMMON, ["Field", FIELD_TYPES]] }],
  [FIELD_TYPE, { kind: "struct", fields: [["Name", STRING], ["Id", INT]] }],
  [FIELD_TYPES, { kind: "list", element: FIELD_TYPE }],
]);

/** How deep values may nest; those of upstream are four deep. */
const MAX_DEPTH = 16;
const MAX_TYPES = 256;

/** Decodes one stream, which arrives in pieces of any size. */
export class GobDecoder {
  readonly #maxBytes: number;
  readonly #types = new Map(BUILT_IN);
  #bytes: Uint8Array = new Uint8Array(0);

  /** @param maxBytes The length of the longest message that is accepted. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Appends a copy of the next piece of the stream. */
  push(piece: Uint8Array): void {
    this.#bytes = concatBytes([this.#bytes, piece]);
  }

  /**
   * Removes the next struct from the buffered bytes and returns it.
   *
   * @returns The struct, or undefined if more bytes are needed.
   * @throws {TooLongError} if the next message is too long.
   * @throws {DecodeError} if it is malformed, or its value is not a struct.
   */
  next(): GobRecord | undefined {
    for (;;) {
      const message = this.#nextMessage();
      if (message === undefined) return undefined;
      const reader = new ByteReader(message);
      const id = readInt(reader, "type");
      if (id >= 0) return this.#readTop(reader, id);
      this.#learn(reader, -id);
    }
  }

  #nextMessage(): Uint8Array | undefined {
    const lengthSize = sizeOfUint(this.#bytes);
    if (lengthSize === undefined) return undefined;
    const reader = new ByteReader(this.#bytes);
    const length = readUint(reader, "message length");
    if (length > this.#maxBytes) {
      throw new TooLongError(
        `Cannot decode a message of ${length} bytes: expected at most ${this.#maxBytes}`,
        "0",
      );
    }
    if (reader.remaining < length) return undefined;
    const message = reader.bytes(length, "message");
    this.#bytes = reader.rest();
    return message;
  }

  #readTop(reader: ByteReader, id: number): GobRecord {
    const type = this.#typeOf(id);
    if (type.kind !== "struct") {
      throw new DecodeError(
        `Cannot decode a ${type.kind}: expected a struct`,
        "type",
      );
    }
    const record = this.#readStruct(reader, type.fields, 0);
    reader.expectEnd("message");
    return record;
  }

  #learn(reader: ByteReader, id: number): void {
    if (id <= LAST_BUILT_IN || this.#types.size > MAX_TYPES) {
      throw new DecodeError(
        `Cannot decode a description of type ${id}`,
        "type",
      );
    }
    const wire = this.#readTop(reader, WIRE_TYPE);
    this.#types.set(id, toType(wire));
  }

  #typeOf(id: number): GobType {
    const type = this.#types.get(id);
    if (type !== undefined) return type;
    throw new DecodeError(
      `Cannot decode a value of type ${id}: it was not described`,
      "type",
    );
  }

  #readValue(reader: ByteReader, id: number, depth: number): GobValue {
    if (depth > MAX_DEPTH) {
      throw new DecodeError(
        "Cannot decode a value that nests too deep",
        "value",
      );
    }
    const type = this.#typeOf(id);
    switch (type.kind) {
      case "bool":
        return readUint(reader, "bool") !== 0;
      case "int":
        return readInt(reader, "int");
      case "uint":
        return readUint(reader, "uint");
      case "bytes":
        return readBytes(reader, "bytes");
      case "string":
        return decodeText(readBytes(reader, "string"));
      case "list":
        return this.#readList(reader, type.element, depth);
      case "struct":
        return this.#readStruct(reader, type.fields, depth);
    }
  }

  #readList(reader: ByteReader, element: number, depth: number): GobValue[] {
    const count = readUint(reader, "length of a list");
    // An element has at least one byte. Without this check, a short message could ask for a huge
    // list.
    if (count > reader.remaining) {
      throw new DecodeError(
        `Cannot decode a list of ${count} elements: it exceeds its message`,
        "list",
      );
    }
    return Array.from(
      { length: count },
      () => this.#readValue(reader, element, depth + 1),
    );
  }

  /**
   * Decodes fields. Each begins with the difference between its number and that of the previous
   * field, which is -1 for the first; the difference 0 ends the struct.
   */
  #readStruct(
    reader: ByteReader,
    fields: readonly (readonly [name: string, type: number])[],
    depth: number,
  ): GobRecord {
    const record: Record<string, GobValue> = {};
    for (let index = -1;;) {
      const delta = readUint(reader, "field");
      if (delta === 0) return record;
      index += delta;
      const field = fields[index];
      if (field === undefined) {
        throw new DecodeError(
          `Cannot decode field ${index}: its struct has no such field`,
          "field",
        );
      }
      const [name, type] = field;
      record[name] = this.#readValue(reader, type, depth + 1);
    }
  }
}

function toType({ ArrayT, SliceT, StructT }: GobRecord): GobType {
  const list = asRecord(ArrayT) ?? asRecord(SliceT);
  if (list !== undefined) return { kind: "list", element: id(list["Elem"]) };
  const struct = asRecord(StructT);
  if (struct === undefined) {
    throw new DecodeError(
      "Cannot decode a type that is neither a list nor a struct",
      "type",
    );
  }
  const fields = Array.isArray(struct["Field"]) ? struct["Field"] : [];
  return {
    kind: "struct",
    fields: fields.map((field: GobRecord) => [
      typeof field["Name"] === "string" ? field["Name"] : "",
      id(field["Id"]),
    ]),
  };
}

/** Returns `value` if it is a struct, otherwise undefined. */
export function asRecord(value: GobValue | undefined): GobRecord | undefined {
  return typeof value === "object" && !Array.isArray(value) &&
      !(value instanceof Uint8Array)
    ? value as GobRecord
    : undefined;
}

function id(value: GobValue | undefined): number {
  return typeof value === "number" ? value : 0;
}

/** Returns the length of the number at the start of `bytes`, or undefined if it is incomplete. */
function sizeOfUint(bytes: Uint8Array): number | undefined {
  const [first] = bytes;
  if (first === undefined) return undefined;
  const size = first < 0x80 ? 1 : 1 + 0x100 - first;
  return bytes.length < size ? undefined : size;
}

function readBytes(reader: ByteReader, field: string): Uint8Array {
  return reader.bytes(readUint(reader, `length of ${field}`), field);
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
