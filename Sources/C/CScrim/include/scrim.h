/* Scrim: records the surface of an application from inside it, without what must not be seen.
 *
 *     scrim_config config = {.size = sizeof config, .folder = "session", .policy = "default"};
 *     scrim_recorder *recorder;
 *     if (scrim_create(&config, &recorder) < 0 || scrim_start(recorder) < 0) puts(scrim_last_error());
 *     scrim_capture(recorder, &frame, &boxes, damage, damage_count);
 *     scrim_stop(recorder, NULL);
 *     scrim_destroy(recorder);
 *
 * Every function may be called from any thread. Each returns a status: 0 and above where it did what it was called for, below 0 where
 * it did not; scrim_last_error() then says why. None ends the program, whatever it is given, as long as pointers that are not NULL
 * point at what they say. Strings are UTF-8 and end with a NUL; where they are optional, NULL leaves them out. Nothing that is passed
 * in is kept: it is free again when the call returns.
 *
 * Structs begin with their size, sizeof (the struct), and the rest set to zero is the default: so a program built with this header
 * goes on working with a later library, which takes the fields that the program's header had, and fills no others.
 */
#ifndef SCRIM_H
#define SCRIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCRIM_VERSION_MAJOR 0
#define SCRIM_VERSION_MINOR 2

typedef struct scrim_recorder scrim_recorder;

enum {
  SCRIM_OK = 0,
  /* Merged into a capture that still waited to be recorded. */
  SCRIM_MERGED = 1,
  /* Nothing changed that may be seen; nothing is recorded. */
  SCRIM_UNCHANGED = 2,
  /* Boxes and pixels are of different generations: nothing was read. */
  SCRIM_MISMATCHED = 3,
  /* The recorder is paused; nothing was read. */
  SCRIM_PAUSED = 4,
  /* NULL where something is needed, a wrong size, a number out of range. */
  SCRIM_ERROR_ARGUMENT = -1,
  /* No recorder, or one that was freed. */
  SCRIM_ERROR_HANDLE = -2,
  /* Not started, started twice, stopped. */
  SCRIM_ERROR_STATE = -3,
  /* Widgets that make no sense: the frame is recorded as fill. */
  SCRIM_ERROR_BOXES = -4,
  /* A call that waits for the recorder, from its own callback. */
  SCRIM_ERROR_THREAD = -5,
  /* The policy can't be read. */
  SCRIM_ERROR_POLICY = -6,
  /* The session could not be written: a full disk, a folder that holds something. */
  SCRIM_ERROR_RECORDING = -7
};

/* The order of a pixel's bytes in memory. The byte called X or A is not looked at. */
enum {
  SCRIM_FORMAT_BGRX = 1,
  SCRIM_FORMAT_RGBX = 2,
  SCRIM_FORMAT_XRGB = 3,
  SCRIM_FORMAT_RGB24 = 4,
  SCRIM_FORMAT_BGR24 = 5,
  SCRIM_FORMAT_RGB565 = 6,
  SCRIM_FORMAT_GRAY8 = 7
};

/* What is decided of one widget. */
enum { SCRIM_CONTINUE = 0, SCRIM_MASK = 1, SCRIM_UNMASK = 2 };

/* A framebuffer. All of it must be there with every capture; only what was damaged outside masks is read. */
typedef struct scrim_frame {
  size_t size;
  const void *pixels;
  /* Bytes from row to row. */
  size_t stride;
  int32_t width;
  int32_t height;
  int32_t format;
  /* The generation of the boxes that the pixels were drawn with. */
  uint64_t generation;
  /* When it was drawn, on CLOCK_MONOTONIC; 0 for now. */
  int64_t monotonic_ns;
} scrim_frame;

/* Pixels; what lies outside the frame is left out. */
typedef struct scrim_rect {
  int32_t x, y, width, height;
} scrim_rect;

/* A widget's box is given in pixels of the frame divided by the scale of the list. */
typedef struct scrim_widget {
  /* A role name of AT-SPI, such as "push button", "label", "entry", "password text", or one of ARIA, Android, XCUIElement. */
  const char *role;
  double x, y, width, height;
  /* Optional: unique in the list; the id of the widget around it; what rules match and nothing keeps. */
  const char *id;
  const char *parent;
  const char *name;
  /* Optional. Only whether it says anything is looked at. */
  const char *text;
  /* Optional: names of states with commas between. */
  const char *states;
  /* SCRIM_MASK or SCRIM_UNMASK decides before every rule; a password is masked in any case. */
  int32_t mask;
  /* The program's own, for its callback. */
  void *user_data;
} scrim_widget;

