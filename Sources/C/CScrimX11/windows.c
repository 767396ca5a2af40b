#define _GNU_SOURCE
#include "library.h"

#if SCRIM_HAS_X11
#include <stdlib.h>
#include <string.h>

// Windows of a screen that are looked at. What is above that many is no desktop.
enum { MOST_WINDOWS = 1024, SMALLEST_SIDE = 4, DEEPEST = 8, TITLE_WORDS = 63 };

static const char *const atom_names[] = {
  "_NET_CLIENT_LIST_STACKING", "_NET_FRAME_EXTENTS", "_GTK_FRAME_EXTENTS", "_NET_WM_PID", "_NET_ACTIVE_WINDOW",
  "_NET_WM_NAME"};

xcb_atom_t scrim_x11_atom(scrim_x11 *x, int index) {
  if (!x->atoms[index]) {
    const char *name = atom_names[index];
    xcb_intern_atom_reply_t *reply = x->lib.xcb_intern_atom_reply(
      x->connection, x->lib.xcb_intern_atom(x->connection, false, (uint16_t)strlen(name), name), NULL);
    if (reply) x->atoms[index] = reply->atom;
    free(reply);
  }
  return x->atoms[index];
}

static xcb_get_property_cookie_t ask(scrim_x11 *x, xcb_window_t window, int atom, uint32_t count) {
  return x->lib.xcb_get_property(
    x->connection, false, window, scrim_x11_atom(x, atom), XCB_GET_PROPERTY_TYPE_ANY, 0, count);
}

size_t scrim_x11_numbers(
  scrim_x11 *x, xcb_get_property_cookie_t cookie, uint32_t *numbers, size_t capacity) {
  xcb_get_property_reply_t *reply = x->lib.xcb_get_property_reply(x->connection, cookie, NULL);
  size_t count = 0;
  if (reply && reply->format == 32) {
    count = (size_t)x->lib.xcb_get_property_value_length(reply) / 4;
    if (count > capacity) count = capacity;
    memcpy(numbers, x->lib.xcb_get_property_value(reply), count * 4);
  }
  free(reply);
  return count;
}

uint32_t scrim_x11_active_window(scrim_x11 *x) {
  uint32_t window = 0;
  scrim_x11_numbers(x, ask(x, x->screen->root, SCRIM_ATOM_ACTIVE, 1), &window, 1);
  return window;
}

/// Replaces each client by the child of the root that it lies in, which is its frame or itself; 0 where it is gone.
static void climb(scrim_x11 *x, xcb_window_t *windows, size_t count) {
  struct scrim_x11_library *lib = &x->lib;
  xcb_query_tree_cookie_t cookies[MOST_WINDOWS];
  bool is_top[MOST_WINDOWS] = {false};
  for (int depth = 0; depth < DEEPEST; depth++) {
    for (size_t i = 0; i < count; i++) {
      if (!is_top[i]) cookies[i] = lib->xcb_query_tree(x->connection, windows[i]);
    }
    bool is_done = true;
    for (size_t i = 0; i < count; i++) {
      if (is_top[i]) continue;
      xcb_query_tree_reply_t *reply = lib->xcb_query_tree_reply(x->connection, cookies[i], NULL);
      is_top[i] = !reply || reply->parent == x->screen->root;
      if (!reply) windows[i] = 0;
      if (!is_top[i]) {
        windows[i] = reply->parent;
        is_done = false;
      }
      free(reply);
    }
    if (is_done) return;
  }
}

struct candidate {
  xcb_window_t id;
  bool is_managed;
};

/// Windows to describe, bottom to top: of each child of the root the client in it, or itself where none is.
static size_t choose(
  const xcb_window_t *children, size_t child_count, const xcb_window_t *clients, const xcb_window_t *tops,
  size_t client_count, struct candidate *chosen) {
  size_t count = 0;
  for (size_t i = 0; i < child_count && count < MOST_WINDOWS; i++) {
    bool has_client = false;
    for (size_t k = 0; k < client_count && count < MOST_WINDOWS; k++) {
      if (tops[k] != children[i]) continue;
      chosen[count++] = (struct candidate){clients[k], true};
      has_client = true;
    }
    if (!has_client) chosen[count++] = (struct candidate){children[i], false};
  }
  return count;
}

struct questions {
  xcb_get_window_attributes_cookie_t attributes;
  xcb_get_geometry_cookie_t geometry;
  xcb_translate_coordinates_cookie_t place;
  xcb_get_property_cookie_t frame, shadow, pid, name, old_name;
};

static struct questions ask_about(scrim_x11 *x, xcb_window_t id) {
  struct scrim_x11_library *lib = &x->lib;
  return (struct questions){
    lib->xcb_get_window_attributes(x->connection, id),
    lib->xcb_get_geometry(x->connection, id),
    lib->xcb_translate_coordinates(x->connection, id, x->screen->root, 0, 0),
    ask(x, id, SCRIM_ATOM_FRAME, 4),
    ask(x, id, SCRIM_ATOM_SHADOW, 4),
    ask(x, id, SCRIM_ATOM_PID, 1),
    ask(x, id, SCRIM_ATOM_NAME, TITLE_WORDS),
    lib->xcb_get_property(
      x->connection, false, id, XCB_ATOM_WM_NAME, XCB_GET_PROPERTY_TYPE_ANY, 0, TITLE_WORDS)};
}

