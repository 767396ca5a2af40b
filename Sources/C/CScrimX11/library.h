#pragma once
#if !defined(SCRIM_NO_X11) && __has_include(<xcb/xcb.h>) && __has_include(<xcb/shm.h>) \
  && __has_include(<xcb/damage.h>) && __has_include(<xcb/xfixes.h>) && __has_include(<xcb/res.h>) \
  && __has_include(<xcb/shape.h>)
#define SCRIM_HAS_X11 1

#include <xcb/damage.h>
#include <xcb/res.h>
#include <xcb/shape.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <xcb/xfixes.h>

// Presses, keys and touches: built without the header, a recording has none of them and reports it.
#if __has_include(<xcb/xinput.h>)
#define SCRIM_HAS_XINPUT 1
#include <xcb/xinput.h>
#else
#define SCRIM_HAS_XINPUT 0
#endif

#include "scrim_x11.h"

// The functions used, grouped by library.
#define SCRIM_XCB_NAMES(X)                                                                                   \
  X(xcb_connect) X(xcb_disconnect) X(xcb_connection_has_error) X(xcb_get_file_descriptor) X(xcb_get_setup)   \
  X(xcb_setup_roots_iterator) X(xcb_screen_next) X(xcb_screen_allowed_depths_iterator) X(xcb_depth_next)     \
  X(xcb_depth_visuals_iterator) X(xcb_visualtype_next) X(xcb_setup_pixmap_formats)                           \
  X(xcb_setup_pixmap_formats_length) X(xcb_get_extension_data) X(xcb_generate_id) X(xcb_flush)               \
  X(xcb_poll_for_event) X(xcb_request_check) X(xcb_change_window_attributes_checked)                         \
  X(xcb_get_geometry) X(xcb_get_geometry_reply)                                                              \
  X(xcb_translate_coordinates) X(xcb_translate_coordinates_reply) X(xcb_get_window_attributes)               \
  X(xcb_get_window_attributes_reply) X(xcb_query_pointer) X(xcb_query_pointer_reply) X(xcb_get_image)        \
  X(xcb_get_image_reply) X(xcb_get_image_data) X(xcb_get_image_data_length) X(xcb_intern_atom)               \
  X(xcb_intern_atom_reply) X(xcb_get_property) X(xcb_get_property_reply) X(xcb_get_property_value)           \
  X(xcb_get_property_value_length) X(xcb_query_tree) X(xcb_query_tree_reply) X(xcb_query_tree_children)      \
  X(xcb_query_tree_children_length) X(xcb_get_selection_owner) X(xcb_get_selection_owner_reply)
#define SCRIM_SHM_NAMES(X)                                                                                   \
  X(xcb_shm_query_version) X(xcb_shm_query_version_reply) X(xcb_shm_attach_fd_checked) X(xcb_shm_detach)     \
  X(xcb_shm_get_image) X(xcb_shm_get_image_reply)
#define SCRIM_DAMAGE_NAMES(X)                                                                                \
  X(xcb_damage_query_version) X(xcb_damage_query_version_reply) X(xcb_damage_create_checked)                 \
  X(xcb_damage_subtract)
#define SCRIM_XFIXES_NAMES(X)                                                                                \
  X(xcb_xfixes_query_version) X(xcb_xfixes_query_version_reply) X(xcb_xfixes_create_region)                  \
  X(xcb_xfixes_fetch_region) X(xcb_xfixes_fetch_region_reply) X(xcb_xfixes_fetch_region_rectangles)          \
  X(xcb_xfixes_fetch_region_rectangles_length) X(xcb_xfixes_select_cursor_input)
#define SCRIM_RES_NAMES(X)                                                                                   \
  X(xcb_res_query_version) X(xcb_res_query_version_reply) X(xcb_res_query_client_ids)                        \
  X(xcb_res_query_client_ids_reply) X(xcb_res_query_client_ids_ids_iterator) X(xcb_res_client_id_value_next) \
  X(xcb_res_client_id_value_value)

#define SCRIM_SHAPE_NAMES(X) X(xcb_shape_query_extents) X(xcb_shape_query_extents_reply)

#define SCRIM_MEMBER(name) __typeof__(name) *name;
/// The functions of the X libraries, and the names of their extensions.
struct scrim_x11_library {
  SCRIM_XCB_NAMES(SCRIM_MEMBER)
  SCRIM_SHM_NAMES(SCRIM_MEMBER)
  SCRIM_DAMAGE_NAMES(SCRIM_MEMBER)
  SCRIM_XFIXES_NAMES(SCRIM_MEMBER)
  SCRIM_RES_NAMES(SCRIM_MEMBER)
  SCRIM_SHAPE_NAMES(SCRIM_MEMBER)
  xcb_extension_t *shm_id, *damage_id, *xfixes_id, *res_id, *shape_id;
};

struct scrim_x11 {
  struct scrim_x11_library lib;
  xcb_connection_t *connection;
  xcb_screen_t *screen;
  int number, depth, bits_per_pixel, scanline_pad;
  bool is_big_endian;
  xcb_visualtype_t visual;
  uint8_t damage_event, xfixes_event;

  // The watched window.
  xcb_window_t window;
  xcb_damage_damage_t damage;
  xcb_xfixes_region_t parts;
  bool is_gone;

  // The picture, kept in step with the screen, followed by as many bytes again for rectangles being
  // transferred.
  uint8_t *mirror;
  size_t mirror_size;
  xcb_shm_seg_t segment;
  bool is_whole_due;
  int32_t x, y, width, height, stride;
  // The part of the picture that was on the screen at the last capture.
  scrim_x11_rect shown;
  scrim_x11_rect *rects;
  size_t rect_count, rect_capacity;

  xcb_atom_t atoms[8];
  // Whether the server reports which process is behind a client: 1, or -1 if not; 0 before it was asked.
  int resources;

  // Input subscription: the extension's opcode, 0 if it is not available, and the last focused window.
  uint8_t input_opcode;
  uint32_t active;
};

/// Opens the libraries; they stay open.
scrim_x11_status scrim_x11_load(struct scrim_x11_library *lib, char *detail, size_t capacity);

enum {
  SCRIM_ATOM_STACKING,
  SCRIM_ATOM_FRAME,
  SCRIM_ATOM_SHADOW,
  SCRIM_ATOM_ACTIVE,
  SCRIM_ATOM_NAME,
  SCRIM_ATOM_CLIENTS,
  SCRIM_ATOM_STATE,
  SCRIM_ATOM_COMPOSITOR,
  SCRIM_ATOM_COUNT,
};
/// The atom with that index, 0 if the server can't be asked.
xcb_atom_t scrim_x11_atom(scrim_x11 *x, int index);
/// Up to `capacity` 32-bit numbers of a property; returns their count.
size_t scrim_x11_numbers(scrim_x11 *x, xcb_get_property_cookie_t cookie, uint32_t *numbers, size_t capacity);
#else
#define SCRIM_HAS_X11 0
#include "scrim_x11.h"
#endif