/* All widgets of a frame. */
typedef struct scrim_boxes {
  size_t size;
  /* sizeof (scrim_widget) */
  size_t widget_size;
  const scrim_widget *widgets;
  size_t count;
  /* Pixels per unit of a box; 0 is 1. */
  double scale;
  /* Counts the states of the widgets: another number for every change of layout or content. */
  uint64_t generation;
  /* Not 0 where widgets may be missing from the list. */
  int32_t is_incomplete;
} scrim_boxes;

/* When sessions are recorded, and how long they are: Sessions.md has the rules. */
typedef struct scrim_session_options {
  size_t size;
  /* 0 to 1: the share of sessions recorded from their first frame; of errors that have the buffer of another one written. As they are:
   * 0 is none. */
  double session_sample_rate;
  double error_sample_rate;
  /* Seconds that the buffer holds at least, 1 to 600; 0 is 60. */
  double error_buffer_seconds;
  /* Seconds without interaction after which a session pauses; 0 is 300, below 0 is never. */
  double idle_seconds;
  /* Seconds after which a session ends and the next one begins; 0 is 3600, below 0 is never. */
  double maximum_seconds;
  /* Seconds that a session has at least; a shorter one is dropped. */
  double minimum_seconds;
  /* Optional. Asked before an error draws while a session is buffered: 0 counts it as a miss. By the recorder's thread. */
  int32_t (*before_error_sampling)(void *context, const char *name, const char *message);
  /* Optional. Told what becomes of sessions, by the recorder's thread: one of SCRIM_SESSION_…, the session's id, and the folder with
   * SCRIM_SESSION_WRITTEN, the reason with SCRIM_SESSION_ENDED and SCRIM_SESSION_DROPPED. It must not wait for the recorder. */
  void (*on_change)(void *context, int32_t change, const char *session_id, const char *detail);
  /* Not 0: what is buffered is kept in memory under $XDG_RUNTIME_DIR too, where a crash of the process doesn't reach it. The next recorder
   * with this option makes a session of it, if its error draw hits. */
  int32_t crash_buffer;
} scrim_session_options;

enum {
  /* It began, and is written or buffered. */
  SCRIM_SESSION_BEGAN = 1,
  /* It is written from now on; what was buffered is in its folder. */
  SCRIM_SESSION_WRITTEN = 2,
  SCRIM_SESSION_PAUSED = 3,
  SCRIM_SESSION_RESUMED = 4,
  SCRIM_SESSION_ENDED = 5,
  /* Nothing of it is left. */
  SCRIM_SESSION_DROPPED = 6,
  /* It was buffered by a process that crashed, and is written to the folder in detail. */
  SCRIM_SESSION_RECOVERED = 7,
  /* What is buffered of it is no longer kept for a crash of the process; detail says why. */
  SCRIM_SESSION_UNPROTECTED = 8
};

typedef struct scrim_config {
  size_t size;
  /* Where the session goes: new or empty. */
  const char *folder;
  /* default, strict, controls or none, or a policy as JSON; NULL is default. */
  const char *policy;
  /* Frames a second at most, up to 1000; 0 is 10. Captures that come sooner are merged. */
  double frames_per_second;
  /* JPEG quality, 1 to 100, for photographic areas without masks; 0 keeps every pixel. */
  int32_t quality;
  /* Name and version of the program; NULL is scrim. */
  const char *producer;
  /* Handed to the callbacks. */
  void *context;
  /* Optional. Asked about every widget without a mark, by the thread that captures, with each list of widgets: SCRIM_MASK, SCRIM_UNMASK
   * or SCRIM_CONTINUE to leave it to the policy. Any other answer masks. */
  int32_t (*decide)(void *context, const scrim_widget *widget);
  /* Optional. Told of what goes wrong on the recorder's own thread, by that thread. It must not wait for the recorder. */
  void (*on_fault)(void *context, int32_t status, const char *message);
  /* Since 0.2. NULL: one session from start to stop. Folders of sessions behind the first have .2, .3 and so on behind their names. */
  const scrim_session_options *sessions;
} scrim_config;

