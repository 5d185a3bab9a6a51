import { assertEquals } from "@std/assert";
import { ServiceManager } from "../../../../lib/host_local/host/service_manager.ts";
import { TempDir } from "../../../support/temp_dir.ts";
import { rejectionOf } from "../../../unit/base/thrown.ts";

const PID = 4711;

function manager(directory: TempDir, socket: string): ServiceManager {
  const env = new Map([["NOTIFY_SOCKET", socket], [
    "WATCHDOG_USEC",
    "3000000",
  ]]);
  return new ServiceManager(env, { pid: PID, ownPath: directory.join("own") });
}

Deno.test("ServiceManager.notify() sends to a socket file, and leaves none", async () => {
  using directory = new TempDir();
  const path = directory.join("notify");
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  // Left behind by a process that was killed.
  Deno.listenDatagram({
    transport: "unixpacket",
    path: directory.join("own"),
  }).close();
  using sender = manager(directory, path);
  await sender.notify("READY=1");
  await sender.notify("WATCHDOG=1");
  const received = [await socket.receive(), await socket.receive()]
    .map(([bytes]) => new TextDecoder().decode(bytes));
  socket.close();
  assertEquals(received, ["READY=1", "WATCHDOG=1"]);
  assertEquals(sender.watchdogMs, 3000);
  const left = await Array.fromAsync(Deno.readDir(directory.path));
  assertEquals(left.map(({ name }) => name), ["notify"]);
});

Deno.test("ServiceManager.notify() fails for an abstract socket, which the runtime cannot name", async () => {
  using directory = new TempDir();
  using sender = manager(directory, "@notify");
  assertEquals(
    (await rejectionOf(() => sender.notify("READY=1")))?.["message"],
    "notify @notify: not the path of a Unix socket",
  );
});

Deno.test("ServiceManager.notify() fails if nothing listens", async () => {
  using directory = new TempDir();
  const path = directory.join("notify");
  using sender = manager(directory, path);
  assertEquals(
    (await rejectionOf(() => sender.notify("READY=1")))?.["message"],
    `sendto ${path}: no such file or directory`,
  );
});

Deno.test("ServiceManager.notify() sends nothing if there is no service manager", async () => {
  using directory = new TempDir();
  using sender = manager(directory, "");
  await sender.notify("READY=1");
  assertEquals(sender.watchdogMs, undefined);
});
