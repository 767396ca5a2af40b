#include "CScrimCrash.h"

#include <dlfcn.h>
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
};

static bool load(struct library *lib) {
  void *handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return false;
  *(void **)&lib->open = dlsym(handle, "sd_journal_open");
  *(void **)&lib->open_files = dlsym(handle, "sd_journal_open_files");
  *(void **)&lib->close = dlsym(handle, "sd_journal_close");
  *(void **)&lib->add_match = dlsym(handle, "sd_journal_add_match");
  *(void **)&lib->seek_tail = dlsym(handle, "sd_journal_seek_tail");
  *(void **)&lib->previous = dlsym(handle, "sd_journal_previous");
  *(void **)&lib->get_data = dlsym(handle, "sd_journal_get_data");
  return lib->open && lib->open_files && lib->close && lib->add_match && lib->seek_tail && lib->previous
    && lib->get_data;
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
