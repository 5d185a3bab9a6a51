import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import {
  LeaseFiles,
  readLeaseFiles,
} from "../../../../lib/dhcp/host/lease_files.ts";
import { writeReleaseNote } from "../../../../lib/dhcp/host/release_note_writer.ts";
import { ReleaseNotes } from "../../../../lib/dhcp/host/release_notes.ts";
import { TempDir } from "../../../support/temp_dir.ts";
import { testRows } from "../../../support/rows.ts";
import { STORE_CONTRACT } from "../../../unit/dhcp/daemon/lease_store_contract.ts";
import { LEASED, OFFERED } from "../../../unit/dhcp/daemon/sample_lease.ts";

const NOW_MS = 1_800_000_000_000;
const NAME = "0123456789abcdef0123456789abcdef";
const { attachment: ATTACHMENT } = LEASED;
const OTHER = { ...ATTACHMENT, containerId: "c2" };
const CONTEXT = {
  digest: (bytes: Uint8Array): Uint8Array =>
    createHash("sha256").update(bytes).digest(),
  scheduler: { nowMs: () => 0, wallMs: () => NOW_MS },
};

function open(directory: TempDir): LeaseFiles {
  return new LeaseFiles(directory.join("state"), CONTEXT);
}

function namesIn(directory: TempDir): string[] {
  return [...Deno.readDirSync(directory.join("state"))]
    .map(({ name }) => name);
}

testRows("lease files and release notes:", STORE_CONTRACT, async ({ run }) => {
  using directory = new TempDir();
  const socketPath = directory.join("state.sock");
  await run({
    leases: open(directory),
    releaseNotes: new ReleaseNotes(directory.join("state"), CONTEXT),
    leaveNote: async (attachment) => {
      await writeReleaseNote(socketPath, attachment);
    },
  });
});

Deno.test("LeaseFiles removes the temporary file of a killed daemon", () => {
  using directory = new TempDir();
  const leases = open(directory);
  Deno.writeTextFileSync(directory.join(`state/.${NAME}.lease.tmp`), "{");
  assertEquals(leases.readAll(), { records: [], unusable: [] });
  assertEquals(namesIn(directory), []);
});

testRows<{ name: string; file: string; content: string; reason: string }>(
  "LeaseFiles reports and keeps",
  [
    {
      name: "a file of another program",
      file: "notes.txt",
      content: "",
      reason: "not a file of the dhcp daemon",
    },
    {
      name: "half of a lease file",
      file: `${NAME}.lease`,
      content: '{"format": 1',
      reason: "not JSON",
    },
    {
      name: "a lease file of more than 1 MiB",
      file: `${NAME}.lease`,
      content: " ".repeat(1024 * 1024 + 1),
      reason: "larger than 1048576 bytes",
    },
  ],
  ({ file, content, reason }) => {
    using directory = new TempDir();
    const leases = open(directory);
    const path = directory.join(`state/${file}`);
    Deno.writeTextFileSync(path, content);
    const { records, unusable } = leases.readAll();
    assertEquals(records, []);
    assertEquals(unusable.map((each) => each.path), [path]);
    assertEquals(unusable[0]?.reason.includes(reason), true);
    assertEquals(namesIn(directory), [file]);
  },
);

Deno.test("LeaseFiles reports and keeps a directory with the name of a lease file", () => {
  using directory = new TempDir();
  const leases = open(directory);
  const path = directory.join(`state/${NAME}.lease`);
  Deno.mkdirSync(path);
  const unusable = [{ path, reason: "not a regular file" }];
  assertEquals(leases.readAll(), { records: [], unusable });
});

Deno.test("LeaseFiles ignores a lease file under the name of another attachment", () => {
  using directory = new TempDir();
  const leases = open(directory);
  leases.write({ ...OFFERED, attachment: OTHER });
  const [name = ""] = namesIn(directory);
  leases.write(OFFERED);
  const [own = ""] = namesIn(directory).filter((each) => each !== name);
  Deno.copyFileSync(
    directory.join(`state/${own}`),
    directory.join(`state/${name}`),
  );
  assertEquals(leases.read(OTHER), undefined);
  assertEquals(leases.read(ATTACHMENT), OFFERED);
  const { records, unusable } = leases.readAll();
  assertEquals(records, [OFFERED]);
  assertEquals(unusable.map(({ path }) => path), [
    directory.join(`state/${name}`),
  ]);
});

Deno.test("LeaseFiles makes the state directory again if it was removed", async () => {
  using directory = new TempDir();
  const leases = open(directory);
  for (const record of [OFFERED, LEASED]) {
    await Deno.remove(directory.join("state"), { recursive: true });
    leases.write(record);
    assertEquals(leases.read(ATTACHMENT), record);
  }
  await Deno.remove(directory.join("state"), { recursive: true });
  await leases.writeAsync(LEASED);
  assertEquals(leases.read(ATTACHMENT), LEASED);
});

Deno.test("readLeaseFiles() reads what a daemon has stored, and leaves every file as it is", () => {
  using directory = new TempDir();
  const leases = open(directory);
  leases.write(LEASED);
  const state = directory.join("state");
  Deno.writeTextFileSync(`${state}/.${NAME}.lease.tmp`, "{");
  Deno.writeTextFileSync(`${state}/${NAME}.lease`, "{");
  const before = namesIn(directory).sort();
  assertEquals(readLeaseFiles(state, CONTEXT.digest), {
    records: [LEASED],
    unusable: [{ path: `${state}/${NAME}.lease`, reason: "not JSON" }],
  });
  assertEquals(namesIn(directory).sort(), before);
});

Deno.test("readLeaseFiles() finds nothing without a directory, and creates none", () => {
  using directory = new TempDir();
  const state = directory.join("state");
  assertEquals(readLeaseFiles(state, CONTEXT.digest), {
    records: [],
    unusable: [],
  });
  assertEquals([...Deno.readDirSync(directory.path)], []);
});
