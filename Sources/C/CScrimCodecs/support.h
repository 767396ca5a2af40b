// Shared parts of the PNG and JPEG code.
#pragma once

#include "scrim_codecs.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "pixels are words 0xAARRGGBB, which the libraries are asked for in little-endian byte order"
#endif

// The first fault of a run; later ones are its consequences.
typedef struct scrim_fault {
  scrim_status status;
  char *message;
} scrim_fault;

void scrim_fault_set(scrim_fault *fault, scrim_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// A growing buffer for an encoder's output.
typedef struct scrim_buffer {
  uint8_t *bytes;
  size_t count, capacity;
} scrim_buffer;

// Reserves `more` bytes after `count`. Returns 0 if memory is short; the buffer is then unchanged.
int scrim_buffer_reserve(scrim_buffer *buffer, size_t more);
