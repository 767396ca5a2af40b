#define _GNU_SOURCE
#include "library.h"

#if SCRIM_HAS_X11
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Windows of a server that are looked at, at any depth. What is above that many is no desktop: nothing is listed then.
enum { MOST_WINDOWS = 8192, SMALLEST_SIDE = 4, TITLE_WORDS = 63 };

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


/// A window of the server's tree.
struct node {
  xcb_window_t id;
  /// Indices; -1 for none.
  int32_t parent, first, last, next;
  /// In pixels of the screen, with its border outside.
  int32_t x, y, width, height, border;
  uint32_t client, pid;
  bool is_there, is_viewable, is_drawn, is_override;
  /// Whether a window manager looks after it.
  bool is_managed;
  /// Whether nothing of it is to be seen, since one window without holes lies over all of it.
  bool is_covered;
  /// Whether it is the outermost window of its process there, and the index of the nearest such window around it.
  bool is_outer;
  int32_t outer;
  /// Whether it only frames the window of that index; -1 where it doesn't.
  int32_t framed;
};

struct tree {
  struct node *nodes;
  int32_t count;
  bool is_full;
};

static void add(struct tree *tree, xcb_window_t id, int32_t parent) {
  if (tree->count == MOST_WINDOWS) {
    tree->is_full = true;
    return;
  }
  const int32_t index = tree->count++;
  tree->nodes[index] = (struct node){.id = id, .parent = parent, .first = -1, .last = -1, .next = -1, .framed = -1};
  struct node *above = &tree->nodes[parent];
  if (parent == index) return;
  if (above->last >= 0) tree->nodes[above->last].next = index; else above->first = index;
  above->last = index;
}

struct answers {
  xcb_query_tree_cookie_t tree;
  xcb_get_window_attributes_cookie_t attributes;
  xcb_get_geometry_cookie_t geometry;
};

/// Takes in what the server answers of a window; its children are appended, bottom to top.
static void take(scrim_x11 *x, struct tree *tree, int32_t index, struct answers asked) {
  struct scrim_x11_library *lib = &x->lib;
  xcb_query_tree_reply_t *children = lib->xcb_query_tree_reply(x->connection, asked.tree, NULL);
  xcb_get_window_attributes_reply_t *attributes =
    lib->xcb_get_window_attributes_reply(x->connection, asked.attributes, NULL);
  xcb_get_geometry_reply_t *geometry = lib->xcb_get_geometry_reply(x->connection, asked.geometry, NULL);
  struct node *node = &tree->nodes[index];
  node->is_there = children && attributes && geometry;
  if (node->is_there) {
    const struct node *above = &tree->nodes[node->parent];
    const bool is_root = index == 0;
    node->border = geometry->border_width;
    // A window's place is that of its border's corner in the inside of its parent.
    node->x = is_root ? 0 : above->x + geometry->x + node->border;
    node->y = is_root ? 0 : above->y + geometry->y + node->border;
    node->width = geometry->width;
    node->height = geometry->height;
    node->client = node->id & ~lib->xcb_get_setup(x->connection)->resource_id_mask;
    node->is_viewable = attributes->map_state == XCB_MAP_STATE_VIEWABLE;
    node->is_drawn = attributes->_class == XCB_WINDOW_CLASS_INPUT_OUTPUT && node->width >= SMALLEST_SIDE
      && node->height >= SMALLEST_SIDE;
    node->is_override = attributes->override_redirect;
    const xcb_window_t *ids = lib->xcb_query_tree_children(children);
    const int count = lib->xcb_query_tree_children_length(children);
    for (int i = 0; i < count; i++) add(tree, ids[i], index);
  }
  free(children);
  free(attributes);
  free(geometry);
}

/// Reads the tree of all windows, level by level: a level is one way to the server and back.
static bool read_tree(scrim_x11 *x, struct tree *tree) {
  struct scrim_x11_library *lib = &x->lib;
  struct answers *asked = calloc(MOST_WINDOWS, sizeof *asked);
  if (!asked) return false;
  add(tree, x->screen->root, 0);
  for (int32_t begin = 0; begin < tree->count;) {
    const int32_t end = tree->count;
    for (int32_t i = begin; i < end; i++) {
      asked[i] = (struct answers){
        lib->xcb_query_tree(x->connection, tree->nodes[i].id),
        lib->xcb_get_window_attributes(x->connection, tree->nodes[i].id),
        lib->xcb_get_geometry(x->connection, tree->nodes[i].id)};
    }
    for (int32_t i = begin; i < end; i++) take(x, tree, i, asked[i]);
    begin = end;
  }
  free(asked);
  return tree->nodes[0].is_there;
}

