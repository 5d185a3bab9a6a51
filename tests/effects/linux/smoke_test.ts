import { assertEquals } from "@std/assert";
import { compile } from "../../../tools/build/compile.ts";
import { findCompiler } from "../../../tools/build/compiler.ts";
import { hostTarget } from "../../../tools/build/target.ts";
import { TestLink } from "../../support/network_namespaces.ts";
import { REPO_ROOT } from "../../support/binaries.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { testAsRoot, testWith } from "../../support/requirements.ts";

const PROGRAM = "tests/effects/linux/smoke_program.ts";
const REPOSITORY = REPO_ROOT;
/** The permissions of the dhcp binary: neither `run` nor `sys`. */
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  "--allow-ffi",
];

const RUN = [Deno.execPath(), "run", "--no-prompt", ...PERMISSIONS, PROGRAM];

async function smoke(command: readonly string[]): Promise<void> {
  using link = new TestLink();
  await report(command, [link.client.path, link.server.path]);
}

/**
 * Runs the program and compares its report.
 *
 * @param paths The namespaces, unless `command` adds them.
 */
async function report(
  command: readonly string[],
  paths: readonly string[] = [],
): Promise<void> {
  using directory = new TempDir();
  const [program = "", ...args] = command;
  const { stdout, stderr } = await new Deno.Command(program, {
    args: [...args, directory.join("dhcp.sock"), ...paths],
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
  "the kernel interface works under deno run with the permissions of the dhcp binary",
  async () => {
    await smoke(RUN);
  },
);

testAsRoot("the kernel interface works in a compiled binary", async () => {
  using directory = new TempDir();
  const target = hostTarget();
  const output = directory.join("smoke");
  await compile(
    { name: "smoke", main: PROGRAM, permissions: PERMISSIONS },
    { compiler: await findCompiler(target), target, output },
  );
  await smoke([output]);
});

/** Sets up what {@link TestLink} does, below a private `/run`. */
const LINK = `set -e
  mount -t tmpfs tmpfs /run
  for name in client server; do ip netns add $name; done
  ip -n client link add eth0 type veth peer name eth0 netns server
  ip -n server addr add 192.0.2.1/24 dev eth0
  for name in client server; do ip -n $name link set eth0 up; done
  exec "$@" /run/netns/client /run/netns/server`;

testWith(
  ["user-namespaces", "command:ip"],
  "the kernel interface works in a user namespace",
  async () => {
    await report(["unshare", "-Urnm", "sh", "-c", LINK, "sh", ...RUN]);
  },
);
