/** The file of the launcher: small, static, hardened, reproducible. @module */

import { assertEquals } from "@std/assert";
import { viewOf } from "../../lib/base/bytes.ts";
import { segmentAlignments } from "../../tools/build/elf.ts";
import { buildLauncher } from "../../tools/build/launcher.ts";
import { REPO_ROOT } from "../support/binaries.ts";
import { skipped } from "../support/requirements.ts";
import { TempDir } from "../support/temp_dir.ts";
import { MACHINES } from "./machines.ts";

/** A program header (elf(5)). */
interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
}

const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_GNU_STACK = 0x6474e551;
const PT_GNU_PROPERTY = 0x6474e553;
const WRITABLE_AND_EXECUTABLE = 3;

/** What a relocation table is called: DT_RELA, DT_REL, DT_JMPREL, DT_RELR; and libraries. */
const NEEDS_LINKER = [1, 7, 17, 23, 36];

function segmentsOf(bytes: Uint8Array): Segment[] {
  const view = viewOf(bytes);
  const start = Number(view.getBigUint64(32, true));
  return Array.from({ length: view.getUint16(56, true) }, (_, index) => {
    const at = start + index * 56;
    return {
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 8, true)),
      size: Number(view.getBigUint64(at + 32, true)),
    };
  });
}

/** Returns the tags of the dynamic section. */
function tagsOf(bytes: Uint8Array, { offset, size }: Segment): number[] {
  const view = viewOf(bytes);
  return Array.from(
    { length: size / 16 },
    (_, index) => Number(view.getBigUint64(offset + index * 16, true)),
  );
}

Deno.test("build says so and succeeds if there is no compiler", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=tools", "tools/build.ts", "cni-launcher"],
    cwd: REPO_ROOT,
    env: { PATH: "/nonexistent", NO_COLOR: "1" },
  }).output();
  assertEquals(
    [code, new TextDecoder().decode(stdout)],
    [0, "cni-launcher: not built, because there is no clang and no ld.lld\n"],
    new TextDecoder().decode(stderr),
  );
});

for (const { name, target, launcher, reason } of MACHINES) {
  const test = (
    title: string,
    run: (bytes: Uint8Array) => void | Promise<void>,
  ): void => {
    const full = `the launcher for ${name} ${title}`;
    if (reason !== undefined) return skipped(full, reason);
    Deno.test(full, async () => run(await Deno.readFile(launcher)));
  };

  test("has at most 32 KiB", (bytes) => {
    assertEquals(bytes.length <= 32 * 1024, true, `${bytes.length} bytes`);
  });

  test("needs no interpreter, no library and no relocation", (bytes) => {
    const segments = segmentsOf(bytes);
    assertEquals(segments.filter(({ type }) => type === PT_INTERP), []);
    const tags = segments.filter(({ type }) => type === PT_DYNAMIC)
      .flatMap((segment) => tagsOf(bytes, segment));
    assertEquals(tags.length > 0, true);
    assertEquals(tags.filter((tag) => NEEDS_LINKER.includes(tag)), []);
  });

  test("has no memory that is writable and executable, and no executable stack", (bytes) => {
    const segments = segmentsOf(bytes);
    assertEquals(
      segments.filter(({ flags }) =>
        (flags & WRITABLE_AND_EXECUTABLE) === WRITABLE_AND_EXECUTABLE
      ),
      [],
    );
    const stack = segments.filter(({ type }) => type === PT_GNU_STACK);
    assertEquals(stack.map(({ flags }) => flags & 1), [0]);
  });

  if (target === "aarch64-unknown-linux-gnu") {
    test("can be loaded by kernels with pages of 64 KiB", (bytes) => {
      const alignments = segmentAlignments(bytes);
      assertEquals(alignments.filter((each) => each < 65536), []);
    });
  }

  test("lets the processor check indirect jumps", (bytes) => {
    const notes = segmentsOf(bytes).filter(({ type }) =>
      type === PT_GNU_PROPERTY
    );
    // The note has a header of 24 bytes; IBT and SHSTK, or BTI and PAC, are bits 0 and 1. Linkers
    // mark the file only if all of its code has them.
    const bits = notes.map(({ offset }) =>
      viewOf(bytes).getUint32(offset + 24, true)
    );
    assertEquals(bits.map((each) => each & 1), [1]);
  });

  test("is built without warnings", async () => {
    using folder = new TempDir();
    const warnings = ["-Wall", "-Wextra", "-Wconversion", "-Werror"];
    await buildLauncher(target, folder.join("launcher"), warnings);
  });

  test("is the same each time it is built", async (bytes) => {
    using folder = new TempDir();
    await buildLauncher(target, folder.join("other/name"));
    assertEquals(await Deno.readFile(folder.join("other/name")), bytes);
  });
}
