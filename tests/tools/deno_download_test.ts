/** Whether the host that Deno downloads from is reachable. @module */

import { assertEquals } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { isReachable } from "../../tools/build/deno_download.ts";

for (
  const { status, want } of [{ status: 200, want: true }, {
    status: 404,
    want: false,
  }]
) {
  Deno.test(`isReachable() returns ${want} for a response with status ${status}`, async () => {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response(undefined, { status }),
    );
    assertEquals(
      await isReachable(`http://127.0.0.1:${server.addr.port}/`),
      want,
    );
  });
}

Deno.test("isReachable() returns false for a refused connection", async () => {
  const port = getAvailablePort();
  assertEquals(await isReachable(`http://127.0.0.1:${port}/`), false);
});
