import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import { readRegularFile } from "../../../lib/linux/regular_file.ts";
import { testRows } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";

const OPTIONS = { maxBytes: 10, followsLink: false };

function makeFifo(path: string): void {
  new Deno.Command("mkfifo", { args: [path] }).outputSync();
}

function makeSocket(path: string): void {
  const perl =
    "socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un(shift))";
  new Deno.Command("perl", { args: ["-MSocket", "-e", perl, path] })
    .outputSync();
}

testRows<{ name: string; text: string }>("readRegularFile() reads", [
  { name: "a text", text: "hello\n" },
  { name: "an empty file", text: "" },
  { name: "a file of the maximum size", text: "0123456789" },
], ({ text }) => {
  using directory = new TempDir();
  const path = directory.join("file");
  Deno.writeTextFileSync(path, text);
  assertEquals(readRegularFile(path, OPTIONS), text);
});

Deno.test("readRegularFile() follows a link only if it may", () => {
  using directory = new TempDir();
  const path = directory.join("link");
  Deno.writeTextFileSync(directory.join("file"), "hello");
  Deno.symlinkSync("file", path);
  const followsLink = true;
  assertEquals(readRegularFile(path, { maxBytes: 10, followsLink }), "hello");
  assertThrows(
    () => readRegularFile(path, OPTIONS),
    SystemError,
    "not a regular file",
  );
});

testRows<{ name: string; make: (path: string) => void; want: string }>(
  "readRegularFile() refuses, without blocking,",
  [
    { name: "a FIFO", make: makeFifo, want: "not a regular file" },
    { name: "a directory", make: Deno.mkdirSync, want: "not a regular file" },
    { name: "a socket", make: makeSocket, want: "not a regular file" },
    {
      name: "a device",
      make: (path) => Deno.symlinkSync("/dev/zero", path),
      want: "not a regular file",
    },
    {
      name: "a large file",
      make: (path) => Deno.writeTextFileSync(path, "01234567890"),
      want: "larger than 10 bytes",
    },
    {
      name: "a path that does not exist",
      make: () => {},
      want: "no such file or directory",
    },
  ],
  ({ make, want }) => {
    using directory = new TempDir();
    const path = directory.join("file");
    make(path);
    assertThrows(
      () => readRegularFile(path, { maxBytes: 10, followsLink: true }),
      SystemError,
      want,
    );
  },
);
