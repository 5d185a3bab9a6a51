/** The binaries, and the permissions of each. @module */

/** One binary. */
export interface Binary {
  /** Its file name under dist/. */
  readonly name: string;
  /** Entry point, from the top of the repository. */
  readonly main: string;
  /** Permissions compiled in; a binary has no others. */
  readonly permissions: readonly string[];
  /**
   * Unix sockets that it listens on or sends to. Deno 2.9 has permissions for them; before, they
   * were files for which `--allow-read` and `--allow-write` suffice.
   */
  readonly sockets?: readonly string[];
  /** Network addresses that it listens on. */
  readonly hosts?: readonly string[];
  /** Settings of the JavaScript engine, compiled in. */
  readonly v8Flags?: readonly string[];
}

const CNI_VARIABLES = [
  "CNI_COMMAND",
  "CNI_CONTAINERID",
  "CNI_NETNS",
  "CNI_IFNAME",
  "CNI_ARGS",
  "CNI_PATH",
  "CNI_NETNS_OVERRIDE",
];

/** The variables with which systemd passes a socket (sd_listen_fds(3)). */
const ACTIVATION_VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/** By which systemd asks for messages about the state of the daemon (sd_notify(3)). */
const NOTIFY_VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/** By which systemd says that stderr is read by journald (systemd.exec(5)). */
const JOURNAL_VARIABLE = "JOURNAL_STREAM";

/** The plugins: what `deno task build` makes. */
export const PLUGINS: readonly Binary[] = [
  {
    name: "host-local",
    main: "main_host_local.ts",
    permissions: [
      // dataDir, resolvConf and the netns come from the configuration, so they can be anywhere.
      "--allow-read",
      "--allow-write",
      // The last is for the width of tables that no terminal shows.
      `--allow-env=${
        [
          ...CNI_VARIABLES,
          ...ACTIVATION_VARIABLES,
          ...NOTIFY_VARIABLES,
          JOURNAL_VARIABLE,
          "COLUMNS",
        ].join()
      }`,
      // The resident process sends datagrams to systemd.
      "--unstable-net",
      // The age of reservations, and whether other users can change the directory of a network.
      "--allow-sys=osUptime,uid",
    ],
    // Of the resident process. The socket is made at another path, and renamed.
    sockets: [
      "/run/cni/host-local.sock",
      "/run/cni/host-local.sock.new/socket",
      "/run/cni/host-local.sock.notify",
      // In a container that sees the root of the host at /host (deploy/kubernetes).
      "/host/run/cni/host-local.sock",
      "/host/run/cni/host-local.sock.new/socket",
      "/run/systemd/notify",
      "/run/cni/host-local-metrics.sock",
      "/run/cni/host-local-metrics.sock.new/socket",
    ],
    // Of the metrics of the resident process.
    hosts: ["127.0.0.1", "[::1]"],
    v8Flags: [
      // A call ends before compiled code pays off. Without the compilers no memory is both writable
      // and executable, so the plugin works where that is forbidden (PR_SET_MDWE). With them the
      // resident process would need up to a quarter less processor time for a call, and 17 to 30 MB
      // more memory.
      "--jitless",
      // The young generation of the heap, 16 MB by default, of which the resident process would use
      // all. With 1 MB it would take 7 % more processor time for a call.
      "--max-semi-space-size=4",
    ],
  },
  {
    name: "dhcp",
    main: "main_dhcp.ts",
    permissions: [
      "--allow-read",
      "--allow-write",
      // The last is for the width of tables that no terminal shows.
      `--allow-env=${
        [
          ...CNI_VARIABLES,
          ...ACTIVATION_VARIABLES,
          ...NOTIFY_VARIABLES,
          JOURNAL_VARIABLE,
          "COLUMNS",
        ].join()
      }`,
      // The socket between plugin and daemon; all else goes through the C library.
      "--allow-net",
      "--allow-ffi",
      // Callers must be root or the daemon's own user.
      "--allow-sys=uid",
    ],
    v8Flags: [
      // The young generation of the heap, 16 MB by default: a third of the daemon's memory with
      // 1,000 leases.
      "--max-semi-space-size=1",
      // Code that runs rarely gains nothing from compilation, and the compilers cost memory: 12 MB
      // of the binary's text and 4 MB of their own. Without them no memory is both writable and
      // executable.
      "--jitless",
      // Collects garbage after about 2 MB instead of 8 MB.
      "--optimize-for-size",
    ],
  },
];

/** A script that writes one line: the lower bound of the start time, for comparison. */
export const EMPTY: Binary = {
  name: "empty",
  main: "tools/build/empty.ts",
  permissions: [],
};

/** Returns the binary with this name. @throws {Error} if there is none. */
export function binaryNamed(name: string): Binary {
  const found = [...PLUGINS, EMPTY].find((known) => known.name === name);
  if (found === undefined) {
    throw new Error(`Cannot build "${name}": unknown binary`);
  }
  return found;
}

/**
 * Returns the binaries with these names; all plugins if there is none.
 *
 * @throws {Error} if there is no such binary.
 */
export function chosenBinaries(names: readonly string[]): readonly Binary[] {
  return names.length === 0 ? PLUGINS : names.map(binaryNamed);
}

/** Returns the permissions of a binary for the compiler of this version, as options. */
export function permissionOptions(
  { permissions, sockets = [], hosts = [] }: Pick<
    Binary,
    "permissions" | "sockets" | "hosts"
  >,
  denoVersion: string,
): readonly string[] {
  const [major = 0, minor = 0] = denoVersion.split(".").map(Number);
  const hasSockets = major > 2 || (major === 2 && minor >= 9);
  const paths = hasSockets ? sockets.map((path) => `unix:${path}`) : [];
  const net = [...paths, ...hosts];
  return net.length === 0
    ? permissions
    : [...permissions, `--allow-net=${net.join()}`];
}
