// What the PNG and JPEG sides share.
#pragma once

#include "scrim_codecs.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "pixels are words 0xAARRGGBB, which the libraries are asked for in little-endian byte order"
#endif

// The first fault of a run; later ones follow from it.
typedef struct scrim_fault {
  scrim_status status;
  char *message;
} scrim_fault;

void scrim_fault_set(scrim_fault *fault, scrim_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Bytes that grow as an encoder writes.
typedef struct scrim_buffer {
  uint8_t *bytes;
  size_t count, capacity;
} scrim_buffer;

// Makes room for `more` bytes behind `count`. Returns 0 where memory is short; the buffer is then as before.
int scrim_buffer_reserve(scrim_buffer *buffer, size_t more);
