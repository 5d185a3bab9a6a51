/** Why the host that Deno downloads from is not reachable. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import { addressProblem } from "../../tools/build/deno_download.ts";
import { testRows } from "../support/rows.ts";

testRows("addressProblem()", [
  { name: "returns undefined for status 200", status: 200, want: undefined },
  {
    name: "returns the status 404",
    status: 404,
    want: "HTTP status 404 for ADDRESS",
  },
], async ({ status, want }) => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(undefined, { status }),
  );
  const address = `http://127.0.0.1:${server.addr.port}/`;
  const problem = await addressProblem(address);
  assertEquals(problem?.replace(address, "ADDRESS"), want);
});

Deno.test("addressProblem() returns the reason of a refused connection", async () => {
  const address = `http://127.0.0.1:${getAvailablePort()}/`;
  const problem = await addressProblem(address) ?? "";
  assertMatch(problem.replace(address, "ADDRESS"), /\(ADDRESS\).*refused/);
});
