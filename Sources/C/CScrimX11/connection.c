#define _GNU_SOURCE
#include "library.h"

#if SCRIM_HAS_X11
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const xcb_query_extension_reply_t *extension(scrim_x11 *x, xcb_extension_t *id) {
  const xcb_query_extension_reply_t *reply = x->lib.xcb_get_extension_data(x->connection, id);
  return reply && reply->present ? reply : NULL;
}

/// Reads the pixel format of the screen.
static bool read_visual(scrim_x11 *x) {
  struct scrim_x11_library *lib = &x->lib;
  const xcb_setup_t *setup = lib->xcb_get_setup(x->connection);
  x->is_big_endian = setup->image_byte_order == XCB_IMAGE_ORDER_MSB_FIRST;
  x->depth = x->screen->root_depth;
  const xcb_format_t *formats = lib->xcb_setup_pixmap_formats(setup);
  for (int i = 0; i < lib->xcb_setup_pixmap_formats_length(setup); i++) {
    if (formats[i].depth != x->depth) continue;
    x->bits_per_pixel = formats[i].bits_per_pixel;
    x->scanline_pad = formats[i].scanline_pad;
  }
  xcb_depth_iterator_t depths = lib->xcb_screen_allowed_depths_iterator(x->screen);
  for (; depths.rem; lib->xcb_depth_next(&depths)) {
    xcb_visualtype_iterator_t visuals = lib->xcb_depth_visuals_iterator(depths.data);
    for (; visuals.rem; lib->xcb_visualtype_next(&visuals)) {
      if (visuals.data->visual_id == x->screen->root_visual) x->visual = *visuals.data;
    }
  }
  return x->bits_per_pixel >= 8 && x->scanline_pad >= 8;
}

scrim_x11_status scrim_x11_open(
  const char *display, scrim_x11 **handle, char *detail, size_t capacity) {
  *handle = NULL;
  snprintf(detail, capacity, "%s", "");
  scrim_x11 *x = calloc(1, sizeof *x);
  if (!x) return SCRIM_X11_NO_PICTURE;
  scrim_x11_status status = scrim_x11_load(&x->lib, detail, capacity);
  if (status != SCRIM_X11_OK) {
    free(x);
    return status;
  }
  int number = 0;
  x->connection = x->lib.xcb_connect(display, &number);
  if (x->lib.xcb_connection_has_error(x->connection)) {
    scrim_x11_close(x);
    return SCRIM_X11_NO_DISPLAY;
  }
  x->number = number;
  xcb_screen_iterator_t screens = x->lib.xcb_setup_roots_iterator(x->lib.xcb_get_setup(x->connection));
  for (; number > 0 && screens.rem > 1; number--) x->lib.xcb_screen_next(&screens);
  x->screen = screens.data;
  if (!x->screen || !read_visual(x)) {
    scrim_x11_close(x);
    return SCRIM_X11_NO_DISPLAY;
  }
  *handle = x;
  return SCRIM_X11_OK;
}

void scrim_x11_close(scrim_x11 *x) {
  if (!x) return;
  if (x->connection) x->lib.xcb_disconnect(x->connection);
  if (x->mirror) munmap(x->mirror, x->mirror_size);
  free(x->rects);
  free(x);
}

int scrim_x11_descriptor(scrim_x11 *x) { return x->lib.xcb_get_file_descriptor(x->connection); }

static bool has_extensions(scrim_x11 *x, char *detail, size_t capacity) {
  struct scrim_x11_library *lib = &x->lib;
  const char *missing = NULL;
  const xcb_query_extension_reply_t *damage = extension(x, lib->damage_id);
  const xcb_query_extension_reply_t *fixes = extension(x, lib->xfixes_id);
  if (!damage) missing = "DAMAGE";
  if (!fixes) missing = "XFIXES";
  if (missing) {
    snprintf(detail, capacity, "%s", missing);
    return false;
  }
  x->damage_event = damage->first_event;
  x->xfixes_event = fixes->first_event;
  // Both extensions require that their version is negotiated first.
  free(lib->xcb_xfixes_query_version_reply(
    x->connection, lib->xcb_xfixes_query_version(x->connection, 5, 0), NULL));
  free(lib->xcb_damage_query_version_reply(
    x->connection, lib->xcb_damage_query_version(x->connection, 1, 1), NULL));
  return true;
}

static bool check(scrim_x11 *x, xcb_void_cookie_t cookie) {
  xcb_generic_error_t *error = x->lib.xcb_request_check(x->connection, cookie);
  free(error);
  return error == NULL;
}

scrim_x11_status scrim_x11_watch(scrim_x11 *x, uint32_t window, char *detail, size_t capacity) {
  struct scrim_x11_library *lib = &x->lib;
  snprintf(detail, capacity, "%s", "");
  if (!has_extensions(x, detail, capacity)) return SCRIM_X11_NO_EXTENSION;
  const uint32_t structure = XCB_EVENT_MASK_STRUCTURE_NOTIFY;
  x->window = window;
  if (window
      && !check(
        x, lib->xcb_change_window_attributes_checked(x->connection, window, XCB_CW_EVENT_MASK, &structure))) {
    return lib->xcb_connection_has_error(x->connection) ? SCRIM_X11_LOST : SCRIM_X11_NO_WINDOW;
  }
  check(
    x, lib->xcb_change_window_attributes_checked(
         x->connection, x->screen->root, XCB_CW_EVENT_MASK, &structure));
  lib->xcb_xfixes_select_cursor_input(
    x->connection, x->screen->root, XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR);
  x->damage = lib->xcb_generate_id(x->connection);
  x->parts = lib->xcb_generate_id(x->connection);
  lib->xcb_xfixes_create_region(x->connection, x->parts, 0, NULL);
  // Watching the root window reports drawing in every window.
  if (!check(
        x, lib->xcb_damage_create_checked(
             x->connection, x->damage, x->screen->root, XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY))) {
    snprintf(detail, capacity, "%s", "DAMAGE");
    return lib->xcb_connection_has_error(x->connection) ? SCRIM_X11_LOST : SCRIM_X11_NO_EXTENSION;
  }
  x->is_whole_due = true;
  return SCRIM_X11_OK;
}

scrim_x11_status scrim_x11_pump(scrim_x11 *x, bool *is_damaged) {
  xcb_generic_event_t *event;
  while ((event = x->lib.xcb_poll_for_event(x->connection))) {
    const uint8_t type = event->response_type & 0x7F;
    if (type == x->damage_event + XCB_DAMAGE_NOTIFY || type == x->xfixes_event + XCB_XFIXES_CURSOR_NOTIFY) {
      *is_damaged = true;
    } else if (type == XCB_CONFIGURE_NOTIFY || type == XCB_MAP_NOTIFY || type == XCB_UNMAP_NOTIFY) {
      *is_damaged = true;
    } else if (
      type == XCB_DESTROY_NOTIFY && x->window
      && ((xcb_destroy_notify_event_t *)event)->window == x->window) {
      x->is_gone = true;
    }
    free(event);
  }
  if (x->lib.xcb_connection_has_error(x->connection)) return SCRIM_X11_LOST;
  return x->is_gone ? SCRIM_X11_NO_WINDOW : SCRIM_X11_OK;
}
#endif
