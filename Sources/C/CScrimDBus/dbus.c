#include "scrim_dbus.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef uint32_t dbus_bool_t;
typedef struct DBusConnection DBusConnection;
typedef struct DBusMessage DBusMessage;
typedef struct {
  const char *name;
  const char *message;
  unsigned int bits;
  void *padding;
} DBusError;

// dbus/dbus-shared.h and dbus-protocol.h
enum { DBUS_BUS_SESSION = 0, TYPE_STRING = 's', TYPE_UINT32 = 'u', TYPE_INT32 = 'i', TYPE_INVALID = 0 };

static struct {
  dbus_bool_t (*threads_init_default)(void);
  void (*error_init)(DBusError *);
  void (*error_free)(DBusError *);
  DBusConnection *(*bus_get_private)(int, DBusError *);
  DBusConnection *(*connection_open_private)(const char *, DBusError *);
  dbus_bool_t (*bus_register)(DBusConnection *, DBusError *);
  void (*connection_set_exit_on_disconnect)(DBusConnection *, dbus_bool_t);
  void (*connection_close)(DBusConnection *);
  void (*connection_unref)(DBusConnection *);
  dbus_bool_t (*connection_get_unix_fd)(DBusConnection *, int *);
  dbus_bool_t (*connection_send)(DBusConnection *, DBusMessage *, uint32_t *);
  dbus_bool_t (*connection_read_write)(DBusConnection *, int);
  DBusMessage *(*connection_pop_message)(DBusConnection *);
  DBusMessage *(*message_new_method_call)(const char *, const char *, const char *, const char *);
  dbus_bool_t (*message_append_args)(DBusMessage *, int, ...);
  void (*message_unref)(DBusMessage *);
  int (*message_get_type)(DBusMessage *);
  uint32_t (*message_get_reply_serial)(DBusMessage *);
  const char *(*message_get_member)(DBusMessage *);
  dbus_bool_t (*message_iter_init)(DBusMessage *, void *);
  int (*message_iter_get_arg_type)(void *);
  dbus_bool_t (*message_iter_next)(void *);
  void (*message_iter_recurse)(void *, void *);
  void (*message_iter_get_basic)(void *, void *);
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_open;

static void open_library(void) {
  void *handle = dlopen("libdbus-1.so.3", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
  int whole = 1;
#define FIND(name) whole &= (*(void **)&lib.name = dlsym(handle, "dbus_" #name)) != NULL
  FIND(threads_init_default);
  FIND(error_init);
  FIND(error_free);
  FIND(bus_get_private);
  FIND(connection_open_private);
  FIND(bus_register);
  FIND(connection_set_exit_on_disconnect);
  FIND(connection_close);
  FIND(connection_unref);
  FIND(connection_get_unix_fd);
  FIND(connection_send);
  FIND(connection_read_write);
  FIND(connection_pop_message);
  FIND(message_new_method_call);
  FIND(message_append_args);
  FIND(message_unref);
  FIND(message_get_type);
  FIND(message_get_reply_serial);
  FIND(message_get_member);
  FIND(message_iter_init);
  FIND(message_iter_get_arg_type);
  FIND(message_iter_next);
  FIND(message_iter_recurse);
  FIND(message_iter_get_basic);
#undef FIND
  if (whole) is_open = lib.threads_init_default() != 0;
}

static int fail(DBusError *error, char *message, size_t capacity) {
  snprintf(message, capacity, "%s", error->message ? error->message : "libdbus gave no reason");
  lib.error_free(error);
  return SCRIM_DBUS_FAILED;
}

int scrim_dbus_open(const char *address, scrim_dbus **out, char *message, size_t capacity) {
  pthread_once(&once, open_library);
  if (!is_open) {
    snprintf(message, capacity, "libdbus-1.so.3 is not installed");
    return SCRIM_DBUS_NO_LIBRARY;
  }
  DBusError error;
  lib.error_init(&error);
  DBusConnection *bus = address ? lib.connection_open_private(address, &error)
                                : lib.bus_get_private(DBUS_BUS_SESSION, &error);
  if (!bus) return fail(&error, message, capacity);
  lib.connection_set_exit_on_disconnect(bus, 0);
  if (address && !lib.bus_register(bus, &error)) {
    lib.connection_close(bus);
    lib.connection_unref(bus);
    return fail(&error, message, capacity);
  }
  *out = (scrim_dbus *)bus;
  return SCRIM_DBUS_OK;
}

void scrim_dbus_close(scrim_dbus *bus) {
  lib.connection_close((DBusConnection *)bus);
  lib.connection_unref((DBusConnection *)bus);
}

int scrim_dbus_descriptor(scrim_dbus *bus) {
  int descriptor = -1;
  return lib.connection_get_unix_fd((DBusConnection *)bus, &descriptor) ? descriptor : -1;
}

static uint32_t send_and_release(scrim_dbus *bus, DBusMessage *call, dbus_bool_t whole) {
  uint32_t serial = 0;
  if (whole) {
    if (!lib.connection_send((DBusConnection *)bus, call, &serial)) serial = 0;
  }
  lib.message_unref(call);
  return serial;
}

uint32_t scrim_dbus_call(scrim_dbus *bus, const char *destination, const char *path, const char *interface,
                         const char *member, const char *first, const char *second) {
  DBusMessage *call = lib.message_new_method_call(destination, path, interface, member);
  if (!call) return 0;
  dbus_bool_t whole = 1;
  if (first) whole = lib.message_append_args(call, TYPE_STRING, &first, TYPE_INVALID);
  if (first && second) whole &= lib.message_append_args(call, TYPE_STRING, &second, TYPE_INVALID);
  return send_and_release(bus, call, whole);
}

uint32_t scrim_dbus_call_uint(scrim_dbus *bus, const char *destination, const char *path,
                              const char *interface, const char *member, uint32_t value) {
  DBusMessage *call = lib.message_new_method_call(destination, path, interface, member);
  if (!call) return 0;
  return send_and_release(bus, call, lib.message_append_args(call, TYPE_UINT32, &value, TYPE_INVALID));
}

uint32_t scrim_dbus_call_ints(scrim_dbus *bus, const char *destination, const char *path,
                              const char *interface, const char *member, int32_t first, int32_t second) {
  DBusMessage *call = lib.message_new_method_call(destination, path, interface, member);
  if (!call) return 0;
  return send_and_release(
      bus, call, lib.message_append_args(call, TYPE_INT32, &first, TYPE_INT32, &second, TYPE_INVALID));
}

int scrim_dbus_exchange(scrim_dbus *bus) {
  return (int)lib.connection_read_write((DBusConnection *)bus, 0);
}

scrim_dbus_message *scrim_dbus_next(scrim_dbus *bus) {
  return (scrim_dbus_message *)lib.connection_pop_message((DBusConnection *)bus);
}

void scrim_dbus_release(scrim_dbus_message *message) { lib.message_unref((DBusMessage *)message); }

int scrim_dbus_kind(scrim_dbus_message *message) { return lib.message_get_type((DBusMessage *)message); }

uint32_t scrim_dbus_reply_serial(scrim_dbus_message *message) {
  return lib.message_get_reply_serial((DBusMessage *)message);
}

const char *scrim_dbus_member(scrim_dbus_message *message) {
  return lib.message_get_member((DBusMessage *)message);
}

int scrim_dbus_begin(scrim_dbus_message *message, scrim_dbus_cursor *cursor) {
  return (int)lib.message_iter_init((DBusMessage *)message, cursor);
}

int scrim_dbus_type(scrim_dbus_cursor *cursor) { return lib.message_iter_get_arg_type(cursor); }

void scrim_dbus_advance(scrim_dbus_cursor *cursor) { lib.message_iter_next(cursor); }

void scrim_dbus_enter(scrim_dbus_cursor *cursor, scrim_dbus_cursor *inner) {
  lib.message_iter_recurse(cursor, inner);
}

uint32_t scrim_dbus_word(scrim_dbus_cursor *cursor) {
  uint32_t word = 0;
  lib.message_iter_get_basic(cursor, &word);
  return word;
}

double scrim_dbus_double(scrim_dbus_cursor *cursor) {
  double number = 0;
  lib.message_iter_get_basic(cursor, &number);
  return number;
}

const char *scrim_dbus_string(scrim_dbus_cursor *cursor) {
  const char *string = NULL;
  lib.message_iter_get_basic(cursor, &string);
  return string;
}
