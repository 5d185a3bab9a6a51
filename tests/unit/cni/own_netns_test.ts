import { assertEquals } from "@std/assert";
import { isOwnNetns, refuseOwnNetns } from "../../../lib/cni/own_netns.ts";
import { thrownBy } from "../base/thrown.ts";

const PID = 4711;

const OWN = [
  "/proc/self/ns/net",
  "/proc/thread-self/ns/net",
  "/proc/4711/ns/net",
  "/proc/self/task/4711/ns/net",
  "/proc/4711/task/4712/ns/net",
  "//proc///self//ns/./net",
  "/proc/self/ns/net/",
  "/../proc/self/ns/net",
  "/proc/1/../self/ns/net",
  "/proc/self/../4711/ns/net",
  "/proc/self/ns/../ns/net",
  "/var/../proc/self/ns/net",
] as const;

for (const path of OWN) {
  Deno.test(`isOwnNetns() recognizes ${path}`, () => {
    assertEquals(isOwnNetns(path, PID), true);
  });
}

const FOREIGN = [
  "",
  "/",
  "/proc",
  "/proc/self",
  "/proc/self/ns",
  "/proc/1/ns/net",
  "/proc/47110/ns/net",
  "/proc/04711/ns/net",
  "/proc/self/ns/mnt",
  "/proc/self/ns/net/x",
  "/proc/self/net",
  "/proc/self/task/ns/net",
  "/proc/self/task",
  "/proc/self/root/ns/net",
  "proc/self/ns/net",
  "/var/run/netns/self",
  "/var/proc/self/ns/net",
  "/dev/null",
] as const;

for (const path of FOREIGN) {
  Deno.test(`isOwnNetns() does not recognize ${JSON.stringify(path)}`, () => {
    assertEquals(isOwnNetns(path, PID), false);
  });
}

const REFUSAL = {
  name: "CniError",
  code: 8,
  message: "plugin's netns and netns from CNI_NETNS should not be the same",
  details:
    'CNI_NETNS is "/proc/self/ns/net"; set CNI_NETNS_OVERRIDE=1 if that is intended',
} as const;

const CALLS = [
  {
    name: "throws code 8 for the plugin's own namespace",
    netns: "/proc/self/ns/net",
    netnsOverride: false,
    want: REFUSAL,
  },
  {
    name: "accepts it with CNI_NETNS_OVERRIDE",
    netns: "/proc/self/ns/net",
    netnsOverride: true,
    want: undefined,
  },
  {
    name: "accepts another namespace",
    netns: "/var/run/netns/x",
    netnsOverride: false,
    want: undefined,
  },
] as const;

for (const { name, netns, netnsOverride, want } of CALLS) {
  Deno.test(`refuseOwnNetns() ${name}`, () => {
    const refusal = thrownBy(() =>
      refuseOwnNetns({ netns, netnsOverride }, PID)
    );
    assertEquals<unknown>(refusal, want);
  });
}
