#define _GNU_SOURCE
#include "library.h"

#if SCRIM_HAS_X11
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Above this number of rectangles, their bounding rectangle costs less than their requests.
enum { MOST_RECTS = 48, MOST_SIDE = 1 << 15, MOST_PIXELS = 1 << 26 };

static int32_t stride_of(const scrim_x11 *x, int32_t width) {
  const int64_t bits = (int64_t)width * x->bits_per_pixel;
  return (int32_t)((bits + x->scanline_pad - 1) / x->scanline_pad * (x->scanline_pad / 8));
}

/// Shares the mirror with the server; otherwise pictures come through the connection.
static void share(scrim_x11 *x, int file) {
  struct scrim_x11_library *lib = &x->lib;
  const xcb_query_extension_reply_t *shm = lib->xcb_get_extension_data(x->connection, lib->shm_id);
  if (!shm || !shm->present) return;
  xcb_shm_query_version_reply_t *version =
    lib->xcb_shm_query_version_reply(x->connection, lib->xcb_shm_query_version(x->connection), NULL);
  // Descriptors can be passed since version 1.2.
  const bool takes_files =
    version && (version->major_version > 1 || (version->major_version == 1 && version->minor_version >= 2));
  free(version);
  if (!takes_files) return;
  const int copy = dup(file);
  if (copy < 0) return;
  x->segment = lib->xcb_generate_id(x->connection);
  // The library closes the descriptor once it is sent.
  xcb_generic_error_t *error = lib->xcb_request_check(
    x->connection, lib->xcb_shm_attach_fd_checked(x->connection, x->segment, copy, false));
  if (error) x->segment = 0;
  free(error);
}

