#include "scrim_curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void CURL;
struct curl_slist;

// curl/curl.h; part of the interface that libcurl keeps.
enum {
  OPT_URL = 10002,
  OPT_WRITEDATA = 10001,
  OPT_ERRORBUFFER = 10010,
  OPT_POSTFIELDS = 10015,
  OPT_HTTPHEADER = 10023,
  OPT_HEADERDATA = 10029,
  OPT_CUSTOMREQUEST = 10036,
  OPT_XFERINFODATA = 10057,
  OPT_CAINFO = 10065,
  OPT_NOPROXY = 10177,
  OPT_WRITEFUNCTION = 20011,
  OPT_HEADERFUNCTION = 20079,
  OPT_XFERINFOFUNCTION = 20219,
  OPT_LOW_SPEED_LIMIT = 19,
  OPT_LOW_SPEED_TIME = 20,
  OPT_NOPROGRESS = 43,
  OPT_NOBODY = 44,
  OPT_FOLLOWLOCATION = 52,
  OPT_HTTPGET = 80,
  OPT_HTTP_VERSION = 84,
  OPT_NOSIGNAL = 99,
  OPT_TIMEOUT_MS = 155,
  OPT_CONNECTTIMEOUT_MS = 156,
  OPT_PROTOCOLS = 181,
  OPT_POSTFIELDSIZE_LARGE = 30120,
  OPT_MAX_SEND_SPEED_LARGE = 30145,
  OPT_PATH_AS_IS = 234,
  INFO_RESPONSE_CODE = 0x200000 + 2,
  HTTP_VERSION_2TLS = 4,
  PROTOCOLS_HTTP_HTTPS = 3,
  GLOBAL_DEFAULT = 3,
  CODE_ABORTED_BY_CALLBACK = 42,
};

