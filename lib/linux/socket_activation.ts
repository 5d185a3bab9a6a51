/** The listening socket that systemd passes (sd_listen_fds(3)). @module */

import { SystemError } from "../base/errors.ts";
import { lstat } from "../sys/files.ts";
import {
  isSocketPassed,
  LISTEN_FDS_START,
  type ServiceEnv,
} from "../sys/service_variables.ts";
import { Descriptor } from "./descriptor.ts";
import { checked, isErrno } from "./errno.ts";
import { libc, pinnedBytes } from "./libc.ts";
import { getOption, SOCK, SOL_SOCKET } from "./socket.ts";
import { AF, SOCKADDR_UN, unixPathOf } from "./socket_address.ts";
import { UnixListener } from "./unix_listener.ts";

const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0x800;

/**
 * Returns the listening socket that systemd, or another program with its protocol, passes to
 * process `pid`.
 *
 * The socket file is not removed later, because systemd owns it. The variables are removed from the
 * environment, so that no child process uses them.
 *
 * @param env The environment with LISTEN_PID and LISTEN_FDS: `Deno.env`.
 * @returns Undefined if no socket is passed.
 * @throws {SystemError} if more than one is passed, or it is not a listening Unix socket. Texts are
 *   upstream's.
 */
export function activatedListener(
  env: ServiceEnv,
  pid: number,
): UnixListener | undefined {
  if (!isSocketPassed(env, pid)) return undefined;
  const socket = new Descriptor(LISTEN_FDS_START);
  if (!isListening(socket)) {
    throw new SystemError("LISTEN_FDS=1 but no FD found", {
      advice: "descriptor 3 must be a listening Unix stream socket",
    });
  }
  const { fd } = socket;
  checked(libc().fcntl(fd, F_SETFD, FD_CLOEXEC), "fcntl");
  const flags = checked(libc().fcntl(fd, F_GETFL, 0), "fcntl");
  checked(libc().fcntl(fd, F_SETFL, flags | O_NONBLOCK), "fcntl");
  return new UnixListener(socket, { path: pathOf(socket), isOwner: false });
}

/**
 * Returns the path that a socket is bound to, even if its file was removed. Undefined if its name
 * is not a path, or the path leads nowhere, as when it was bound in another mount namespace.
 */
function pathOf({ fd }: Descriptor): string | undefined {
  const address = pinnedBytes(SOCKADDR_UN);
  const length = Uint32Array.of(SOCKADDR_UN);
  checked(libc().getsockname(fd, address, length), "getsockname");
  const path = unixPathOf(address.subarray(0, length[0]));
  return path.startsWith("/") && couldBeSocket(path) ? path : undefined;
}

function couldBeSocket(path: string): boolean {
  try {
    const directory = path.slice(0, path.lastIndexOf("/") + 1);
    const info = lstat(path);
    return info === undefined
      ? lstat(directory)?.isDirectory === true
      : info.isSocket === true;
  } catch (error) {
    // A path that this process cannot read is of no use to it.
    if (error instanceof SystemError) return false;
    throw error;
  }
}

function isListening(socket: Descriptor): boolean {
  const option = (name: number): number =>
    getOption(socket, { level: SOL_SOCKET, name, size: 4 }).getInt32(0, true);
  try {
    return option(SO_DOMAIN) === AF.UNIX && option(SO_TYPE) === SOCK.STREAM &&
      option(SO_ACCEPTCONN) === 1;
  } catch (error) {
    if (isErrno(error, "EBADF", "ENOTSOCK")) return false;
    throw error;
  }
}
