// One HTTP exchange at a time over libcurl.
//
// The library is opened at first use, so that building needs neither it nor its headers, and on a machine
// without it the error says what to install. Option numbers and the calls used have been the same since
// libcurl 7.62 of 2018.
#ifndef SCRIM_CURL_H
#define SCRIM_CURL_H

#include <stddef.h>
#include <stdint.h>

// A connection, used by one thread at a time; keeps it open between exchanges.
typedef struct scrim_curl scrim_curl;

enum {
  SCRIM_CURL_OK = 0,
  SCRIM_CURL_NO_LIBRARY = 1,
  // No complete answer: the name was not found, the connection was refused, cut or silent, or TLS failed.
  SCRIM_CURL_FAILED = 2,
  // The caller's flag was set.
  SCRIM_CURL_CANCELLED = 3,
  SCRIM_CURL_NO_MEMORY = 4,
};

typedef struct {
  const char *method;
  const char *url;
  // "Name: value" lines, `header_count` of them.
  const char *const *headers;
  size_t header_count;
  // May be NULL for no body.
  const uint8_t *body;
  size_t body_size;
  // Maximum bytes of an answer's body; a longer one is an error.
  size_t answer_limit;
  // Milliseconds for the connection, and for the whole exchange.
  long connect_timeout, timeout;
  // Seconds with less than one byte per second, up or down, after which the exchange is aborted.
  long stall_timeout;
  // Bytes a second; 0 for no limit.
  int64_t send_limit;
  // A file of certificates to trust instead of the system's; NULL for those.
  const char *ca_file;
  // Not 0: connects directly, whatever proxies the environment names.
  int no_proxy;
  // Ends the exchange when it is not 0; checked at least once a second.
  const int *cancelled;
} scrim_curl_request;

typedef struct {
  long status;
  // Header lines as received, of the last answer.
  char *headers;
  size_t headers_size;
  uint8_t *body;
  size_t body_size;
  char message[512];
} scrim_curl_answer;

int scrim_curl_open(scrim_curl **out, char *message, size_t capacity);
void scrim_curl_close(scrim_curl *curl);
// The library's name and version, such as "libcurl/7.88.1 OpenSSL/3.0.16"; valid as long as the program runs.
const char *scrim_curl_version(void);
// Fills the answer, whose memory must be freed with `scrim_curl_free` after any result.
int scrim_curl_perform(scrim_curl *curl, const scrim_curl_request *request, scrim_curl_answer *answer);
void scrim_curl_free(scrim_curl_answer *answer);

// The environment of the process, as NAME=VALUE up to NULL.
char **scrim_curl_environment(void);

#endif
