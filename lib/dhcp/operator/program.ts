/** The commands of dhcp for operators, as data for help and completions. Pure. @module */

import {
  COMMON_OPTIONS,
  completionCommand,
  exitStatuses,
  manCommand,
  validateCommand,
} from "../../cli/common_commands.ts";
import type { Argument, Command, Option, Program } from "../../cli/program.ts";
import { DEFAULT_CONFIG_DIR } from "../../cni/config_document.ts";
import { DEFAULT_SOCKET_PATH } from "../config/dhcp_config.ts";

const NAME = "dhcp";

/** How long a probe waits for an offer, in seconds. */
export const DEFAULT_PROBE_SECONDS = 10;

/** The interface that a probe uses. */
export const DEFAULT_INTERFACE = "eth0";

const SOCKET: Option = {
  name: "socket",
  value: "PATH",
  help: "The socket of the daemon",
  fallback: DEFAULT_SOCKET_PATH,
  completion: "file",
};

const STATE_DIR: Option = {
  name: "state-dir",
  value: "DIR",
  help:
    "The directory of the lease files, for when no daemon runs; by default the path of the socket without .sock",
  completion: "directory",
};

const IFNAME: Option = {
  name: "ifname",
  value: "NAME",
  help: "Only this interface of the container",
};

const CONTAINER: Argument = {
  name: "CONTAINER",
  help: "a container ID, or the start of one",
  isRequired: true,
  isRepeated: false,
};

function leasesCommand(): Command {
  return {
    name: "leases",
    summary: "List every lease",
    description: [
      "Prints the container, network and interface of each lease, the state of its client, its address, and how long it is until T1 (renewal) and expiry. With --wide also T2, the server, how many messages were sent and received, and the last error.",
      "Asks the daemon. If none answers, reads the lease files, and says so.",
      "The states are those of RFC 2131 figure 5. PROBING: the address is checked for a conflict. GONE: the interface was removed, and the lease waits for the DEL of the runtime. In the files: STORED, OFFERED (an interrupted ADD), LOST (the address must not be used), EXPIRED, and EARLIER-BOOT.",
    ],
    arguments: [],
    options: [SOCKET, STATE_DIR],
    statuses: exitStatuses(
      "Every lease is in use, and its server renews it",
      "A lease is lost, gone, not there yet, or its server does not renew it",
    ),
    examples: [
      { call: "dhcp leases", comment: "All leases of this host" },
      {
        call:
          `dhcp leases --json | jq -r '.leases[] | select(.state == "REBINDING") | .containerId'`,
        comment: "The containers whose server does not answer",
      },
    ],
  };
}

function showCommand(): Command {
  return {
    name: "show",
    summary: "Show the leases of a container",
    description: [
      "Prints everything that is known of each lease of the container: state, interface, address, server, the times of RFC 2131, messages sent and received by type, and the last error.",
      "Asks the daemon. If none answers, reads the lease files, and says so.",
    ],
    arguments: [CONTAINER],
    options: [IFNAME, SOCKET, STATE_DIR],
    statuses: exitStatuses(
      "The container has a lease, and its server renews it",
      "There is no lease of the container, or something is wrong with it",
    ),
    examples: [{ call: "dhcp show 3f2a9c1b", comment: "One container" }],
  };
}

function probeCommand(): Command {
  return {
    name: "probe",
    summary: "Find out whether an interface would get a lease",
    description: [
      "Sends a DHCPDISCOVER on an interface of a network namespace, and prints what happens at each step: whether the interface is up and has a carrier, what was sent, which servers answered, what they offer, and why the daemon would refuse it. After the first usable offer it listens 3 seconds for other servers.",
      "Sends no DHCPREQUEST, so no server grants anything, and changes nothing on the host. Servers see a client of its own: a lease of the container is not affected. A server may set the offered address aside for some seconds.",
      "With --config it sends and accepts what the network configures: the options of provide and request, broadcast, suppress, routes and timeout. Its client identifier stays its own.",
      "Needs the capabilities of the daemon: CAP_SYS_ADMIN and CAP_NET_RAW.",
    ],
    arguments: [],
    options: [
      {
        name: "netns",
        value: "PATH",
        help:
          "The network namespace, such as /run/netns/NAME or /proc/PID/ns/net",
        completion: "file",
      },
      {
        name: "ifname",
        value: "NAME",
        help: "The interface",
        fallback: DEFAULT_INTERFACE,
      },
      {
        name: "timeout",
        value: "SECONDS",
        help:
          "How long to wait for a usable offer; by default the timeout of the network, or 10 seconds",
      },
      {
        name: "config",
        value: "PATH",
        help: "A network configuration whose options the probe uses",
        completion: "file",
      },
      {
        name: "network",
        value: "NAME",
        help: "With --config: the name of the network, if there are several",
      },
      {
        name: "args",
        value: "CNI_ARGS",
        help:
          "With --config: the CNI_ARGS of the ADD, such as K8S_POD_NAME=web-0",
      },
    ],
    statuses: exitStatuses(
      "A server offers a lease that the daemon would accept",
      "No server does",
    ),
    examples: [
      {
        call: "dhcp probe --netns /run/netns/cni-5d1c9a52 --ifname net1",
        comment: "Why a container gets no address",
      },
      {
        call:
          "dhcp probe --netns /run/netns/cni-5d1c9a52 --config /etc/cni/net.d/20-lan.conflist",
        comment: "With the options of its network",
      },
    ],
  };
}

