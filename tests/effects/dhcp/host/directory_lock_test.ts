import { assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { lockDirectory } from "../../../../lib/dhcp/host/directory_lock.ts";
import { TempDir } from "../../../support/temp_dir.ts";

Deno.test("lockDirectory() refuses a directory that another daemon uses, until it is unlocked", () => {
  using directory = new TempDir();
  const { path } = directory;
  {
    using _lock = lockDirectory(path);
    assertThrows(
      () => lockDirectory(path),
      SystemError,
      `flock ${path}: another daemon uses it`,
    );
  }
  using _lock = lockDirectory(path);
});

Deno.test("lockDirectory() fails if there is no directory", () => {
  using directory = new TempDir();
  assertThrows(() => lockDirectory(directory.join("none")), SystemError);
});
