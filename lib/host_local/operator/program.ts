/** The commands of host-local for operators, as data for help and completions. Pure. @module */

import {
  COMMON_OPTIONS,
  completionCommand,
  exitStatuses,
  manCommand,
  validateCommand,
} from "../../cli/common_commands.ts";
import type { Argument, Command, Option, Program } from "../../cli/program.ts";
import { DEFAULT_CONFIG_DIR } from "../../cni/config_document.ts";
import { DEFAULT_DATA_DIR } from "../config.ts";

const NAME = "host-local";

/** Below this share of free addresses a range set is low; in percent. */
export const DEFAULT_LOW_PERCENT = 10;

/** How old a reservation must be for `reclaim`, as a duration. */
export const DEFAULT_GRACE = "1h";

/** The container that `explain --config` imagines. */
export const DEFAULT_CONTAINER = "new-container";

/** Its interface. */
export const DEFAULT_INTERFACE = "eth0";

const DATA_DIR: Option = {
  name: "data-dir",
  value: "DIR",
  help: "The directory that has the directories of the networks",
  fallback: DEFAULT_DATA_DIR,
  completion: "directory",
};

const CONFIG: Option = {
  name: "config",
  value: "PATH",
  help:
    "A network configuration, or a directory of them, that has the range sets",
  fallback: DEFAULT_CONFIG_DIR,
  completion: "file",
};

const NETWORKS: Argument = {
  name: "NETWORK",
  help: "the name of a network; without one, all networks",
  isRequired: false,
  isRepeated: true,
};

function listCommand(): Command {
  return {
    name: "list",
    summary: "List every reservation",
    description: [
      "Prints the network, address, container, interface and age of each reservation, and whether its container exists.",
      "alive: a container runtime or a network namespace has the container. gone: the address was reserved before the last boot, or the namespace of the container no longer exists. no trace: container runtimes run on this host, and none has the container; that is no proof, because not every runtime can be asked. unknown: nothing on this host tells.",
      "Changes nothing. Works on what upstream's plugin has written, too.",
    ],
    arguments: [NETWORKS],
    options: [DATA_DIR],
    statuses: exitStatuses("The list is complete"),
    examples: [
      { call: "host-local list", comment: "All networks of this host" },
      {
        call:
          `host-local list --json | jq -r '.reservations[] | select(.state == "gone") | .file'`,
        comment: "The files of containers that are gone",
      },
    ],
  };
}

function showCommand(): Command {
  return {
    name: "show",
    summary: "Show how full each range set is",
    description: [
      "Prints for each network and range set how many addresses it has, and how many are used, free, excluded and cooling down. Addresses of gateways count as neither. Of the used ones it says how many are from before the last boot, and how many are suspected stale: their container is gone or left no trace, as in list.",
      "The range sets come from the configuration of the network. A network without one is shown with the number of its reservations.",
    ],
    arguments: [NETWORKS],
    options: [
      DATA_DIR,
      CONFIG,
      {
        name: "low",
        value: "PERCENT",
        help: "Warn if less than this share of a range set is free",
        fallback: String(DEFAULT_LOW_PERCENT),
      },
    ],
    statuses: exitStatuses(
      "Every range set has enough free addresses",
      "A range set is low or full",
    ),
    examples: [
      {
        call: "host-local show --low 25 k8s-pod-network",
        comment: "One network, with an early warning",
      },
    ],
  };
}

function explainCommand(): Command {
  return {
    name: "explain",
    summary: "Explain an address or a container, or what ADD would do",
    description: [
      "With an address: who holds it, since when, and how it is known whether the container exists; or why it is free. With the ID of a container, or the start of it: every address that it holds.",
      "With --config and no argument: what ADD would do now for each network of the configuration, step by step. It runs the plugin itself on a copy of what the directory says, and changes nothing.",
    ],
    arguments: [{
      name: "ADDRESS|CONTAINER",
      help: "an address, a container ID, or the start of one",
      isRequired: false,
      isRepeated: false,
    }],
    options: [
      DATA_DIR,
      CONFIG,
      {
        name: "container",
        value: "ID",
        help: "With --config: the container ID of the ADD",
        fallback: DEFAULT_CONTAINER,
      },
      {
        name: "ifname",
        value: "NAME",
        help: "With --config: the interface of the ADD",
        fallback: DEFAULT_INTERFACE,
      },
      {
        name: "args",
        value: "CNI_ARGS",
        help: "With --config: the CNI_ARGS of the ADD, such as IP=192.0.2.7",
      },
    ],
    statuses: exitStatuses(
      "The address or container is known, or ADD would succeed",
      "Nothing is known about it, or ADD would fail",
    ),
    examples: [
      { call: "host-local explain 10.88.0.7", comment: "An address" },
      {
        call:
          "host-local explain --config /etc/cni/net.d/10-net.conflist --args IP=10.88.0.7",
        comment: "Whether a container could get an address",
      },
    ],
  };
}

