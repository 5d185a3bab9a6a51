/** A host that has only busybox. @module */

/** A static busybox. */
export const BUSYBOX = "/bin/busybox";

/** The programs of it that install.sh uses. */
export const APPLETS = [
  ...["cat", "chmod", "cp", "dirname", "ln", "ls", "mkdir", "mv", "rm"],
  ...["rmdir", "sh", "sha256sum", "sleep", "sync", "uname"],
];
