#define _GNU_SOURCE
#include "library.h"

#if SCRIM_HAS_X11
#include <stdio.h>
#include <stdlib.h>

#if SCRIM_HAS_XINPUT
#include <dlfcn.h>

#define SCRIM_INPUT_LOAD(name)                                                                               \
  __typeof__(name) *const call_##name = dlsym(handle, #name);                                                \
  if (!call_##name) return false;

/// Requests input events of all devices, for all windows. The key of a key press is never read.
static bool select_input(scrim_x11 *x) {
  void *handle = dlopen("libxcb-xinput.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!handle) return false;
  xcb_extension_t *id = dlsym(handle, "xcb_input_id");
  SCRIM_INPUT_LOAD(xcb_input_xi_query_version)
  SCRIM_INPUT_LOAD(xcb_input_xi_query_version_reply)
  SCRIM_INPUT_LOAD(xcb_input_xi_select_events_checked)
  const xcb_query_extension_reply_t *extension = id ? x->lib.xcb_get_extension_data(x->connection, id) : NULL;
  if (!extension || !extension->present) return false;
  x->input_opcode = extension->major_opcode;
  // Raw events reach every client since 2.1.
  xcb_input_xi_query_version_reply_t *version = call_xcb_input_xi_query_version_reply(
    x->connection, call_xcb_input_xi_query_version(x->connection, 2, 1), NULL);
  const bool is_new =
    version && (version->major_version > 2 || (version->major_version == 2 && version->minor_version >= 1));
  free(version);
  if (!is_new) return false;
  const struct {
    xcb_input_event_mask_t head;
    uint32_t mask;
  } asked = {
    {XCB_INPUT_DEVICE_ALL_MASTER, 1},
    XCB_INPUT_XI_EVENT_MASK_RAW_KEY_PRESS | XCB_INPUT_XI_EVENT_MASK_RAW_BUTTON_PRESS
      | XCB_INPUT_XI_EVENT_MASK_RAW_BUTTON_RELEASE};
  xcb_generic_error_t *error = x->lib.xcb_request_check(
    x->connection,
    call_xcb_input_xi_select_events_checked(x->connection, x->screen->root, 1, &asked.head));
  free(error);
  return error == NULL;
}
#else
static bool select_input(scrim_x11 *x) {
  (void)x;
  return false;
}
#endif

bool scrim_x11_listen(scrim_x11 *x) {
  const uint32_t properties = XCB_EVENT_MASK_PROPERTY_CHANGE;
  xcb_generic_error_t *error = x->lib.xcb_request_check(
    x->connection, x->lib.xcb_change_window_attributes_checked(
                     x->connection, x->screen->root, XCB_CW_EVENT_MASK, &properties));
  free(error);
  return select_input(x);
}

static void find_pointer(scrim_x11 *x, scrim_x11_input *input) {
  xcb_query_pointer_reply_t *reply = x->lib.xcb_query_pointer_reply(
    x->connection, x->lib.xcb_query_pointer(x->connection, x->screen->root), NULL);
  input->has_place = reply && reply->same_screen;
  if (input->has_place) {
    input->x = reply->root_x;
    input->y = reply->root_y;
  }
  free(reply);
}

#if SCRIM_HAS_XINPUT
static bool take_raw(scrim_x11 *x, const xcb_input_raw_button_press_event_t *event, scrim_x11_input *input) {
  input->time = event->time;
  if (event->event_type == XCB_INPUT_RAW_KEY_PRESS) {
    input->kind = SCRIM_X11_KEY;
    return true;
  }
  const bool is_press = event->event_type == XCB_INPUT_RAW_BUTTON_PRESS;
  if (!is_press && event->event_type != XCB_INPUT_RAW_BUTTON_RELEASE) return false;
  // Buttons 4 to 7 are the directions of a wheel; their releases have no meaning.
  const bool is_wheel = event->detail >= 4 && event->detail <= 7;
  if (is_wheel && !is_press) return false;
  const bool is_touch = !is_wheel && event->flags & XCB_INPUT_POINTER_EVENT_FLAGS_POINTER_EMULATED;
  input->kind = is_wheel ? SCRIM_X11_WHEEL
    : is_touch           ? (is_press ? SCRIM_X11_TOUCH : SCRIM_X11_TOUCH_END)
                         : (is_press ? SCRIM_X11_PRESS : SCRIM_X11_RELEASE);
  input->button = event->detail;
  find_pointer(x, input);
  return true;
}
#endif

/// The process of the focused window: the server's answer, not the window's own property.
static uint32_t process_of(scrim_x11 *x, uint32_t window) {
  struct scrim_x11_library *lib = &x->lib;
  if (!window || !scrim_x11_reports_processes(x)) return 0;
  const xcb_res_client_id_spec_t asked = {window, XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID};
  xcb_res_query_client_ids_reply_t *reply = lib->xcb_res_query_client_ids_reply(
    x->connection, lib->xcb_res_query_client_ids(x->connection, 1, &asked), NULL);
  if (!reply) return 0;
  uint32_t pid = 0;
  xcb_res_client_id_value_iterator_t ids = lib->xcb_res_query_client_ids_ids_iterator(reply);
  for (; ids.rem; lib->xcb_res_client_id_value_next(&ids)) {
    if (ids.data->length >= 4 && ids.data->spec.mask & XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID) {
      pid = *lib->xcb_res_client_id_value_value(ids.data);
    }
  }
  free(reply);
  return pid;
}

static bool take(scrim_x11 *x, const xcb_generic_event_t *event, scrim_x11_input *input) {
  const uint8_t type = event->response_type & 0x7F;
#if SCRIM_HAS_XINPUT
  if (
    type == XCB_GE_GENERIC && ((const xcb_ge_generic_event_t *)event)->extension == x->input_opcode
    && x->input_opcode) {
    return take_raw(x, (const xcb_input_raw_button_press_event_t *)event, input);
  }
#endif
  if (type != XCB_PROPERTY_NOTIFY) return false;
  const xcb_property_notify_event_t *notify = (const xcb_property_notify_event_t *)event;
  if (notify->atom != scrim_x11_atom(x, SCRIM_ATOM_ACTIVE)) return false;
  const uint32_t window = scrim_x11_active_window(x);
  // Window managers often set it again without a change.
  if (window == x->active) return false;
  x->active = window;
  input->kind = SCRIM_X11_FOCUS;
  input->time = notify->time;
  input->process = process_of(x, window);
  return input->process != 0;
}

scrim_x11_status scrim_x11_take_input(scrim_x11 *x, scrim_x11_input *inputs, size_t capacity, size_t *count) {
  *count = 0;
  xcb_generic_event_t *event;
  while (*count < capacity && (event = x->lib.xcb_poll_for_event(x->connection))) {
    scrim_x11_input input = {0};
    if (take(x, event, &input)) inputs[(*count)++] = input;
    free(event);
  }
  return x->lib.xcb_connection_has_error(x->connection) ? SCRIM_X11_LOST : SCRIM_X11_OK;
}
#endif
