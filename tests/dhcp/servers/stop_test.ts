/** A daemon that gets SIGTERM while a caller sends a request. @module */

import { assertEquals } from "@std/assert";
import { DHCP_BIN } from "../../support/binaries.ts";
import { waitFor } from "../../../tools/lab/waiting.ts";
import { testWith } from "../../support/requirements.ts";
import { DhcpHost } from "./dhcp_host.ts";

testWith(
  ["root", `binary:${DHCP_BIN}`],
  "SIGTERM does not wait for a caller that never completes its request",
  async () => {
    await using host = new DhcpHost();
    const daemon = await host.daemon();
    const path = host.socketPath;
    using caller = await Deno.connect({ transport: "unix", path });
    const send = async (line: string): Promise<void> => {
      await caller.write(new TextEncoder().encode(`${line}\n`));
    };
    await send("CONNECT /_goRPC_ HTTP/1.0");
    // Fails once the daemon has closed the connection.
    const drip = setInterval(() => send("x: y").catch(() => {}), 100);
    try {
      let status: number | undefined;
      const ended = daemon.end("SIGTERM").then((code) => status = code);
      assertEquals(await waitFor("end of the daemon", () => status), 0);
      await ended;
    } finally {
      clearInterval(drip);
    }
  },
);