function renewCommand(): Command {
  return {
    name: "renew",
    summary: "Renew the leases of a container now",
    description: [
      "Asks the daemon to send a DHCPREQUEST to the server at once instead of at T1, and prints what came of it. Changed values are applied to the interface as in any renewal. Without an answer within 10 seconds the lease stays as it is.",
    ],
    arguments: [CONTAINER],
    options: [IFNAME, SOCKET],
    statuses: exitStatuses(
      "Every lease is renewed",
      "There is no lease of the container, or one is not renewed",
    ),
    examples: [{
      call: "dhcp renew 3f2a9c1b",
      comment: "After a change of the server's configuration",
    }],
  };
}

function releaseCommand(): Command {
  return {
    name: "release",
    summary: "Release the leases of a container",
    description: [
      "Asks the daemon to send a DHCPRELEASE and to forget the lease, as DEL does. It leaves the interface alone: do this for a container that no longer exists. A container that continues to use the address conflicts with the host that gets it next.",
    ],
    arguments: [CONTAINER],
    options: [IFNAME, SOCKET],
    statuses: exitStatuses(
      "Every lease is released",
      "There is no lease of the container, or one is not released",
    ),
    examples: [{
      call: "dhcp release 3f2a9c1b --ifname net1",
      comment: "One interface of a container that is gone",
    }],
  };
}

function watchCommand(): Command {
  return {
    name: "watch",
    summary: "Print what happens to leases, as it happens",
    description: [
      "Prints a line for each event: acquired, renewed, rebound (renewed by any server), address-changed, released, expired, refused (DHCPNAK) and failed. Container IDs are shortened unless --wide is given. With --json each line is a JSON document.",
      "Ends with SIGINT, when its reader ends, and when the daemon stops. A reader that is too slow for 1,000 events is dropped: the last line, watch-ended, says so.",
    ],
    arguments: [{
      ...CONTAINER,
      help: `${CONTAINER.help}; without one, all leases`,
      isRequired: false,
    }],
    options: [SOCKET],
    statuses: exitStatuses("The reader of the lines has ended"),
    examples: [{
      call: "dhcp watch --json | jq -c 'select(.event == \"failed\")'",
      comment: "Acquisitions that fail, with the reason",
    }],
  };
}

/** Returns the program and its commands. */
export function dhcpProgram(): Program {
  return {
    name: NAME,
    summary: "acquire container addresses from DHCP servers",
    description: [
      "dhcp is an IPAM plugin of the Container Network Interface (CNI). A container runtime starts it with CNI_COMMAND in the environment and a network configuration on stdin. The commands below are for operators; they need no CNI_COMMAND.",
      "dhcp daemon acquires, renews and releases the leases; dhcp daemon -help lists its flags.",
    ],
    commands: [
      leasesCommand(),
      showCommand(),
      watchCommand(),
      renewCommand(),
      releaseCommand(),
      probeCommand(),
      validateCommand(NAME, {
        warnings: "or options without which containers get no gateway",
        all: "All configurations of this host",
      }),
      completionCommand(NAME),
      manCommand(NAME),
    ],
    commonOptions: COMMON_OPTIONS,
    files: [
      { path: DEFAULT_SOCKET_PATH, help: "The socket of the daemon" },
      {
        path: "/run/cni/dhcp/",
        help: "The lease files of the daemon, and release notes of the plugin",
      },
      {
        path: DEFAULT_CONFIG_DIR,
        help: "The network configurations of the container runtime",
      },
    ],
    seeAlso: ["https://www.cni.dev/plugins/current/ipam/dhcp/"],
  };
}
