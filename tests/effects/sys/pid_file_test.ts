import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import { checkPidFilePath, PidFile } from "../../../lib/sys/pid_file.ts";
import { TempDir } from "../../support/temp_dir.ts";

const PID = String(Deno.pid);

Deno.test("PidFile contains the pid and is removed at the end", () => {
  using directory = new TempDir();
  const path = directory.join("pid");
  {
    using _file = new PidFile(path);
    assertEquals(Deno.readTextFileSync(path), PID);
  }
  assertEquals([...Deno.readDirSync(directory.path)], []);
});

for (
  const { name, change, want } of [
    {
      name: "another process has written its pid",
      change: (path: string) => Deno.writeTextFileSync(path, "1"),
      want: "1",
    },
    {
      name: "it was removed",
      change: (path: string) => Deno.removeSync(path),
      want: undefined,
    },
    {
      name: "it was replaced by a directory",
      change: (path: string) => {
        Deno.removeSync(path);
        Deno.mkdirSync(path);
      },
      want: undefined,
    },
  ]
) {
  Deno.test(`PidFile does not remove a file that is not its own: ${name}`, () => {
    using directory = new TempDir();
    const path = directory.join("pid");
    {
      using _file = new PidFile(path);
      change(path);
    }
    const left = [...Deno.readDirSync(directory.path)]
      .filter(({ isFile }) => isFile)
      .map(() => Deno.readTextFileSync(path));
    assertEquals(left, want === undefined ? [] : [want]);
  });
}

Deno.test("PidFile replaces the temporary file of a killed process with the same pid", () => {
  using directory = new TempDir();
  const path = directory.join("pid");
  Deno.writeTextFileSync(`${path}.${PID}`, "");
  using _file = new PidFile(path);
  assertEquals(Deno.readTextFileSync(path), PID);
});

Deno.test("PidFile fails with upstream's text", () => {
  using directory = new TempDir();
  const path = directory.join("none/pid");
  const { message } = assertThrows(() => new PidFile(path), SystemError);
  assertEquals(
    message,
    `Error writing pidfile "${path}": create ${path}.${PID}: no such file or directory`,
  );
});

Deno.test("PidFile.restore() writes a file that was removed, and no other", () => {
  using directory = new TempDir();
  const path = directory.join("pid");
  using file = new PidFile(path);
  assertEquals(file.restore(), false);
  Deno.removeSync(path);
  assertEquals([file.restore(), Deno.readTextFileSync(path)], [true, PID]);
  Deno.writeTextFileSync(path, "1");
  assertEquals([file.restore(), Deno.readTextFileSync(path)], [false, "1"]);
  using none = new PidFile("");
  assertEquals(none.restore(), false);
});

Deno.test("checkPidFilePath() accepts no path and an absolute path, and refuses others with upstream's text", () => {
  checkPidFilePath("");
  checkPidFilePath("/run/x.pid");
  assertThrows(
    () => checkPidFilePath("x.pid"),
    SystemError,
    'Error writing pidfile "x.pid": path not absolute',
  );
});
