import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import {
  makeStateDirectory,
  temporaryName,
  writeOpenStateFile,
  writePublicFile,
  writeStateFile,
} from "../../../lib/sys/atomic_file.ts";
import { testWith } from "../../support/requirements.ts";
import { TempDir } from "../../support/temp_dir.ts";

function modeOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o7777;
}

Deno.test("makeStateDirectory() creates private directories", () => {
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

for (const isDurable of [false, true]) {
  Deno.test(`writeStateFile() replaces what a killed process left behind, isDurable: ${isDurable}`, () => {
    using directory = new TempDir();
    const left = directory.join(temporaryName("file"));
    Deno.writeTextFileSync(left, "a long text that was left behind");
    writeStateFile(directory.path, "file", { content: "new", isDurable });
    assertEquals(Deno.readTextFileSync(directory.join("file")), "new");
    assertEquals([...Deno.readDirSync(directory.path)].length, 1);
  });
}

Deno.test("writeOpenStateFile() replaces what a killed process left behind", () => {
  using directory = new TempDir();
  const left = directory.join(temporaryName("file"));
  Deno.writeTextFileSync(left, "a long text that was left behind");
  using _file = writeOpenStateFile(directory.path, "file", "new");
  assertEquals(Deno.readTextFileSync(directory.join("file")), "new");
  assertEquals([...Deno.readDirSync(directory.path)].length, 1);
});

for (const mode of [0o700, 0o750, 0o755]) {
  Deno.test(`makeStateDirectory() accepts an existing directory of mode ${mode.toString(8)}`, () => {
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
      reason: "writable by other users",
    },
    {
      name: "that everyone can write to",
      mode: 0o777,
      uid: 0,
      reason: "writable by other users",
    },
    {
      name: "that a group can write to",
      mode: 0o770,
      uid: 0,
      reason: "writable by other users",
    },
    {
      name: "of another user",
      mode: 0o700,
      uid: 1000,
      reason: "owned by user 1000",
    },
  ]
) {
  testWith(
    ["root"],
    `makeStateDirectory() refuses a directory ${name}, and does not change it`,
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

Deno.test("writePublicFile() replaces a file, for every user to read", () => {
  using directory = new TempDir();
  const path = directory.join("x.prom");
  Deno.writeTextFileSync(path, "old", { mode: 0o600 });
  const before = Deno.umask(0o077);
  try {
    writePublicFile(path, "new");
  } finally {
    Deno.umask(before);
  }
  assertEquals([Deno.readTextFileSync(path), modeOf(path)], ["new", 0o644]);
});

Deno.test("writePublicFile() leaves nothing behind if it fails", () => {
  using directory = new TempDir();
  const path = directory.join("x.prom");
  Deno.mkdirSync(path);
  assertThrows(() => writePublicFile(path, "new"), SystemError, "rename ");
  assertEquals(
    [...Deno.readDirSync(directory.path)].map(({ name }) => name),
    ["x.prom"],
  );
});
