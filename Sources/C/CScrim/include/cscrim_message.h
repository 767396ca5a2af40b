#ifndef CSCRIM_MESSAGE_H
#define CSCRIM_MESSAGE_H

#include <stddef.h>

/* Keeps a message for scrim_last_error() of this thread, cut at 1023 bytes. */
void cscrim_set_message(const char *text, size_t length);

#endif
