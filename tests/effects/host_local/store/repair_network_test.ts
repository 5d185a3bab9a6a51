import { assertEquals } from "@std/assert";
import type { RepairStep } from "../../../../lib/host_local/operator/ports.ts";
import { repairNetwork } from "../../../../lib/host_local/store/repair_network.ts";
import { ownerText, writeNetwork } from "../../../support/network_directory.ts";
import { TempDir } from "../../../support/temp_dir.ts";

/** Repairs a directory. @returns What was done and what failed, without the path. */
async function repair(
  directory: string,
  steps: readonly RepairStep[] = [],
): Promise<{ readonly done: string[]; readonly failed: string[] }> {
  const { done, failed } = await repairNetwork(
    { directory, lockTimeoutMs: 100 },
    { steps, log: () => {} },
  );
  const short = (text: string): string =>
    text.replaceAll(`${directory}/`, "").replaceAll(directory, ".");
  return { done: done.map(short), failed: failed.map(short) };
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test("repairNetwork() undoes an interrupted ADD, and keeps other addresses of its container", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, {
    "lock": "",
    ".pending": ownerText("c1"),
    "10.1.0.2": ownerText("c1"),
    "10.1.0.4": "",
  });
  await Deno.link(dir.join(".pending"), dir.join("10.1.0.3"));
  assertEquals(await repair(dir.path), {
    done: ["removed .pending", "removed 10.1.0.3", "removed 10.1.0.4"],
    failed: [],
  });
  assertEquals(namesIn(dir.path), ["10.1.0.2", "lock"]);
});

Deno.test("repairNetwork() keeps an ADD that answered", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, {
    "lock": "",
    ".answered": ownerText("c1"),
    "10.1.0.2": ownerText("c1"),
  });
  assertEquals(await repair(dir.path), { done: [], failed: [] });
  assertEquals(namesIn(dir.path), [".answered", "10.1.0.2", "lock"]);
});

Deno.test("repairNetwork() creates the lock, as the next call does", async () => {
  using dir = new TempDir();
  assertEquals(await repair(dir.path), { done: ["created lock"], failed: [] });
});

Deno.test("repairNetwork() undoes no ADD in a directory that others can write, and protects it", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, { "lock": "", ".pending": ownerText("c1") });
  await Deno.link(dir.join(".pending"), dir.join("10.1.0.2"));
  await Deno.chmod(dir.path, 0o777);
  assertEquals(await repair(dir.path, [{ kind: "protect", name: "" }]), {
    done: [
      "removed .pending",
      "cleared the permission of other users to write .",
    ],
    failed: [],
  });
  assertEquals(namesIn(dir.path), ["10.1.0.2", "lock"]);
  assertEquals(await modeOf(dir.path), 0o755);
});

Deno.test("repairNetwork() goes through all steps, whatever fails", async () => {
  using dir = new TempDir();
  writeNetwork(dir.path, { "lock": "", "a": "", "b": "" });
  await Deno.mkdir(dir.join("full/x"), { recursive: true });
  const steps: readonly RepairStep[] = [
    { kind: "remove", name: "a" },
    { kind: "remove", name: "full" },
    { kind: "protect", name: "missing" },
    { kind: "remove", name: "b" },
  ];
  assertEquals(await repair(dir.path, steps), {
    done: ["removed a", "removed b"],
    failed: [
      "unlink full: directory not empty",
      "chmod missing: no such file or directory",
    ],
  });
});

Deno.test("repairNetwork() changes no file behind a symbolic link", async () => {
  using dir = new TempDir();
  await Deno.writeTextFile(dir.join("target"), "", { mode: 0o666 });
  await Deno.chmod(dir.join("target"), 0o666);
  await Deno.mkdir(dir.join("net"));
  await Deno.symlink(dir.join("target"), dir.join("net/10.1.0.2"));
  const steps = [{ kind: "protect", name: "10.1.0.2" }] as const;
  assertEquals((await repair(dir.join("net"), steps)).failed, [
    "chmod 10.1.0.2: is a symbolic link",
  ]);
  assertEquals(await modeOf(dir.join("target")), 0o666);
});
