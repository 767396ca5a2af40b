// The few calls of libdbus-1 that pipelined method calls need.
//
// The library is opened at first use, so that building needs neither it nor its headers, and on a machine
// without it the error says what to install. Its interface has been frozen since version 1.0 of 2006.
#ifndef SCRIM_DBUS_H
#define SCRIM_DBUS_H

#include <stddef.h>
#include <stdint.h>

typedef struct scrim_dbus scrim_dbus;
typedef struct scrim_dbus_message scrim_dbus_message;

// A position in a message's body. Its content is private to libdbus; it is valid as long as its message.
typedef struct {
  uint64_t space[16];
} scrim_dbus_cursor;

enum {
  SCRIM_DBUS_OK = 0,
  SCRIM_DBUS_NO_LIBRARY = 1,
  SCRIM_DBUS_FAILED = 2,
};

enum { SCRIM_DBUS_CALL = 1, SCRIM_DBUS_RETURN = 2, SCRIM_DBUS_ERROR = 3, SCRIM_DBUS_SIGNAL = 4 };

// Connects to the session bus (address NULL) or to the bus at an address, and sends Hello. On failure
// `message` gets an error text.
int scrim_dbus_open(const char *address, scrim_dbus **out, char *message, size_t capacity);
void scrim_dbus_close(scrim_dbus *bus);
int scrim_dbus_descriptor(scrim_dbus *bus);

// Queue a method call and return its serial, or 0 if it can't be queued (no memory, an invalid name, a
// closed bus).
// The arguments: none, one unsigned number, two numbers, or up to two strings (NULL for no more).
uint32_t scrim_dbus_call(scrim_dbus *bus, const char *destination, const char *path, const char *interface,
                         const char *member, const char *first, const char *second);
uint32_t scrim_dbus_call_uint(scrim_dbus *bus, const char *destination, const char *path,
                              const char *interface, const char *member, uint32_t value);
uint32_t scrim_dbus_call_ints(scrim_dbus *bus, const char *destination, const char *path,
                              const char *interface, const char *member, int32_t first, int32_t second);

// Writes the queued calls and reads incoming messages, without waiting. 0 if the bus is gone.
int scrim_dbus_exchange(scrim_dbus *bus);
// The next incoming message, or NULL.
scrim_dbus_message *scrim_dbus_next(scrim_dbus *bus);
void scrim_dbus_release(scrim_dbus_message *message);
int scrim_dbus_kind(scrim_dbus_message *message);
uint32_t scrim_dbus_reply_serial(scrim_dbus_message *message);
// NULL if the message has none; valid as long as the message.
const char *scrim_dbus_member(scrim_dbus_message *message);

// Reading a body. A type is the code of the D-Bus specification ('s', 'o', 'u', 'i', 'a', 'r', 'v'), 0 at the end.
int scrim_dbus_begin(scrim_dbus_message *message, scrim_dbus_cursor *cursor);
int scrim_dbus_type(scrim_dbus_cursor *cursor);
void scrim_dbus_advance(scrim_dbus_cursor *cursor);
// The position of the first element of the array, structure or variant at `cursor`.
void scrim_dbus_enter(scrim_dbus_cursor *cursor, scrim_dbus_cursor *inner);
// The value at a cursor of type 'i' or 'u', as bits; of type 'd'; of type 's' or 'o'. The caller has
// checked the type.
uint32_t scrim_dbus_word(scrim_dbus_cursor *cursor);
double scrim_dbus_double(scrim_dbus_cursor *cursor);
const char *scrim_dbus_string(scrim_dbus_cursor *cursor);

#endif