/// Allocates memory for a picture of another size.
static scrim_x11_status resize(scrim_x11 *x, int32_t width, int32_t height) {
  if (width < 1 || height < 1 || width > MOST_SIDE || height > MOST_SIDE
      || (int64_t)width * height > MOST_PIXELS) {
    return SCRIM_X11_NO_PICTURE;
  }
  if (x->segment) x->lib.xcb_shm_detach(x->connection, x->segment);
  if (x->mirror) munmap(x->mirror, x->mirror_size);
  x->segment = 0;
  x->mirror = NULL;
  x->width = x->height = 0;
  const int32_t stride = stride_of(x, width);
  const size_t size = 2 * (size_t)stride * (size_t)height;
  const int file = memfd_create("scrim", MFD_CLOEXEC);
  if (file < 0) return SCRIM_X11_NO_PICTURE;
  void *memory = MAP_FAILED;
  if (ftruncate(file, (off_t)size) == 0) {
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  if (memory == MAP_FAILED) {
    close(file);
    return SCRIM_X11_NO_PICTURE;
  }
  // These pixels are not masked, and a core dump may be sent anywhere.
  madvise(memory, size, MADV_DONTDUMP);
  x->mirror = memory;
  x->mirror_size = size;
  x->width = width;
  x->height = height;
  x->stride = stride;
  share(x, file);
  close(file);
  x->is_whole_due = true;
  return SCRIM_X11_OK;
}

static bool push(scrim_x11 *x, scrim_x11_rect rect) {
  if (x->rect_count == x->rect_capacity) {
    const size_t capacity = x->rect_capacity ? 2 * x->rect_capacity : 64;
    scrim_x11_rect *rects = realloc(x->rects, capacity * sizeof *rects);
    if (!rects) return false;
    x->rects = rects;
    x->rect_capacity = capacity;
  }
  x->rects[x->rect_count++] = rect;
  return true;
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }

static scrim_x11_rect cut(scrim_x11_rect a, scrim_x11_rect b) {
  const int32_t left = most(a.x, b.x), top = most(a.y, b.y);
  const int32_t right = least(a.x + a.width, b.x + b.width), bottom = least(a.y + a.height, b.y + b.height);
  return (scrim_x11_rect){left, top, most(right - left, 0), most(bottom - top, 0)};
}

/// Reads the damage, in pixels of the picture.
static bool take_damage(scrim_x11 *x, const xcb_xfixes_fetch_region_reply_t *reply) {
  struct scrim_x11_library *lib = &x->lib;
  x->rect_count = 0;
  const xcb_rectangle_t *rects = lib->xcb_xfixes_fetch_region_rectangles(reply);
  const int count = lib->xcb_xfixes_fetch_region_rectangles_length(reply);
  const scrim_x11_rect bounds = {0, 0, x->width, x->height};
  const xcb_rectangle_t *extents = &reply->extents;
  for (int i = 0; i < (count > MOST_RECTS ? 1 : count); i++) {
    const xcb_rectangle_t *rect = count > MOST_RECTS ? extents : &rects[i];
    const scrim_x11_rect part =
      cut((scrim_x11_rect){rect->x - x->x, rect->y - x->y, rect->width, rect->height}, bounds);
    if (part.width > 0 && part.height > 0 && !push(x, part)) return false;
  }
  return true;
}

/// Copies contiguous rows to their place in the picture.
static void place(scrim_x11 *x, scrim_x11_rect rect, const uint8_t *rows, int32_t stride) {
  const size_t bytes = (size_t)rect.width * (size_t)x->bits_per_pixel / 8;
  const size_t left = (size_t)rect.x * (size_t)x->bits_per_pixel / 8;
  for (int32_t row = 0; row < rect.height; row++) {
    memcpy(
      x->mirror + (size_t)(rect.y + row) * (size_t)x->stride + left, rows + (size_t)row * (size_t)stride,
      bytes);
  }
}

/// Fetches a rectangle of the screen to the space after the mirror, as contiguous rows.
static bool fetch_aside(scrim_x11 *x, scrim_x11_rect rect) {
  struct scrim_x11_library *lib = &x->lib;
  const int16_t left = (int16_t)(rect.x + x->x), top = (int16_t)(rect.y + x->y);
  const uint16_t width = (uint16_t)rect.width, height = (uint16_t)rect.height;
  if (x->segment) {
    xcb_shm_get_image_reply_t *reply = lib->xcb_shm_get_image_reply(
      x->connection, lib->xcb_shm_get_image(
                       x->connection, x->screen->root, left, top, width, height, ~0u,
                       XCB_IMAGE_FORMAT_Z_PIXMAP, x->segment, (uint32_t)(x->mirror_size / 2)),
      NULL);
    free(reply);
    return reply;
  }
  xcb_get_image_reply_t *reply = lib->xcb_get_image_reply(
    x->connection,
    lib->xcb_get_image(
      x->connection, XCB_IMAGE_FORMAT_Z_PIXMAP, x->screen->root, left, top, width, height, ~0u),
    NULL);
  const size_t bytes = (size_t)stride_of(x, rect.width) * (size_t)rect.height;
  const bool fits = reply && lib->xcb_get_image_data_length(reply) >= (int)bytes;
  if (fits) memcpy(x->mirror + x->mirror_size / 2, lib->xcb_get_image_data(reply), bytes);
  free(reply);
  return fits;
}

/// Fetches rectangles of the screen into the mirror: all requests are sent before the first answer is
/// awaited.
static bool fetch(scrim_x11 *x, const scrim_x11_rect *rects, size_t count) {
  struct scrim_x11_library *lib = &x->lib;
  if (!x->segment) {
    bool done = true;
    for (size_t i = 0; done && i < count; i++) {
      done = fetch_aside(x, rects[i]);
      if (done) place(x, rects[i], x->mirror + x->mirror_size / 2, stride_of(x, rects[i].width));
    }
    return done;
  }
  const bool is_direct = count == 1 && rects[0].width == x->width;
  xcb_shm_get_image_cookie_t cookies[MOST_RECTS];
  size_t offset = is_direct ? (size_t)rects[0].y * (size_t)x->stride : x->mirror_size / 2;
  for (size_t i = 0; i < count; i++) {
    cookies[i] = lib->xcb_shm_get_image(
      x->connection, x->screen->root, (int16_t)(rects[i].x + x->x), (int16_t)(rects[i].y + x->y),
      (uint16_t)rects[i].width, (uint16_t)rects[i].height, ~0u, XCB_IMAGE_FORMAT_Z_PIXMAP, x->segment,
      (uint32_t)offset);
    offset += (size_t)stride_of(x, rects[i].width) * (size_t)rects[i].height;
  }
  bool done = true;
  for (size_t i = 0; i < count; i++) {
    xcb_shm_get_image_reply_t *reply = lib->xcb_shm_get_image_reply(x->connection, cookies[i], NULL);
    done = done && reply;
    free(reply);
  }
  if (!done || is_direct) return done;
  offset = x->mirror_size / 2;
  for (size_t i = 0; i < count; i++) {
    const int32_t stride = stride_of(x, rects[i].width);
    place(x, rects[i], x->mirror + offset, stride);
    offset += (size_t)stride * (size_t)rects[i].height;
  }
  return true;
}

/// Compares the mirror with a rectangle's rows that lie after it.
///
/// @param top the row to begin with.
/// @return the first consecutive rows that differ, and all columns in which any does; height 0 if none
/// differs.
static scrim_x11_rect difference(const scrim_x11 *x, scrim_x11_rect rect, int32_t top) {
  const size_t size = (size_t)x->bits_per_pixel / 8;
  const int32_t stride = stride_of(x, rect.width);
  int32_t left = rect.width, right = 0, first = rect.y + rect.height, y = top;
  for (; y < rect.y + rect.height; y++) {
    const uint8_t *mine = x->mirror + (size_t)y * (size_t)x->stride + (size_t)rect.x * size;
    const uint8_t *theirs = x->mirror + x->mirror_size / 2 + (size_t)(y - rect.y) * (size_t)stride;
    if (memcmp(mine, theirs, (size_t)rect.width * size) == 0) {
      if (right > 0) break;
      continue;
    }
    if (right == 0) first = y;
    int32_t from = 0, to = rect.width;
    while (from < left && memcmp(mine + (size_t)from * size, theirs + (size_t)from * size, size) == 0) from++;
    while (to > right && memcmp(mine + (size_t)(to - 1) * size, theirs + (size_t)(to - 1) * size, size) == 0) {
      to--;
    }
    left = least(left, from);
    right = most(right, to);
  }
  return (scrim_x11_rect){rect.x + left, first, most(right - left, 0), right > 0 ? y - first : 0};
}

/// Copies a part of a rectangle's rows from the space after the mirror into the mirror.
static void take_aside(scrim_x11 *x, scrim_x11_rect rect, scrim_x11_rect part) {
  if (part.width == 0 || part.height == 0) return;
  const size_t left = (size_t)(part.x - rect.x) * (size_t)x->bits_per_pixel / 8;
  const int32_t stride = stride_of(x, rect.width);
  place(
    x, part, x->mirror + x->mirror_size / 2 + (size_t)(part.y - rect.y) * (size_t)stride + left, stride);
}

/// Fetches everything on the screen, and adds unreported changes to the damage.
static bool look(scrim_x11 *x) {
  if (x->shown.width == 0 || x->shown.height == 0) return true;
  if (!fetch_aside(x, x->shown)) return false;
  // Reported damage is copied first, so that the remaining differences are unreported ones.
  for (size_t i = 0; i < x->rect_count; i++) take_aside(x, x->shown, cut(x->rects[i], x->shown));
  for (int32_t top = x->shown.y;;) {
    const scrim_x11_rect untold = difference(x, x->shown, top);
    if (untold.height == 0) return true;
    if (!push(x, untold)) return false;
    take_aside(x, x->shown, untold);
    top = untold.y + untold.height;
  }
}

scrim_x11_status scrim_x11_compare(scrim_x11 *x, bool *is_same) {
  // A window that is not visible has nothing to compare.
  *is_same = x->is_whole_due || x->shown.width == 0 || x->shown.height == 0
    || (fetch_aside(x, x->shown) && difference(x, x->shown, x->shown.y).height == 0);
  return x->lib.xcb_connection_has_error(x->connection) ? SCRIM_X11_LOST : SCRIM_X11_OK;
}

/// Fetches the damaged parts, or everything on the screen.
static bool update(scrim_x11 *x, int32_t screen_width, int32_t screen_height, bool is_thorough) {
  size_t bytes = 0;
  for (size_t i = 0; i < x->rect_count; i++) {
    bytes += (size_t)stride_of(x, x->rects[i].width) * (size_t)x->rects[i].height;
  }
  const scrim_x11_rect bounds = {0, 0, x->width, x->height};
  x->shown = cut((scrim_x11_rect){-x->x, -x->y, screen_width, screen_height}, bounds);
  const bool is_cut = x->shown.width != x->width || x->shown.height != x->height;
  // Only damaged parts are fetched: later damage is reported with the next capture.
  if (bytes > x->mirror_size / 2) x->is_whole_due = true;
  if (x->is_whole_due) {
    if (is_cut) memset(x->mirror, 0, x->mirror_size / 2);
    return x->shown.width == 0 || x->shown.height == 0 || fetch(x, &x->shown, 1);
  }
  if (is_thorough) return look(x);
  // A window that extends beyond the screen's edge is fetched only where it is visible.
  scrim_x11_rect parts[MOST_RECTS];
  size_t count = 0;
  for (size_t i = 0; i < x->rect_count; i++) {
    const scrim_x11_rect part = cut(x->rects[i], x->shown);
    if (part.width > 0 && part.height > 0) parts[count++] = part;
  }
  return count == 0 || fetch(x, parts, count);
}

struct answers {
  xcb_xfixes_fetch_region_reply_t *region;
  xcb_get_geometry_reply_t *root, *window;
  xcb_translate_coordinates_reply_t *place;
  xcb_get_window_attributes_reply_t *attributes;
  xcb_query_pointer_reply_t *pointer;
};

static void release(struct answers *a) {
  free(a->region);
  free(a->root);
  free(a->window);
  free(a->place);
  free(a->attributes);
  free(a->pointer);
}

/// Requests the damage and all facts about the picture's location, in one round trip.
static struct answers ask(scrim_x11 *x) {
  struct scrim_x11_library *lib = &x->lib;
  xcb_connection_t *c = x->connection;
  struct answers a = {0};
  lib->xcb_damage_subtract(c, x->damage, XCB_NONE, x->parts);
  const xcb_xfixes_fetch_region_cookie_t region = lib->xcb_xfixes_fetch_region(c, x->parts);
  const xcb_get_geometry_cookie_t root = lib->xcb_get_geometry(c, x->screen->root);
  const xcb_query_pointer_cookie_t pointer = lib->xcb_query_pointer(c, x->screen->root);
  if (x->window) {
    const xcb_get_geometry_cookie_t window = lib->xcb_get_geometry(c, x->window);
    const xcb_get_window_attributes_cookie_t attributes = lib->xcb_get_window_attributes(c, x->window);
    const xcb_translate_coordinates_cookie_t place =
      lib->xcb_translate_coordinates(c, x->window, x->screen->root, 0, 0);
    a.window = lib->xcb_get_geometry_reply(c, window, NULL);
    a.attributes = lib->xcb_get_window_attributes_reply(c, attributes, NULL);
    a.place = lib->xcb_translate_coordinates_reply(c, place, NULL);
  }
  a.region = lib->xcb_xfixes_fetch_region_reply(c, region, NULL);
  a.root = lib->xcb_get_geometry_reply(c, root, NULL);
  a.pointer = lib->xcb_query_pointer_reply(c, pointer, NULL);
  return a;
}

static scrim_x11_status describe(
  scrim_x11 *x, const struct answers *a, bool is_thorough, scrim_x11_picture *picture) {
  int32_t left = 0, top = 0, width = a->root->width, height = a->root->height;
  if (x->window) {
    if (a->attributes->map_state != XCB_MAP_STATE_VIEWABLE) {
      // Damage that was missed is not reported again.
      x->is_whole_due = true;
      return SCRIM_X11_OK;
    }
    left = a->place->dst_x;
    top = a->place->dst_y;
    width = a->window->width;
    height = a->window->height;
  }
  if (left != x->x || top != x->y) x->is_whole_due = true;
  x->x = left;
  x->y = top;
  if (width != x->width || height != x->height) {
    const scrim_x11_status status = resize(x, width, height);
    if (status != SCRIM_X11_OK) return status;
  }
  if (!take_damage(x, a->region)) return SCRIM_X11_NO_PICTURE;
  picture->is_visible = true;
  if (!update(x, a->root->width, a->root->height, is_thorough)) return SCRIM_X11_NO_PICTURE;
  picture->bytes = x->mirror;
  picture->count = x->mirror_size / 2;
  picture->width = x->width;
  picture->height = x->height;
  picture->stride = x->stride;
  picture->bits_per_pixel = x->bits_per_pixel;
  picture->is_big_endian = x->is_big_endian;
  picture->visual_class = x->visual._class;
  picture->red_mask = x->visual.red_mask;
  picture->green_mask = x->visual.green_mask;
  picture->blue_mask = x->visual.blue_mask;
  picture->x = x->x;
  picture->y = x->y;
  picture->damage = x->rects;
  picture->damage_count = x->rect_count;
  picture->is_whole = x->is_whole_due;
  picture->has_pointer = a->pointer && a->pointer->same_screen;
  if (picture->has_pointer) {
    picture->pointer_x = a->pointer->root_x - x->x;
    picture->pointer_y = a->pointer->root_y - x->y;
  }
  x->is_whole_due = false;
  return SCRIM_X11_OK;
}

scrim_x11_status scrim_x11_capture(scrim_x11 *x, bool is_thorough, scrim_x11_picture *picture) {
  scrim_x11_status status = SCRIM_X11_NO_PICTURE;
  // The screen may change its size between a request and its answer; the server then refuses the request.
  for (int attempt = 0; attempt < 4 && status == SCRIM_X11_NO_PICTURE; attempt++) {
    memset(picture, 0, sizeof *picture);
    struct answers answers = ask(x);
    if (x->lib.xcb_connection_has_error(x->connection)) {
      status = SCRIM_X11_LOST;
    } else if (x->window && (!answers.window || !answers.attributes || !answers.place)) {
      status = SCRIM_X11_NO_WINDOW;
    } else if (answers.root && answers.region) {
      status = describe(x, &answers, is_thorough, picture);
      if (status != SCRIM_X11_OK) x->is_whole_due = true;
    }
    release(&answers);
    if (x->lib.xcb_connection_has_error(x->connection)) status = SCRIM_X11_LOST;
  }
  return status;
}
#endif