bool scrim_x11_tells_processes(scrim_x11 *x) {
  struct scrim_x11_library *lib = &x->lib;
  if (x->resources) return x->resources > 0;
  x->resources = -1;
  const xcb_query_extension_reply_t *extension = lib->xcb_get_extension_data(x->connection, lib->res_id);
  if (!extension || !extension->present) return false;
  xcb_res_query_version_reply_t *version = lib->xcb_res_query_version_reply(
    x->connection, lib->xcb_res_query_version(x->connection, 1, 2), NULL);
  // Processes came with version 1.2.
  if (version && (version->server_major > 1 || (version->server_major == 1 && version->server_minor >= 2)))
    x->resources = 1;
  free(version);
  return x->resources > 0;
}

/// Asks the server which process is behind each client: not what a window says of itself.
static void read_processes(scrim_x11 *x, struct tree *tree) {
  struct scrim_x11_library *lib = &x->lib;
  if (!scrim_x11_tells_processes(x)) return;
  xcb_res_client_id_spec_t *asked = calloc((size_t)tree->count, sizeof *asked);
  if (!asked) return;
  uint32_t count = 0;
  for (int32_t i = 0; i < tree->count; i++) {
    // The server's own windows belong to the client 0.
    bool is_new = tree->nodes[i].is_there && tree->nodes[i].client;
    for (uint32_t k = count; is_new && k-- > 0;) is_new = asked[k].client != tree->nodes[i].client;
    if (is_new)
      asked[count++] = (xcb_res_client_id_spec_t){tree->nodes[i].client, XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID};
  }
  xcb_res_query_client_ids_reply_t *reply = count
    ? lib->xcb_res_query_client_ids_reply(
        x->connection, lib->xcb_res_query_client_ids(x->connection, count, asked), NULL)
    : NULL;
  free(asked);
  if (!reply) return;
  xcb_res_client_id_value_iterator_t ids = lib->xcb_res_query_client_ids_ids_iterator(reply);
  for (; ids.rem; lib->xcb_res_client_id_value_next(&ids)) {
    if (ids.data->length < 4 || !(ids.data->spec.mask & XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID)) continue;
    const uint32_t pid = *lib->xcb_res_client_id_value_value(ids.data);
    for (int32_t i = 0; i < tree->count; i++) {
      if (tree->nodes[i].client == ids.data->spec.client) tree->nodes[i].pid = pid;
    }
  }
  free(reply);
}

/// Finds the windows of other clients and processes than the ones around them.
static void part(struct tree *tree) {
  for (int32_t i = 1; i < tree->count; i++) {
    struct node *node = &tree->nodes[i];
    const struct node *above = &tree->nodes[node->parent];
    const bool is_same =
      node->client == above->client || (node->pid && node->pid == above->pid);
    node->is_outer = node->is_there && node->client && (node->parent == 0 || !is_same);
    node->outer = node->is_outer ? i : above->outer;
  }
}

static void note_managed(struct tree *tree, const xcb_window_t *clients, size_t count) {
  for (size_t k = 0; k < count; k++) {
    for (int32_t i = 1; i < tree->count; i++) {
      if (tree->nodes[i].id == clients[k]) tree->nodes[i].is_managed = true;
    }
  }
}

/// Finds the windows that window managers look after: by their list, and by the mark they set on each.
static void read_managed(scrim_x11 *x, struct tree *tree) {
  static const int lists[] = {SCRIM_ATOM_STACKING, SCRIM_ATOM_CLIENTS};
  xcb_window_t clients[1024];
  for (int i = 0; i < 2; i++) {
    const size_t count = scrim_x11_numbers(x, ask(x, x->screen->root, lists[i], 1024), clients, 1024);
    note_managed(tree, clients, count);
  }
  xcb_get_property_cookie_t *asked = calloc((size_t)tree->count, sizeof *asked);
  if (!asked) return;
  for (int32_t i = 1; i < tree->count; i++) {
    if (tree->nodes[i].is_outer) asked[i] = ask(x, tree->nodes[i].id, SCRIM_ATOM_STATE, 1);
  }
  for (int32_t i = 1; i < tree->count; i++) {
    if (!tree->nodes[i].is_outer) continue;
    uint32_t state = 0;
    if (scrim_x11_numbers(x, asked[i], &state, 1) && state) tree->nodes[i].is_managed = true;
  }
  free(asked);
}

static bool is_listed(const struct node *node) {
  return node->is_outer && node->is_viewable && node->is_drawn && !node->is_covered;
}

static bool is_composited(scrim_x11 *x) {
  xcb_get_selection_owner_reply_t *reply = x->lib.xcb_get_selection_owner_reply(
    x->connection, x->lib.xcb_get_selection_owner(x->connection, scrim_x11_atom(x, SCRIM_ATOM_COMPOSITOR)), NULL);
  const bool is_owned = !reply || reply->owner;
  free(reply);
  return is_owned;
}

