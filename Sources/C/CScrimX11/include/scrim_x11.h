#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The X server as a source of pictures. The X libraries are opened at run time: a program that contains
/// this code runs without them.
///
/// A handle serves one thread at a time.
typedef struct scrim_x11 scrim_x11;

typedef enum {
  SCRIM_X11_OK = 0,
  /// The headers were missing when this was compiled.
  SCRIM_X11_NOT_BUILT,
  /// A library could not be opened; the detail names it.
  SCRIM_X11_NO_LIBRARY,
  /// No server answers under that name, or it refused.
  SCRIM_X11_NO_DISPLAY,
  /// The server lacks an extension; the detail names it.
  SCRIM_X11_NO_EXTENSION,
  SCRIM_X11_NO_WINDOW,
  /// The connection broke.
  SCRIM_X11_LOST,
  /// The picture is empty, too large, or there is no memory for it.
  SCRIM_X11_NO_PICTURE,
  /// The server has more windows than the limit.
  SCRIM_X11_TOO_MANY,
} scrim_x11_status;

typedef struct {
  int32_t x, y, width, height;
} scrim_x11_rect;

/// One capture. The pointers are valid until the next call with the same handle.
typedef struct {
  /// Rows of `width` pixels, `stride` bytes from one to the next; pixels outside the screen are zero.
  const uint8_t *bytes;
  size_t count;
  int32_t width, height, stride;
  int32_t bits_per_pixel;
  bool is_big_endian;
  uint32_t visual_class, red_mask, green_mask, blue_mask;
  /// Position of the picture on the screen.
  int32_t x, y;
  /// Damage since the previous capture, in pixels of the picture, clipped to it.
  const scrim_x11_rect *damage;
  size_t damage_count;
  /// Whether all of it counts as damaged: the first picture, another size, another position on the screen.
  bool is_whole;
  /// Whether the watched window is visible; if not, no other field is set.
  bool is_visible;
  /// The pointer, in pixels of the picture; false if it is on another screen.
  bool has_pointer;
  int32_t pointer_x, pointer_y;
} scrim_x11_picture;

/// A window of the server's tree whose process differs from that of the window around it.
typedef struct {
  uint32_t id;
  /// The client that made it: the bits that all its resources share.
  uint32_t client;
  /// The process behind that client, as the server reports it (XRes); 0 if it doesn't.
  uint32_t pid;
  /// The listed window of another process that contains it; 0 if there is none, or only a window manager's
  /// frame.
  uint32_t parent;
  /// Its inner area, in pixels of the screen.
  int32_t x, y, width, height;
  /// Pixels of the border that the server draws around it.
  int32_t border;
  /// Whether a window manager manages it.
  bool is_managed;
  /// Whether it is on the screen: neither minimised nor on another workspace, nor completely under one
  /// other window. Others may cover parts of it.
  bool is_visible;
  bool has_frame, has_claimed_frame, has_shadow;
  /// Left, right, top, bottom: of the frame around it, of the frame that its properties claim, and of its
  /// shadow.
  uint32_t frame[4], claimed_frame[4], shadow[4];
  /// UTF-8, terminated, truncated if it is longer; empty if the window has none.
  char title[256];
} scrim_x11_window;

/// Connects. `*handle` is null unless the status is OK.
///
/// @param display as in DISPLAY; null uses the variable's value.
/// @param detail at least `capacity` bytes; receives a terminated name, or an empty string.
scrim_x11_status scrim_x11_open(
  const char *display, scrim_x11 **handle, char *detail, size_t capacity);

/// Disconnects and frees; null is allowed.
void scrim_x11_close(scrim_x11 *x);

/// Begins to watch the screen, or one window of it.
///
/// @param window 0 for all of the screen.
scrim_x11_status scrim_x11_watch(scrim_x11 *x, uint32_t window, char *detail, size_t capacity);

/// The focused window according to the window manager; 0 if it doesn't report one.
uint32_t scrim_x11_active_window(scrim_x11 *x);

/// Becomes readable when the server has sent events.
int scrim_x11_descriptor(scrim_x11 *x);

/// Reads the events that have arrived, without waiting.
///
/// @param is_damaged set to true if the picture may have changed; else left as it is.
scrim_x11_status scrim_x11_pump(scrim_x11 *x, bool *is_damaged);

/// Whether the screen equals the last capture. Then `scrim_x11_pump` knows of everything drawn before the
/// call.
scrim_x11_status scrim_x11_compare(scrim_x11 *x, bool *is_same);

/// Captures the damage since the last time, or everything.
///
/// @param is_thorough whether to compare the whole screen and count unreported differences as damage: the
/// server composes windows with transparency itself, and XDamage doesn't report when that happens because
/// of the pointer.
scrim_x11_status scrim_x11_capture(scrim_x11 *x, bool is_thorough, scrim_x11_picture *picture);

/// Whether the server reports which process is behind a window.
bool scrim_x11_reports_processes(scrim_x11 *x);

/// Windows of every process, at any depth: first the managed ones that are not visible, then the visible
/// ones, bottom to top. A window manager's frame around one client is described with the client. Windows
/// beyond `capacity` are left out.
///
/// @param total their number.
scrim_x11_status scrim_x11_list(scrim_x11 *x, scrim_x11_window *windows, size_t capacity, size_t *total);

typedef enum {
  SCRIM_X11_PRESS = 1,
  SCRIM_X11_RELEASE,
  /// One step; the button is 4 up, 5 down, 6 left, 7 right.
  SCRIM_X11_WHEEL,
  /// A key press. Which key is not recorded here.
  SCRIM_X11_KEY,
  /// Begin and end of the first touch on a touch screen.
  SCRIM_X11_TOUCH,
  SCRIM_X11_TOUCH_END,
  /// The focus moved to another window.
  SCRIM_X11_FOCUS,
} scrim_x11_input_kind;

/// An input event.
typedef struct {
  scrim_x11_input_kind kind;
  uint32_t button;
  /// Milliseconds of the server's clock, which wraps every 50 days.
  uint32_t time;
  /// Pixels of the screen.
  bool has_place;
  int32_t x, y;
  /// For a focus event: the process of the window.
  uint32_t process;
} scrim_x11_input;

/// Starts to receive input events, on a handle without other subscriptions.
///
/// @return whether presses, wheel, touches and keys will come (XInput 2.1); changes of the focus do in any case, where a window manager
/// reports them.
bool scrim_x11_listen(scrim_x11 *x);

/// Takes the events since the last call, without waiting. The next call returns those beyond `capacity`.
scrim_x11_status scrim_x11_take_input(scrim_x11 *x, scrim_x11_input *inputs, size_t capacity, size_t *count);