function checkStateCommand(): Command {
  return {
    name: "check-state",
    summary:
      "Find and repair what is inconsistent in the directories of networks",
    description: [
      "Prints everything that is not as a call of the plugin leaves it, what it means, and what to do. A problem keeps an address or a call from working; a note is harmless.",
      "With --repair it does what the next call would do (undo an interrupted ADD, remove empty and temporary files, rebuild the index), and what is safe: it removes cursors without an address and leftovers of the index, and clears the permission of other users to write. It prints each step, and never releases an address that a container holds.",
      "Reservations outside the configured range sets and owners with several addresses are found only if the configuration of the network is.",
    ],
    arguments: [NETWORKS],
    options: [
      DATA_DIR,
      CONFIG,
      { name: "repair", help: "Repair what can be repaired safely" },
    ],
    statuses: exitStatuses(
      "There are no problems, or none are left",
      "There are problems",
    ),
    examples: [
      { call: "host-local check-state", comment: "Look, and change nothing" },
      {
        call: "host-local check-state --repair k8s-pod-network",
        comment: "Repair one network",
      },
    ],
  };
}

function reclaimCommand(): Command {
  return {
    name: "reclaim",
    summary: "Release the addresses of containers that no longer exist",
    description: [
      "Finds reservations whose containers ended without a DEL. Without --yes it only prints what it would release, what it keeps, and why.",
      "A reservation is released only on two proofs that do not depend on each other. First, the container ended: the address was reserved before the last boot, or the network namespace that the CNI cache records no longer exists. Second, the container is in no list: neither in that of --live, nor, without --live, in what containerd or the storage of podman and CRI-O has below /run. What shows that the container exists always counts.",
      "A reservation must also be as old as the grace period, at the time when the containers were listed. With --yes, each network is locked while its reservations are released; both proofs are checked again under the lock, and a log line on stderr records them for each reservation.",
    ],
    arguments: [NETWORKS],
    options: [
      DATA_DIR,
      { name: "dry-run", help: "Change nothing, which is the default" },
      { name: "yes", help: "Release what can be released" },
      {
        name: "live",
        value: "FILE",
        help:
          "A list of all containers that exist, or - for standard input: one ID per line, or a JSON array of IDs. In Kubernetes these are the IDs of the pod sandboxes",
        completion: "file",
      },
      {
        name: "grace",
        value: "DURATION",
        help: "Keep what was reserved within this time",
        fallback: DEFAULT_GRACE,
      },
    ],
    statuses: exitStatuses(
      "Nothing can be released, or with --yes all of it was",
      "There is something to release, or with --yes some of it was not released",
    ),
    examples: [
      {
        call: "host-local reclaim",
        comment: "Look, and change nothing",
      },
      {
        call: "crictl pods -q | host-local reclaim --live - --yes",
        comment: "Release with the list of a Kubernetes node",
      },
    ],
  };
}

function metricsCommand(): Command {
  return {
    name: "metrics",
    summary: "Print how full the networks are, for Prometheus",
    description: [
      "Prints metrics in the text format of Prometheus, for the textfile collector of the node exporter: the size of each range set and how many of its addresses are reserved. The size is known only if the configuration of the network is found.",
      "A file that is named like an address counts as a reservation. No file is opened and no lock is taken, so calls of the plugin do not wait for it.",
      "With --output the file is replaced at once, with mode 0644, so that the collector never reads half of it. Run it every minute, for example from a systemd timer.",
    ],
    arguments: [],
    options: [
      DATA_DIR,
      CONFIG,
      {
        name: "output",
        value: "FILE",
        help: "Write the metrics to a file instead of printing them",
        completion: "file",
      },
    ],
    statuses: exitStatuses("Every network could be read"),
    examples: [
      {
        call:
          "host-local metrics --output /var/lib/prometheus/node-exporter/host-local.prom",
        comment: "Where Debian's node exporter reads text files",
      },
    ],
  };
}

/** Returns the program and its commands. */
export function hostLocalProgram(): Program {
  return {
    name: NAME,
    summary: "allocate container addresses on one host",
    description: [
      "host-local is an IPAM plugin of the Container Network Interface (CNI). A container runtime starts it with CNI_COMMAND in the environment and a network configuration on stdin. The commands below are for operators; they need no CNI_COMMAND.",
      "host-local daemon runs the calls of the plugin in a process that stays; host-local daemon -help lists its flags.",
    ],
    commands: [
      listCommand(),
      showCommand(),
      explainCommand(),
      validateCommand(NAME, {
        warnings:
          "a gateway outside its subnet, or two networks that can allocate the same address",
        all: "All configurations of this host, also against each other",
      }),
      checkStateCommand(),
      reclaimCommand(),
      metricsCommand(),
      completionCommand(NAME),
      manCommand(NAME),
    ],
    commonOptions: COMMON_OPTIONS,
    files: [
      {
        path: `${DEFAULT_DATA_DIR}/NETWORK/`,
        help: "The reservations of a network, one file for each address",
      },
      {
        path: DEFAULT_CONFIG_DIR,
        help: "The network configurations of the container runtime",
      },
    ],
    seeAlso: ["https://www.cni.dev/plugins/current/ipam/host-local/"],
  };
}
