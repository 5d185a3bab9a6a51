/** The commands of host-local for operators, as data: help, man page and completions. Pure. @module */

import { EXIT_STATUS } from "../../cli/exit_status.ts";
import type {
  Argument,
  Command,
  ExitStatus,
  Option,
  Program,
} from "../../cli/program.ts";
import { SHELLS } from "../../cli/completion.ts";
import { DEFAULT_DATA_DIR } from "../config.ts";

/** Where runtimes look for network configurations. */
export const DEFAULT_CONFIG_DIR = "/etc/cni/net.d";

/** Below this share of free addresses a range set is low; in percent. */
export const DEFAULT_LOW_PERCENT = 10;

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

const STATUS: Readonly<Record<keyof typeof EXIT_STATUS, number>> = EXIT_STATUS;

function statuses(ok: string, problems?: string): readonly ExitStatus[] {
  return [
    { status: STATUS.ok, meaning: ok },
    ...(problems === undefined
      ? []
      : [{ status: STATUS.problems, meaning: problems }]),
    { status: STATUS.usage, meaning: "The arguments are wrong" },
    {
      status: STATUS.failure,
      meaning: "The operating system refused something, so there is no answer",
    },
  ];
}

const LIST: Command = {
  name: "list",
  summary: "List every reservation",
  description: [
    "Prints the network, address, container, interface and age of each reservation, and whether its container exists.",
    "alive: a container runtime or a network namespace has the container. gone: the address was reserved before the last boot, or the namespace of the container no longer exists. no trace: container runtimes run on this host, and none has the container; that is no proof, because not every runtime can be asked. unknown: nothing on this host tells.",
    "Changes nothing. Works on what upstream's plugin has written, too.",
  ],
  arguments: [NETWORKS],
  options: [DATA_DIR],
  statuses: statuses("The list is complete"),
  examples: [
    { call: "host-local list", comment: "All networks of this host" },
    {
      call:
        `host-local list --json | jq -r '.reservations[] | select(.state == "gone") | .file'`,
      comment: "The files of containers that are gone",
    },
  ],
};

const SHOW: Command = {
  name: "show",
  summary: "Show how full each range set is",
  description: [
    "Prints for each network and range set how many addresses it has, and how many are used and free. Addresses of gateways count as neither.",
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
  statuses: statuses(
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

const COMPLETION: Command = {
  name: "completion",
  summary: "Print the completions for a shell",
  description: [
    "Load them with: source <(host-local completion bash), or write them to the directory of completions of the shell.",
  ],
  arguments: [{
    name: "SHELL",
    help: SHELLS.join(", "),
    isRequired: true,
    isRepeated: false,
    completion: SHELLS,
  }],
  options: [],
  statuses: statuses("The completions are printed"),
  examples: [{
    call:
      "host-local completion bash >/usr/share/bash-completion/completions/host-local",
    comment: "For all users of bash",
  }],
};

const MAN: Command = {
  name: "man",
  summary: "Print the manual page",
  description: ["The page is in the format of man(7)."],
  arguments: [],
  options: [],
  statuses: statuses("The page is printed"),
  examples: [{
    call: "host-local man | man -l -",
    comment: "Read the page",
  }],
};

/** The program and its commands. */
export const PROGRAM: Program = {
  name: "host-local",
  summary: "allocate addresses to containers, and look after them",
  description: [
    "host-local is an IPAM plugin of the Container Network Interface (CNI). A container runtime starts it with CNI_COMMAND in the environment and a network configuration on stdin. The commands below are for operators; they need no CNI_COMMAND.",
  ],
  commands: [LIST, SHOW, COMPLETION, MAN],
  commonOptions: [
    {
      name: "json",
      help: "Print one JSON document instead of text",
    },
    {
      name: "wide",
      help: "Do not shorten the columns of tables",
    },
  ],
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