/// Takes a title over as UTF-8, unless there is one already. The type STRING is Latin-1.
static void take_title(scrim_x11 *x, xcb_get_property_cookie_t cookie, char *title, size_t capacity) {
  xcb_get_property_reply_t *reply = x->lib.xcb_get_property_reply(x->connection, cookie, NULL);
  if (reply && reply->format == 8 && !title[0]) {
    const unsigned char *bytes = x->lib.xcb_get_property_value(reply);
    const int count = x->lib.xcb_get_property_value_length(reply);
    const bool is_latin = reply->type == XCB_ATOM_STRING;
    size_t used = 0;
    // Room is left for two bytes and the end.
    for (int i = 0; i < count && used + 3 <= capacity; i++) {
      if (is_latin && bytes[i] >= 0x80) {
        title[used++] = (char)(0xC0 | bytes[i] >> 6);
        title[used++] = (char)(0x80 | (bytes[i] & 0x3F));
      } else {
        title[used++] = (char)bytes[i];
      }
    }
    title[used] = 0;
  }
  free(reply);
}

/// Whether the window is to be seen; then `window` describes it.
static bool take(scrim_x11 *x, struct candidate of, struct questions asked, scrim_x11_window *window) {
  struct scrim_x11_library *lib = &x->lib;
  xcb_get_window_attributes_reply_t *attributes =
    lib->xcb_get_window_attributes_reply(x->connection, asked.attributes, NULL);
  xcb_get_geometry_reply_t *geometry = lib->xcb_get_geometry_reply(x->connection, asked.geometry, NULL);
  xcb_translate_coordinates_reply_t *place =
    lib->xcb_translate_coordinates_reply(x->connection, asked.place, NULL);
  memset(window, 0, sizeof *window);
  const size_t frame = scrim_x11_numbers(x, asked.frame, window->frame, 4);
  const size_t shadow = scrim_x11_numbers(x, asked.shadow, window->shadow, 4);
  scrim_x11_numbers(x, asked.pid, &window->pid, 1);
  take_title(x, asked.name, window->title, sizeof window->title);
  take_title(x, asked.old_name, window->title, sizeof window->title);
  const bool is_seen = attributes && geometry && place && attributes->map_state == XCB_MAP_STATE_VIEWABLE
    && attributes->_class == XCB_WINDOW_CLASS_INPUT_OUTPUT && geometry->width >= SMALLEST_SIDE
    && geometry->height >= SMALLEST_SIDE;
  if (is_seen) {
    window->id = of.id;
    window->x = place->dst_x;
    window->y = place->dst_y;
    window->width = geometry->width;
    window->height = geometry->height;
    // Without a window manager no list tells which windows are an application's main ones.
    window->is_managed = of.is_managed || !attributes->override_redirect;
    window->has_frame =
      frame == 4 && (window->frame[0] || window->frame[1] || window->frame[2] || window->frame[3]);
    window->has_shadow = shadow == 4;
  }
  free(attributes);
  free(geometry);
  free(place);
  return is_seen;
}

scrim_x11_status scrim_x11_list(scrim_x11 *x, scrim_x11_window *windows, size_t capacity, size_t *total) {
  struct scrim_x11_library *lib = &x->lib;
  *total = 0;
  for (int i = 0; i < 6; i++) scrim_x11_atom(x, i);
  const xcb_query_tree_cookie_t tree = lib->xcb_query_tree(x->connection, x->screen->root);
  xcb_window_t clients[MOST_WINDOWS], tops[MOST_WINDOWS];
  const size_t client_count = scrim_x11_numbers(
    x, ask(x, x->screen->root, SCRIM_ATOM_STACKING, MOST_WINDOWS), clients, MOST_WINDOWS);
  memcpy(tops, clients, sizeof tops[0] * client_count);
  climb(x, tops, client_count);
  xcb_query_tree_reply_t *reply = lib->xcb_query_tree_reply(x->connection, tree, NULL);
  if (!reply) return SCRIM_X11_LOST;
  struct candidate chosen[MOST_WINDOWS];
  const size_t count = choose(
    lib->xcb_query_tree_children(reply), (size_t)lib->xcb_query_tree_children_length(reply), clients, tops,
    client_count, chosen);
  free(reply);
  struct questions asked[MOST_WINDOWS];
  for (size_t i = 0; i < count; i++) asked[i] = ask_about(x, chosen[i].id);
  for (size_t i = 0; i < count; i++) {
    scrim_x11_window window;
    if (!take(x, chosen[i], asked[i], &window)) continue;
    if (*total < capacity) windows[*total] = window;
    *total += 1;
  }
  return lib->xcb_connection_has_error(x->connection) ? SCRIM_X11_LOST : SCRIM_X11_OK;
}
#endif
