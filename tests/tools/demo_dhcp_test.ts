/** What `deno task demo:dhcp` needs. @module */

import { assertEquals } from "@std/assert";
import { REPO_ROOT } from "../support/binaries.ts";
import { testAsRoot } from "../support/requirements.ts";

testAsRoot("demo:dhcp names the programs that it needs", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=tools", "tools/demo_dhcp.ts"],
    cwd: REPO_ROOT,
    env: { PATH: "/nonexistent", NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  const lines = decoder.decode(stderr).trimEnd().split("\n");
  assertEquals(
    [code, decoder.decode(stdout), lines.at(-1)],
    [
      1,
      "",
      "demo:dhcp needs dnsmasq and ip: install dnsmasq (dnsmasq-base on Debian) and iproute2",
    ],
  );
});
