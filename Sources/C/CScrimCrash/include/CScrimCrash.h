#ifndef SCRIM_CRASH_H
#define SCRIM_CRASH_H

#include <stdint.h>

/* Offset of the crash mark in a crash buffer, and its first four bytes ("CRSH"). */
enum { SCRIM_CRASH_MARK_OFFSET = 4096, SCRIM_CRASH_MARK_MAGIC = 0x48535243, SCRIM_CRASH_BUFFERS = 16 };

/* The crash mark, in the byte order of the machine, because the file never leaves the machine. */
typedef struct scrim_crash_mark {
  uint32_t magic;
  int32_t signal;
  /* Nanoseconds since 1970. */
  int64_t time;
} scrim_crash_mark;

/* Registers the file for scrim_mark_crash. Returns 0, or -1 if SCRIM_CRASH_BUFFERS files are registered already. */
int scrim_crash_watch(int descriptor);

/* Unregisters the file. Call it before the descriptor is closed. */
void scrim_crash_forget(int descriptor);

/* Writes the crash and its signal to all crash buffers of this process. Async-signal-safe, for a program's own signal handler. */
void scrim_mark_crash(int32_t signal);

/* Whether a file or folder is in memory, on tmpfs: 1, 0, or -1 with errno. */
int scrim_is_in_memory(int descriptor);

/* Releases the pages of a part of a file, which then reads as zeros; the file keeps its length. Returns -1 with errno. */
int scrim_give_back(int descriptor, int64_t offset, int64_t count);

#endif
