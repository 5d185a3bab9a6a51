import { assertEquals, assertMatch } from "@std/assert";
import { openNetns } from "../../../lib/linux/netns.ts";
import { NetnsProcesses } from "../../../lib/linux/netns_processes.ts";
import { isSameNetns } from "../../../lib/net/netns_identity.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { testAsRoot } from "../../support/requirements.ts";

/** Starts a process in a namespace. */
function start({ name }: TestNetns): Deno.ChildProcess {
  return new Deno.Command("ip", {
    args: ["netns", "exec", name, "sleep", "infinity"],
    stdin: "null",
  }).spawn();
}

testAsRoot(
  "NetnsProcesses.find() returns a process in the namespace",
  async () => {
    using place = new TestNetns();
    using netns = place.open();
    const processes = new NetnsProcesses();
    assertEquals(processes.find(netns.identity), undefined);
    const child = start(place);
    let found: string | undefined;
    await waitUntil("process", () => {
      found = processes.find(netns.identity);
      return found !== undefined;
    });
    assertMatch(found ?? "", /^\/proc\/[0-9]+\/ns\/net$/);
    using opened = openNetns(found ?? "");
    assertEquals(isSameNetns(opened.identity, netns.identity), true);
    child.kill("SIGKILL");
    await child.status;
    await waitUntil(
      "end of the process",
      () => processes.find(netns.identity) === undefined,
    );
  },
);
