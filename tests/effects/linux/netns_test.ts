import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { SyscallError } from "../../../lib/linux/errno.ts";
import {
  NotNetnsError,
  openNetns,
  openNetnsOfProcess,
  ownNetns,
  withNetns,
} from "../../../lib/linux/netns.ts";
import { makeFifo } from "../../support/fifo.ts";
import { MountNamespace } from "../../support/mount_namespace.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { TestNetns } from "../../support/network_namespaces.ts";
import { testRows } from "../../support/rows.ts";
import { testAsRoot } from "../../support/requirements.ts";
import { isSameNetns } from "../../../lib/net/netns_identity.ts";

testAsRoot("openNetns() distinguishes namespaces", () => {
  using one = new TestNetns();
  using other = new TestNetns();
  using first = one.open();
  using again = one.open();
  using second = other.open();
  assertEquals(isSameNetns(first.identity, again.identity), true);
  assertEquals(isSameNetns(first.identity, second.identity), false);
  assertEquals(isSameNetns(first.identity, ownNetns().identity), false);
});

testAsRoot("openNetns() has the identity that stat(2) shows", () => {
  using place = new TestNetns();
  using netns = place.open();
  const { dev, ino } = Deno.statSync(place.path);
  assertEquals(netns.identity, { device: `0:${dev}`, inode: String(ino) });
});

testRows("openNetns() refuses", [
  {
    name: "a path that does not exist",
    path: "/nowhere/ns",
    error: SyscallError,
    want: 'failed to Statfs "/nowhere/ns": no such file or directory',
  },
  {
    name: "an empty path",
    path: "",
    error: SyscallError,
    want: 'failed to Statfs "": no such file or directory',
  },
  {
    name: "a namespace of another kind",
    path: "/proc/self/ns/mnt",
    error: NotNetnsError,
    want: '"/proc/self/ns/mnt" is not a network namespace',
  },
  {
    name: "another file of procfs",
    path: "/proc/self/status",
    error: NotNetnsError,
    want: '"/proc/self/status" is not a network namespace',
  },
  {
    name: "a device",
    path: "/dev/null",
    error: NotNetnsError,
    want: /^unknown FS magic on "\/dev\/null": [0-9a-f]+$/,
  },
], ({ path, error, want }) => {
  const { message } = assertThrows(() => openNetns(path), error);
  if (typeof want === "string") assertEquals(message, want);
  else assertMatch(message, want);
});

testAsRoot(
  "openNetns() refuses a regular file and does not open a FIFO",
  () => {
    using directory = new TempDir();
    Deno.writeTextFileSync(directory.join("file"), "");
    makeFifo(directory.join("fifo"));
    for (const name of ["file", "fifo"]) {
      assertThrows(
        () => openNetns(directory.join(name)),
        NotNetnsError,
        "unknown FS magic",
      );
    }
  },
);

testAsRoot(
  "openNetns() resolves the path once, and opens what it found",
  () => {
    using place = new TestNetns();
    using directory = new TempDir();
    const url = new URL("../../../lib/linux/netns.ts", import.meta.url);
    const script = `import { openNetns } from "${url}";
    using _netns = openNetns("${place.path}");`;
    const trace = directory.join("trace");
    const { success, stderr } = new Deno.Command("strace", {
      args: [
        ...["-f", "-qq", "-o", trace, "-e", "trace=%file,fstatfs"],
        ...[Deno.execPath(), "run", "--no-prompt", "--allow-ffi", "--ext=ts"],
        ...[`data:application/typescript,${encodeURIComponent(script)}`],
      ],
      cwd: new URL("../../..", import.meta.url).pathname,
    }).outputSync();
    assertEquals(success, true, new TextDecoder().decode(stderr));
    const calls = Deno.readTextFileSync(trace).split("\n");
    const withPath = calls.filter((call) => call.includes(`"${place.path}"`));
    assertEquals(withPath.length, 1, withPath.join("\n"));
    assertMatch(withPath[0] ?? "", /O_PATH/);
  },
);

testAsRoot(
  "openNetnsOfProcess() opens a path in the mount namespace of a process",
  async () => {
    using place = new TestNetns();
    await using process = await MountNamespace.start(place);
    using netns = place.open();
    assertThrows(() => openNetns(process.path), SyscallError, "no such file");
    for (const path of [process.path, process.linkedPath]) {
      using opened = openNetnsOfProcess(process.pid, path);
      assertEquals(isSameNetns(opened.identity, netns.identity), true, path);
    }
  },
);

testAsRoot("openNetnsOfProcess() follows the links of procfs", () => {
  using opened = openNetnsOfProcess(Deno.pid, "/proc/self/ns/net");
  assertEquals(isSameNetns(opened.identity, ownNetns().identity), true);
});

testRows("openNetnsOfProcess() refuses", [
  {
    name: "a process that does not exist",
    pid: 0x7fffffff,
    path: "/run/netns/x",
    error: SyscallError,
    want: "open /proc/2147483647/root: no such file or directory",
  },
  {
    name: "a path that does not exist",
    pid: Deno.pid,
    path: "/nowhere/ns",
    error: SyscallError,
    want: 'failed to Statfs "/nowhere/ns": no such file or directory',
  },
], ({ pid, path, error, want }) => {
  assertThrows(() => openNetnsOfProcess(pid, path), error, want);
});

testAsRoot("openNetns() throws for a path with a NUL", () => {
  assertThrows(() => openNetns("/a\0b"), RangeError);
});

testAsRoot(
  "withNetns() runs inside and returns, even after an error",
  () => {
    using place = new TestNetns();
    using netns = place.open();
    const here = (): boolean => {
      using current = openNetns("/proc/thread-self/ns/net");
      return isSameNetns(current.identity, ownNetns().identity);
    };
    assertEquals(withNetns(netns, here), false);
    assertEquals(here(), true);
    assertThrows(
      () =>
        withNetns(netns, () => {
          throw new Error("inside");
        }),
      Error,
      "inside",
    );
    assertEquals(here(), true);
  },
);

testAsRoot("withNetns() throws if the namespace is closed", () => {
  using place = new TestNetns();
  const netns = place.open();
  netns[Symbol.dispose]();
  assertThrows(() => withNetns(netns, () => 1), TypeError, "closed");
});

testAsRoot("withNetns() aborts the process if it cannot return", () => {
  using place = new TestNetns();
  const url = new URL("../../../lib/linux/netns.ts", import.meta.url);
  const script = `import { openNetns, withNetns } from "${url}";
    using netns = openNetns("${place.path}");
    try { withNetns(netns, () => 1); } finally { Deno.exit(0); }`;
  const { code, signal, stderr } = new Deno.Command("strace", {
    args: [
      ...["-f", "-qq", "-o", "/dev/null", "-e", "trace=setns"],
      ...["-e", "inject=setns:error=EPERM:when=2+"],
      ...[Deno.execPath(), "run", "--no-prompt", "--allow-ffi", "--ext=ts"],
      ...[`data:application/typescript,${encodeURIComponent(script)}`],
    ],
    cwd: new URL("../../..", import.meta.url).pathname,
  }).outputSync();
  const text = new TextDecoder().decode(stderr);
  assertMatch(
    text,
    /setns back from .*: operation not permitted; aborting/,
  );
  assertEquals(signal ?? code, "SIGABRT");
});