/// Whether all of `under` that is on the screen lies under `over`, borders included.
static bool covers(const struct node *over, const struct node *under, const struct node *screen) {
  const int32_t left = under->x - under->border > 0 ? under->x - under->border : 0;
  const int32_t top = under->y - under->border > 0 ? under->y - under->border : 0;
  int32_t right = under->x + under->width + under->border, bottom = under->y + under->height + under->border;
  if (right > screen->width) right = screen->width;
  if (bottom > screen->height) bottom = screen->height;
  return over->x <= left && over->y <= top && over->x + over->width >= right && over->y + over->height >= bottom;
}

/// Finds windows that lie wholly under another. A compositing manager may show what lies under a window, and a window may have holes: those
/// cover nothing.
static void read_covered(scrim_x11 *x, struct tree *tree) {
  struct scrim_x11_library *lib = &x->lib;
  const xcb_query_extension_reply_t *extension = lib->xcb_get_extension_data(x->connection, lib->shape_id);
  if (!extension || !extension->present || is_composited(x)) return;
  xcb_shape_query_extents_cookie_t *asked = calloc((size_t)tree->count, sizeof *asked);
  bool *is_solid = calloc((size_t)tree->count, sizeof *is_solid);
  if (asked && is_solid) {
    for (int32_t i = tree->nodes[0].first; i > 0; i = tree->nodes[i].next) {
      if (tree->nodes[i].is_viewable) asked[i] = lib->xcb_shape_query_extents(x->connection, tree->nodes[i].id);
    }
    for (int32_t i = tree->nodes[0].first; i > 0; i = tree->nodes[i].next) {
      if (!tree->nodes[i].is_viewable) continue;
      xcb_shape_query_extents_reply_t *shape =
        lib->xcb_shape_query_extents_reply(x->connection, asked[i], NULL);
      is_solid[i] = shape && !shape->bounding_shaped && tree->nodes[i].is_drawn;
      free(shape);
    }
    for (int32_t i = tree->nodes[0].first; i > 0; i = tree->nodes[i].next) {
      for (int32_t k = tree->nodes[i].next; k > 0 && !tree->nodes[i].is_covered; k = tree->nodes[k].next) {
        tree->nodes[i].is_covered =
          is_solid[k] && covers(&tree->nodes[k], &tree->nodes[i], &tree->nodes[0]);
      }
    }
    // What lies in a covered window is covered as well; parents come first.
    for (int32_t i = 1; i < tree->count; i++) {
      if (tree->nodes[i].parent > 0) tree->nodes[i].is_covered = tree->nodes[tree->nodes[i].parent].is_covered;
    }
  }
  free(asked);
  free(is_solid);
}

/// Finds the windows that only frame one client, as window managers put around it.
static void read_frames(struct tree *tree) {
  int32_t *inside = calloc((size_t)tree->count, sizeof *inside);
  if (!inside) return;
  for (int32_t i = 1; i < tree->count; i++) {
    const struct node *node = &tree->nodes[i];
    if (!is_listed(node) || node->parent == 0) continue;
    struct node *around = &tree->nodes[tree->nodes[node->parent].outer];
    const int32_t frame = (int32_t)(around - tree->nodes);
    inside[frame] += 1;
    around->framed = inside[frame] == 1 && node->is_managed && !around->is_managed && around->parent == 0 ? i : -1;
  }
  free(inside);
}

struct questions {
  xcb_get_property_cookie_t frame, shadow, name, old_name;
};

static struct questions ask_about(scrim_x11 *x, xcb_window_t id) {
  return (struct questions){
    ask(x, id, SCRIM_ATOM_FRAME, 4), ask(x, id, SCRIM_ATOM_SHADOW, 4), ask(x, id, SCRIM_ATOM_NAME, TITLE_WORDS),
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
    .height = node->height, .border = node->border, .is_visible = is_listed(node),
    // Without a window manager no list tells which windows are an application's main ones.
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

/// Indices of the windows to describe: first those that are not to be seen, then the others, bottom to top, each before what lies in it.
static int32_t choose(const struct tree *tree, int32_t *chosen) {
  int32_t count = 0;
  for (int32_t i = 1; i < tree->count; i++) {
    const struct node *node = &tree->nodes[i];
    if (node->is_outer && node->is_managed && !is_listed(node)) chosen[count++] = i;
  }
  int32_t next = tree->nodes[0].first;
  while (next > 0) {
    const struct node *node = &tree->nodes[next];
    if (is_listed(node) && node->framed < 0) chosen[count++] = next;
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
  for (int i = 0; i < SCRIM_ATOM_COUNT; i++) scrim_x11_atom(x, i);
  if (!read_tree(x, tree)) return SCRIM_X11_LOST;
  if (tree->is_full) return SCRIM_X11_TOO_MANY;
  read_processes(x, tree);
  part(tree);
  read_managed(x, tree);
  read_covered(x, tree);
  read_frames(tree);
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
  struct tree tree = {calloc(MOST_WINDOWS, sizeof(struct node)), 0, false};
  if (!tree.nodes) return SCRIM_X11_NO_PICTURE;
  const scrim_x11_status status = list(x, &tree, windows, capacity, total);
  free(tree.nodes);
  return status;
}
#endif
