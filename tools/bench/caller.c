/*
 * Makes calls of plugins and measures them, for tools/bench/caller.ts, which describes the input and
 * the output. With many clients it starts several times as many processes per second as Deno does,
 * so the plugins are measured and not what starts them.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_OUTPUT = 64 << 10, MAX_WORDS = 64, STATUS_TIMEOUT = 124 };

struct call {
  int chain;
  long timeout_ms;
  const char *group; /* The file that a process joins a control group by; or 0. */
  const char *input;
  char *argv[MAX_WORDS], *envp[MAX_WORDS];
};

static struct call *calls;
static int call_count, chain_count, width = 1;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void refuse(const char *what) {
  fprintf(stderr, "caller: %s\n", what);
  exit(1);
}

static long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static char *read_input(void) {
  size_t size = 0, room = 1 << 20;
  char *text = malloc(room);
  for (;;) {
    if (text == 0) fail("malloc");
    ssize_t n = read(0, text + size, room - size - 1);
    if (n < 0) fail("read");
    if (n == 0) break;
    size += (size_t)n;
    if (room - size < 2) text = realloc(text, room *= 2);
  }
  text[size] = 0;
  return text;
}

static void add_word(char **words, char *word) {
  int n = 0;
  while (words[n]) n++;
  if (n + 1 == MAX_WORDS) refuse("too many words");
  words[n] = word;
}

static struct call *new_call(void) {
  static int room;
  if (call_count == room) {
    room = room ? 2 * room : 1024;
    calls = realloc(calls, (size_t)room * sizeof *calls);
    if (calls == 0) fail("realloc");
  }
  struct call *c = &calls[call_count++];
  memset(c, 0, sizeof *c);
  c->input = "";
  c->chain = chain_count - 1;
  return c;
}

static void parse(char *text) {
  struct call *c = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) {
    char *value = strchr(line, ' ');
    if (value) *value++ = 0;
    if (strcmp(line, "width") == 0) width = atoi(value);
    else if (strcmp(line, "chain") == 0) chain_count++;
    else if (strcmp(line, "call") == 0) c = new_call();
    else if (strcmp(line, "word") == 0) add_word(c->argv, value);
    else if (strcmp(line, "env") == 0) add_word(c->envp, value);
    else if (strcmp(line, "stdin") == 0) c->input = value;
    else if (strcmp(line, "group") == 0) c->group = value;
    else if (strcmp(line, "timeout") == 0) c->timeout_ms = atol(value);
    else refuse(line);
  }
}

/* The child's part. It shares the memory of its parent, so it makes only system calls. */
static void become(const struct call *c, int group, int in, int out) {
  if (group >= 0 && write(group, "0", 1) != 1) _exit(126);
  dup2(in, 0);
  dup2(out, 1);
  execve(c->argv[0], c->argv, c->envp);
  _exit(127);
}

/* Reads to the end of a stream. Returns what was read, or -1 at the deadline. */
static long read_all(int fd, char *to, long deadline_us) {
  long size = 0;
  for (;;) {
    struct pollfd one = { fd, POLLIN, 0 };
    long left = deadline_us ? (deadline_us - now_us()) / 1000 : -1;
    if (deadline_us && left < 0) left = 0;
    int ready = poll(&one, 1, (int)left);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return -1;
    ssize_t n = read(fd, to + size, (size_t)(MAX_OUTPUT - size));
    if (n <= 0) return size;
    size += n;
    if (size == MAX_OUTPUT) size = 0;
  }
}

/* Makes a call and prints its line. */
static void make(int index) {
  static char output[MAX_OUTPUT];
  const struct call *c = &calls[index];
  int in[2], out[2], state, group = -1;
  /* The child inherits none of the descriptors but the two that become its streams. */
  if (c->group && (group = open(c->group, O_WRONLY | O_CLOEXEC)) < 0) fail(c->group);
  long start = now_us();
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) fail("pipe");
  size_t size = strlen(c->input);
  /* A pipe has room for it. */
  if (write(in[1], c->input, size) != (ssize_t)size) fail("write");
  close(in[1]);
  pid_t child = vfork();
  if (child < 0) fail("vfork");
  if (child == 0) become(c, group, in[0], out[1]);
  close(in[0]);
  close(out[1]);
  long length = read_all(out[0], output, c->timeout_ms ? start + c->timeout_ms * 1000 : 0);
  if (length < 0) kill(child, SIGKILL);
  waitpid(child, &state, 0);
  long took = now_us() - start;
  close(out[0]);
  if (group >= 0) close(group);
  int status = length < 0 ? STATUS_TIMEOUT
             : WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
  char line[80 + 512];
  /* One line, which a pipe takes at once from each client. */
  int shown = status && length > 0 ? (int)(length < 500 ? length : 500) : 0;
  int end = snprintf(line, sizeof line, "%d %d %ld %.*s", index, status, took, shown, output);
  for (int i = 0; i < end; i++) if (line[i] == '\n') line[i] = ' ';
  line[end++] = '\n';
  if (write(1, line, (size_t)end) != end) fail("write");
}

/* Each client makes every width-th chain, after all of them have started. */
static void serve(int client, int go) {
  char none;
  if (read(go, &none, 1) != 0) fail("read");
  for (int i = 0; i < call_count; i++)
    if (calls[i].chain % width == client) make(i);
}

int main(void) {
  int go[2], state, failed = 0;
  parse(read_input());
  if (pipe2(go, O_CLOEXEC)) fail("pipe");
  for (int client = 0; client < width; client++) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child > 0) continue;
    close(go[1]);
    serve(client, go[0]);
    return 0;
  }
  long start = now_us();
  close(go[1]);
  while (wait(&state) > 0) failed |= state;
  printf("total %ld\n", now_us() - start);
  return failed != 0;
}
