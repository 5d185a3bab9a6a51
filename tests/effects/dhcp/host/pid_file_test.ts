import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import {
  checkPidFilePath,
  writePidFile,
} from "../../../../lib/dhcp/host/pid_file.ts";
import { TempDir } from "../../../support/temp_dir.ts";

const PID = String(Deno.pid);

Deno.test("writePidFile() writes the number of the process, and takes it away at the end", () => {
  using directory = new TempDir();
  const path = directory.join("pid");
  {
    using _file = writePidFile(path);
    assertEquals(Deno.readTextFileSync(path), PID);
  }
  assertEquals([...Deno.readDirSync(directory.path)], []);
});

for (
  const { name, change, want } of [
    {
      name: "another process has written its own",
      change: (path: string) => Deno.writeTextFileSync(path, "1"),
      want: "1",
    },
    {
      name: "it is gone",
      change: (path: string) => Deno.removeSync(path),
      want: undefined,
    },
    {
      name: "a directory is in its place",
      change: (path: string) => {
        Deno.removeSync(path);
        Deno.mkdirSync(path);
      },
      want: undefined,
    },
  ]
) {
  Deno.test(`writePidFile() leaves alone what is not its own at the end: ${name}`, () => {
    using directory = new TempDir();
    const path = directory.join("pid");
    {
      using _file = writePidFile(path);
      change(path);
    }
    const left = [...Deno.readDirSync(directory.path)]
      .filter(({ isFile }) => isFile)
      .map(() => Deno.readTextFileSync(path));
    assertEquals(left, want === undefined ? [] : [want]);
  });
}

Deno.test("writePidFile() is not stopped by what a killed process of the same number left", () => {
  using directory = new TempDir();
  const path = directory.join("pid");
  Deno.writeTextFileSync(`${path}.${PID}`, "");
  using _file = writePidFile(path);
  assertEquals(Deno.readTextFileSync(path), PID);
});

Deno.test("writePidFile() says upstream's text when it cannot write", () => {
  using directory = new TempDir();
  const path = directory.join("none/pid");
  const { message } = assertThrows(() => writePidFile(path), SystemError);
  assertEquals(
    message,
    `Error writing pidfile "${path}": create ${path}.${PID}: no such file or directory`,
  );
});

Deno.test("checkPidFilePath() takes none, and an absolute one; it refuses others in upstream's words", () => {
  checkPidFilePath("");
  checkPidFilePath("/run/x.pid");
  assertThrows(
    () => checkPidFilePath("x.pid"),
    SystemError,
    'Error writing pidfile "x.pid": path not absolute',
  );
});
