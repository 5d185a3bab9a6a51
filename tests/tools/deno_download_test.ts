/** Whether the host that Deno downloads from is reachable. @module */

import { assertEquals } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { isReachable } from "../../tools/build/deno_download.ts";
import { testRows } from "../support/rows.ts";

testRows("isReachable()", [
  { name: "returns true for status 200", status: 200, want: true },
  { name: "returns false for status 404", status: 404, want: false },
], async ({ status, want }) => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(undefined, { status }),
  );
  const { port } = server.addr;
  assertEquals(await isReachable(`http://127.0.0.1:${port}/`), want);
});

Deno.test("isReachable() returns false for a refused connection", async () => {
  const port = getAvailablePort();
  assertEquals(await isReachable(`http://127.0.0.1:${port}/`), false);
});