static struct {
  int (*global_init)(long);
  CURL *(*easy_init)(void);
  int (*easy_setopt)(CURL *, int, ...);
  int (*easy_perform)(CURL *);
  int (*easy_getinfo)(CURL *, int, ...);
  void (*easy_cleanup)(CURL *);
  void (*easy_reset)(CURL *);
  const char *(*easy_strerror)(int);
  struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
  void (*slist_free_all)(struct curl_slist *);
  const char *(*version)(void);
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_open;

struct scrim_curl {
  CURL *easy;
};

static void open_library(void) {
  const char *names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4"};
  void *handle = NULL;
  for (size_t index = 0; !handle && index < sizeof names / sizeof *names; index++) {
    handle = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
  }
  if (!handle) return;
  int whole = 1;
#define FIND(name) whole &= (*(void **)&lib.name = dlsym(handle, "curl_" #name)) != NULL
  FIND(global_init);
  FIND(easy_init);
  FIND(easy_setopt);
  FIND(easy_perform);
  FIND(easy_getinfo);
  FIND(easy_cleanup);
  FIND(easy_reset);
  FIND(easy_strerror);
  FIND(slist_append);
  FIND(slist_free_all);
  FIND(version);
#undef FIND
  if (whole) is_open = lib.global_init(GLOBAL_DEFAULT) == 0;
}

int scrim_curl_open(scrim_curl **out, char *message, size_t capacity) {
  pthread_once(&once, open_library);
  if (!is_open) {
    snprintf(message, capacity, "libcurl.so.4 is not installed: apt-get install libcurl4");
    return SCRIM_CURL_NO_LIBRARY;
  }
  scrim_curl *curl = calloc(1, sizeof *curl);
  if (curl) curl->easy = lib.easy_init();
  if (!curl || !curl->easy) {
    free(curl);
    snprintf(message, capacity, "no memory for a connection");
    return SCRIM_CURL_NO_MEMORY;
  }
  *out = curl;
  return SCRIM_CURL_OK;
}

void scrim_curl_close(scrim_curl *curl) {
  lib.easy_cleanup(curl->easy);
  free(curl);
}

const char *scrim_curl_version(void) {
  pthread_once(&once, open_library);
  return is_open ? lib.version() : "";
}

// State of an incoming answer.
typedef struct {
  uint8_t *bytes;
  size_t size, capacity, limit;
} buffer;

static int append(buffer *to, const void *bytes, size_t size) {
  if (size > to->limit - to->size) return 0;
  if (to->size + size > to->capacity) {
    size_t capacity = to->capacity ? to->capacity : 1024;
    while (capacity < to->size + size) capacity *= 2;
    uint8_t *grown = realloc(to->bytes, capacity);
    if (!grown) return 0;
    to->bytes = grown;
    to->capacity = capacity;
  }
  memcpy(to->bytes + to->size, bytes, size);
  to->size += size;
  return 1;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *to) {
  return append(to, bytes, size * count) ? size * count : 0;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *to) {
  buffer *headers = to;
  size_t total = size * count;
  // A new status line begins a new answer, as after 100 Continue.
  if (total >= 5 && !memcmp(bytes, "HTTP/", 5)) headers->size = 0;
  return append(headers, bytes, total) ? total : 0;
}

static int on_progress(void *cancelled, int64_t a, int64_t b, int64_t c, int64_t d) {
  (void)a, (void)b, (void)c, (void)d;
  return __atomic_load_n((const int *)cancelled, __ATOMIC_RELAXED) != 0;
}

int scrim_curl_perform(scrim_curl *curl, const scrim_curl_request *request, scrim_curl_answer *answer) {
  memset(answer, 0, sizeof *answer);
  CURL *easy = curl->easy;
  buffer headers = {.limit = 256 << 10}, body = {.limit = request->answer_limit};
  struct curl_slist *lines = NULL;
  for (size_t index = 0; index < request->header_count; index++) {
    struct curl_slist *longer = lib.slist_append(lines, request->headers[index]);
    if (!longer) {
      lib.slist_free_all(lines);
      return SCRIM_CURL_NO_MEMORY;
    }
    lines = longer;
  }
  char message[256] = "";
  // Keeps connections, discards the options of the previous exchange.
  lib.easy_reset(easy);
  lib.easy_setopt(easy, OPT_ERRORBUFFER, message);
  lib.easy_setopt(easy, OPT_NOSIGNAL, 1L);
  lib.easy_setopt(easy, OPT_PROTOCOLS, (long)PROTOCOLS_HTTP_HTTPS);
  // Redirects are not followed: data is sent only to the address that the user gave.
  lib.easy_setopt(easy, OPT_FOLLOWLOCATION, 0L);
  lib.easy_setopt(easy, OPT_HTTP_VERSION, (long)HTTP_VERSION_2TLS);
  lib.easy_setopt(easy, OPT_PATH_AS_IS, 1L);
  lib.easy_setopt(easy, OPT_URL, request->url);
  lib.easy_setopt(easy, OPT_HTTPHEADER, lines);
  lib.easy_setopt(easy, OPT_CONNECTTIMEOUT_MS, request->connect_timeout);
  lib.easy_setopt(easy, OPT_TIMEOUT_MS, request->timeout);
  lib.easy_setopt(easy, OPT_LOW_SPEED_LIMIT, 1L);
  lib.easy_setopt(easy, OPT_LOW_SPEED_TIME, request->stall_timeout);
  if (request->send_limit > 0) lib.easy_setopt(easy, OPT_MAX_SEND_SPEED_LARGE, request->send_limit);
  if (request->no_proxy) lib.easy_setopt(easy, OPT_NOPROXY, "*");
  if (request->ca_file) lib.easy_setopt(easy, OPT_CAINFO, request->ca_file);
  if (!strcmp(request->method, "HEAD")) {
    lib.easy_setopt(easy, OPT_NOBODY, 1L);
  } else if (request->body || strcmp(request->method, "GET")) {
    lib.easy_setopt(easy, OPT_POSTFIELDS, request->body ? (const char *)request->body : "");
    lib.easy_setopt(easy, OPT_POSTFIELDSIZE_LARGE, (int64_t)request->body_size);
    lib.easy_setopt(easy, OPT_CUSTOMREQUEST, request->method);
  } else {
    lib.easy_setopt(easy, OPT_HTTPGET, 1L);
  }
  lib.easy_setopt(easy, OPT_WRITEFUNCTION, on_body);
  lib.easy_setopt(easy, OPT_WRITEDATA, &body);
  lib.easy_setopt(easy, OPT_HEADERFUNCTION, on_header);
  lib.easy_setopt(easy, OPT_HEADERDATA, &headers);
  if (request->cancelled) {
    lib.easy_setopt(easy, OPT_XFERINFOFUNCTION, on_progress);
    lib.easy_setopt(easy, OPT_XFERINFODATA, request->cancelled);
    lib.easy_setopt(easy, OPT_NOPROGRESS, 0L);
  }
  int code = lib.easy_perform(easy);
  lib.easy_getinfo(easy, INFO_RESPONSE_CODE, &answer->status);
  lib.slist_free_all(lines);
  answer->headers = (char *)headers.bytes;
  answer->headers_size = headers.size;
  answer->body = body.bytes;
  answer->body_size = body.size;
  if (code == 0) return SCRIM_CURL_OK;
  snprintf(answer->message, sizeof answer->message, "%s", message[0] ? message : lib.easy_strerror(code));
  return code == CODE_ABORTED_BY_CALLBACK ? SCRIM_CURL_CANCELLED : SCRIM_CURL_FAILED;
}

void scrim_curl_free(scrim_curl_answer *answer) {
  free(answer->headers);
  free(answer->body);
  answer->headers = NULL;
  answer->body = NULL;
}

extern char **environ;

char **scrim_curl_environment(void) { return environ; }
