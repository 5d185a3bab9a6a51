import { assertEquals, assertRejects } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { addressesIn } from "../../../../lib/host_local/store/addresses_in.ts";
import { formatIpAddress } from "../../../../lib/net/ip_address.ts";
import { TempDir } from "../../../support/temp_dir.ts";

/** Returns the addresses as text, one list for each part. */
async function partsOf(directory: string): Promise<string[][]> {
  const parts: string[][] = [];
  for await (const addresses of addressesIn(directory)) {
    parts.push(addresses.map(formatIpAddress).sort());
  }
  return parts;
}

Deno.test("addressesIn() returns what is named like an address, whatever is in it", async () => {
  using dir = new TempDir();
  for (
    const name of [
      "10.1.0.2",
      "fd00::2",
      "FD00::3",
      "lock",
      "last_reserved_ip.0",
      ".pending",
      "10.1.0.2.tmp",
    ]
  ) await Deno.writeTextFile(dir.join(name), "");
  await Deno.mkdir(dir.join("10.1.0.3"));
  assertEquals(await partsOf(dir.path), [["10.1.0.2", "10.1.0.3", "fd00::2"]]);
});

Deno.test("addressesIn() returns the addresses of a large network in parts", async () => {
  using dir = new TempDir();
  const names = Array.from(
    { length: 1100 },
    (_, index) => `10.1.${index >> 8}.${index & 255}`,
  );
  for (const name of names) await Deno.writeTextFile(dir.join(name), "");
  const parts = await partsOf(dir.path);
  assertEquals(parts.map(({ length }) => length), [500, 500, 100]);
  assertEquals(parts.flat().sort(), names.sort());
});

Deno.test("addressesIn() finds nothing where there is no directory", async () => {
  using dir = new TempDir();
  assertEquals(await partsOf(dir.join("none")), []);
});

Deno.test("addressesIn() fails for what is not a directory", async () => {
  using dir = new TempDir();
  await Deno.writeTextFile(dir.join("file"), "");
  await assertRejects(
    () => partsOf(dir.join("file")),
    SystemError,
    "not a directory",
  );
});
