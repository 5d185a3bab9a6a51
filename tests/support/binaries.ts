/** Which binaries the tests drive. @module */

/** Top of the repository. */
export const REPO_ROOT = new URL("../..", import.meta.url).pathname.replace(
  /\/$/,
  "",
);

/** The compiled host-local of this project; `HOST_LOCAL_BIN` points elsewhere. */
export const OURS: string = Deno.env.get("HOST_LOCAL_BIN") ??
  `${REPO_ROOT}/dist/host-local`;

/** The compiled dhcp of this project; `DHCP_BIN` points elsewhere. */
export const DHCP_BIN: string = Deno.env.get("DHCP_BIN") ??
  `${REPO_ROOT}/dist/dhcp`;

/** Folder of Debian's CNI plugins; `CNI_UPSTREAM_DIR` points elsewhere. */
export const UPSTREAM_DIR: string = Deno.env.get("CNI_UPSTREAM_DIR") ??
  "/usr/lib/cni";

/** The upstream host-local that is replaced. */
export const UPSTREAM = `${UPSTREAM_DIR}/host-local`;
