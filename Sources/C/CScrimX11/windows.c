#define _GNU_SOURCE
#include "tree.h"

#if SCRIM_HAS_X11
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TITLE_WORDS = 63 };

static const char *const atom_names[] = {
  "_NET_CLIENT_LIST_STACKING", "_NET_FRAME_EXTENTS", "_GTK_FRAME_EXTENTS", "_NET_ACTIVE_WINDOW",
  "_NET_WM_NAME", "_NET_CLIENT_LIST", "WM_STATE", ""};

xcb_atom_t scrim_x11_atom(scrim_x11 *x, int index) {
  if (!x->atoms[index]) {
    char compositor[32];
    snprintf(compositor, sizeof compositor, "_NET_WM_CM_S%d", x->number);
    const char *name = index == SCRIM_ATOM_COMPOSITOR ? compositor : atom_names[index];
    xcb_intern_atom_reply_t *reply = x->lib.xcb_intern_atom_reply(
      x->connection, x->lib.xcb_intern_atom(x->connection, false, (uint16_t)strlen(name), name), NULL);
    if (reply) x->atoms[index] = reply->atom;
    free(reply);
  }
  return x->atoms[index];
}

xcb_get_property_cookie_t scrim_x11_ask(scrim_x11 *x, xcb_window_t window, int atom, uint32_t count) {
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
  scrim_x11_numbers(x, scrim_x11_ask(x, x->screen->root, SCRIM_ATOM_ACTIVE, 1), &window, 1);
  return window;
}

/// Copies a title as UTF-8, unless there is one already. The type STRING is Latin-1.
static void take_title(scrim_x11 *x, xcb_get_property_cookie_t cookie, char *title, size_t capacity) {
  xcb_get_property_reply_t *reply = x->lib.xcb_get_property_reply(x->connection, cookie, NULL);
  if (reply && reply->format == 8 && !title[0]) {
    const unsigned char *bytes = x->lib.xcb_get_property_value(reply);
    const int count = x->lib.xcb_get_property_value_length(reply);
    const bool is_latin = reply->type == XCB_ATOM_STRING;
    size_t used = 0;
    // Room is kept for two bytes and the terminator.
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


struct questions {
  xcb_get_property_cookie_t frame, shadow, name, old_name;
};

static struct questions ask_about(scrim_x11 *x, xcb_window_t id) {
  return (struct questions){
    scrim_x11_ask(x, id, SCRIM_ATOM_FRAME, 4), scrim_x11_ask(x, id, SCRIM_ATOM_SHADOW, 4), scrim_x11_ask(x, id, SCRIM_ATOM_NAME, TITLE_WORDS),
    x->lib.xcb_get_property(
      x->connection, false, id, XCB_ATOM_WM_NAME, XCB_GET_PROPERTY_TYPE_ANY, 0, TITLE_WORDS)};
}

static uint32_t side(int32_t length) { return length > 0 ? (uint32_t)length : 0; }

static scrim_x11_window describe(
  scrim_x11 *x, const struct tree *tree, int32_t index, struct questions asked) {
  const struct node *node = &tree->nodes[index];
  const struct node *around = node->parent > 0 ? &tree->nodes[tree->nodes[node->parent].outer] : NULL;
  const bool is_framed = around && around->framed == index;
  scrim_x11_window window = {
    .id = node->id, .client = node->client, .pid = node->pid, .x = node->x, .y = node->y, .width = node->width,
    .height = node->height, .border = node->border, .is_visible = scrim_x11_is_listed(node),
    // Without a window manager no list says which windows are an application's main ones.
    .is_managed = node->is_managed || (!around && !node->is_override),
    .parent = around && !is_framed ? around->id : 0};
  // Left, right, top, bottom.
  int32_t ring[4] = {node->border, node->border, node->border, node->border};
  if (is_framed) {
    ring[0] = node->x - around->x + around->border;
    ring[1] = around->x + around->width + around->border - node->x - node->width;
    ring[2] = node->y - around->y + around->border;
    ring[3] = around->y + around->height + around->border - node->y - node->height;
  }
  for (int i = 0; i < 4; i++) {
    window.frame[i] = side(ring[i]);
    window.has_frame = window.has_frame || window.frame[i];
  }
  uint32_t claimed[4] = {0};
  window.has_claimed_frame = scrim_x11_numbers(x, asked.frame, claimed, 4) == 4;
  memcpy(window.claimed_frame, claimed, sizeof claimed);
  window.has_shadow = scrim_x11_numbers(x, asked.shadow, window.shadow, 4) == 4;
  take_title(x, asked.name, window.title, sizeof window.title);
  take_title(x, asked.old_name, window.title, sizeof window.title);
  return window;
}

/// Indices of the windows to describe: first those that are not visible, then the others, bottom to top,
/// each before the windows in it.
static int32_t choose(const struct tree *tree, int32_t *chosen) {
  int32_t count = 0;
  for (int32_t i = 1; i < tree->count; i++) {
    const struct node *node = &tree->nodes[i];
    if (node->is_outer && node->is_managed && !scrim_x11_is_listed(node)) chosen[count++] = i;
  }
  int32_t next = tree->nodes[0].first;
  while (next > 0) {
    const struct node *node = &tree->nodes[next];
    if (scrim_x11_is_listed(node) && node->framed < 0) chosen[count++] = next;
    int32_t at = next;
    next = node->first;
    while (next < 0 && at > 0) {
      next = tree->nodes[at].next;
      at = tree->nodes[at].parent;
    }
  }
  return count;
}

static scrim_x11_status list(
  scrim_x11 *x, struct tree *tree, scrim_x11_window *windows, size_t capacity, size_t *total) {
  const scrim_x11_status status = scrim_x11_read_tree(x, tree);
  if (status != SCRIM_X11_OK) return status;
  int32_t *chosen = calloc((size_t)tree->count + 1, sizeof *chosen);
  if (!chosen) return SCRIM_X11_NO_PICTURE;
  const int32_t count = choose(tree, chosen);
  struct questions *asked = calloc((size_t)count + 1, sizeof *asked);
  if (asked) {
    for (int32_t i = 0; i < count; i++) asked[i] = ask_about(x, tree->nodes[chosen[i]].id);
    for (int32_t i = 0; i < count; i++) {
      const scrim_x11_window window = describe(x, tree, chosen[i], asked[i]);
      if (*total < capacity) windows[*total] = window;
      *total += 1;
    }
  }
  free(chosen);
  if (!asked) return SCRIM_X11_NO_PICTURE;
  free(asked);
  return x->lib.xcb_connection_has_error(x->connection) ? SCRIM_X11_LOST : SCRIM_X11_OK;
}

scrim_x11_status scrim_x11_list(scrim_x11 *x, scrim_x11_window *windows, size_t capacity, size_t *total) {
  *total = 0;
  struct tree tree = {NULL, 0, false};
  const scrim_x11_status status = list(x, &tree, windows, capacity, total);
  free(tree.nodes);
  return status;
}
#endif
