import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import type { Descriptor } from "../../../lib/linux/descriptor.ts";
import { libc } from "../../../lib/linux/libc.ts";
import { ServiceManager } from "../../../lib/linux/service_manager.ts";
import { bindSocket, openSocket, SOCK } from "../../../lib/linux/socket.ts";
import { AF, unixAddress } from "../../../lib/linux/socket_address.ts";
import { testRows } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";

const PID = 4711;

/** The environment of a process. */
function environment(
  values: Readonly<Record<string, string>>,
): Map<string, string> {
  return new Map(Object.entries(values));
}

function listen(name: string): Descriptor {
  const socket = openSocket(AF.UNIX, SOCK.DGRAM);
  bindSocket(socket, unixAddress(name), name);
  return socket;
}

function receive({ fd }: Descriptor): string {
  const buffer = new Uint8Array(new ArrayBuffer(100));
  const length = Number(libc().read(fd, buffer, BigInt(buffer.length)));
  return new TextDecoder().decode(buffer.subarray(0, length));
}

testRows("ServiceManager.notify() sends to", [
  { name: "a socket file", abstract: false },
  { name: "an abstract socket", abstract: true },
], ({ abstract }) => {
  using directory = new TempDir();
  const path = directory.join("notify");
  const name = abstract ? `@${path}` : path;
  using socket = listen(name);
  const env = environment({ NOTIFY_SOCKET: name });
  const manager = new ServiceManager(env, PID);
  manager.notify("READY=1");
  manager.notify("STOPPING=1");
  assertEquals([receive(socket), receive(socket)], ["READY=1", "STOPPING=1"]);
  assertEquals([...env], []);
});

Deno.test("ServiceManager.notify() sends nothing if there is no service manager", () => {
  new ServiceManager(environment({}), PID).notify("READY=1");
});

testRows("ServiceManager.notify() fails for", [
  {
    name: "a socket that does not exist",
    socket: "/nowhere/notify",
    message: "sendto /nowhere/notify: no such file or directory",
  },
  {
    name: "another kind of socket",
    socket: "vsock:2:1",
    message: "notify vsock:2:1: not a Unix socket",
  },
], ({ socket, message }) => {
  const env = environment({ NOTIFY_SOCKET: socket });
  const manager = new ServiceManager(env, PID);
  assertThrows(() => manager.notify("READY=1"), SystemError, message);
});

testRows("ServiceManager.watchdogMs", [
  { name: "is the period", usec: "30000000", want: 30_000 },
  {
    name: "is the period for this process",
    usec: "2000",
    pid: "4711",
    want: 2,
  },
  {
    name: "is undefined for another process",
    usec: "2000",
    pid: "1",
    want: undefined,
  },
  { name: "is undefined without a period", usec: "", want: undefined },
  { name: "is undefined for 0", usec: "0", want: undefined },
  { name: "is undefined for a malformed period", usec: "2s", want: undefined },
  {
    name: "is undefined without a socket",
    usec: "2000",
    socket: "",
    want: undefined,
  },
], ({ usec, pid = "", socket = "@x", want }) => {
  const env = environment({
    NOTIFY_SOCKET: socket,
    WATCHDOG_USEC: usec,
    WATCHDOG_PID: pid,
  });
  assertEquals(new ServiceManager(env, PID).watchdogMs, want);
  assertEquals([...env], []);
});
