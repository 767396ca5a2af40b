#ifndef SCRIM_LOGS_H
#define SCRIM_LOGS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Record of systemd-coredump about a core file. */
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

/* A reader that follows the journal of one unit. For one thread at a time. */
typedef struct scrim_journal scrim_journal;

/* One entry. The texts are valid until the reader's next call. */
typedef struct scrim_journal_entry {
  const char *message;
  size_t message_bytes;
  /* SYSLOG_IDENTIFIER; NULL without one. */
  const char *identifier;
  size_t identifier_bytes;
  /* 0 (emergency) to 7 (debug); -1 without one. */
  int32_t priority;
  /* Microseconds since 1970. */
  uint64_t time;
} scrim_journal_entry;

enum { SCRIM_JOURNAL_NO_LIBRARY = -10000, SCRIM_JOURNAL_NO_FILES = -10001 };

/* Opens the journal behind its last entry of the unit: entries of the unit itself, and those of systemd about it.
 *
 * directory: with journal files; NULL for the machine's. unit: such as "cups.service", or "cups" for that service.
 * Returns 0, SCRIM_JOURNAL_NO_LIBRARY without libsystemd, SCRIM_JOURNAL_NO_FILES where there is no file that may be read, else -errno. */
int scrim_journal_open(const char *directory, const char *unit, scrim_journal **journal);

/* Waits for the next entry. Returns 1 with an entry, 0 if there was none in that time, else -errno. */
int scrim_journal_next(scrim_journal *journal, uint64_t microseconds, scrim_journal_entry *entry);

void scrim_journal_close(scrim_journal *journal);

/* Copies what this process and its children write to their standard error. */
typedef struct scrim_stderr scrim_stderr;

/* Puts a pipe in the place of descriptor 2. A process of its own reads it and writes all of it to the previous standard error, so
 * that the last words before a crash arrive there too, and to a second pipe as far as that has room. One at a time in a process.
 * Returns 0, or -errno; -EBUSY where there is one already. */
int scrim_stderr_begin(scrim_stderr **copy);

/* Waits for copied bytes. Returns their number, or 0 after scrim_stderr_end. For one thread. */
ssize_t scrim_stderr_read(scrim_stderr *copy, char *buffer, size_t count);

/* Lines that the second pipe had no room for, so far. */
uint64_t scrim_stderr_dropped(const scrim_stderr *copy);

/* Restores descriptor 2, unless the program has replaced it meanwhile, and waits until all that was written before has been
 * forwarded, at most some milliseconds. Then scrim_stderr_read returns what is left, and 0. */
void scrim_stderr_end(scrim_stderr *copy, int milliseconds);

/* Releases it, after scrim_stderr_read has returned 0. */
void scrim_stderr_close(scrim_stderr *copy);

#endif
