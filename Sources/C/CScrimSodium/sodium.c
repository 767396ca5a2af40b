#include "scrim_sodium.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// sodium.h; part of the interface that libsodium keeps since 1.0.14 of 2017.
enum { TAG_MESSAGE = 0, TAG_FINAL = 3 };

static struct {
  int (*sodium_init)(void);
  void *(*sodium_malloc)(size_t);
  void (*sodium_free)(void *);
  void (*sodium_memzero)(void *, size_t);
  void (*randombytes_buf)(void *, size_t);
  int (*crypto_hash_sha256)(unsigned char *, const unsigned char *, unsigned long long);
  int (*crypto_box_keypair)(unsigned char *, unsigned char *);
  int (*crypto_scalarmult_base)(unsigned char *, const unsigned char *);
  int (*crypto_box_seal)(unsigned char *, const unsigned char *, unsigned long long, const unsigned char *);
  int (*crypto_box_seal_open)(
      unsigned char *, const unsigned char *, unsigned long long, const unsigned char *, const unsigned char *);
  int (*crypto_kdf_derive_from_key)(unsigned char *, size_t, uint64_t, const char *, const unsigned char *);
  size_t (*crypto_secretstream_xchacha20poly1305_statebytes)(void);
  int (*crypto_secretstream_xchacha20poly1305_init_push)(void *, unsigned char *, const unsigned char *);
  int (*crypto_secretstream_xchacha20poly1305_push)(
      void *, unsigned char *, unsigned long long *, const unsigned char *, unsigned long long,
      const unsigned char *, unsigned long long, unsigned char);
  int (*crypto_secretstream_xchacha20poly1305_init_pull)(void *, const unsigned char *, const unsigned char *);
  int (*crypto_secretstream_xchacha20poly1305_pull)(
      void *, unsigned char *, unsigned long long *, unsigned char *, const unsigned char *, unsigned long long,
      const unsigned char *, unsigned long long);
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_open;

struct scrim_private_key {
  uint8_t secret[SCRIM_KEY_BYTES];
  uint8_t public[SCRIM_KEY_BYTES];
};

struct scrim_session_secret {
  uint8_t chain[SCRIM_KEY_BYTES];
  uint8_t about[SCRIM_KEY_BYTES];
};

// Context and numbers of the keys that are derived from a secret; Format.md names them.
static const char context[9] = "scrimseg";
enum { DERIVE_STREAM = 1, DERIVE_NEXT = 2, DERIVE_ABOUT = 3 };

static void open_library(void) {
  const char *names[] = {"libsodium.so.23", "libsodium.so.26", "libsodium.so.18"};
  void *handle = NULL;
  for (size_t index = 0; !handle && index < sizeof names / sizeof *names; index++) {
    handle = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
  }
  if (!handle) return;
  int whole = 1;
#define FIND(name) whole &= (*(void **)&lib.name = dlsym(handle, #name)) != NULL
  FIND(sodium_init);
  FIND(sodium_malloc);
  FIND(sodium_free);
  FIND(sodium_memzero);
  FIND(randombytes_buf);
  FIND(crypto_hash_sha256);
  FIND(crypto_box_keypair);
  FIND(crypto_scalarmult_base);
  FIND(crypto_box_seal);
  FIND(crypto_box_seal_open);
  FIND(crypto_kdf_derive_from_key);
  FIND(crypto_secretstream_xchacha20poly1305_statebytes);
  FIND(crypto_secretstream_xchacha20poly1305_init_push);
  FIND(crypto_secretstream_xchacha20poly1305_push);
  FIND(crypto_secretstream_xchacha20poly1305_init_pull);
  FIND(crypto_secretstream_xchacha20poly1305_pull);
#undef FIND
  if (whole) is_open = lib.sodium_init() >= 0;
}

int scrim_sodium_load(char *message, size_t capacity) {
  pthread_once(&once, open_library);
  if (is_open) return SCRIM_SODIUM_OK;
  snprintf(message, capacity, "libsodium.so.23 is not installed: apt-get install libsodium23");
  return SCRIM_SODIUM_NO_LIBRARY;
}

static int load(void) {
  pthread_once(&once, open_library);
  return is_open ? SCRIM_SODIUM_OK : SCRIM_SODIUM_NO_LIBRARY;
}

// The text of a private key: its kind, then key and checksum in hexadecimal. Format.md describes it.
static const char private_kind[] = "scrim-private-key-1:";
enum { DIGITS = 2 * (SCRIM_KEY_BYTES + SCRIM_KEY_CHECK_BYTES) };

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static int is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static int parse(const char *text, size_t size, uint8_t key[SCRIM_KEY_BYTES]) {
  while (size && is_space(text[size - 1])) size--;
  while (size && is_space(*text)) text++, size--;
  size_t front = strlen(private_kind);
  if (size != front + DIGITS || memcmp(text, private_kind, front)) return SCRIM_SODIUM_BAD_TEXT;
  uint8_t bytes[SCRIM_KEY_BYTES + SCRIM_KEY_CHECK_BYTES], hash[32];
  int result = SCRIM_SODIUM_OK;
  for (size_t index = 0; index < sizeof bytes; index++) {
    int high = digit(text[front + 2 * index]), low = digit(text[front + 2 * index + 1]);
    if (high < 0 || low < 0) result = SCRIM_SODIUM_BAD_TEXT;
    bytes[index] = (uint8_t)((high & 15) << 4 | (low & 15));
  }
  lib.crypto_hash_sha256(hash, bytes, SCRIM_KEY_BYTES);
  if (memcmp(hash, bytes + SCRIM_KEY_BYTES, SCRIM_KEY_CHECK_BYTES)) result = SCRIM_SODIUM_BAD_TEXT;
  if (result == SCRIM_SODIUM_OK) memcpy(key, bytes, SCRIM_KEY_BYTES);
  lib.sodium_memzero(bytes, sizeof bytes);
  lib.sodium_memzero(hash, sizeof hash);
  return result;
}

// Writes `strlen(private_kind) + DIGITS` characters, not terminated.
static void print(const uint8_t key[SCRIM_KEY_BYTES], char *text) {
  uint8_t hash[32];
  lib.crypto_hash_sha256(hash, key, SCRIM_KEY_BYTES);
  size_t front = strlen(private_kind);
  memcpy(text, private_kind, front);
  for (size_t index = 0; index < DIGITS / 2; index++) {
    uint8_t byte = index < SCRIM_KEY_BYTES ? key[index] : hash[index - SCRIM_KEY_BYTES];
    text[front + 2 * index] = "0123456789abcdef"[byte >> 4];
    text[front + 2 * index + 1] = "0123456789abcdef"[byte & 15];
  }
  lib.sodium_memzero(hash, sizeof hash);
}

int scrim_private_key_make(scrim_private_key **out) {
  int result = load();
  if (result) return result;
  scrim_private_key *key = lib.sodium_malloc(sizeof *key);
  if (!key) return SCRIM_SODIUM_NO_MEMORY;
  lib.crypto_box_keypair(key->public, key->secret);
  *out = key;
  return SCRIM_SODIUM_OK;
}

enum { FILE_LIMIT = 4096 };

int scrim_private_key_read(scrim_private_key **out, int descriptor) {
  int result = load();
  if (result) return result;
  scrim_private_key *key = lib.sodium_malloc(sizeof *key);
  char *text = lib.sodium_malloc(FILE_LIMIT);
  size_t size = 0;
  if (!key || !text) result = SCRIM_SODIUM_NO_MEMORY;
  while (result == SCRIM_SODIUM_OK && size < FILE_LIMIT) {
    ssize_t got = read(descriptor, text + size, FILE_LIMIT - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) result = SCRIM_SODIUM_SYSTEM;
    if (got <= 0) break;
    size += (size_t)got;
  }
  if (result == SCRIM_SODIUM_OK) result = parse(text, size, key->secret);
  if (result == SCRIM_SODIUM_OK && lib.crypto_scalarmult_base(key->public, key->secret)) {
    result = SCRIM_SODIUM_BAD_TEXT;
  }
  int code = errno;
  lib.sodium_free(text);
  if (result) {
    lib.sodium_free(key);
  } else {
    *out = key;
  }
  errno = code;
  return result;
}

int scrim_private_key_write(const scrim_private_key *key, int descriptor) {
  size_t size = strlen(private_kind) + DIGITS + 1, done = 0;
  char *text = lib.sodium_malloc(size);
  if (!text) return SCRIM_SODIUM_NO_MEMORY;
  print(key->secret, text);
  text[size - 1] = '\n';
  while (done < size) {
    ssize_t written = write(descriptor, text + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += (size_t)written;
  }
  int code = errno;
  lib.sodium_free(text);
  errno = code;
  return done == size ? SCRIM_SODIUM_OK : SCRIM_SODIUM_SYSTEM;
}

void scrim_private_key_public(const scrim_private_key *key, uint8_t out[SCRIM_KEY_BYTES]) {
  memcpy(out, key->public, SCRIM_KEY_BYTES);
}

void scrim_private_key_free(scrim_private_key *key) { lib.sodium_free(key); }

int scrim_session_secret_make(
    scrim_session_secret **out, const uint8_t public_key[SCRIM_KEY_BYTES],
    uint8_t sealed[SCRIM_SEALED_SECRET_BYTES]) {
  int result = load();
  if (result) return result;
  scrim_session_secret *secret = lib.sodium_malloc(sizeof *secret);
  if (!secret) return SCRIM_SODIUM_NO_MEMORY;
  lib.randombytes_buf(secret->chain, SCRIM_KEY_BYTES);
  // Fails for the few keys with which everybody could compute the shared secret.
  if (lib.crypto_box_seal(sealed, secret->chain, SCRIM_KEY_BYTES, public_key)) {
    lib.sodium_free(secret);
    return SCRIM_SODIUM_REFUSED;
  }
  lib.crypto_kdf_derive_from_key(secret->about, SCRIM_KEY_BYTES, DERIVE_ABOUT, context, secret->chain);
  *out = secret;
  return SCRIM_SODIUM_OK;
}

int scrim_session_secret_open(
    scrim_session_secret **out, const scrim_private_key *key, const uint8_t sealed[SCRIM_SEALED_SECRET_BYTES]) {
  scrim_session_secret *secret = lib.sodium_malloc(sizeof *secret);
  if (!secret) return SCRIM_SODIUM_NO_MEMORY;
  if (lib.crypto_box_seal_open(secret->chain, sealed, SCRIM_SEALED_SECRET_BYTES, key->public, key->secret)) {
    lib.sodium_free(secret);
    return SCRIM_SODIUM_REFUSED;
  }
  lib.crypto_kdf_derive_from_key(secret->about, SCRIM_KEY_BYTES, DERIVE_ABOUT, context, secret->chain);
  *out = secret;
  return SCRIM_SODIUM_OK;
}

void scrim_session_secret_advance(scrim_session_secret *secret) {
  uint8_t next[SCRIM_KEY_BYTES];
  lib.crypto_kdf_derive_from_key(next, sizeof next, DERIVE_NEXT, context, secret->chain);
  memcpy(secret->chain, next, sizeof next);
  lib.sodium_memzero(next, sizeof next);
}

void scrim_session_secret_free(scrim_session_secret *secret) { lib.sodium_free(secret); }

// Begins a stream whose key is derived from the secret: `begin` is given its state and its key.
static int new_stream(scrim_stream **out, const scrim_session_secret *secret, int purpose, uint8_t *pushed,
                      const uint8_t *pulled) {
  uint8_t *key = lib.sodium_malloc(SCRIM_KEY_BYTES);
  void *state = lib.sodium_malloc(lib.crypto_secretstream_xchacha20poly1305_statebytes());
  int result = key && state ? SCRIM_SODIUM_OK : SCRIM_SODIUM_NO_MEMORY;
  if (result == SCRIM_SODIUM_OK) {
    if (purpose == SCRIM_STREAM_ABOUT) {
      memcpy(key, secret->about, SCRIM_KEY_BYTES);
    } else {
      lib.crypto_kdf_derive_from_key(key, SCRIM_KEY_BYTES, DERIVE_STREAM, context, secret->chain);
    }
    int refused = pushed ? lib.crypto_secretstream_xchacha20poly1305_init_push(state, pushed, key)
                         : lib.crypto_secretstream_xchacha20poly1305_init_pull(state, pulled, key);
    if (refused) result = SCRIM_SODIUM_REFUSED;
  }
  lib.sodium_free(key);
  if (result) {
    lib.sodium_free(state);
  } else {
    *out = state;
  }
  return result;
}

int scrim_stream_push(
    scrim_stream **out, const scrim_session_secret *secret, int purpose,
    uint8_t header[SCRIM_STREAM_HEADER_BYTES]) {
  return new_stream(out, secret, purpose, header, NULL);
}

int scrim_stream_pull(
    scrim_stream **out, const scrim_session_secret *secret, int purpose,
    const uint8_t header[SCRIM_STREAM_HEADER_BYTES]) {
  return new_stream(out, secret, purpose, NULL, header);
}

void scrim_stream_encrypt(
    scrim_stream *stream, uint8_t *out, const uint8_t *content, size_t size, const uint8_t *also, size_t also_size,
    int is_last) {
  lib.crypto_secretstream_xchacha20poly1305_push(
      stream, out, NULL, content, size, also, also_size, is_last ? TAG_FINAL : TAG_MESSAGE);
}

int scrim_stream_decrypt(
    scrim_stream *stream, uint8_t *out, const uint8_t *message, size_t size, const uint8_t *also,
    size_t also_size, int *is_last) {
  unsigned char tag = 0;
  if (size < SCRIM_STREAM_EXTRA_BYTES
      || lib.crypto_secretstream_xchacha20poly1305_pull(stream, out, NULL, &tag, message, size, also, also_size)) {
    return SCRIM_SODIUM_REFUSED;
  }
  *is_last = tag == TAG_FINAL;
  return SCRIM_SODIUM_OK;
}

void scrim_stream_free(scrim_stream *stream) { lib.sodium_free(stream); }
