#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void scrim_fault_set(scrim_fault *fault, scrim_status status, const char *format, ...) {
  if (fault->status != SCRIM_OK) return;
  fault->status = status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(fault->message, SCRIM_MESSAGE_SIZE, format, arguments);
  va_end(arguments);
}

int scrim_buffer_reserve(scrim_buffer *buffer, size_t more) {
  if (buffer->capacity - buffer->count >= more) return 1;
  size_t capacity = buffer->capacity * 2;
  if (capacity < buffer->count + more) capacity = buffer->count + more;
  uint8_t *grown = realloc(buffer->bytes, capacity);
  if (!grown) return 0;
  buffer->bytes = grown;
  buffer->capacity = capacity;
  return 1;
}

void scrim_free(void *memory) { free(memory); }

void scrim_keep_memory(void) {
#ifdef __GLIBC__
  // The maximum that glibc accepts; larger blocks are still mapped and returned to the system each time.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
#endif
}
