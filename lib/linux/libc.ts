/**
 * The C library: the project's only `Deno.dlopen`, and the layout of the one structure that differs
 * by machine.
 *
 * Only this folder calls it. Needs the permission `ffi`; no other permission restricts what is
 * called here. Every symbol is in glibc 2.28 and later (so `statx`, not `fstat`), and none has
 * arguments that differ between x86_64 and aarch64.
 *
 * @module
 */

const LIBRARY = "libc.so.6";

const SYMBOLS = {
  // int *__errno_location(void);
  __errno_location: { parameters: [], result: "pointer" },
  // char *strerror(int errnum);
  strerror: { parameters: ["i32"], result: "pointer" },
  // void abort(void);
  abort: { parameters: [], result: "void" },

  // int open(const char *path, int flags);
  open: { parameters: ["buffer", "i32"], result: "i32" },
  /**
   * openat2(2), which has no function of its own: its number is the same on both machines.
   * `long syscall(long number, int dirfd, const char *path, struct open_how *how, size_t size);`
   */
  openat2: {
    name: "syscall",
    parameters: ["i64", "i32", "buffer", "buffer", "usize"],
    result: "i64",
  },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  /** close(2) on another thread, for a descriptor that takes long to close; errno is lost. */
  close_blocking: {
    name: "close",
    parameters: ["i32"],
    result: "i32",
    nonblocking: true,
  },
  // ssize_t read(int fd, void *buf, size_t count);
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // ssize_t write(int fd, const void *buf, size_t count);
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // int fchmod(int fd, mode_t mode);
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  // int fcntl(int fd, int cmd, int arg);
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int ioctl(int fd, unsigned long request, void *argp);
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  // int fstatfs(int fd, struct statfs *buf);
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  // int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *buf);
  statx: {
    parameters: ["i32", "buffer", "i32", "u32", "buffer"],
    result: "i32",
  },
  // DIR *opendir(const char *name);
  opendir: { parameters: ["buffer"], result: "pointer" },
  // struct dirent *readdir(DIR *dirp);
  readdir: { parameters: ["pointer"], result: "pointer" },
  // int closedir(DIR *dirp);
  closedir: { parameters: ["pointer"], result: "i32" },

  // int capget(cap_user_header_t hdrp, cap_user_data_t datap);
  capget: { parameters: ["buffer", "buffer"], result: "i32" },
  // int setns(int fd, int nstype);
  setns: { parameters: ["i32", "i32"], result: "i32" },

  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int bind(int fd, const struct sockaddr *addr, socklen_t len);
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int listen(int fd, int backlog);
  listen: { parameters: ["i32", "i32"], result: "i32" },
  // int connect(int fd, const struct sockaddr *addr, socklen_t len);
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int getsockname(int fd, struct sockaddr *addr, socklen_t *len);
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  // int setsockopt(int fd, int level, int name, const void *value, socklen_t len);
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  // int getsockopt(int fd, int level, int name, void *value, socklen_t *len);
  getsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  // ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
  // socklen_t addrlen);
  sendto: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"],
    result: "isize",
  },
  // ssize_t recvmsg(int fd, struct msghdr *msg, int flags);
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "isize" },

  // int epoll_create1(int flags);
  epoll_create1: { parameters: ["i32"], result: "i32" },
  // int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  // int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  /** epoll_wait(2) on another thread, so that it may block; errno is lost. */
  epoll_wait_blocking: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  // int eventfd(unsigned int initval, int flags);
  eventfd: { parameters: ["u32", "i32"], result: "i32" },

  // int clock_gettime(clockid_t clock, struct timespec *ts);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // int timerfd_create(int clockid, int flags);
  timerfd_create: { parameters: ["i32", "i32"], result: "i32" },
  // int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
  timerfd_settime: {
    parameters: ["i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
} as const;

/** The functions of the C library. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;
let errnoView: Deno.UnsafePointerView | undefined;

/**
 * Returns the C library, which is opened by the first call and never closed. Needs the permission
 * `ffi`.
 */
export function libc(): Libc {
  library ??= open();
  return library.symbols;
}

/**
 * Returns this thread's errno. No other call of the C library may come between a failure and this
 * call.
 */
export function errno(): number {
  return errnoView?.getInt32() ?? 0;
}

/**
 * Opens the library and finds errno before the first call can fail. The address of errno belongs to
 * the thread; every call whose errno is needed runs on this one.
 */
function open(): typeof library & object {
  const opened = Deno.dlopen(LIBRARY, SYMBOLS);
  const location = opened.symbols.__errno_location();
  if (location !== null) errnoView = new Deno.UnsafePointerView(location);
  return opened;
}

/**
 * `struct epoll_event`. It is packed on x86_64 only: the 64 bits of user data are at offset 4
 * there, and at 8 elsewhere.
 */
export const EPOLL_EVENT = Deno.build.arch === "x86_64"
  ? { size: 12, dataOffset: 4 } as const
  : { size: 16, dataOffset: 8 } as const;

/**
 * Returns zeroed memory that never moves, for structures that point to each other and for calls on
 * other threads.
 *
 * V8 keeps small typed arrays in its moving heap unless each has its own ArrayBuffer.
 */
export function pinnedBytes(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(size));
}

/**
 * Returns the address of `bytes`, for a pointer in a structure. It is valid for as long as the
 * caller keeps `bytes`.
 */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

/**
 * Encodes text as `const char *`.
 *
 * @throws {RangeError} if it contains a NUL, which would end it early.
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new RangeError(
      `Cannot pass ${JSON.stringify(text)} to the C library: it contains a NUL`,
    );
  }
  return new TextEncoder().encode(`${text}\0`);
}