/* Fields that are 0 or NULL are left out, but for x and y, which count with has_position. */
typedef struct scrim_event {
  size_t size;
  /* move, button, button-down, button-up, wheel, touch-down, touch-move, touch-up, key, log, network, navigation, error, span, test, mark,
   * or one that the policy names. */
  const char *type;
  /* On CLOCK_MONOTONIC; 0 for now. */
  int64_t monotonic_ns;
  int32_t has_position;
  /* Pixels of the frame. */
  double x, y;
  int32_t button;
  double dx, dy;
  const char *level;
  const char *message;
  const char *name;
  const char *method;
  const char *url;
  int32_t status;
  double duration_ms;
  /* Since 0.2. Of a touch: which finger. */
  int32_t touch_id;
  /* Of an error: its id elsewhere. */
  const char *id;
  const char *logger;
  /* Bytes of a request and of its response. */
  int64_t request_bytes, response_bytes;
  /* 32 and 16 hexadecimal digits. */
  const char *trace_id;
  const char *span_id;
  /* Of a span: what kind of work; when it began, on CLOCK_MONOTONIC. */
  const char *op;
  int64_t start_ns;
  /* Of a test: started, passed, failed or skipped. */
  const char *phase;
  /* Of an error: 1 where the program dealt with it, -1 where it did not. */
  int32_t handled;
} scrim_event;

/* An error that is reported. Since 0.2. */
typedef struct scrim_error {
  size_t size;
  /* A short word, such as its type. */
  const char *name;
  const char *message;
  /* Optional: its id elsewhere, and its trace. */
  const char *id;
  const char *trace_id;
  /* 1 where the program dealt with it, -1 where it did not. */
  int32_t handled;
  /* On CLOCK_MONOTONIC; 0 for now. */
  int64_t monotonic_ns;
} scrim_error;

typedef struct scrim_summary {
  size_t size;
  uint64_t frames;
  /* Frames that were recorded as fill. */
  uint64_t failed_closed_frames;
  uint64_t events;
  uint64_t segments;
  uint64_t bytes;
} scrim_summary;

typedef struct scrim_counts {
  size_t size;
  uint64_t captures;
  uint64_t merged;
  uint64_t unchanged;
  uint64_t mismatched;
  uint64_t refused;
  /* Captures and events that came while the recorder was paused. */
  uint64_t paused;
  /* Frames that could not be recorded when they came; the next attempt that goes well makes good for them. */
  uint64_t failed;
  uint64_t dropped_events;
} scrim_counts;

/* Major × 1000 + minor of the library. */
int32_t scrim_version(void);

/* Why the last call of this thread failed; empty before the first. Valid until the thread's next call. */
const char *scrim_last_error(void);

int32_t scrim_create(const scrim_config *config, scrim_recorder **recorder);

/* Begins the session. Its folder is made with the first capture. */
int32_t scrim_start(scrim_recorder *recorder);

/* Captures a frame; never waits for the recorder. boxes may be NULL where they are as captured last. damage may be NULL: all may differ
 * from the frame captured last. */
int32_t scrim_capture(scrim_recorder *recorder, const scrim_frame *frame, const scrim_boxes *boxes,
                      const scrim_rect *damage, size_t damage_count);

/* Captures a frame that is recorded as it is, at once, and never merged. */
int32_t scrim_snapshot(scrim_recorder *recorder, const scrim_frame *frame, const scrim_boxes *boxes,
                       const scrim_rect *damage, size_t damage_count);

int32_t scrim_record(scrim_recorder *recorder, const scrim_event *event);

/* Records an error, and what was captured before it without delay. name, a short word, is optional. */
int32_t scrim_capture_error(scrim_recorder *recorder, const char *name, const char *message);

/* Records an error, lets it draw where the session is buffered, and waits until what was recorded is in the session's files. session_id
 * is filled with the 36 characters of the session that holds it and a NUL, or is empty where none does; it may be NULL. Since 0.2. */
int32_t scrim_report_error(scrim_recorder *recorder, const scrim_error *error, char session_id[37]);

int32_t scrim_pause(scrim_recorder *recorder);
int32_t scrim_resume(scrim_recorder *recorder);

/* Notes in the crash buffers of this process that it crashes, and by which signal: the session that is made of them says so. Optional,
 * and async-signal-safe: for a handler of the program's own. Since 0.2. */
void scrim_mark_crash(int32_t signal);

/* Waits until all that was handed over before is in the session's files. */
int32_t scrim_flush(scrim_recorder *recorder);

/* Seals the session. Where that fails it may be called again once the cause is gone. summary may be NULL. */
int32_t scrim_stop(scrim_recorder *recorder, scrim_summary *summary);

int32_t scrim_get_counts(scrim_recorder *recorder, scrim_counts *counts);

/* Lets go of a recorder. One that was not stopped ends its session in the background. */
int32_t scrim_destroy(scrim_recorder *recorder);

#ifdef __cplusplus
}
#endif

#endif
