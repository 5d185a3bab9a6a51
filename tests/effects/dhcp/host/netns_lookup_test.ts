import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { NetnsLookup } from "../../../../lib/dhcp/host/netns_lookup.ts";
import type { NetnsIdentity } from "../../../../lib/net/netns_identity.ts";
import { waitUntil } from "../../../../tools/lab/waiting.ts";
import { MountNamespace } from "../../../support/mount_namespace.ts";
import { run } from "../../../../tools/lab/network_namespace.ts";
import { TestNetns } from "../../../support/network_namespaces.ts";
import { testAsRoot } from "../../../support/requirements.ts";

function identityOf(place: TestNetns): NetnsIdentity {
  using netns = place.open();
  return netns.identity;
}

/** Finds a namespace again. @returns Its identity. */
function again(
  lookup: NetnsLookup,
  path: string,
  netns: NetnsIdentity,
): NetnsIdentity | undefined {
  using opened = lookup.openAgain(path, netns);
  return opened?.identity;
}

testAsRoot(
  "NetnsLookup.open() finds a path that only the caller sees",
  async () => {
    using place = new TestNetns();
    await using caller = await MountNamespace.start(place);
    const lookup = new NetnsLookup();
    using opened = lookup.open(caller.path, caller.pid);
    assertEquals(opened.identity, identityOf(place));
    for (const pid of [0, Deno.pid]) {
      assertThrows(
        () => lookup.open(caller.path, pid),
        SystemError,
        `failed to Statfs "${caller.path}": no such file or directory`,
      );
    }
  },
);

testAsRoot(
  "NetnsLookup.openAgain() finds a path that a caller sees, while it calls",
  async () => {
    using place = new TestNetns();
    const identity = identityOf(place);
    await using caller = await MountNamespace.start(place);
    const lookup = new NetnsLookup();
    assertEquals(again(lookup, caller.path, identity), undefined);
    {
      using _first = lookup.addCaller(caller.pid);
      {
        using _second = lookup.addCaller(caller.pid);
      }
      assertEquals(again(lookup, caller.path, identity), identity);
      using other = new TestNetns();
      assertEquals(
        again(lookup, caller.path, identityOf(other)),
        undefined,
      );
    }
    assertEquals(again(lookup, caller.path, identity), undefined);
  },
);

testAsRoot(
  "NetnsLookup.openAgain() finds an unmounted namespace through a process in it",
  async () => {
    using place = new TestNetns();
    const identity = identityOf(place);
    const child = new Deno.Command("ip", {
      args: [
        "netns",
        "exec",
        place.name,
        "sh",
        "-c",
        "echo && exec sleep infinity",
      ],
      stdout: "piped",
    }).spawn();
    for await (const _ of child.stdout) break;
    const lookup = new NetnsLookup();
    place.unmount();
    assertEquals(again(lookup, place.path, identity), identity);
    // Another namespace at the same path does not hide it.
    run("ip", "netns", "del", place.name);
    run("ip", "netns", "add", place.name);
    assertEquals(again(lookup, place.path, identity), identity);
    child.kill("SIGKILL");
    await child.status;
    await waitUntil(
      "end of the namespace",
      () => again(lookup, place.path, identity) === undefined,
    );
  },
);
