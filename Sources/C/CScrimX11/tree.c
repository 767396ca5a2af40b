#define _GNU_SOURCE
#include "tree.h"

#if SCRIM_HAS_X11
#include <stdlib.h>

// Maximum number of a server's windows, at any depth. More than that is not a desktop: then nothing is
// listed.
enum { MOST_WINDOWS = 8192, SMALLEST_SIDE = 4 };

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

/// Reads the server's answers for a window; its children are appended, bottom to top.
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
    // A window's position is that of its border's corner, relative to the inner area of its parent.
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

/// Reads the tree of all windows, level by level, with one round trip per level.
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

bool scrim_x11_reports_processes(scrim_x11 *x) {
  struct scrim_x11_library *lib = &x->lib;
  if (x->resources) return x->resources > 0;
  x->resources = -1;
  const xcb_query_extension_reply_t *extension = lib->xcb_get_extension_data(x->connection, lib->res_id);
  if (!extension || !extension->present) return false;
  xcb_res_query_version_reply_t *version = lib->xcb_res_query_version_reply(
    x->connection, lib->xcb_res_query_version(x->connection, 1, 2), NULL);
  // Process ids need version 1.2.
  if (version && (version->server_major > 1 || (version->server_major == 1 && version->server_minor >= 2)))
    x->resources = 1;
  free(version);
  return x->resources > 0;
}

/// Asks the server which process is behind each client; a window's own properties are not trusted for this.
static void read_processes(scrim_x11 *x, struct tree *tree) {
  struct scrim_x11_library *lib = &x->lib;
  if (!scrim_x11_reports_processes(x)) return;
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

/// Finds the windows whose client and process differ from those of the windows around them.
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

/// Finds the windows that window managers manage: by their list, and by the property they set on each.
static void read_managed(scrim_x11 *x, struct tree *tree) {
  static const int lists[] = {SCRIM_ATOM_STACKING, SCRIM_ATOM_CLIENTS};
  xcb_window_t clients[1024];
  for (int i = 0; i < 2; i++) {
    const size_t count = scrim_x11_numbers(x, scrim_x11_ask(x, x->screen->root, lists[i], 1024), clients, 1024);
    note_managed(tree, clients, count);
  }
  xcb_get_property_cookie_t *asked = calloc((size_t)tree->count, sizeof *asked);
  if (!asked) return;
  for (int32_t i = 1; i < tree->count; i++) {
    if (tree->nodes[i].is_outer) asked[i] = scrim_x11_ask(x, tree->nodes[i].id, SCRIM_ATOM_STATE, 1);
  }
  for (int32_t i = 1; i < tree->count; i++) {
    if (!tree->nodes[i].is_outer) continue;
    uint32_t state = 0;
    if (scrim_x11_numbers(x, asked[i], &state, 1) && state) tree->nodes[i].is_managed = true;
  }
  free(asked);
}

bool scrim_x11_is_listed(const struct node *node) {
  return node->is_outer && node->is_viewable && node->is_drawn && !node->is_covered;
}

static bool is_composited(scrim_x11 *x) {
  xcb_get_selection_owner_reply_t *reply = x->lib.xcb_get_selection_owner_reply(
    x->connection, x->lib.xcb_get_selection_owner(x->connection, scrim_x11_atom(x, SCRIM_ATOM_COMPOSITOR)), NULL);
  const bool is_owned = !reply || reply->owner;
  free(reply);
  return is_owned;
}

/// Whether the part of `under` on the screen lies completely under `over`, borders included.
static bool covers(const struct node *over, const struct node *under, const struct node *screen) {
  const int32_t left = under->x - under->border > 0 ? under->x - under->border : 0;
  const int32_t top = under->y - under->border > 0 ? under->y - under->border : 0;
  int32_t right = under->x + under->width + under->border, bottom = under->y + under->height + under->border;
  if (right > screen->width) right = screen->width;
  if (bottom > screen->height) bottom = screen->height;
  return over->x <= left && over->y <= top && over->x + over->width >= right && over->y + over->height >= bottom;
}

/// Finds windows that lie completely under another. A compositing manager may show windows under others,
/// and a window may have holes: those hide nothing.
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
    // The children of a covered window are covered as well; parents come first.
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
    if (!scrim_x11_is_listed(node) || node->parent == 0) continue;
    struct node *around = &tree->nodes[tree->nodes[node->parent].outer];
    const int32_t frame = (int32_t)(around - tree->nodes);
    inside[frame] += 1;
    around->framed = inside[frame] == 1 && node->is_managed && !around->is_managed && around->parent == 0 ? i : -1;
  }
  free(inside);
}

scrim_x11_status scrim_x11_read_tree(scrim_x11 *x, struct tree *tree) {
  for (int i = 0; i < SCRIM_ATOM_COUNT; i++) scrim_x11_atom(x, i);
  tree->nodes = calloc(MOST_WINDOWS, sizeof *tree->nodes);
  if (!tree->nodes) return SCRIM_X11_NO_PICTURE;
  if (!read_tree(x, tree)) return SCRIM_X11_LOST;
  if (tree->is_full) return SCRIM_X11_TOO_MANY;
  read_processes(x, tree);
  part(tree);
  read_managed(x, tree);
  read_covered(x, tree);
  read_frames(tree);
  return SCRIM_X11_OK;
}
#endif
