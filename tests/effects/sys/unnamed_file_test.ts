import { assertEquals } from "@std/assert";
import { probeCreation } from "../../../lib/sys/unnamed_file.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { thrownBy } from "../../unit/base/thrown.ts";

Deno.test("probeCreation() changes nothing in a directory", () => {
  using directory = new TempDir();
  const before = Deno.lstatSync(directory.path);
  probeCreation(directory.path);
  assertEquals(Deno.lstatSync(directory.path), before);
  assertEquals([...Deno.readDirSync(directory.path)], []);
});

Deno.test("probeCreation() throws if there is no directory", () => {
  using directory = new TempDir();
  const path = directory.join("nope");
  assertEquals(thrownBy(() => probeCreation(path)), {
    name: "SystemError",
    message: `create a file in ${path}: no such file or directory`,
    advice: "",
  });
});

Deno.test("probeCreation() refuses a file instead of a directory", () => {
  using directory = new TempDir();
  const path = directory.join("file");
  Deno.writeTextFileSync(path, "");
  const { name } = thrownBy(() => probeCreation(path)) ?? {};
  assertEquals([name, Deno.readTextFileSync(path)], ["SystemError", ""]);
});
