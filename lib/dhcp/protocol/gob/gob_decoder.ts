/**
 * Reads gob, the encoding of Go's `encoding/gob`, in which upstream's plugin and daemon talk: each stream describes its
 * types before it uses them. Structs become records by field name, without those that are zero. Pure. @module
 */

import { ByteReader } from "../../../base/byte_reader.ts";
import { DecodeError } from "../../../base/errors.ts";
import { readInt, readUint } from "./gob_number.ts";

/** A value; an absent field is zero. */
export type GobValue =
  | number
  | boolean
  | string
  | Uint8Array
  | readonly GobValue[]
  | GobRecord;

/** A struct. */
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
/** Types of a program's own have greater numbers. */
const LAST_BUILT_IN = 63;
const COMMON = ["CommonType", COMMON_TYPE] as const;

/** Those that every stream may use undescribed, the descriptions themselves among them. */
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

/** Structs within structs; those of upstream are four deep. */
const MAX_DEPTH = 16;
const MAX_TYPES = 256;

/** Puts the values of one stream together from pieces of any size. */
export class GobDecoder {
  readonly #maxBytes: number;
  readonly #types = new Map(BUILT_IN);
  #bytes: Uint8Array = new Uint8Array(0);

  /** @param maxBytes Longest message. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a copy of the next piece. */
  push(piece: Uint8Array): void {
    const joined = new Uint8Array(this.#bytes.length + piece.length);
    joined.set(this.#bytes);
    joined.set(piece, this.#bytes.length);
    this.#bytes = joined;
  }

  /**
   * Takes the next struct out.
   *
   * @returns Undefined if it is not whole yet.
   * @throws {DecodeError} if it is too long, malformed, or no struct.
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
      throw new DecodeError(
        `Cannot read a message of ${length} bytes, expected at most ${this.#maxBytes}`,
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
      throw new DecodeError(`a ${type.kind} instead of a struct`, "type");
    }
    const record = this.#readStruct(reader, type.fields, 0);
    reader.expectEnd("message");
    return record;
  }

  /** Takes a description in. */
  #learn(reader: ByteReader, id: number): void {
    if (id <= LAST_BUILT_IN || this.#types.size > MAX_TYPES) {
      throw new DecodeError(`type ${id} cannot be described`, "type");
    }
    const wire = this.#readTop(reader, WIRE_TYPE);
    this.#types.set(id, toType(wire));
  }

  #typeOf(id: number): GobType {
    const type = this.#types.get(id);
    if (type !== undefined) return type;
    throw new DecodeError(`type ${id} was not described`, "type");
  }

  #readValue(reader: ByteReader, id: number, depth: number): GobValue {
    if (depth > MAX_DEPTH) throw new DecodeError("nested too deep", "value");
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
    // Each element has one byte at least, so that a great number cannot stand for little.
    if (count > reader.remaining) {
      throw new DecodeError(`a list of ${count}, longer than its message`, "");
    }
    return Array.from(
      { length: count },
      () => this.#readValue(reader, element, depth + 1),
    );
  }

  /** Fields follow each other by the difference of their numbers, counted from -1; 0 is the end. */
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
        throw new DecodeError(`no field ${index} in that struct`, "field");
      }
      const [name, type] = field;
      record[name] = this.#readValue(reader, type, depth + 1);
    }
  }
}

/** What a description describes. */
function toType({ ArrayT, SliceT, StructT }: GobRecord): GobType {
  const list = record(ArrayT) ?? record(SliceT);
  if (list !== undefined) return { kind: "list", element: id(list["Elem"]) };
  const struct = record(StructT);
  if (struct === undefined) {
    throw new DecodeError("neither list nor struct", "type");
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

function record(value: GobValue | undefined): GobRecord | undefined {
  return typeof value === "object" && !Array.isArray(value) &&
      !(value instanceof Uint8Array)
    ? value as GobRecord
    : undefined;
}

function id(value: GobValue | undefined): number {
  return typeof value === "number" ? value : 0;
}

/** How many bytes the number at the beginning takes; undefined if they are not all there. */
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
