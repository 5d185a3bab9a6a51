/** Failed system calls: error number, name and text. @module */

import { SystemError } from "../base/errors.ts";
import { errno, libc } from "./libc.ts";

/**
 * Names in the order of their numbers, from 1. They are the same on x86_64 and aarch64
 * (asm-generic/errno.h).
 */
const ERRNO_NAMES =
  `EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT
ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG
ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP
- ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL
ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV
ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD
ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE
EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT
EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN
ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY
EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE
ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL
EHWPOISON`;

let names: readonly string[] | undefined;

/** A signal interrupted the call. */
export const EINTR = 4;
/** The call would block. */
export const EAGAIN = 11;

/** Returns the name of an error number, such as `ENODEV`; `E999` for a number without a name. */
export function errnoName(errno: number): string {
  names ??= ERRNO_NAMES.split(/\s/);
  const name = names[errno - 1];
  return name === undefined || name === "-" ? `E${errno}` : name;
}

/**
 * Returns the C library's text for an error number, with a lower-case first letter. Needs the
 * permission `ffi`.
 */
export function errnoText(errno: number): string {
  const pointer = libc().strerror(errno);
  if (pointer === null) return errnoName(errno);
  const text = Deno.UnsafePointerView.getCString(pointer);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** A system call that failed. Code may branch on `errnoName`; the message is for operators. */
export class SyscallError extends SystemError {
  readonly errnoName: string;

  /**
   * @param syscall Name of the system call or netlink request.
   * @param errno Error number, positive.
   * @param subject The object of the call, such as a path; empty if there is none.
   * @param reason Replaces the C library's text for the error number.
   */
  constructor(
    readonly syscall: string,
    readonly errno: number,
    subject = "",
    reason = errnoText(errno),
  ) {
    super(`${syscall}${subject === "" ? "" : ` ${subject}`}: ${reason}`, {
      isDenied: ["EPERM", "EACCES"].includes(errnoName(errno)),
    });
    this.errnoName = errnoName(errno);
  }
}

/** Returns whether `error` is a system call that failed with one of these errors. */
export function isErrno(
  error: unknown,
  ...names: readonly string[]
): error is SyscallError {
  return error instanceof SyscallError && names.includes(error.errnoName);
}

/**
 * Checks the result of a system call that reports failure as -1.
 *
 * @returns The result as a number.
 * @throws {SyscallError} if `result` is negative. It has the current errno, so nothing may come
 *   between the system call and this call.
 */
export function checked(
  result: number | bigint,
  syscall: string,
  subject = "",
): number {
  if (result < 0) throw new SyscallError(syscall, errno(), subject);
  return Number(result);
}
