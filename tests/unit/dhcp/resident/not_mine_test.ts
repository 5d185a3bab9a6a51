import { assertEquals } from "@std/assert";
import { notMine } from "../../../../lib/dhcp/resident/not_mine.ts";
import { ascii } from "../../../support/bytes.ts";
import { testRows } from "../../../support/rows.ts";

const ROOT = { device: 64769, inode: 2 };
const OWN = "/run/cni/dhcp.sock";

function config(ipam: unknown): string {
  return JSON.stringify({ cniVersion: "1.1.0", name: "net", ipam });
}

testRows<{
  name: string;
  netns?: string;
  stdin?: string;
  root?: typeof ROOT;
  socketPath?: string;
  daemonRoot?: typeof ROOT | undefined;
  want: string | undefined;
}>("notMine():", [
  { name: "the default socket is ours", want: undefined },
  {
    name: "an empty daemonSocketPath is the default",
    stdin: config({ daemonSocketPath: "" }),
    want: undefined,
  },
  {
    name: "keys are matched in any letter case",
    stdin: config({ DaemonSocketpath: "/other.sock" }),
    want: 'daemonSocketPath is "/other.sock"',
  },
  {
    name: "our socket by its path",
    stdin: config({ daemonSocketPath: "/d.sock" }),
    socketPath: "/d.sock",
    want: undefined,
  },
  {
    name: "the default socket, which is not ours",
    socketPath: "/d.sock",
    want: 'daemonSocketPath is "/run/cni/dhcp.sock"',
  },
  {
    name: "our socket as a relative path",
    stdin: config({ daemonSocketPath: "run/cni/dhcp.sock" }),
    want: 'daemonSocketPath is "run/cni/dhcp.sock"',
  },
  {
    name: "our socket by a path that is not as short as possible",
    stdin: config({ daemonSocketPath: "/x/../run/cni/dhcp.sock" }),
    want: 'daemonSocketPath is "/x/../run/cni/dhcp.sock"',
  },
  {
    name: "our abstract socket",
    stdin: config({ daemonSocketPath: "@d" }),
    socketPath: "@d",
    want: undefined,
  },
  {
    name: "another root on the same device",
    root: { ...ROOT, inode: 3 },
    want: "the caller has another root directory",
  },
  {
    name: "the same inode on another device",
    root: { ...ROOT, device: 1 },
    want: "the caller has another root directory",
  },
  {
    name: "a daemon that does not know its root",
    daemonRoot: undefined,
    want: "the caller has another root directory",
  },
  {
    name: "a relative CNI_NETNS",
    netns: "proc/1/ns/net",
    want: "CNI_NETNS is relative",
  },
  { name: "an empty CNI_NETNS", netns: "", want: undefined },
  { name: "no configuration", stdin: "", want: undefined },
  { name: "a configuration that is not JSON", stdin: "{", want: undefined },
  { name: "ipam of the wrong type", stdin: config(1), want: undefined },
  {
    name: "daemonSocketPath of the wrong type",
    stdin: config({ daemonSocketPath: 1 }),
    want: undefined,
  },
], (row) => {
  const { netns, stdin = config({}), root = ROOT, socketPath = OWN } = row;
  const request = {
    pid: 1,
    root,
    environment: new Map(
      netns === undefined ? [] : [["CNI_NETNS", ascii(netns)]],
    ),
    stdin: ascii(stdin),
  };
  const place = {
    socketPath,
    root: "daemonRoot" in row ? row.daemonRoot : ROOT,
  };
  assertEquals(notMine(request, place), row.want);
});
