// Encryption to a public key over libsodium: sealed boxes, secretstream, and memory for secrets.
//
// The library is opened at first use, so that building needs neither it nor its headers, and on a machine
// without it the error says what to install. Every secret lies in memory of `sodium_malloc`: locked, left out
// of core files, and wiped when it is freed. No secret ever leaves this module.
#ifndef SCRIM_SODIUM_H
#define SCRIM_SODIUM_H

#include <stddef.h>
#include <stdint.h>

enum {
  SCRIM_SODIUM_OK = 0,
  SCRIM_SODIUM_NO_LIBRARY = 1,
  SCRIM_SODIUM_NO_MEMORY = 2,
  // The bytes are not what the key opens: another key, or changed bytes.
  SCRIM_SODIUM_REFUSED = 3,
  // Not the text of a key, or a mistyped one.
  SCRIM_SODIUM_BAD_TEXT = 4,
  // A system call failed; errno says why.
  SCRIM_SODIUM_SYSTEM = 5,
};

enum {
  SCRIM_KEY_BYTES = 32,
  // A sealed box around a session's secret.
  SCRIM_SEALED_SECRET_BYTES = 80,
  SCRIM_STREAM_HEADER_BYTES = 24,
  // What a message is longer than its content.
  SCRIM_STREAM_EXTRA_BYTES = 17,
  // Bytes of a public key's checksum, the beginning of its SHA-256.
  SCRIM_KEY_CHECK_BYTES = 4,
};

typedef struct scrim_private_key scrim_private_key;
// A session's secret: the key of its next stream, from which the keys of earlier ones can't be computed.
typedef struct scrim_session_secret scrim_session_secret;
typedef struct scrim_stream scrim_stream;

// Why libsodium can't be used; 0 if it can.
int scrim_sodium_load(char *message, size_t capacity);

int scrim_private_key_make(scrim_private_key **out);
// Reads the key's text from an open file.
int scrim_private_key_read(scrim_private_key **out, int descriptor);
int scrim_private_key_write(const scrim_private_key *key, int descriptor);
void scrim_private_key_public(const scrim_private_key *key, uint8_t out[SCRIM_KEY_BYTES]);
void scrim_private_key_free(scrim_private_key *key);

// Makes a random secret and seals it to a public key.
int scrim_session_secret_make(
    scrim_session_secret **out, const uint8_t public_key[SCRIM_KEY_BYTES],
    uint8_t sealed[SCRIM_SEALED_SECRET_BYTES]);
int scrim_session_secret_open(
    scrim_session_secret **out, const scrim_private_key *key, const uint8_t sealed[SCRIM_SEALED_SECRET_BYTES]);
// Replaces the key of the present segment by that of the next one; the old one is lost.
void scrim_session_secret_advance(scrim_session_secret *secret);
void scrim_session_secret_free(scrim_session_secret *secret);

enum {
  SCRIM_STREAM_SEGMENT = 0,
  // What the manifest says about the session.
  SCRIM_STREAM_ABOUT = 1,
};

// Begins a stream with a random header.
int scrim_stream_push(
    scrim_stream **out, const scrim_session_secret *secret, int purpose, uint8_t header[SCRIM_STREAM_HEADER_BYTES]);
int scrim_stream_pull(
    scrim_stream **out, const scrim_session_secret *secret, int purpose,
    const uint8_t header[SCRIM_STREAM_HEADER_BYTES]);
// Writes `size + SCRIM_STREAM_EXTRA_BYTES` bytes.
void scrim_stream_encrypt(
    scrim_stream *stream, uint8_t *out, const uint8_t *content, size_t size, const uint8_t *also, size_t also_size,
    int is_last);
// Writes `size - SCRIM_STREAM_EXTRA_BYTES` bytes. A stream that refused a message is at an end.
int scrim_stream_decrypt(
    scrim_stream *stream, uint8_t *out, const uint8_t *message, size_t size, const uint8_t *also,
    size_t also_size, int *is_last);
void scrim_stream_free(scrim_stream *stream);

#endif
