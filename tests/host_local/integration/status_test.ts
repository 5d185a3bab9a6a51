/** STATUS fails with code 50 wherever ADD fails, and succeeds wherever ADD succeeds. */

import { assertEquals, assertMatch } from "@std/assert";
import { OURS } from "../../support/binaries.ts";
import {
  environmentOf,
  errorIn,
  networkConfig,
} from "../../support/host_local_call.ts";
import { testRowsInParallel } from "../../support/parallel_rows.ts";
import { TempDir } from "../../support/temp_dir.ts";

/** A state of the machine. */
interface State {
  readonly name: string;
  /** Shell commands that produce it, as root in a mount namespace; `$D` is the data directory. */
  readonly setUp?: string;
  readonly dataDir?: string;
  /** Whether another user than root calls the plugin. */
  readonly asNobody?: boolean;
  /** What the error of STATUS says; undefined if STATUS and ADD succeed. */
  readonly want?: RegExp;
}

const SANDBOX = "the plugin's sandbox does not allow paths";

const STATES: readonly State[] = [
  { name: "a directory that does not exist" },
  { name: "an empty directory", setUp: "mkdir $D/net" },
  {
    name: "a network that the caller can write but does not own",
    setUp: "mkdir $D/net; : >$D/net/lock; chmod 777 $D/net",
    asNobody: true,
  },
  {
    name: "a file system without inodes",
    setUp: "mount -t tmpfs -o nr_inodes=1 t $D",
    want: /^create a file in \S+: no space left on device$/,
  },
  {
    name: "a full file system",
    setUp:
      "mount -t tmpfs -o size=64k t $D; mkdir $D/net; yes >$D/full 2>&- || true",
    want: /^write a file in \S+: no space left on device$/,
  },
  {
    name: "a file system that is mounted read-only",
    setUp: "mount -t tmpfs -o ro t $D",
    want: /^create a file in \S+: read-only file system$/,
  },
  {
    name: "a network on a file system that is mounted read-only",
    setUp:
      "mount -t tmpfs t $D; mkdir $D/net; : >$D/net/lock; mount -o remount,ro $D",
    want: /^create a file in \S+: read-only file system$/,
  },
  {
    name: "a dataDir that the caller cannot write",
    asNobody: true,
    want: /^create a file in \S+: permission denied$/,
  },
  {
    name: "a network that the caller cannot write",
    setUp: "mkdir $D/net; : >$D/net/lock",
    asNobody: true,
    want: /^create a file in \S+: permission denied$/,
  },
  {
    name: "a network that the caller cannot list",
    setUp: "mkdir $D/net; : >$D/net/lock; chmod 733 $D/net",
    asNobody: true,
    want: /^open \S+\/net: permission denied$/,
  },
  {
    name: "a lock that the caller cannot open",
    setUp:
      "mkdir $D/net; : >$D/net/lock; chmod 600 $D/net/lock; chmod 777 $D/net",
    asNobody: true,
    want: /^open \S+\/net\/lock: permission denied$/,
  },
  {
    name: "a directory instead of .pending",
    setUp: "mkdir -p $D/net/.pending",
    want: /^open \S+\/\.pending: is a directory$/,
  },
  {
    name: "a link instead of .answered",
    setUp: "mkdir $D/net; ln -s x $D/net/.answered",
    want: /^open \S+\/\.answered: is not a regular file$/,
  },
  ...["/dev/shm", "/proc", "/sys"].map((parent) => ({
    name: `a dataDir below ${parent}`,
    setUp: "mount -t tmpfs t /dev/shm",
    dataDir: `${parent}/cni-ipam-test`,
    want: new RegExp(`^create a file in ${parent}: ${SANDBOX}`),
  })),
];

/** Calls the plugin twice in the same state, and returns the errors that it printed. */
async function callBoth(
  { setUp = "true", dataDir, asNobody = false }: State,
): Promise<readonly ReturnType<typeof errorIn>[]> {
  using temp = new TempDir();
  await Deno.chmod(temp.path, 0o755);
  const data = temp.join("data");
  await Deno.mkdir(data);
  await Deno.writeTextFile(temp.join("plugin"), "");
  const config = networkConfig({
    cniVersion: "1.1.0",
    dataDir: dataDir ?? data,
    subnets: ["10.1.0.0/24"],
  });
  const user = asNobody
    ? "setpriv --reuid 65534 --regid 65534 --clear-groups"
    : "";
  const script = `set -e; umask 022
    mount --bind "$BINARY" plugin   # where every user can run it
    ${setUp}
    for CNI_COMMAND in STATUS ADD; do
      export CNI_COMMAND
      printf %s "$CONFIG" | ${user} ./plugin >$CNI_COMMAND || true
    done
    # An ADD that fails creates nothing.
    test -z "$OUTSIDE" || test ! -e "$OUTSIDE"`;
  const { code, stderr } = await new Deno.Command("unshare", {
    args: ["-m", "--propagation", "slave", "sh", "-c", script],
    cwd: temp.path,
    clearEnv: true,
    env: {
      ...environmentOf({ command: "" }),
      PATH: Deno.env.get("PATH") ?? "",
      BINARY: OURS,
      CONFIG: config,
      OUTSIDE: dataDir ?? "",
      D: data,
    },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return ["STATUS", "ADD"].map((name) =>
    errorIn(Deno.readTextFileSync(temp.join(name)))
  );
}

testRowsInParallel(
  ["root", `binary:${OURS}`, "command:unshare", "command:setpriv"],
  "STATUS and ADD with",
  STATES.map((state) => ({
    name: state.name,
    run: async () => {
      const [status, add] = await callBoth(state);
      if (state.want === undefined) {
        assertEquals([status, add], [undefined, undefined]);
        return;
      }
      assertEquals([status?.code, add?.code], [50, 5]);
      assertMatch(status?.msg ?? "", state.want);
    },
  })),
);
