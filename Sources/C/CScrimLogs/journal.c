#include "CScrimLogs.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part of systemd/sd-journal.h, so that the header need not be installed. Its ABI is stable since version 209. */
typedef struct sd_journal sd_journal;
enum { LOCAL_ONLY = 1 };

struct library {
  int (*open)(sd_journal **, int);
  int (*open_files)(sd_journal **, const char **, int);
  void (*close)(sd_journal *);
  int (*add_match)(sd_journal *, const void *, size_t);
  int (*seek_tail)(sd_journal *);
  int (*previous)(sd_journal *);
  int (*get_data)(sd_journal *, const char *, const void **, size_t *);
  int (*open_directory)(sd_journal **, const char *, int);
  int (*add_disjunction)(sd_journal *);
  int (*seek_head)(sd_journal *);
  int (*next)(sd_journal *);
  int (*wait)(sd_journal *, uint64_t);
  int (*get_realtime_usec)(sd_journal *, uint64_t *);
  int (*set_data_threshold)(sd_journal *, size_t);
  int (*has_runtime_files)(sd_journal *);
  int (*has_persistent_files)(sd_journal *);
};

static bool load(struct library *lib) {
  void *handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return false;
  bool found = true;
#define FIND(name) found = (*(void **)&lib->name = dlsym(handle, "sd_journal_" #name)) && found
  FIND(open);
  FIND(open_files);
  FIND(close);
  FIND(add_match);
  FIND(seek_tail);
  FIND(previous);
  FIND(get_data);
  FIND(open_directory);
  FIND(add_disjunction);
  FIND(seek_head);
  FIND(next);
  FIND(wait);
  FIND(get_realtime_usec);
  FIND(set_data_threshold);
  FIND(has_runtime_files);
  FIND(has_persistent_files);
#undef FIND
  return found;
}

/* The number in a field; -1 if it contains none. */
static int64_t number(const struct library *lib, sd_journal *journal, const char *field) {
  const void *data = NULL;
  size_t count = 0;
  const size_t skip = strlen(field) + 1;
  if (lib->get_data(journal, field, &data, &count) < 0 || count <= skip || count - skip > 20) return -1;
  char text[24] = {0};
  memcpy(text, (const char *)data + skip, count - skip);
  char *end = NULL;
  const long long value = strtoll(text, &end, 10);
  return *end == 0 && value >= 0 ? value : -1;
}

int scrim_find_coredump(const char *file, int64_t process, int64_t since, scrim_coredump *found) {
  struct library lib;
  if (!load(&lib)) return -1;
  sd_journal *journal = NULL;
  const char *files[] = {file, NULL};
  if ((file ? lib.open_files(&journal, files, 0) : lib.open(&journal, LOCAL_ONLY)) < 0) return -1;
  char match[64];
  snprintf(match, sizeof match, "COREDUMP_PID=%lld", (long long)process);
  int result = 0;
  if (
    lib.add_match(journal, "MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1", 0) >= 0
    && lib.add_match(journal, match, 0) >= 0 && lib.seek_tail(journal) >= 0 && lib.previous(journal) > 0) {
    const int64_t time = number(&lib, journal, "COREDUMP_TIMESTAMP");
    const int64_t signal = number(&lib, journal, "COREDUMP_SIGNAL");
    if (time >= since && signal > 0 && signal < 128) {
      *found = (scrim_coredump){(int32_t)signal, time};
      result = 1;
    }
  }
  lib.close(journal);
  return result;
}

struct scrim_journal {
  struct library lib;
  sd_journal *journal;
  /* Copies of two fields, FIELD_BYTES each. */
  char *message;
  char *identifier;
};

/* Longer fields are read up to here. journald itself cuts lines at 48 KiB. */
enum { FIELD_BYTES = 1 << 16 };

static int match(const struct library *lib, sd_journal *journal, const char *field, const char *value) {
  char text[512];
  const int count = snprintf(text, sizeof text, "%s=%s", field, value);
  if (count < 0 || (size_t)count >= sizeof text) return -ENAMETOOLONG;
  return lib->add_match(journal, text, (size_t)count);
}

