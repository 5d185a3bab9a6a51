/**
 * Encodes gob, the encoding of Go's `encoding/gob`; the caller states the type of each value. Pure.
 *
 * @module
 */

import { ByteWriter } from "../../../base/byte_writer.ts";
import type { GobRecord, GobValue } from "./gob_decoder.ts";
import { writeInt, writeUint } from "./gob_number.ts";

/** The type of a value. */
export type GobSchema =
  | "int"
  | "uint"
  | "bytes"
  | "string"
  | GobList
  | GobStruct;

/** A list whose elements have one type. */
export interface GobList {
  readonly element: GobSchema;
}

/**
 * A struct with its fields in order; the other side may order them differently, as they are matched
 * by name.
 */
export interface GobStruct {
  readonly name: string;
  readonly fields: readonly (readonly [name: string, type: GobSchema])[];
}

const BUILT_IN = { int: 2, uint: 3, bytes: 5, string: 6 } as const;
const FIRST_ID = 65;
/** The numbers of fields of a type description, which is a Go struct `wireType`. */
const SLICE_T = 1;
const STRUCT_T = 2;

/** Encodes one stream, which describes a type once, before its first value. */
export class GobEncoder {
  readonly #ids = new Map<GobList | GobStruct, number>();
  readonly #described = new Set<GobSchema>();

  /**
   * Encodes a struct, preceded by the descriptions of new types. Absent, zero and empty fields are
   * left out.
   */
  encode(type: GobStruct, value: GobRecord): Uint8Array {
    const output = new ByteWriter();
    this.#describe(type, output);
    const body = new ByteWriter();
    writeInt(body, this.#idOf(type));
    this.#writeStruct(body, type, value);
    return writeMessage(output, body).finish();
  }

  #idOf(type: GobSchema): number {
    if (typeof type === "string") return BUILT_IN[type];
    const known = this.#ids.get(type);
    if (known !== undefined) return known;
    const id = FIRST_ID + this.#ids.size;
    this.#ids.set(type, id);
    return id;
  }

  #describe(type: GobSchema, output: ByteWriter): void {
    if (typeof type === "string" || this.#described.has(type)) return;
    this.#described.add(type);
    const id = this.#idOf(type);
    const body = new ByteWriter();
    writeInt(body, -id);
    if ("element" in type) this.#describeList(body, type, id);
    else this.#describeStruct(body, type, id);
    writeMessage(output, body);
    const parts = "element" in type
      ? [type.element]
      : type.fields.map(([, part]) => part);
    for (const part of parts) this.#describe(part, output);
  }

  #describeList(body: ByteWriter, { element }: GobList, id: number): void {
    writeUint(body, SLICE_T + 1);
    writeCommon(body, "[]", id);
    writeUint(body, 1);
    writeInt(body, this.#idOf(element));
    body.zeros(2);
  }

  #describeStruct(
    body: ByteWriter,
    { name, fields }: GobStruct,
    id: number,
  ): void {
    writeUint(body, STRUCT_T + 1);
    writeCommon(body, name, id);
    if (fields.length > 0) {
      writeUint(body, 1);
      writeUint(body, fields.length);
      for (const [field, type] of fields) {
        writeNamed(body, field, this.#idOf(type));
      }
    }
    body.zeros(2);
  }

  #writeStruct(
    body: ByteWriter,
    { fields }: GobStruct,
    value: GobRecord,
  ): void {
    let last = -1;
    for (const [index, [name, type]] of fields.entries()) {
      const field = value[name];
      if (field === undefined || isZero(field)) continue;
      writeUint(body, index - last);
      last = index;
      this.#writeValue(body, type, field);
    }
    writeUint(body, 0);
  }

  #writeValue(body: ByteWriter, type: GobSchema, value: GobValue): void {
    if (type === "int") writeInt(body, value as number);
    else if (type === "uint") writeUint(body, value as number);
    else if (type === "string") writeBytes(body, encodeText(value as string));
    else if (type === "bytes") writeBytes(body, value as Uint8Array);
    else if ("element" in type) {
      const list = value as readonly GobValue[];
      writeUint(body, list.length);
      for (const each of list) this.#writeValue(body, type.element, each);
    } else this.#writeStruct(body, type, value as GobRecord);
  }
}

function writeCommon(body: ByteWriter, name: string, id: number): void {
  writeUint(body, 1);
  writeNamed(body, name, id);
}

function writeNamed(body: ByteWriter, name: string, id: number): void {
  let delta = 2;
  if (name !== "") {
    writeUint(body, 1);
    writeBytes(body, encodeText(name));
    delta = 1;
  }
  writeUint(body, delta);
  writeInt(body, id);
  writeUint(body, 0);
}

function writeMessage(output: ByteWriter, body: ByteWriter): ByteWriter {
  const bytes = body.finish();
  writeUint(output, bytes.length);
  return output.bytes(bytes);
}

function writeBytes(body: ByteWriter, bytes: Uint8Array): void {
  writeUint(body, bytes.length);
  body.bytes(bytes);
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function isZero(value: GobValue): boolean {
  return typeof value === "object" && "length" in value
    ? value.length === 0
    : value === 0 || value === "" || value === false;
}
