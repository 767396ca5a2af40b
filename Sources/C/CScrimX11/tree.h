#pragma once
#include "library.h"

#if SCRIM_HAS_X11
/// A window of the server's tree.
struct node {
  xcb_window_t id;
  /// Indices; -1 for none.
  int32_t parent, first, last, next;
  /// In pixels of the screen, with its border outside.
  int32_t x, y, width, height, border;
  uint32_t client, pid;
  bool is_there, is_viewable, is_drawn, is_override;
  /// Whether a window manager manages it.
  bool is_managed;
  /// Whether it is completely hidden, since one window without holes lies over all of it.
  bool is_covered;
  /// Whether it is the outermost window of its process there, and the index of the nearest such window around it.
  bool is_outer;
  int32_t outer;
  /// Index of the window that it only frames; -1 if it frames none.
  int32_t framed;
};

struct tree {
  struct node *nodes;
  int32_t count;
  bool is_full;
};

/// Reads the tree of all windows with their properties. The caller frees its nodes.
scrim_x11_status scrim_x11_read_tree(scrim_x11 *x, struct tree *tree);

/// Whether a window is described separately: it belongs to another process than the window around it, and
/// is visible.
bool scrim_x11_is_listed(const struct node *node);

xcb_get_property_cookie_t scrim_x11_ask(scrim_x11 *x, xcb_window_t window, int atom, uint32_t count);
#endif
