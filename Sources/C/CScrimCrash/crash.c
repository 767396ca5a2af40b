#define _GNU_SOURCE
#include "CScrimCrash.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* Descriptors plus one; 0 marks a free slot. */
static _Atomic int watched[SCRIM_CRASH_BUFFERS];

int scrim_crash_watch(int descriptor) {
  for (int i = 0; i < SCRIM_CRASH_BUFFERS; i++) {
    int expected = 0;
    if (atomic_compare_exchange_strong(&watched[i], &expected, descriptor + 1)) return 0;
  }
  return -1;
}

void scrim_crash_forget(int descriptor) {
  for (int i = 0; i < SCRIM_CRASH_BUFFERS; i++) {
    int expected = descriptor + 1;
    if (atomic_compare_exchange_strong(&watched[i], &expected, 0)) return;
  }
}

/* Calls only clock_gettime and pwrite, which POSIX lists as async-signal-safe (pwrite since 2024; in Linux it is write's code path). */
void scrim_mark_crash(int32_t signal) {
  int saved = errno;
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  scrim_crash_mark mark = {SCRIM_CRASH_MARK_MAGIC, signal, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec};
  for (int i = 0; i < SCRIM_CRASH_BUFFERS; i++) {
    int descriptor = atomic_load(&watched[i]) - 1;
    if (descriptor < 0) continue;
    ssize_t written = pwrite(descriptor, &mark, sizeof mark, SCRIM_CRASH_MARK_OFFSET);
    (void)written;
  }
  errno = saved;
}

int scrim_is_in_memory(int descriptor) {
  struct statfs status;
  if (fstatfs(descriptor, &status) != 0) return -1;
  return status.f_type == TMPFS_MAGIC;
}

int scrim_give_back(int descriptor, int64_t offset, int64_t count) {
  return fallocate(descriptor, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, count);
}
