import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import { makeStateDirectory } from "../../../lib/sys/atomic_file.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

function modeOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o7777;
}

Deno.test("makeStateDirectory() makes it, and what leads to it, for nobody else", () => {
  using directory = new TempDir();
  const before = Deno.umask(0);
  try {
    makeStateDirectory(directory.join("run/dhcp"));
  } finally {
    Deno.umask(before);
  }
  const modes = ["run", "run/dhcp"].map((name) => modeOf(directory.join(name)));
  assertEquals(modes, [0o700, 0o700]);
});

for (const mode of [0o700, 0o750, 0o755]) {
  Deno.test(`makeStateDirectory() takes one of mode ${mode.toString(8)} as it is`, () => {
    using directory = new TempDir();
    const path = directory.join("state");
    Deno.mkdirSync(path);
    Deno.chmodSync(path, mode);
    makeStateDirectory(path);
    assertEquals(modeOf(path), mode);
  });
}

for (
  const { name, mode, uid, reason } of [
    {
      name: "such as /tmp",
      mode: 0o1777,
      uid: 0,
      reason: "others may write to it",
    },
    {
      name: "that anybody may write to",
      mode: 0o777,
      uid: 0,
      reason: "others may write to it",
    },
    {
      name: "that a group may write to",
      mode: 0o770,
      uid: 0,
      reason: "others may write to it",
    },
    {
      name: "of somebody else",
      mode: 0o700,
      uid: 1000,
      reason: "it belongs to user 1000",
    },
  ]
) {
  testWith(
    ["root"],
    `makeStateDirectory() refuses a directory ${name}, and leaves it as it is`,
    () => {
      using directory = new TempDir();
      const path = directory.join("state");
      Deno.mkdirSync(path);
      Deno.chownSync(path, uid, 0);
      Deno.chmodSync(path, mode);
      const { message } = assertThrows(
        () => makeStateDirectory(path),
        SystemError,
      );
      assertEquals(message, `open ${path}: ${reason}`);
      assertEquals(modeOf(path), mode);
    },
  );
}
