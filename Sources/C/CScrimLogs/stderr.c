#define _GNU_SOURCE
#include "CScrimLogs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Shared with the forwarding process. */
struct shared {
  /* Whether it holds bytes that it has read and not forwarded yet. */
  _Atomic int is_busy;
  _Atomic uint64_t dropped;
};

struct scrim_stderr {
  /* The previous standard error, and the reading end of the pipe that took its place. */
  int real, source;
  /* The reading end of the second pipe, and what wakes its reader at the end. */
  int copy, wake;
  struct shared *shared;
  _Atomic int is_restored;
};

static _Atomic int in_use;

/* Above the standard descriptors, and closed in programs that are started. */
static int moved_up(int descriptor) {
  const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  const int saved = errno;
  close(descriptor);
  errno = saved;
  return moved;
}

/* The two ends of a pipe; false with errno. */
static int make_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return 0;
  ends[0] = moved_up(ends[0]);
  ends[1] = moved_up(ends[1]);
  return ends[0] >= 0 && ends[1] >= 0;
}

/* MARK: the forwarding process. It shares no memory but `shared`, and calls the kernel only. */

static uint64_t lines(const char *bytes, ssize_t count) {
  uint64_t found = 0;
  for (ssize_t i = 0; i < count; i++) found += bytes[i] == '\n';
  return found ? found : 1;
}

static void write_all(int descriptor, const char *bytes, ssize_t count) {
  while (count > 0) {
    const ssize_t done = write(descriptor, bytes, (size_t)count);
    if (done > 0) {
      bytes += done;
      count -= done;
    } else if (done < 0 && errno == EAGAIN) {
      struct pollfd entry = {descriptor, POLLOUT, 0};
      poll(&entry, 1, -1);
    } else if (done == 0 || errno != EINTR) {
      return;
    }
  }
}

static void forward(int source, int real, int copy, struct shared *shared) {
  char bytes[1 << 14];
  int is_torn = 0;
  struct pollfd entry = {source, POLLIN, 0};
  while (poll(&entry, 1, -1) >= 0 || errno == EINTR) {
    atomic_store(&shared->is_busy, 1);
    const ssize_t count = read(source, bytes, sizeof bytes);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) break;
    if (count > 0) {
      write_all(real, bytes, count);
      /* A line that lost its end must not continue with another line. */
      if (is_torn && write(copy, "\n", 1) == 1) is_torn = 0;
      const ssize_t done = is_torn ? 0 : write(copy, bytes, (size_t)count);
      if (done < count) {
        const ssize_t kept = done > 0 ? done : 0;
        atomic_fetch_add(&shared->dropped, lines(bytes + kept, count - kept));
        is_torn = 1;
      }
    }
    atomic_store(&shared->is_busy, 0);
  }
  atomic_store(&shared->is_busy, 0);
}

/* Runs in the child of a child, so that the program has no child that it didn't start. All signals are blocked there, and the signal
 * of its end is none. */
static void start_forwarding(int source, int real, int copy, struct shared *shared) {
  prctl(PR_SET_NAME, "scrim-stderr");
  prctl(PR_SET_DUMPABLE, 0);
  setsid();
  if (chdir("/") != 0) _exit(1);
  /* All other descriptors are the program's: none may be kept open here. */
  dup2(source, 0);
  dup2(real, 1);
  dup2(copy, 2);
#ifdef SYS_close_range
  if (syscall(SYS_close_range, 3u, ~0u, 0u) != 0)
#endif
    for (int i = 3; i < 4096; i++) close(i);
  forward(0, 1, 2, shared);
  _exit(0);
}

static pid_t raw_fork(void) { return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0); }

static int spawn(int source, int real, int copy, struct shared *shared) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = raw_fork();
  if (child == 0) {
    if (raw_fork() == 0) start_forwarding(source, real, copy, shared);
    _exit(0);
  }
  const int cause = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (child < 0) return -cause;
  while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR) {}
  return 0;
}

/* MARK: the program */

