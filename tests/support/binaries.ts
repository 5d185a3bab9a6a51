/** The binaries under test, and upstream's. @module */

import { LAUNCHER } from "../../tools/build/launcher.ts";
import { REPOSITORY } from "../../tools/repository.ts";

/** The top folder of the repository. */
export const REPO_ROOT: string = REPOSITORY;

/** This project's compiled host-local; `HOST_LOCAL_BIN` selects another. */
export const OURS: string = Deno.env.get("HOST_LOCAL_BIN") ??
  `${REPO_ROOT}/dist/host-local`;

/** This project's compiled dhcp; `DHCP_BIN` selects another. */
export const DHCP_BIN: string = Deno.env.get("DHCP_BIN") ??
  `${REPO_ROOT}/dist/dhcp`;

/** The compiled launcher of both plugins. */
export const LAUNCHER_BIN = `${REPO_ROOT}/dist/${LAUNCHER}`;

/** The folder of Debian's CNI plugins; `CNI_UPSTREAM_DIR` selects another. */
export const UPSTREAM_DIR: string = Deno.env.get("CNI_UPSTREAM_DIR") ??
  "/usr/lib/cni";

/** Upstream's host-local. */
export const UPSTREAM = `${UPSTREAM_DIR}/host-local`;
