/** System calls for sockets of any family. None of them blocks. @module */

import { type BpfInstruction, encodeBpf } from "../net/packet_filter.ts";
import { Descriptor } from "./descriptor.ts";
import { checked, EAGAIN, EINTR, isErrno, SyscallError } from "./errno.ts";
import { addressOf, cString, errno, libc, pinnedBytes } from "./libc.ts";

/** Socket types. */
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3 } as const;
/** The level of the options that every socket has. */
export const SOL_SOCKET = 1;

/**
 * SOCK_CLOEXEC and SOCK_NONBLOCK: every socket is non-blocking and not inherited by other programs.
 */
export const SOCK_FLAGS = 0x80000 | 0x800;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const SO_ATTACH_FILTER = 26;
const SO_RCVBUFFORCE = 33;

/**
 * Opens a non-blocking socket in the namespace that the thread is in.
 *
 * @param family One of `AF`.
 * @param type One of {@link SOCK}.
 * @throws {SyscallError} if that fails.
 */
export function openSocket(
  family: number,
  type: number,
  protocol = 0,
): Descriptor {
  const result = libc().socket(family, type | SOCK_FLAGS, protocol);
  return new Descriptor(checked(result, "socket"));
}

/**
 * Binds a socket.
 *
 * @param address A `struct sockaddr_*`.
 * @param subject The address as text, for the error message.
 * @throws {SyscallError} as bind(2) fails.
 */
export function bindSocket(
  { fd }: Descriptor,
  address: Uint8Array<ArrayBuffer>,
  subject: string,
): void {
  checked(libc().bind(fd, address, address.length), "bind", subject);
}

/** Sets an option whose value is an int. @throws {SyscallError} as setsockopt(2) fails. */
export function setOption(
  { fd }: Descriptor,
  { level, name, value }: {
    readonly level: number;
    readonly name: number;
    readonly value: number;
  },
): void {
  const bytes = Int32Array.of(value);
  const result = libc().setsockopt(fd, level, name, bytes, bytes.byteLength);
  checked(result, "setsockopt", `${level}:${name}`);
}

/**
 * Sets how many bytes of messages may wait to be received. The kernel doubles the number, and
 * counts some hundred bytes more for each message. Further messages are lost.
 *
 * Without CAP_NET_ADMIN in the initial user namespace, net.core.rmem_max limits the number.
 */
export function setReceiveQueue(socket: Descriptor, bytes: number): void {
  const level = SOL_SOCKET;
  try {
    setOption(socket, { level, name: SO_RCVBUFFORCE, value: bytes });
  } catch (error) {
    if (!isErrno(error, "EPERM")) throw error;
    setOption(socket, { level, name: SO_RCVBUF, value: bytes });
  }
}

/**
 * Reads the value of an option, at most `size` bytes.
 *
 * @throws {SyscallError} as getsockopt(2) fails.
 */
export function getOption(
  { fd }: Descriptor,
  { level, name, size }: {
    readonly level: number;
    readonly name: number;
    readonly size: number;
  },
): DataView<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  const length = Uint32Array.of(size);
  const result = libc().getsockopt(fd, level, name, bytes, length);
  checked(result, "getsockopt", `${level}:${name}`);
  return new DataView(bytes.buffer, 0, length[0]);
}

/**
 * Makes a socket send and receive through interface `ifName` only.
 *
 * @throws {SyscallError} as setsockopt(2) fails.
 */
export function bindToDevice({ fd }: Descriptor, ifName: string): void {
  const name = cString(ifName);
  const result = libc().setsockopt(
    fd,
    SOL_SOCKET,
    SO_BINDTODEVICE,
    name,
    name.length,
  );
  checked(result, "setsockopt SO_BINDTODEVICE", ifName);
}

/**
 * Makes a socket receive only what `filter` passes. Replaces the filter set before.
 *
 * @throws {SyscallError} as setsockopt(2) fails.
 */
export function attachFilter(
  { fd }: Descriptor,
  filter: readonly BpfInstruction[],
): void {
  const instructions = encodeBpf(filter);
  // struct sock_fprog { u16 len; struct sock_filter *filter; }
  const header = pinnedBytes(16);
  const view = new DataView(header.buffer);
  view.setUint16(0, filter.length, true);
  view.setBigUint64(8, addressOf(instructions), true);
  const result = libc().setsockopt(
    fd,
    SOL_SOCKET,
    SO_ATTACH_FILTER,
    header,
    header.length,
  );
  checked(result, "setsockopt SO_ATTACH_FILTER");
}

/**
 * Sends `bytes` with one call.
 *
 * @param address A `struct sockaddr_*`; null for a connected socket.
 * @param subject The destination as text, for the error message.
 * @returns How many bytes were sent.
 * @throws {SyscallError} as sendto(2) fails, EAGAIN included.
 */
export function sendTo(
  { fd }: Descriptor,
  bytes: Uint8Array,
  { address, subject }: {
    readonly address: Uint8Array<ArrayBuffer> | null;
    readonly subject: string;
  },
): number {
  return checked(send(fd, bytes, address), "sendto", subject);
}

/**
 * Sends `bytes` through a connected socket.
 *
 * @returns How many bytes were sent; undefined if the socket takes none now.
 * @throws {SyscallError} as sendto(2) fails otherwise.
 */
export function sendSome(
  { fd }: Descriptor,
  bytes: Uint8Array,
): number | undefined {
  return nonBlocking(() => send(fd, bytes, null), "sendto");
}

function send(
  fd: number,
  bytes: Uint8Array,
  address: Uint8Array<ArrayBuffer> | null,
): number | bigint {
  return libc().sendto(
    fd,
    bytes.slice(),
    BigInt(bytes.length),
    MSG_DONTWAIT | MSG_NOSIGNAL,
    address,
    address?.length ?? 0,
  );
}

/**
 * Runs a system call that must not block. Repeats it if a signal interrupts it.
 *
 * @param call Returns the result of the C library.
 * @param syscall Its name, for error messages.
 * @returns The result as a number; undefined if the call would block. That happens too often to
 *   make an error of it first.
 * @throws {SyscallError} if it fails otherwise.
 */
export function nonBlocking(
  call: () => number | bigint,
  syscall: string,
): number | undefined {
  for (;;) {
    const result = call();
    if (result >= 0) return Number(result);
    const code = errno();
    if (code === EAGAIN) return undefined;
    if (code !== EINTR) throw new SyscallError(syscall, code);
  }
}
