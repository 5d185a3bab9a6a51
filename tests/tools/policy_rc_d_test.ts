/** Services of Debian packages do not start during an installation. @module */

import { assertEquals, assertRejects } from "@std/assert";
import { withoutServiceStarts } from "../../tools/test/policy_rc_d.ts";
import { TempDir } from "../support/temp_dir.ts";

async function exitStatusOf(path: string): Promise<number> {
  return (await new Deno.Command(path).output()).code;
}

function list({ path }: TempDir): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name);
}

Deno.test("withoutServiceStarts() forbids starts while its body runs, and removes the policy", async () => {
  using dir = new TempDir();
  const path = dir.join("policy-rc.d");
  const status = await withoutServiceStarts(() => exitStatusOf(path), path);
  assertEquals([status, list(dir)], [101, []]);
});

Deno.test("withoutServiceStarts() removes the policy if its body fails", async () => {
  using dir = new TempDir();
  const body = () => Promise.reject(new Error("apt-get"));
  await assertRejects(
    () => withoutServiceStarts(body, dir.join("policy-rc.d")),
    Error,
    "apt-get",
  );
  assertEquals(list(dir), []);
});

Deno.test("withoutServiceStarts() leaves the machine's own policy in force", async () => {
  using dir = new TempDir();
  const path = dir.join("policy-rc.d");
  await Deno.writeTextFile(path, "#!/bin/sh\nexit 104\n", { mode: 0o755 });
  const status = await withoutServiceStarts(() => exitStatusOf(path), path);
  assertEquals(status, 104);
  assertEquals(await Deno.readTextFile(path), "#!/bin/sh\nexit 104\n");
});