int scrim_stderr_begin(scrim_stderr **result) {
  int expected = 0;
  if (!atomic_compare_exchange_strong(&in_use, &expected, 1)) return -EBUSY;
  int source[2] = {-1, -1}, second[2] = {-1, -1};
  scrim_stderr *new = calloc(1, sizeof *new);
  int code = new ? 0 : -ENOMEM;
  if (new) {
    new->real = fcntl(2, F_DUPFD_CLOEXEC, 3);
    new->wake = eventfd(0, EFD_CLOEXEC);
    new->shared = mmap(NULL, sizeof *new->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (new->real < 0 || new->wake < 0 || new->shared == MAP_FAILED || !make_pipe(source) || !make_pipe(second)) code = -errno;
  }
  if (code == 0) {
    fcntl(second[1], F_SETPIPE_SZ, 1 << 20);
    fcntl(second[1], F_SETFL, O_NONBLOCK);
    fcntl(second[0], F_SETFL, O_NONBLOCK);
    code = spawn(source[0], new->real, second[1], new->shared);
  }
  /* Here it is that the program's own writes change their way. */
  if (code == 0 && dup2(source[1], 2) < 0) code = -errno;
  if (source[1] >= 0) close(source[1]);
  if (second[1] >= 0) close(second[1]);
  if (code == 0) {
    new->source = source[0];
    new->copy = second[0];
    *result = new;
    return 0;
  }
  if (source[0] >= 0) close(source[0]);
  if (second[0] >= 0) close(second[0]);
  if (new) {
    if (new->real >= 0) close(new->real);
    if (new->wake >= 0) close(new->wake);
    if (new->shared && new->shared != MAP_FAILED) munmap(new->shared, sizeof *new->shared);
    free(new);
  }
  atomic_store(&in_use, 0);
  return code;
}

/* Puts the previous standard error back, once, unless descriptor 2 has become another file. */
static void restore(scrim_stderr *copy) {
  if (atomic_exchange(&copy->is_restored, 1)) return;
  struct stat now, pipe;
  if (fstat(2, &now) == 0 && fstat(copy->source, &pipe) == 0 && now.st_dev == pipe.st_dev && now.st_ino == pipe.st_ino) {
    dup2(copy->real, 2);
  }
}

/* The forwarding process has ended, or was killed: what the pipe holds is written from here. */
static void take_over(scrim_stderr *copy) {
  restore(copy);
  fcntl(copy->source, F_SETFL, O_NONBLOCK);
  char bytes[4096];
  for (;;) {
    const ssize_t count = read(copy->source, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    write_all(copy->real, bytes, count);
  }
}

ssize_t scrim_stderr_read(scrim_stderr *copy, char *buffer, size_t count) {
  for (;;) {
    struct pollfd entries[2] = {{copy->copy, POLLIN, 0}, {copy->wake, POLLIN, 0}};
    if (poll(entries, 2, -1) < 0 && errno != EINTR) return 0;
    const ssize_t done = read(copy->copy, buffer, count);
    if (done > 0) return done;
    if (done == 0) {
      take_over(copy);
      return 0;
    }
    if (entries[1].revents) return 0;
  }
}

uint64_t scrim_stderr_dropped(const scrim_stderr *copy) { return atomic_load(&copy->shared->dropped); }

void scrim_stderr_end(scrim_stderr *copy, int milliseconds) {
  restore(copy);
  for (int waited = 0; waited < milliseconds; waited++) {
    int left = 0;
    if (ioctl(copy->source, FIONREAD, &left) != 0 || (left == 0 && !atomic_load(&copy->shared->is_busy))) break;
    const struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
  }
  const uint64_t one = 1;
  const ssize_t written = write(copy->wake, &one, sizeof one);
  (void)written;
}

void scrim_stderr_close(scrim_stderr *copy) {
  close(copy->real);
  close(copy->source);
  close(copy->copy);
  close(copy->wake);
  munmap(copy->shared, sizeof *copy->shared);
  free(copy);
  atomic_store(&in_use, 0);
}
