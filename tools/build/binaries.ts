/** What is compiled, and what each binary is allowed to do. @module */

/** One binary. */
export interface Binary {
  /** Its file name under dist/. */
  readonly name: string;
  /** Entry point, from the top of the repository. */
  readonly main: string;
  /** Permissions compiled in; a binary cannot do what is not named here. */
  readonly permissions: readonly string[];
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

/** By which systemd passes a socket (sd_listen_fds(3)). */
const ACTIVATION_VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"];

/** By which systemd asks for messages about the state of the daemon (sd_notify(3)). */
const NOTIFY_VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/** The plugins: what `deno task build` makes. */
export const PLUGINS: readonly Binary[] = [
  {
    name: "host-local",
    main: "main_host_local.ts",
    permissions: [
      // dataDir, resolvConf and the netns come from the configuration, so they can be anywhere.
      "--allow-read",
      "--allow-write",
      `--allow-env=${CNI_VARIABLES.join()}`,
      "--allow-sys=osUptime",
    ],
  },
  {
    name: "dhcp",
    main: "main_dhcp.ts",
    permissions: [
      "--allow-read",
      "--allow-write",
      `--allow-env=${
        [...CNI_VARIABLES, ...ACTIVATION_VARIABLES, ...NOTIFY_VARIABLES].join()
      }`,
      // The socket between plugin and daemon; all else goes through the C library.
      "--allow-net",
      "--allow-ffi",
      // Callers must be root or the daemon's own user.
      "--allow-sys=uid",
    ],
    v8Flags: [
      // The nursery of the daemon's heap, 16 MB unless told otherwise: a third of its memory with 1,000 leases.
      "--max-semi-space-size=1",
      // What runs once in a while gains nothing by being compiled, and the compilers cost memory: 12 MB of the binary's text
      // and 4 MB of their own. No memory is both writable and executable then, either.
      "--jitless",
      // Garbage is collected after some 2 MB instead of 8.
      "--optimize-for-size",
    ],
  },
];

/** A script that writes one line: the floor of the start time, for comparisons. */
export const EMPTY: Binary = {
  name: "empty",
  main: "tools/build/empty.ts",
  permissions: [],
};
