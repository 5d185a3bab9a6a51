/** Requests that arrive in pieces: the answer does not depend on where they are split. @module */

import { assertEquals } from "@std/assert";
import { BufferedInput } from "../../../../lib/base/buffered_input.ts";
import { concatBytes } from "../../../../lib/base/bytes.ts";
import { encodeLine } from "../../../../lib/base/line_framing.ts";
import {
  type CallerConnection,
  serveConnection,
} from "../../../../lib/dhcp/daemon/server.ts";
import {
  formatRequest,
  MAX_REQUEST_BYTES,
} from "../../../../lib/dhcp/protocol/daemon_protocol.ts";
import { GobDecoder } from "../../../../lib/dhcp/protocol/gob/gob_decoder.ts";
import { GobEncoder } from "../../../../lib/dhcp/protocol/gob/gob_encoder.ts";
import {
  CMD_ARGS,
  CONNECT_LINE,
  RPC_REQUEST,
} from "../../../../lib/dhcp/protocol/upstream_protocol.ts";
import { ascii } from "../../../support/bytes.ts";
import { testRows } from "../../../support/rows.ts";
import { SERVER_CONTEXT } from "./fake_caller.ts";
import { C1, FakeHost } from "./fake_host.ts";

/** A caller whose bytes arrive as they would on a socket. */
class PieceCaller implements CallerConnection {
  readonly peer = { pid: 1, uid: 0 };
  readonly input: BufferedInput;
  readonly written: Uint8Array[] = [];
  readonly #hungUp = new AbortController();

  constructor(maxLineBytes = MAX_REQUEST_BYTES) {
    this.input = new BufferedInput(maxLineBytes);
  }

  get hungUp(): AbortSignal {
    return this.#hungUp.signal;
  }

  peekByte(): Promise<number | undefined> {
    return this.input.peekByte();
  }

  readLine(): Promise<string | undefined> {
    return this.input.readLine();
  }

  readBytes(): Promise<Uint8Array | undefined> {
    return this.input.readBytes();
  }

  writeLine(text: string): Promise<boolean> {
    return this.writeBytes(encodeLine(text));
  }

  writeBytes(bytes: Uint8Array): Promise<boolean> {
    this.written.push(bytes);
    return Promise.resolve(true);
  }

  flushed(): Promise<boolean> {
    return Promise.resolve(true);
  }

  [Symbol.dispose](): void {}
}

const ATTACHMENT = { ...C1 };
const OURS = encodeLine(
  formatRequest({ method: "release", attachment: ATTACHMENT }),
);
const HEADER = { ServiceMethod: "DHCP.Release", Seq: 7 };

/** All that upstream's plugin sends for a DEL with a configuration of about `padding` bytes. */
function upstreamRequest(padding: number): Uint8Array {
  const config = {
    cniVersion: "1.0.0",
    name: C1.networkName,
    padding: "x".repeat(padding),
    ipam: { type: "dhcp" },
  };
  const encoder = new GobEncoder();
  return concatBytes([
    ascii(`${CONNECT_LINE}\n\n`),
    encoder.encode(RPC_REQUEST, HEADER),
    encoder.encode(CMD_ARGS, {
      ContainerID: C1.containerId,
      Netns: "/ns/a",
      IfName: C1.ifName,
      StdinData: ascii(JSON.stringify(config)),
    }),
  ]);
}

/**
 * Serves a request in pieces.
 *
 * @param turns How many microtasks run between two pieces: a server that resumes takes several.
 * @returns What the server wrote.
 */
async function serve(
  pieces: readonly Uint8Array[],
  turns: number,
): Promise<readonly Uint8Array[]> {
  const caller = new PieceCaller();
  const host = new FakeHost();
  const served = serveConnection(caller, host.daemon, SERVER_CONTEXT);
  for (const piece of pieces) {
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    caller.input.push(piece);
  }
  await served;
  return caller.written;
}

function splitAt(bytes: Uint8Array, at: number): readonly Uint8Array[] {
  return [bytes.subarray(0, at), bytes.subarray(at)];
}

function pieces(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from(
    { length: count },
    (_, index) => bytes.subarray(index * size, (index + 1) * size),
  );
}

testRows("the answer is the same wherever the request is split:", [
  { name: "a DEL of this project's plugin", request: OURS },
  { name: "a DEL of upstream's plugin", request: upstreamRequest(0) },
], async ({ request }) => {
  const whole = await serve([request], 0);
  assertEquals(whole.length > 0, true);
  for (const turns of [0, 1, 2, 3, 5, 8, 13]) {
    for (let at = 1; at < request.length; at++) {
      const written = await serve(splitAt(request, at), turns);
      assertEquals(written, whole, `split at ${at}, ${turns} turns`);
    }
    const written = await serve(pieces(request, 1), turns);
    assertEquals(written, whole, `single bytes, ${turns} turns`);
  }
});

testRows("the answer to upstream's plugin is the same for a configuration of", [
  { name: "5,000 bytes", padding: 5000, size: 1000 },
  { name: "400,000 bytes", padding: 400_000, size: 65_536 },
  { name: "almost 4 MiB", padding: MAX_REQUEST_BYTES - 1000, size: 65_536 },
], async ({ padding, size }) => {
  const whole = await serve([upstreamRequest(0)], 0);
  const request = upstreamRequest(padding);
  for (const turns of [0, 3]) {
    assertEquals(await serve(pieces(request, size), turns), whole);
  }
});

Deno.test("upstream's plugin receives an error for a configuration of more than 4 MiB", async () => {
  const request = upstreamRequest(MAX_REQUEST_BYTES);
  const caller = new PieceCaller();
  const host = new FakeHost();
  const served = serveConnection(caller, host.daemon, SERVER_CONTEXT);
  for (const piece of pieces(request, 65_536)) {
    caller.input.push(piece);
    await Promise.resolve();
  }
  // The plugin has its answer before it has written everything, and disconnects.
  caller.input.end();
  await served;
  const decoder = new GobDecoder(MAX_REQUEST_BYTES);
  for (const bytes of caller.written.slice(1)) decoder.push(bytes);
  const response = decoder.next() ?? {};
  assertEquals([response["ServiceMethod"], response["Seq"]], [
    HEADER.ServiceMethod,
    HEADER.Seq,
  ]);
  assertEquals(
    /^Cannot decode a message of \d+ bytes: expected at most 4194304$/.test(
      String(response["Error"]),
    ),
    true,
  );
});

Deno.test("the rest of a line that is too long is read before the connection is closed", async () => {
  const caller = new PieceCaller(10);
  let isServed = false;
  const served = serveConnection(caller, new FakeHost().daemon, SERVER_CONTEXT)
    .then(() => isServed = true);
  for (let count = 0; count < 50; count++) {
    caller.input.push(ascii("x".repeat(20)));
    await Promise.resolve();
  }
  assertEquals([isServed, caller.input.needsMore], [false, true]);
  caller.input.end();
  await served;
  assertEquals(caller.written.length, 1);
});
