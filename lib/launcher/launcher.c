/*
 * The launcher of the resident engine. A container runtime starts it under the name of a plugin.
 * It hands the call to the resident process of that name and relays what comes back; if there is
 * none, it runs the standalone executable beside it. docs/launcher.md describes both.
 *
 * It relays bytes and interprets none of them. It uses no C library and no header, only the system
 * calls listed below; its buffers are fixed, and it has no recursion.
 */

/* System calls: the only part that depends on the machine. Linux never changes their numbers. */

#if defined(__x86_64__)
enum {
  SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_rt_sigaction = 13, SYS_madvise = 28,
  SYS_getpid = 39, SYS_socket = 41, SYS_connect = 42, SYS_sendto = 44, SYS_shutdown = 48,
  SYS_clone = 56, SYS_execve = 59, SYS_wait4 = 61, SYS_fcntl = 72, SYS_getcwd = 79, SYS_chdir = 80,
  SYS_getppid = 110, SYS_prctl = 157, SYS_clock_gettime = 228, SYS_exit_group = 231,
  SYS_newfstatat = 262, SYS_ppoll = 271, SYS_dup3 = 292, SYS_pipe2 = 293
};
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n call run\n hlt\n");
static long syscall5(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = 0;
  __asm__ volatile("syscall" : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
enum {
  SYS_getcwd = 17, SYS_dup3 = 24, SYS_fcntl = 25, SYS_chdir = 49, SYS_close = 57, SYS_pipe2 = 59,
  SYS_read = 63, SYS_write = 64, SYS_ppoll = 73, SYS_newfstatat = 79, SYS_exit_group = 94,
  SYS_clock_gettime = 113, SYS_rt_sigaction = 134, SYS_prctl = 167, SYS_getpid = 172,
  SYS_getppid = 173, SYS_socket = 198, SYS_connect = 203, SYS_sendto = 206, SYS_shutdown = 210,
  SYS_clone = 220, SYS_execve = 221, SYS_madvise = 233, SYS_wait4 = 260
};
__asm__(".globl _start\n_start: mov x29, #0\n mov x30, #0\n mov x0, sp\n bl run\n brk #1\n");
static long syscall5(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = 0;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}
#else
#error "expected x86_64 or aarch64"
#endif

/* A failed call returns the negative error number. */
#define CALL(name, a, b, c, d, e) \
  syscall5(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

/* From the headers of the kernel, the same on both machines. */
enum { ENOENT = 2, EINTR = 4, ENOEXEC = 8, EBADF = 9, EAGAIN = 11, EACCES = 13, EPIPE = 32 };
enum { POLLIN = 1, POLLOUT = 4 };
enum { O_NONBLOCK = 04000, O_CLOEXEC = 02000000, F_GETFD = 1, F_SETFL = 4, AT_FDCWD = -100 };
enum { AF_UNIX = 1, SOCK_STREAM = 1, SHUT_WR = 1, MSG_NOSIGNAL = 0x4000 };
enum { SIGKILL = 9, SIGPIPE = 13, SIGCHLD = 17, PR_SET_PDEATHSIG = 1, CLOCK_MONOTONIC = 1 };
enum { AT_EXECFN = 31, PATH_MAX = 4096, MADV_NOHUGEPAGE = 15 };

typedef unsigned char byte;
typedef unsigned int u32;
typedef unsigned long u64;
struct time { long seconds, nanoseconds; };
struct pollfd { int fd; short events, revents; };
struct sigaction { u64 handler, flags, restorer, mask; };
struct address { unsigned short family; char path[108]; };
struct status { u64 words[32]; }; /* struct stat: device, inode, ..., ctime in words 13 and 14. */

/* Limits and deadlines of the protocol; times in milliseconds. */
enum { HEADER = 40, MAX_ENVIRONMENT = 256 << 10, MAX_STDIN = 2 << 20, MAX_PAYLOAD = (4 << 20) + 1 };
enum { ACCEPT_MS = 2000, SILENCE_MS = 10000, NEVER = -1, CONNECT_STEP_MS = 5, EXEC_STEP_MS = 50 };

/* Memory counts only where it is used. The largest page of a machine is 64 KiB. */
#define PAGES __attribute__((aligned(65536)))
/* One byte above the limit shows that stdin is too long. */
static byte request[HEADER + MAX_ENVIRONMENT + MAX_STDIN + 1] PAGES;
static byte payload[MAX_PAYLOAD] PAGES;
static char standalone[PATH_MAX + 16];
static struct address address;
static struct sigaction old_pipe, old_child;

static u64 length(const char *text) {
  u64 n = 0;
  while (text[n]) n++;
  return n;
}

static int begins(const char *text, const char *with) {
  while (*with) if (*text++ != *with++) return 0;
  return 1;
}

/* Appends to a buffer that has room, and returns the new end. */
static char *append(char *to, const char *text) {
  while (*text) *to++ = *text++;
  *to = 0;
  return to;
}

static void put(byte *to, u64 value, int bytes) {
  for (int i = 0; i < bytes; i++) to[i] = (byte)(value >> (8 * i));
}

/* CLOCK_MONOTONIC, because an administrator can set the other clock at any time. */
static long now(void) {
  struct time t;
  CALL(clock_gettime, CLOCK_MONOTONIC, &t, 0, 0, 0);
  return t.seconds * 1000 + t.nanoseconds / 1000000;
}

/* Waits until the descriptor is ready. Returns 0 at the deadline. */
static int await(int fd, short events, long deadline) {
  for (;;) {
    struct pollfd one = { fd, events, 0 };
    long left = deadline - now();
    if (left < 0) left = 0;
    struct time t = { left / 1000, left % 1000 * 1000000 };
    long n = CALL(ppoll, &one, 1, deadline == NEVER ? 0 : &t, 0, 8);
    if (n != -EINTR) return n > 0;
  }
}

static void pause_for(long ms) {
  await(-1, 0, now() + ms);
}

/* The caller may have made its end of a stream non-blocking, which makes ours so too. */
static long read_some(int fd, void *to, u64 size) {
  for (;;) {
    long n = CALL(read, fd, to, size, 0, 0);
    if (n == -EAGAIN) await(fd, POLLIN, NEVER);
    else if (n != -EINTR) return n;
  }
}

static int write_all(int fd, const void *from, u64 size) {
  for (u64 done = 0; done < size;) {
    long n = CALL(write, fd, (const byte *)from + done, size - done, 0, 0);
    if (n > 0) done += (u64)n;
    else if (n == -EAGAIN) await(fd, POLLOUT, NEVER);
    else if (n != -EINTR) return 0;
  }
  return 1;
}

/* Sends or receives all the bytes, or returns 0. The socket is non-blocking. */
static int transfer(int fd, int is_sent, void *bytes, u64 size, long deadline) {
  for (u64 done = 0; done < size;) {
    byte *at = (byte *)bytes + done;
    long n = is_sent ? CALL(sendto, fd, at, size - done, MSG_NOSIGNAL, 0)
                     : CALL(read, fd, at, size - done, 0, 0);
    if (n > 0) done += (u64)n;
    else if (n == -EAGAIN && await(fd, is_sent ? POLLOUT : POLLIN, deadline)) continue;
    else if (n != -EINTR) return 0;
  }
  return 1;
}

/* Receives a frame into `payload`. Returns its type; 0 if there is none, or not a valid one. */
static int frame(int fd, u32 *size, long deadline) {
  byte head[5];
  if (!transfer(fd, 0, head, sizeof head, deadline)) return 0;
  *size = head[1] | (u32)head[2] << 8 | (u32)head[3] << 16 | (u32)head[4] << 24;
  u32 min = 0, max = 0;
  switch (head[0]) {
    case 'N': max = 1024; break;
    case 'E': max = MAX_PAYLOAD; break;
    case 'O': min = 1; max = MAX_PAYLOAD; break;
    case 'X': min = max = 1; break;
  }
  if (*size < min || *size > max) return 0;
  return transfer(fd, 0, payload, *size, deadline) ? head[0] : 0;
}

/* Connects and sends the request. Returns the socket if the request was accepted, or -1. */
static int open_call(u64 size) {
  long deadline = now() + ACCEPT_MS;
  int fd = (int)CALL(socket, AF_UNIX, SOCK_STREAM | O_NONBLOCK | O_CLOEXEC, 0, 0, 0);
  if (fd < 0) return -1;
  long n;
  u32 ignored;
  /* poll(2) does not report that a full backlog has room again. */
  while ((n = CALL(connect, fd, &address, sizeof address, 0, 0)) == -EAGAIN && now() < deadline)
    pause_for(CONNECT_STEP_MS);
  if (n >= 0 && transfer(fd, 1, request, size, deadline) && frame(fd, &ignored, deadline) == 'A')
    return fd;
  CALL(close, fd, 0, 0, 0, 0);
  return -1;
}

/*
 * Lets the resident process execute the call. Returns the exit status, or -1 if the standalone
 * executable must do it. That may repeat what the resident process has begun: every CNI command can
 * be repeated.
 */
static int call_resident(u64 size) {
  int fd = open_call(size), status = -1, failed = 0, type;
  u32 n;
  if (fd < 0) return -1;
  /* Not before 'A': a request that waits in a hung process must not run after the fallback. */
  transfer(fd, 1, "g", 1, now() + SILENCE_MS);
  while ((type = frame(fd, &n, now() + SILENCE_MS)) != 0) {
    if (type == 'E') {
      write_all(2, payload, n);
    } else if (type == 'O' && status < 0) {
      status = payload[0];
      failed = !write_all(1, payload + 1, n - 1);
      /* Without 'p' an ADD is undone; the end of the stream shows at once that none will come. */
      if (failed) CALL(shutdown, fd, SHUT_WR, 0, 0, 0);
      else transfer(fd, 1, "p", 1, now() + SILENCE_MS);
    } else if (type == 'X') {
      status = payload[0];
      break;
    } else if (type != 'B') {
      break;
    }
  }
  CALL(close, fd, 0, 0, 0, 0);
  return failed && status == 0 ? 1 : status;
}

static char *append_reason(char *to, long error) {
  switch (-error) {
    case ENOENT: return append(to, "no such file or directory");
    case EACCES: return append(to, "permission denied");
    case ENOEXEC: return append(to, "exec format error");
    case EAGAIN: return append(to, "resource temporarily unavailable");
  }
  to = append(to, "error number ");
  for (long unit = 1000; unit > 0; unit /= 10)
    if (-error >= unit) *to++ = (char)('0' + -error / unit % 10);
  *to = 0;
  return to;
}

/* Appends text to a JSON string, escaped as lib/cni/document.ts does. */
static char *append_escaped(char *to, const char *text) {
  const char *hex = "0123456789abcdef";
  for (; *text; text++) {
    byte c = (byte)*text;
    if (c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&') {
      to = append(to, "\\u00");
      *to++ = hex[c >> 4];
      *to++ = hex[c & 15];
    } else {
      *to++ = (char)c;
    }
  }
  *to = 0;
  return to;
}

/* Returns zeros if there is no such file. */
static void identify(const char *path, struct status *to) {
  for (int i = 0; i < 32; i++) to->words[i] = 0;
  CALL(newfstatat, AT_FDCWD, path, to, 0, 0);
}

/* Whether device, inode and time of change are the same: a file that was not replaced. */
static int is_same(const struct status *a, const struct status *b) {
  return a->words[0] == b->words[0] && a->words[1] == b->words[1] &&
         a->words[13] == b->words[13] && a->words[14] == b->words[14];
}

/* Writes the error document (CNI specification, section 5): code 11, try again later. */
static void refuse(long error) {
  char *start = (char *)payload;
  char *to = append(start, "{\n    \"cniVersion\": \"1.1.0\",\n    \"code\": 11,\n"
                           "    \"msg\": \"cannot run ");
  to = append_escaped(to, standalone);
  to = append_reason(append(to, ": "), error);
  to = append(to, "\",\n    \"details\": \"no resident process answers on ");
  to = append_escaped(to, address.path);
  to = append(to, "; start it, or install the standalone executable as ");
  to = append_escaped(to, standalone);
  to = append(to, "\"\n}");
  write_all(1, start, (u64)(to - start));
}

/* Whether the standalone executable starts with this temporary directory. */
static int is_plain(const char *path) {
  if (*path != '/') return 0;
  for (const char *at = path; *at; at++) {
    if ((byte)*at < ' ' || *at == 127) return 0;
    if (*at != '/' || at[1] != '.') continue;
    char end = at[2] == '.' ? at[3] : at[2];
    if (end == '/' || end == 0) return 0;
  }
  return 1;
}

/* Removes what would keep the standalone executable from starting. */
static void clean_surroundings(char **envp) {
  char **to = envp;
  for (char **from = envp; *from; from++)
    if (!begins(*from, "TMPDIR=") || is_plain(*from + 7)) *to++ = *from;
  *to = 0;
  long n = CALL(getcwd, payload, PATH_MAX, 0, 0, 0);
  if (n < 0 || payload[0] != '/') CALL(chdir, "/", 0, 0, 0, 0);
}

/* The streams of the standalone executable. */
struct streams {
  byte *stdin; /* What was read so far, or the latest part of it if it is too long. */
  u64 size;
  int more;            /* Whether there is more to read. */
  int forgotten;       /* Whether the first part was overwritten. */
  int printed, failed; /* Whether stdout received a byte, and whether a write to it failed. */
};

static void close_end(int *fd) {
  CALL(close, *fd, 0, 0, 0, 0);
  *fd = -1;
}

/* Relays between the caller and the child's pipes until the child has closed both. */
static void relay(struct streams *s, int in, int out) {
  u64 done = 0;
  s->printed = s->failed = 0;
  while (in >= 0 || out >= 0) {
    int pending = done < s->size;
    if (in >= 0 && !pending && !s->more) {
      close_end(&in);
      continue;
    }
    struct pollfd polled[4] = {
      { out, POLLIN, 0 },
      { in, pending ? POLLOUT : 0, 0 },
      { in >= 0 && !pending ? 0 : -1, POLLIN, 0 },
      { out >= 0 ? 1 : -1, 0, 0 }, /* Without events: reports only that the reader has gone. */
    };
    if (CALL(ppoll, polled, 4, 0, 0, 8) < 0) continue;
    if (polled[2].revents) {
      long n = read_some(0, s->stdin, MAX_STDIN);
      s->size = n > 0 ? (u64)n : 0;
      s->more = n > 0;
      s->forgotten = 1;
      done = 0;
    }
    if (polled[1].revents) {
      long n = -EPIPE;
      if (pending) n = CALL(write, in, s->stdin + done, s->size - done, 0, 0);
      if (n > 0) done += (u64)n;
      else if (n != -EAGAIN && n != -EINTR) close_end(&in);
    }
    if (polled[3].revents && !(polled[0].revents & POLLIN)) {
      /* The child's write fails, too, so it undoes an ADD. */
      close_end(&out);
    } else if (polled[0].revents) {
      long n = read_some(out, payload, sizeof payload);
      if (n > 0) s->printed = 1;
      if (n > 0 && !write_all(1, payload, (u64)n)) s->failed = 1;
      if (n <= 0 || s->failed) close_end(&out);
    }
  }
}

/* The child's part: becomes the standalone executable. */
static void become_standalone(char **argv, char **envp, int in, int out, long parent) {
  /* The call ends with the launcher, which may have ended already. */
  CALL(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (CALL(getppid, 0, 0, 0, 0, 0) != parent) CALL(exit_group, 1, 0, 0, 0, 0);
  CALL(dup3, in, 0, 0, 0, 0);
  CALL(dup3, out, 1, 0, 0, 0);
  CALL(rt_sigaction, SIGPIPE, &old_pipe, 0, 8, 0);
  CALL(rt_sigaction, SIGCHLD, &old_child, 0, 8, 0);
  CALL(execve, standalone, argv, envp, 0, 0);
  /* A replacement that is no rename leaves a moment without a file, or with an unfinished one. */
  pause_for(EXEC_STEP_MS);
  refuse(CALL(execve, standalone, argv, envp, 0, 0));
  CALL(exit_group, 1, 0, 0, 0, 0);
}

/* Runs the standalone executable. Returns its exit status, or the negative error number. */
static int run_child(char **argv, char **envp, struct streams *s) {
  int in[2], out[2], end = 0;
  long parent = CALL(getpid, 0, 0, 0, 0, 0), n = CALL(pipe2, in, O_CLOEXEC, 0, 0, 0);
  if (n >= 0) n = CALL(pipe2, out, O_CLOEXEC, 0, 0, 0);
  if (n >= 0) n = CALL(clone, SIGCHLD, 0, 0, 0, 0);
  if (n < 0) return (int)n;
  if (n == 0) become_standalone(argv, envp, in[0], out[1], parent);
  CALL(close, in[0], 0, 0, 0, 0);
  CALL(close, out[1], 0, 0, 0, 0);
  CALL(fcntl, in[1], F_SETFL, O_NONBLOCK, 0, 0);
  relay(s, in[1], out[0]);
  while (CALL(wait4, n, &end, 0, 0, 0) == -EINTR) {}
  int signal = end & 127, status = end >> 8 & 255;
  return signal ? 128 + signal : s->failed && status == 0 ? 1 : status;
}

/*
 * Lets the standalone executable execute the call. It opens its own file after the kernel has
 * started it, and fails if the file was replaced in between. Then it runs once more, but only if it
 * has printed nothing and has failed: no call succeeds twice.
 */
static int call_standalone(char **argv, char **envp, struct streams *s) {
  struct sigaction standard = { 0, 0, 0, 0 };
  struct status before, after;
  /* If the caller ignores the signal, the kernel keeps no exit status. */
  CALL(rt_sigaction, SIGCHLD, &standard, &old_child, 8, 0);
  clean_surroundings(envp);
  identify(standalone, &before);
  int status = run_child(argv, envp, s);
  identify(standalone, &after);
  if (status > 0 && !s->printed && !s->forgotten && !is_same(&before, &after))
    status = run_child(argv, envp, s);
  if (status < 0) refuse(status);
  return status < 0 ? 1 : status;
}

/* Writes the request into its buffer, except stdin. Returns its size, or 0 if it is too large. */
static u64 begin_request(char **envp) {
  struct status root;
  u64 size = 0;
  for (; *envp; envp++) {
    if (!begins(*envp, "CNI_")) continue;
    u64 n = length(*envp) + 1;
    if (size + n > MAX_ENVIRONMENT) return 0;
    append((char *)request + HEADER + size, *envp);
    size += n;
  }
  identify("/", &root);
  put(request, (u64)'C' << 8 | (u64)'N' << 16 | (u64)'I' << 24, 4);
  put(request + 4, 1, 4);
  put(request + 8, (u64)CALL(getpid, 0, 0, 0, 0, 0), 4);
  put(request + 12, size, 4);
  put(request + 24, root.words[0], 8);
  put(request + 32, root.words[1], 8);
  return HEADER + size;
}

/* Derives both paths from the launcher's own. A name that is too long for a socket has none. */
static void set_paths(const char *own) {
  const char *name = own;
  for (const char *at = own; *at; at++) if (*at == '/') name = at + 1;
  append(append(standalone, own), ".standalone");
  address.family = AF_UNIX;
  if (length(name) + 15 <= sizeof address.path)
    append(append(append(address.path, "/run/cni/"), name), ".sock");
}

/*
 * Opens each stream that the caller has closed: reads return the end, writes fail. Otherwise a pipe
 * or socket would get its number.
 */
static void fill_streams(void) {
  int ends[2];
  for (int fd = 0; fd < 3; fd++)
    if (CALL(fcntl, fd, F_GETFD, 0, 0, 0) == -EBADF && CALL(pipe2, ends, 0, 0, 0, 0) >= 0)
      CALL(close, ends[1], 0, 0, 0, 0);
}

/* Returns the exit status. */
static int serve(int has_arguments, char **argv, char **envp, const char *own) {
  int is_call = 0;
  for (char **each = envp; *each; each++)
    if (begins(*each, "CNI_COMMAND=") && (*each)[12]) is_call = 1;
  set_paths(own);
  if (has_arguments || !is_call) {
    /* In the same process: systemd knows a daemon by its process ID. */
    long error = CALL(execve, standalone, argv, envp, 0, 0);
    char *end = append(append((char *)payload, "cannot run "), standalone);
    end = append(append_reason(append(end, ": "), error), "\n");
    write_all(2, payload, (u64)(end - (char *)payload));
    return 1;
  }
  struct sigaction ignore = { 1, 0, 0, 0 };
  fill_streams();
  /* With huge pages a call of 1 KiB would use 4 MiB. */
  CALL(madvise, request, sizeof request, MADV_NOHUGEPAGE, 0, 0);
  CALL(madvise, payload, sizeof payload, MADV_NOHUGEPAGE, 0, 0);
  /* If the reader has gone, the write must fail, so that an ADD is undone. */
  CALL(rt_sigaction, SIGPIPE, &ignore, &old_pipe, 8, 0);
  u64 size = begin_request(envp), start = size ? size : HEADER;
  struct streams s = { request + start, 0, 0, 0, 0, 0 };
  long n;
  do {
    n = read_some(0, s.stdin + s.size, MAX_STDIN + 1 - s.size);
    if (n > 0) s.size += (u64)n;
  } while (n > 0 && s.size <= MAX_STDIN);
  s.more = n != 0;
  int status = -1;
  if (size && !s.more && address.path[0]) {
    put(request + 16, s.size, 4);
    status = call_resident(size + s.size);
  }
  return status >= 0 ? status : call_standalone(argv, envp, &s);
}

/* The kernel's entry: `stack` has the arguments, the environment and the auxiliary vector. */
__attribute__((used, noreturn)) void run(long *stack) {
  long count = stack[0];
  char **argv = (char **)(stack + 1), **envp = argv + count + 1, **end = envp;
  while (*end) end++;
  const char *own = "";
  /* Its own path as the caller gave it: /proc may be missing, and argv[0] can be anything. */
  for (u64 *entry = (u64 *)(end + 1); entry[0]; entry += 2)
    if (entry[0] == AT_EXECFN) own = (const char *)entry[1];
  int status = serve(count > 1, argv, envp, own);
  for (;;) CALL(exit_group, status, 0, 0, 0, 0);
}
