import { assertEquals } from "@std/assert";
import {
  encodeFrame,
  type Frame,
  isLauncher,
  type LauncherRequest,
  RequestDecoder,
} from "../../../lib/resident/launcher_protocol.ts";
import { testRows } from "../../support/rows.ts";
import { thrownBy } from "../base/thrown.ts";
import { requestBytes, type RequestParts } from "./requests.ts";

const ENVIRONMENT = { CNI_COMMAND: "ADD", CNI_ARGS: "K=v;L=" };
const STDIN = '{"name":"net"}';

function decode(pieces: readonly Uint8Array[]): LauncherRequest | undefined {
  const decoder = new RequestDecoder();
  return pieces.map((piece) => decoder.push(piece)).at(-1);
}

function texts(request: LauncherRequest | undefined): unknown {
  const decoder = new TextDecoder();
  return request && {
    ...request,
    environment: Object.fromEntries(
      [...request.environment].map(([name, value]) => [
        name,
        decoder.decode(value),
      ]),
    ),
    stdin: decoder.decode(request.stdin),
  };
}

const REQUEST = {
  pid: 4711,
  root: { device: 64769, inode: 2 },
  environment: ENVIRONMENT,
  stdin: STDIN,
};

testRows("RequestDecoder accepts a request in pieces of", [
  { name: "1 byte", size: 1 },
  { name: "7 bytes", size: 7 },
  { name: "40 bytes, the header alone", size: 40 },
  { name: "41 bytes", size: 41 },
  { name: "64 KiB", size: 65_536 },
], ({ size }) => {
  const bytes = requestBytes({ environment: ENVIRONMENT, stdin: STDIN });
  const decoder = new RequestDecoder();
  const buffer = new Uint8Array(size);
  const decoded: unknown[] = [];
  for (let start = 0; start < bytes.length; start += size) {
    const piece = bytes.subarray(start, start + size);
    // One buffer for all pieces, as a stream may have.
    buffer.set(piece);
    decoded.push(texts(decoder.push(buffer.subarray(0, piece.length))));
  }
  const earlier = decoded.slice(0, -1);
  assertEquals(earlier, earlier.map(() => undefined));
  assertEquals(decoded.at(-1), REQUEST);
});

Deno.test("RequestDecoder accepts a request without environment and stdin", () => {
  const bytes = requestBytes({ environment: {}, stdin: "" });
  assertEquals(texts(decode([bytes])), {
    ...REQUEST,
    environment: {},
    stdin: "",
  });
});

Deno.test("RequestDecoder keeps bytes that are not UTF-8", () => {
  const bytes = requestBytes({
    environment: Uint8Array.of(0x41, 0x3d, 0xff, 0),
    stdin: Uint8Array.of(0xfe),
  });
  const request = decode([bytes]);
  assertEquals(
    [request?.environment.get("A"), request?.stdin],
    [Uint8Array.of(0xff), Uint8Array.of(0xfe)],
  );
});

testRows("RequestDecoder reads, as getenv(3) does,", [
  {
    name: "the first of two variables",
    environment: "A=1\0A=2\0",
    want: { A: "1" },
  },
  {
    name: "a value with equals signs",
    environment: "A=b=c\0",
    want: { A: "b=c" },
  },
  { name: "an empty value", environment: "A=\0", want: { A: "" } },
  {
    name: "no variable without a name or an equals sign",
    environment: "=x\0B\0\0",
    want: {},
  },
], ({ environment, want }) => {
  const bytes = requestBytes({
    environment: new TextEncoder().encode(environment),
    stdin: STDIN,
  });
  assertEquals(texts(decode([bytes])), { ...REQUEST, environment: want });
});

testRows(
  "RequestDecoder refuses",
  [
    {
      name: "JSON",
      bytes: new TextEncoder().encode(`{"version":1}${" ".repeat(40)}`),
      want: "not a launcher's",
    },
    {
      name: "another magic number",
      parts: { magic: "\0CNJ" },
      want: "not a launcher's",
    },
    {
      name: "version 0",
      parts: { version: 0 },
      want: "version 0, expected 1",
    },
    {
      name: "version 2",
      parts: { version: 2 },
      want: "version 2, expected 1",
    },
    {
      name: "more than 256 KiB of environment",
      parts: { environmentLength: 262_145 },
      want: "262145 bytes of environment and 0 of stdin are too many",
    },
    {
      name: "more than 2 MiB of stdin",
      parts: { stdinLength: 2_097_153 },
      want: "20 bytes of environment and 2097153 of stdin are too many",
    },
    {
      name: "lengths of 4 GiB",
      parts: { environmentLength: 2 ** 32 - 1, stdinLength: 2 ** 32 - 1 },
      want:
        "4294967295 bytes of environment and 4294967295 of stdin are too many",
    },
    {
      name: "bytes after the request",
      bytes: Uint8Array.of(...requestBytes(), 0x67),
      want: "bytes after its end",
    },
    {
      name: "an environment that does not end with a NUL byte",
      parts: { environment: new TextEncoder().encode("A=1\0B=2") },
      want: "the environment is truncated",
    },
  ] satisfies readonly {
    readonly name: string;
    readonly parts?: RequestParts;
    readonly bytes?: Uint8Array;
    readonly want: string;
  }[],
  ({ parts, bytes = requestBytes(parts), want }) => {
    const thrown = thrownBy(() => decode([bytes]));
    assertEquals(
      [thrown?.["name"], thrown?.["message"]],
      ["DecodeError", `Cannot decode request: ${want}`],
    );
  },
);

testRows("RequestDecoder accepts at most", [
  { name: "256 KiB of environment", lengths: { environmentLength: 262_144 } },
  { name: "2 MiB of stdin", lengths: { stdinLength: 2_097_152 } },
], ({ lengths }) => {
  const header = requestBytes(lengths).subarray(0, 40);
  assertEquals(decode([header]), undefined);
});

testRows(
  "encodeFrame() writes type, length and payload of",
  [
    {
      name: "accepted",
      frame: { kind: "accepted" },
      want: [0x41, 0, 0, 0, 0],
    },
    {
      name: "not mine, with the reason",
      frame: { kind: "notMine", reason: "é" },
      want: [0x4e, 2, 0, 0, 0, 0xc3, 0xa9],
    },
    { name: "a beat", frame: { kind: "beat" }, want: [0x42, 0, 0, 0, 0] },
    {
      name: "stderr",
      frame: { kind: "stderr", text: "a\n" },
      want: [0x45, 2, 0, 0, 0, 0x61, 0x0a],
    },
    {
      name: "a document, with the exit status",
      frame: { kind: "document", exitStatus: 1, text: "{}" },
      want: [0x4f, 3, 0, 0, 0, 1, 0x7b, 0x7d],
    },
    {
      name: "the end, with the exit status",
      frame: { kind: "end", exitStatus: 1 },
      want: [0x58, 1, 0, 0, 0, 1],
    },
  ] as const satisfies readonly {
    name: string;
    frame: Frame;
    want: number[];
  }[],
  (
    { frame, want },
  ) => {
    assertEquals([...encodeFrame(frame)], want);
  },
);

testRows("isLauncher() tells by its first byte", [
  { name: "a launcher", byte: 0, want: true },
  { name: "JSON", byte: 0x7b, want: false },
  { name: "HTTP", byte: 0x43, want: false },
], ({ byte, want }) => assertEquals(isLauncher(byte), want));
