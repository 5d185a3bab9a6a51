import { assertEquals, assertRejects } from "@std/assert";
import { SystemError } from "../../../lib/base/errors.ts";
import { GroupSync } from "../../../lib/sys/group_sync.ts";
import { TempDir } from "../../support/temp_dir.ts";

function create(path: string): Deno.FsFile {
  return Deno.openSync(path, { write: true, createNew: true });
}

Deno.test("GroupSync syncs more files than fit in one group, and files that come later", async () => {
  using directory = new TempDir();
  const group = new GroupSync(directory.path);
  const files = Array.from(
    { length: 40 },
    (_, index) => create(directory.join(String(index))),
  );
  const synced = await Promise.all(files.map((file) => group.sync(file)));
  assertEquals(synced.length, files.length);
  for (const file of files) file.close();
  using later = create(directory.join("later"));
  await group.sync(later);
});

Deno.test("GroupSync fails the files that cannot be synced, and syncs the others", async () => {
  using directory = new TempDir();
  const group = new GroupSync(directory.path);
  using good = create(directory.join("good"));
  // fsync(2) refuses it with EINVAL.
  using bad = await Deno.open("/dev/null", { write: true });
  const [refused, synced] = await Promise.allSettled([
    group.sync(bad),
    group.sync(good),
  ]);
  assertEquals([refused.status, synced.status], ["rejected", "fulfilled"]);
});

Deno.test("GroupSync fails every file if the directory cannot be opened", async () => {
  using directory = new TempDir();
  const group = new GroupSync(directory.join("missing"));
  using file = create(directory.join("file"));
  const again = (): Promise<void> => group.sync(file);
  await assertRejects(again, SystemError, "fsync");
  await assertRejects(again, SystemError, "fsync");
});
