import { assertEquals } from "@std/assert";
import { placeOf } from "../../../../lib/dhcp/host/place.ts";
import { testRows } from "../../../support/rows.ts";
import { TempDir } from "../../../support/temp_dir.ts";

testRows("placeOf(): the path of the socket", [
  {
    name: "without a prefix",
    path: "/run/cni/dhcp.sock",
    hostPrefix: "",
    want: "/run/cni/dhcp.sock",
  },
  {
    name: "with a prefix",
    path: "/host/run/cni/dhcp.sock",
    hostPrefix: "/host",
    want: "/run/cni/dhcp.sock",
  },
  {
    name: "that a service manager passed, without the prefix",
    path: "/run/cni/dhcp.sock",
    hostPrefix: "/host",
    want: "/run/cni/dhcp.sock",
  },
], ({ path, hostPrefix, want }) => {
  assertEquals(placeOf(path, { hostPrefix }).socketPath, want);
});

Deno.test("placeOf() identifies the root directory, or the directory of the prefix", () => {
  using directory = new TempDir();
  for (const hostPrefix of ["", directory.path]) {
    const { dev, ino } = Deno.statSync(`${hostPrefix}/`);
    assertEquals(placeOf("", { hostPrefix }).root, {
      device: dev,
      inode: ino ?? 0,
    });
  }
});

Deno.test("placeOf() has no root if there is no directory of the prefix", () => {
  using directory = new TempDir();
  const hostPrefix = directory.join("absent");
  assertEquals(placeOf("", { hostPrefix }).root, undefined);
});
