#include "cscrim_message.h"
#include "scrim.h"

#include <string.h>

static _Thread_local char message[1024];

void cscrim_set_message(const char *text, size_t length) {
  if (length > sizeof message - 1) {
    length = sizeof message - 1;
    /* Not within a character. */
    while (length > 0 && (text[length] & 0xC0) == 0x80) length--;
  }
  if (length > 0) memcpy(message, text, length);
  message[length] = 0;
}

const char *scrim_last_error(void) { return message; }
