#define _GNU_SOURCE
#include "library.h"

#include <stdio.h>

#if SCRIM_HAS_X11
#include <dlfcn.h>

static bool open_library(const char *name, void **handle, char *detail, size_t capacity) {
  *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!*handle) snprintf(detail, capacity, "%s", name);
  return *handle != NULL;
}

#define SCRIM_LOAD(name)                                                                                     \
  *(void **)&lib->name = dlsym(handle, #name);                                                               \
  if (!lib->name) {                                                                                          \
    snprintf(detail, capacity, "%s", #name);                                                                 \
    return SCRIM_X11_NO_LIBRARY;                                                                             \
  }

scrim_x11_status scrim_x11_load(struct scrim_x11_library *lib, char *detail, size_t capacity) {
  void *handle;
  if (!open_library("libxcb.so.1", &handle, detail, capacity)) return SCRIM_X11_NO_LIBRARY;
  SCRIM_XCB_NAMES(SCRIM_LOAD)
  if (!open_library("libxcb-shm.so.0", &handle, detail, capacity)) return SCRIM_X11_NO_LIBRARY;
  SCRIM_SHM_NAMES(SCRIM_LOAD)
  lib->shm_id = dlsym(handle, "xcb_shm_id");
  if (!open_library("libxcb-damage.so.0", &handle, detail, capacity)) return SCRIM_X11_NO_LIBRARY;
  SCRIM_DAMAGE_NAMES(SCRIM_LOAD)
  lib->damage_id = dlsym(handle, "xcb_damage_id");
  if (!open_library("libxcb-xfixes.so.0", &handle, detail, capacity)) return SCRIM_X11_NO_LIBRARY;
  SCRIM_XFIXES_NAMES(SCRIM_LOAD)
  lib->xfixes_id = dlsym(handle, "xcb_xfixes_id");
  if (!open_library("libxcb-res.so.0", &handle, detail, capacity)) return SCRIM_X11_NO_LIBRARY;
  SCRIM_RES_NAMES(SCRIM_LOAD)
  lib->res_id = dlsym(handle, "xcb_res_id");
  if (!open_library("libxcb-shape.so.0", &handle, detail, capacity)) return SCRIM_X11_NO_LIBRARY;
  SCRIM_SHAPE_NAMES(SCRIM_LOAD)
  lib->shape_id = dlsym(handle, "xcb_shape_id");
  if (!lib->shm_id || !lib->damage_id || !lib->xfixes_id || !lib->res_id
    || !lib->shape_id) {
    snprintf(detail, capacity, "%s", "the extensions' names");
    return SCRIM_X11_NO_LIBRARY;
  }
  return SCRIM_X11_OK;
}
#else
scrim_x11_status scrim_x11_open(
  const char *display, scrim_x11 **handle, char *detail, size_t capacity) {
  (void)display;
  *handle = NULL;
  snprintf(detail, capacity, "%s", "");
  return SCRIM_X11_NOT_BUILT;
}
void scrim_x11_close(scrim_x11 *x) { (void)x; }
scrim_x11_status scrim_x11_watch(scrim_x11 *x, uint32_t window, char *detail, size_t capacity) {
  (void)x, (void)window, (void)detail, (void)capacity;
  return SCRIM_X11_NOT_BUILT;
}
uint32_t scrim_x11_active_window(scrim_x11 *x) {
  (void)x;
  return 0;
}
int scrim_x11_descriptor(scrim_x11 *x) {
  (void)x;
  return -1;
}
scrim_x11_status scrim_x11_pump(scrim_x11 *x, bool *is_damaged) {
  (void)x, (void)is_damaged;
  return SCRIM_X11_NOT_BUILT;
}
scrim_x11_status scrim_x11_compare(scrim_x11 *x, bool *is_same) {
  (void)x, (void)is_same;
  return SCRIM_X11_NOT_BUILT;
}
scrim_x11_status scrim_x11_capture(scrim_x11 *x, bool is_thorough, scrim_x11_picture *picture) {
  (void)x, (void)is_thorough, (void)picture;
  return SCRIM_X11_NOT_BUILT;
}
bool scrim_x11_reports_processes(scrim_x11 *x) {
  (void)x;
  return false;
}
scrim_x11_status scrim_x11_list(scrim_x11 *x, scrim_x11_window *windows, size_t capacity, size_t *total) {
  (void)x, (void)windows, (void)capacity;
  *total = 0;
  return SCRIM_X11_NOT_BUILT;
}
bool scrim_x11_listen(scrim_x11 *x) {
  (void)x;
  return false;
}
scrim_x11_status scrim_x11_take_input(scrim_x11 *x, scrim_x11_input *inputs, size_t capacity, size_t *count) {
  (void)x, (void)inputs, (void)capacity;
  *count = 0;
  return SCRIM_X11_NOT_BUILT;
}
#endif
