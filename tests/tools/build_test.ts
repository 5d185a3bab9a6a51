/**
 * The binaries of `deno task build`: reproducible, confined, and without traces at run time.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type Binary,
  permissionOptions,
  PLUGINS,
} from "../../tools/build/binaries.ts";
import { bundle } from "../../tools/build/bundle.ts";
import { compile } from "../../tools/build/compile.ts";
import { findCompiler } from "../../tools/build/compiler.ts";
import { segmentAlignments } from "../../tools/build/elf.ts";
import { mapStack } from "../../tools/build/map_stack.ts";
import { sha256 } from "../../tools/build/pinned_file.ts";
import { hostTarget, type Target } from "../../tools/build/target.ts";
import { cniEnv, runPlugin } from "../support/plugin_process.ts";
import { testWith } from "../support/requirements.ts";
import { TempDir } from "../support/temp_dir.ts";

const HOST_LOCAL = plugin("host-local");
const QEMU = "/usr/bin/qemu-aarch64-static";
const AARCH64_LIBRARIES = "/usr/aarch64-linux-gnu";

function plugin(wanted: string): Binary {
  const found = PLUGINS.find(({ name }) => name === wanted);
  if (found === undefined) {
    throw new Error(`Cannot test "${wanted}": unknown plugin`);
  }
  return found;
}

async function compileTo(
  output: string,
  binary: Binary = HOST_LOCAL,
  target: Target = hostTarget(),
): Promise<void> {
  await compile(binary, {
    compiler: await findCompiler(target),
    target,
    output,
  });
}

Deno.test("compile() writes the same bytes each time", async () => {
  using dir = new TempDir();
  const hashes = [];
  for (const output of [dir.join("a/host-local"), dir.join("b/host-local")]) {
    await compileTo(output);
    hashes.push(sha256(await Deno.readFile(output)));
  }
  assertEquals(hashes[0], hashes[1]);
});

Deno.test("compile() grants host-local its permissions and no others", async () => {
  using dir = new TempDir();
  const binary = dir.join("probe");
  await compileTo(binary, {
    ...HOST_LOCAL,
    main: "tests/tools/permission_probe.ts",
  });
  const { stdout } = await runPlugin({ binary, env: {} });
  assertEquals(JSON.parse(stdout), [
    "read",
    "write",
    "env CNI_ARGS",
    "env COLUMNS",
    "sys osUptime",
    "sys uid",
    "net 127.0.0.1:9100",
    "net [::1]:9100",
  ]);
});

Deno.test("permissionOptions() grants sockets only where Deno has permissions for them", () => {
  const binary = { permissions: ["--allow-read"], sockets: ["/a", "/b"] };
  const all = ["--allow-read", "--allow-net=unix:/a,unix:/b"];
  assertEquals(
    ["2.7.11", "2.8.3", "2.9.0", "2.10.0", "3.0.0"].map((version) =>
      permissionOptions(binary, version)
    ),
    [["--allow-read"], ["--allow-read"], all, all, all],
  );
  assertEquals(permissionOptions({ permissions: [] }, "2.9.6"), []);
});

Deno.test("permissionOptions() grants sockets and addresses in one option", () => {
  const binary = { permissions: [], sockets: ["/a"], hosts: ["127.0.0.1"] };
  assertEquals(
    ["2.7.11", "2.9.0"].map((version) => permissionOptions(binary, version)),
    [["--allow-net=127.0.0.1"], ["--allow-net=unix:/a,127.0.0.1"]],
  );
});

Deno.test("mapStack() finds the source of a stack trace of a compiled binary", async () => {
  using dir = new TempDir();
  const binary = dir.join("probe");
  const probe = { ...HOST_LOCAL, main: "tests/tools/stack_probe.ts" };
  await compileTo(binary, probe);
  const { stdout } = await runPlugin({ binary, env: {} });
  const entry = await bundle(probe, dir.join("bundle"));
  const map = JSON.parse(await Deno.readTextFile(`${entry}.map`));
  const maps = new Map([["stack_probe.js", map]]);
  const lines = mapStack(stdout, maps).split("\n");
  assertEquals(
    lines.map((line) => line.replace(/^.*\(|^ +at |\)$/g, "")),
    [
      "Error: probe",
      "tests/tools/stack_probe.ts:4:9",
      "tests/tools/stack_probe.ts:8:3",
    ],
  );
});

Deno.test("a compiled plugin leaves no file in the temporary directory", async () => {
  using dir = new TempDir();
  using temporary = new TempDir();
  const binary = dir.join("host-local");
  await compileTo(binary);
  const env = cniEnv("VERSION", {
    extra: { TMPDIR: temporary.path, HOME: temporary.path },
  });
  const { code } = await runPlugin({ binary, env, cwd: temporary.path });
  assertEquals(code, 0);
  assertEquals(await Array.fromAsync(Deno.readDir(temporary.path)), []);
});

/** The largest pages of arm64 kernels. */
const MAX_PAGE_BYTES = 65536;

Deno.test("compile() builds a binary for aarch64 that kernels with any page size can load", async () => {
  using dir = new TempDir();
  const output = dir.join("host-local");
  await compileTo(output, HOST_LOCAL, "aarch64-unknown-linux-gnu");
  const alignments = segmentAlignments(await Deno.readFile(output));
  assertEquals(
    [
      alignments.length > 0,
      alignments.filter((bytes) => bytes < MAX_PAGE_BYTES),
    ],
    [true, []],
  );
});

testWith(
  [`binary:${QEMU}`, `binary:${AARCH64_LIBRARIES}/lib/libc.so.6`],
  "compile() builds a binary for aarch64 that runs",
  async () => {
    using dir = new TempDir();
    const output = dir.join("host-local");
    await compileTo(output, HOST_LOCAL, "aarch64-unknown-linux-gnu");
    const { stdout, success } = await new Deno.Command(QEMU, {
      args: ["-L", AARCH64_LIBRARIES, output],
      env: cniEnv("VERSION"),
      stdin: "null",
    }).output();
    assertEquals(success, true);
    assertEquals(
      JSON.parse(new TextDecoder().decode(stdout)).cniVersion,
      "1.1.0",
    );
  },
);
