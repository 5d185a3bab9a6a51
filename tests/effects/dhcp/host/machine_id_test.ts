import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { readMachineId } from "../../../../lib/dhcp/host/machine_id.ts";
import { TempDir } from "../../../support/temp_dir.ts";

const ID = "0123456789abcdef0123456789abcdef";

function identity(bytes: Uint8Array): Uint8Array {
  return bytes;
}

/** Makes a host whose /etc has a machine-id made by `make`. */
function withHost(
  make: (path: string) => void,
  body: (prefix: string) => void,
): void {
  using directory = new TempDir();
  Deno.mkdirSync(directory.join("etc"));
  make(directory.join("etc/machine-id"));
  body(directory.path);
}

Deno.test("readMachineId() reads the ID of the host", () => {
  withHost((path) => Deno.writeTextFileSync(path, `${ID}\n`), (prefix) => {
    const id = readMachineId(prefix, identity);
    assertEquals(new TextDecoder().decode(id), "cni dhcp ipam du");
  });
});

Deno.test("readMachineId() follows a link", () => {
  withHost((path) => {
    Deno.writeTextFileSync(`${path}.target`, ID);
    Deno.symlinkSync("machine-id.target", path);
  }, (prefix) => {
    assertEquals(readMachineId(prefix, identity)?.length, 16);
  });
});

Deno.test("readMachineId() fails for a FIFO, and does not block", () => {
  withHost((path) => {
    new Deno.Command("mkfifo", { args: [path] }).outputSync();
  }, (prefix) => {
    assertThrows(
      () => readMachineId(prefix, identity),
      SystemError,
      "machine-id: not a regular file",
    );
  });
});
