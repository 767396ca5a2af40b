#ifndef SCRIM_CRASH_H
#define SCRIM_CRASH_H

#include <stdint.h>

/* Where the mark of a crash stands in a crash buffer, and its first four bytes ("CRSH"). */
enum { SCRIM_CRASH_MARK_OFFSET = 4096, SCRIM_CRASH_MARK_MAGIC = 0x48535243, SCRIM_CRASH_BUFFERS = 16 };

/* What is written there, in the byte order of the machine: the file never leaves it. */
typedef struct scrim_crash_mark {
  uint32_t magic;
  int32_t signal;
  /* Nanoseconds since 1970. */
  int64_t time;
} scrim_crash_mark;

/* From here on scrim_mark_crash marks this file too. Returns 0, or -1 where SCRIM_CRASH_BUFFERS are watched already. */
int scrim_crash_watch(int descriptor);

/* To be called before the descriptor is closed. */
void scrim_crash_forget(int descriptor);

/* Notes in all crash buffers of this process that it crashes, and by which signal. Async-signal-safe: for a handler of one's own. */
void scrim_mark_crash(int32_t signal);

/* Whether a file or folder lies in memory, on tmpfs: 1, 0, or -1 with errno. */
int scrim_is_in_memory(int descriptor);

/* Gives the pages of a part of a file back; what is read there is 0, and the file keeps its length. Returns -1 with errno. */
int scrim_give_back(int descriptor, int64_t offset, int64_t count);

/* What systemd-coredump says of a core file. */
typedef struct scrim_coredump {
  int32_t signal;
  /* Microseconds since 1970. */
  int64_t time;
} scrim_coredump;

/* Looks for the latest core file of a process in the journal. libsystemd is opened at run time.
 *
 * file: of a journal; NULL for those of the machine. since: microseconds since 1970; older ones are another process's of that number.
 * Returns 1 where there is one, 0 where there is none, -1 where there is no journal to be read. */
int scrim_find_coredump(const char *file, int64_t process, int64_t since, scrim_coredump *found);

#endif