/* The entries of a unit as journalctl -u selects them: its own, and those of systemd about it. */
static int match_unit(const struct library *lib, sd_journal *journal, const char *unit) {
  char name[256];
  const int count = snprintf(name, sizeof name, strchr(unit, '.') ? "%s" : "%s.service", unit);
  if (count < 0 || (size_t)count >= sizeof name) return -ENAMETOOLONG;
  int code = match(lib, journal, "_SYSTEMD_UNIT", name);
  if (code >= 0) code = lib->add_disjunction(journal);
  if (code >= 0) code = match(lib, journal, "_PID", "1");
  if (code >= 0) code = match(lib, journal, "UNIT", name);
  if (code >= 0) code = lib->add_disjunction(journal);
  if (code >= 0) code = match(lib, journal, "_SYSTEMD_USER_UNIT", name);
  return code;
}

int scrim_journal_open(const char *directory, const char *unit, scrim_journal **result) {
  scrim_journal *new = calloc(1, sizeof *new);
  if (!new) return -ENOMEM;
  if (!load(&new->lib)) {
    free(new);
    return SCRIM_JOURNAL_NO_LIBRARY;
  }
  const struct library *lib = &new->lib;
  int code = directory ? lib->open_directory(&new->journal, directory, 0) : lib->open(&new->journal, LOCAL_ONLY);
  if (code >= 0 && !directory && lib->has_runtime_files(new->journal) <= 0 && lib->has_persistent_files(new->journal) <= 0) {
    code = SCRIM_JOURNAL_NO_FILES;
  }
  if (code >= 0) code = lib->set_data_threshold(new->journal, FIELD_BYTES);
  if (code >= 0) code = match_unit(lib, new->journal, unit);
  if (code >= 0) code = lib->seek_tail(new->journal);
  /* Where the unit has no entry yet, the first one is the next. */
  if (code >= 0) code = lib->previous(new->journal);
  if (code == 0) code = lib->seek_head(new->journal);
  new->message = malloc(FIELD_BYTES);
  new->identifier = malloc(FIELD_BYTES);
  if (code >= 0 && (!new->message || !new->identifier)) code = -ENOMEM;
  if (code < 0) {
    scrim_journal_close(new);
    return code;
  }
  *result = new;
  return 0;
}

/* Copies a field: a later one may move what the journal has mapped. NULL without it. */
static const char *field(scrim_journal *journal, const char *name, char *buffer, size_t *bytes) {
  const void *data = NULL;
  size_t count = 0;
  const size_t skip = strlen(name) + 1;
  *bytes = 0;
  if (journal->lib.get_data(journal->journal, name, &data, &count) < 0 || count < skip) return NULL;
  *bytes = count - skip < FIELD_BYTES ? count - skip : FIELD_BYTES;
  memcpy(buffer, (const char *)data + skip, *bytes);
  return buffer;
}

int scrim_journal_next(scrim_journal *journal, uint64_t microseconds, scrim_journal_entry *entry) {
  int code = journal->lib.next(journal->journal);
  if (code == 0) {
    code = journal->lib.wait(journal->journal, microseconds);
    if (code >= 0) code = journal->lib.next(journal->journal);
  }
  if (code <= 0) return code;
  *entry = (scrim_journal_entry){0};
  entry->message = field(journal, "MESSAGE", journal->message, &entry->message_bytes);
  entry->identifier = field(journal, "SYSLOG_IDENTIFIER", journal->identifier, &entry->identifier_bytes);
  const int64_t priority = number(&journal->lib, journal->journal, "PRIORITY");
  entry->priority = priority <= 7 ? (int32_t)priority : -1;
  if (journal->lib.get_realtime_usec(journal->journal, &entry->time) < 0) entry->time = 0;
  return 1;
}

void scrim_journal_close(scrim_journal *journal) {
  if (!journal) return;
  if (journal->journal) journal->lib.close(journal->journal);
  free(journal->message);
  free(journal->identifier);
  free(journal);
}
