/** Asking whether the host that Deno downloads from answers. @module */

import { assertEquals } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { answers } from "../../tools/build/deno_download.ts";

for (
  const { status, want } of [{ status: 200, want: true }, {
    status: 404,
    want: false,
  }]
) {
  Deno.test(`answers() is ${want} for a host that answers ${status}`, async () => {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response(undefined, { status }),
    );
    assertEquals(await answers(`http://127.0.0.1:${server.addr.port}/`), want);
  });
}

Deno.test("answers() is false for a host that refuses the connection", async () => {
  const port = getAvailablePort();
  assertEquals(await answers(`http://127.0.0.1:${port}/`), false);
});
