import { assertEquals } from "@std/assert";
import { compile } from "../../tools/build/compile.ts";
import { findCompiler } from "../../tools/build/compiler.ts";
import { hostTarget } from "../../tools/build/target.ts";
import { TestLink } from "../support/network_namespaces.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testAsRoot } from "../support/requirements.ts";

const PROGRAM = "tests/sys_dhcp/smoke_program.ts";
const REPOSITORY = new URL("../..", import.meta.url).pathname;
/** Those of the dhcp binary, so neither `run` nor `sys`. */
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  "--allow-ffi",
];

async function smoke(command: readonly string[]): Promise<void> {
  using link = new TestLink();
  using directory = new TempDir();
  const [program = "", ...args] = command;
  const { stdout, stderr } = await new Deno.Command(program, {
    args: [
      ...args,
      link.client.path,
      link.server.path,
      directory.join("dhcp.sock"),
    ],
    cwd: REPOSITORY,
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(
    text === "" ? new TextDecoder().decode(stderr) : JSON.parse(text),
    {
      firstErrno: true,
      link: ["eth0", "veth", true],
      event: "changed",
      addresses: ["192.0.2.7"],
      packet: "decoded verify",
      flushed: true,
      errno: true,
      timer: true,
      socket: true,
    },
  );
}

testAsRoot(
  "everything works under deno run with the permissions of the dhcp binary",
  async () => {
    await smoke([
      ...[Deno.execPath(), "run", "--no-prompt"],
      ...PERMISSIONS,
      PROGRAM,
    ]);
  },
);

testAsRoot("everything works in a compiled binary", async () => {
  using directory = new TempDir();
  const target = hostTarget();
  const output = directory.join("smoke");
  await compile(
    { name: "smoke", main: PROGRAM, permissions: PERMISSIONS },
    { compiler: await findCompiler(target), target, output },
  );
  await smoke([output]);
});
