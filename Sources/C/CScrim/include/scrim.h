/* Scrim: records the surface of an application from inside it, and masks private content before it is encoded.
 *
 *     scrim_config config = {.size = sizeof config, .folder = "session", .policy = "default"};
 *     scrim_recorder *recorder;
 *     if (scrim_create(&config, &recorder) < 0 || scrim_start(recorder) < 0) puts(scrim_last_error());
 *     scrim_capture(recorder, &frame, &boxes, damage, damage_count);
 *     scrim_stop(recorder, NULL);
 *     scrim_destroy(recorder);
 *
 * Every function may be called from any thread. Each returns a status: 0 or above for success, below 0 for failure; after a failure
 * scrim_last_error() returns the reason. No argument can end the program, as long as pointers that are not NULL point at objects of
 * their types. Strings are UTF-8 and end with a NUL; optional ones may be NULL. No argument is kept: its memory may be reused when
 * the call returns.
 *
 * Structs begin with their size, sizeof (the struct); zero in all other fields is the default. So a program built with this header
 * also works with a later library, which reads only the fields that the program's header has, and fills no others.
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
  /* Merged into a capture that was waiting to be recorded. */
  SCRIM_MERGED = 1,
  /* No visible pixel changed; nothing is recorded. */
  SCRIM_UNCHANGED = 2,
  /* Boxes and pixels are of different generations; nothing was read. */
  SCRIM_MISMATCHED = 3,
  /* The recorder is paused; nothing was read. */
  SCRIM_PAUSED = 4,
  /* NULL for a required pointer, a wrong size, or a number out of range. */
  SCRIM_ERROR_ARGUMENT = -1,
  /* No recorder, or one that was destroyed. */
  SCRIM_ERROR_HANDLE = -2,
  /* The recorder was not started, was started twice, or was stopped. */
  SCRIM_ERROR_STATE = -3,
  /* Invalid widgets: the frame is recorded as fill. */
  SCRIM_ERROR_BOXES = -4,
  /* A call that waits for the recorder was made from the recorder's own callback. */
  SCRIM_ERROR_THREAD = -5,
  /* The policy can't be read. */
  SCRIM_ERROR_POLICY = -6,
  /* The session could not be written: a full disk, or a folder that is not empty. */
  SCRIM_ERROR_RECORDING = -7,
  /* The destination can't be used, or refuses what is sent; what is recorded waits in the spool. Since 0.2. */
  SCRIM_ERROR_DELIVERY = -8
};

/* The order of a pixel's bytes in memory. The byte named X or A is ignored. */
enum {
  SCRIM_FORMAT_BGRX = 1,
  SCRIM_FORMAT_RGBX = 2,
  SCRIM_FORMAT_XRGB = 3,
  SCRIM_FORMAT_RGB24 = 4,
  SCRIM_FORMAT_BGR24 = 5,
  SCRIM_FORMAT_RGB565 = 6,
  SCRIM_FORMAT_GRAY8 = 7
};

/* The decision for one widget. */
enum { SCRIM_CONTINUE = 0, SCRIM_MASK = 1, SCRIM_UNMASK = 2 };

/* A framebuffer. All of it must be readable at every capture, but only damaged pixels outside of masks are read. */
typedef struct scrim_frame {
  size_t size;
  const void *pixels;
  /* Bytes from the start of a row to the start of the next. */
  size_t stride;
  int32_t width;
  int32_t height;
  int32_t format;
  /* The generation of the boxes that the pixels were drawn with. */
  uint64_t generation;
  /* The time at which it was drawn, on CLOCK_MONOTONIC; 0 for the present. */
  int64_t monotonic_ns;
} scrim_frame;

/* A rectangle in pixels; it is clipped to the frame. */
typedef struct scrim_rect {
  int32_t x, y, width, height;
} scrim_rect;

/* A widget's box is given in pixels of the frame divided by the scale of the list. */
typedef struct scrim_widget {
  /* A role name of AT-SPI, such as "push button", "label", "entry", "password text", or one of ARIA, Android, XCUIElement. */
  const char *role;
  double x, y, width, height;
  /* Optional: an id that is unique in the list; the id of the parent widget; a name that rules match and that is not recorded. */
  const char *id;
  const char *parent;
  const char *name;
  /* Optional. Only whether it is empty is used. */
  const char *text;
  /* Optional: names of states, separated by commas. */
  const char *states;
  /* SCRIM_MASK or SCRIM_UNMASK decides before every rule; a password is masked in any case. */
  int32_t mask;
  /* A pointer of the program's own for its callback. */
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
  /* Identifies the state of the widgets: a different number for every change of layout or content. */
  uint64_t generation;
  /* Not 0 if widgets may be missing from the list. */
  int32_t is_incomplete;
} scrim_boxes;

/* Options that decide when sessions are recorded, and how long they are. Sessions.md has the rules. */
typedef struct scrim_session_options {
  size_t size;
  /* 0 to 1: the share of sessions that are recorded from their first frame, and the share of errors that cause a buffered session to
   * be written. No defaults: 0 means none. */
  double session_sample_rate;
  double error_sample_rate;
  /* The minimum of seconds that the buffer holds, 1 to 600; 0 is 60. */
  double error_buffer_seconds;
  /* Seconds without interaction after which a session pauses; 0 is 300, below 0 is never. */
  double idle_seconds;
  /* Seconds after which a session ends and the next one begins; 0 is 3600, below 0 is never. */
  double maximum_seconds;
  /* The minimum length of a session in seconds; a shorter one is dropped. */
  double minimum_seconds;
  /* Optional. Called by the recorder's thread before the draw for an error while a session is buffered: 0 counts the error as a
   * miss. */
  int32_t (*before_error_sampling)(void *context, const char *name, const char *message);
  /* Optional. Called by the recorder's thread with each change of a session: one of SCRIM_SESSION_…, the session's id, and as detail
   * the folder with SCRIM_SESSION_WRITTEN, the reason with SCRIM_SESSION_ENDED and SCRIM_SESSION_DROPPED. It must not wait for the
   * recorder. */
  void (*on_change)(void *context, int32_t change, const char *session_id, const char *detail);
  /* Not 0: the buffer is also kept in memory under $XDG_RUNTIME_DIR, so that it survives a crash of the process. The next recorder
   * with this option turns it into a session if its error draw hits. */
  int32_t crash_buffer;
} scrim_session_options;

enum {
  /* It began, recorded or buffered. */
  SCRIM_SESSION_BEGAN = 1,
  /* It is written from now on; its folder already contains the buffer. */
  SCRIM_SESSION_WRITTEN = 2,
  SCRIM_SESSION_PAUSED = 3,
  SCRIM_SESSION_RESUMED = 4,
  SCRIM_SESSION_ENDED = 5,
  /* Nothing of it was kept. */
  SCRIM_SESSION_DROPPED = 6,
  /* It was buffered by a process that crashed, and is written to the folder in detail. */
  SCRIM_SESSION_RECOVERED = 7,
  /* Its buffer no longer survives a crash of the process; detail has the reason. */
  SCRIM_SESSION_UNPROTECTED = 8,
  /* Segments of it were dropped before its destination had them, for the reason in detail (budget, age, deleted): an id that
   * scrim_report_error returned may have no replay. Called by a thread of the delivery. */
  SCRIM_SESSION_REPLAY_DROPPED = 9
};

/* Delivery of the sessions while they are recorded, by a thread of its own: sealed segments wait in a spool on this machine until
 * their destination has them. Since 0.2. */
typedef struct scrim_delivery {
  size_t size;
  /* https://HOST/PATH, s3://BUCKET/PREFIX (credentials and region as AWS's tools find them), file:// or a folder. */
  const char *url;
  /* A folder for segments that are not delivered yet; made if it is missing. It has one destination. */
  const char *spool;
  /* Optional: the server's key; for S3 and folders the project, NULL for default; a profile of ~/.aws; a file of certificates to trust
   * instead of the system's. */
  const char *key;
  const char *project;
  const char *profile;
  const char *certificates;
  /* Segments sent in parallel, 1 to 64; 0 is 4. */
  int32_t in_flight;
  /* Maximum bytes a second, and a day (UTC); 0 for no limit. */
  int64_t bytes_per_second;
  int64_t bytes_per_day;
  /* Limits of the spool, above which the oldest is dropped: 0 is 512 MiB, and 14 days. */
  int64_t spool_bytes;
  double spool_days;
  /* Maximum seconds that scrim_stop waits for the last deliveries; 0 is 5, below 0 is none. */
  double stop_seconds;
} scrim_delivery;

typedef struct scrim_config {
  size_t size;
  /* The folder of the session: new or empty. */
  const char *folder;
  /* default, strict, controls or none, or a policy as JSON; NULL is default. */
  const char *policy;
  /* The maximum frame rate, up to 1000 per second; 0 is 10. Captures that come sooner are merged. */
  double frames_per_second;
  /* JPEG quality, 1 to 100, for photographic areas without masks; 0 keeps every pixel. */
  int32_t quality;
  /* Name and version of the program; NULL is scrim. */
  const char *producer;
  /* Passed to the callbacks. */
  void *context;
  /* Optional. Called by the capturing thread for every widget without a mark, with each list of widgets. Returns SCRIM_MASK,
   * SCRIM_UNMASK, or SCRIM_CONTINUE to leave the decision to the policy. Any other value masks. */
  int32_t (*decide)(void *context, const scrim_widget *widget);
  /* Optional. Called by the recorder's own thread with an error that occurs there. It must not wait for the recorder. */
  void (*on_fault)(void *context, int32_t status, const char *message);
  /* Since 0.2. NULL: one session from start to stop. The folders of further sessions have .2, .3 and so on after their names. */
  const scrim_session_options *sessions;
  /* Not NULL: the sessions are delivered from folders in its spool; folder is not used and may be NULL. */
  const scrim_delivery *delivery;
  /* Optional: OpenTelemetry's service.name, service.version and deployment.environment, for the manifest. */
  const char *service_name;
  const char *service_version;
  const char *deployment_environment;
  /* Not 0: lines written to standard error become log events, and are written there as before. From start to stop descriptor 2 is a
   * pipe to a forked process that writes them on, so start before the program has much memory. A copy that can't keep up loses lines,
   * which dropped_events counts; the program never waits for it. One recorder at a time. */
  int32_t copy_stderr;
  /* Since 0.2. The public key to which sessions are sealed before anything of them reaches a disk: what scrim keygen printed, or the
   * path of a file with it; NULL for sessions that everybody can read. Needs libsodium at run time. */
  const char *seal_to;
} scrim_config;

/* Types of a value. */
enum { SCRIM_VALUE_TEXT = 1, SCRIM_VALUE_NUMBER = 2, SCRIM_VALUE_FLAG = 3 };

/* A named value of an error or a mark. Since 0.2; it keeps its size. */
typedef struct scrim_value {
  const char *key;
  /* SCRIM_VALUE_TEXT: text. SCRIM_VALUE_NUMBER: number. SCRIM_VALUE_FLAG: number, where 0 is false. */
  int32_t type;
  const char *text;
  double number;
} scrim_value;

/* A header of a request or of its response. Since 0.2; it keeps its size. */
typedef struct scrim_header {
  const char *name;
  const char *value;
} scrim_header;

/* Fields that are 0 or NULL are omitted, except x and y, which are used if has_position is set. */
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
  /* Since 0.2. For a touch: the number of the finger. */
  int32_t touch_id;
  /* For an error: its id in another system. */
  const char *id;
  const char *logger;
  /* Bytes of a request and of its response. */
  int64_t request_bytes, response_bytes;
  /* 32 and 16 hexadecimal digits. */
  const char *trace_id;
  const char *span_id;
  /* For a span: the kind of work, and its start on CLOCK_MONOTONIC. */
  const char *op;
  int64_t start_ns;
  /* For a test: started, passed, failed or skipped. */
  const char *phase;
  /* For an error: 1 if the program handled it, -1 if not. */
  int32_t handled;
  /* For an error or a mark: its values, of which the first 16 by their keys are kept, scrubbed. */
  const scrim_value *data;
  size_t data_count;
  /* For a request: kept only of URLs that the policy allows, without those that carry credentials, and scrubbed (Masking.md,
   * section 9). Bodies are cut at 150,000 bytes. */
  const scrim_header *request_headers;
  size_t request_header_count;
  const scrim_header *response_headers;
  size_t response_header_count;
  const char *request_body;
  const char *response_body;
} scrim_event;

/* A reported error. Since 0.2. */
typedef struct scrim_error {
  size_t size;
  /* A short word, such as its type. */
  const char *name;
  const char *message;
  /* Optional: its id in another system, and its trace. */
  const char *id;
  const char *trace_id;
  /* 1 if the program handled it, -1 if not. */
  int32_t handled;
  /* On CLOCK_MONOTONIC; 0 for now. */
  int64_t monotonic_ns;
  /* Optional: values, as in scrim_event. */
  const scrim_value *data;
  size_t data_count;
} scrim_error;

typedef struct scrim_summary {
  size_t size;
  uint64_t frames;
  /* Frames that were recorded as fill. */
  uint64_t failed_closed_frames;
  uint64_t events;
  uint64_t segments;
  uint64_t bytes;
  /* Since 0.2. Segments in the spool that were not delivered at the end; 0 without a delivery. */
  uint64_t undelivered_segments;
} scrim_summary;

/* What has become of a session that was given to a delivery. Since 0.2. */
enum {
  /* It is being recorded, or segments of it wait. */
  SCRIM_REPLAY_WAITING = 1,
  /* Segments of it were dropped before the destination had them. */
  SCRIM_REPLAY_DROPPED = 2,
  /* Nothing of it waits and nothing was dropped: it is delivered, or was never recorded. */
  SCRIM_REPLAY_ABSENT = 3
};

typedef struct scrim_replay {
  size_t size;
  int32_t state;
  /* Why it was dropped: budget, age or deleted; a constant text, NULL if it was not. */
  const char *reason;
  uint64_t dropped_segments;
} scrim_replay;

typedef struct scrim_counts {
  size_t size;
  uint64_t captures;
  uint64_t merged;
  uint64_t unchanged;
  uint64_t mismatched;
  uint64_t refused;
  /* Captures and events that arrived while the recorder was paused. */
  uint64_t paused;
  /* Frames that could not be recorded when they arrived; the next successful frame contains their changes. */
  uint64_t failed;
  uint64_t dropped_events;
} scrim_counts;

/* Major × 1000 + minor of the library. */
int32_t scrim_version(void);

/* The reason for the failure of this thread's last call; empty before the first. Valid until the thread's next call. */
const char *scrim_last_error(void);

int32_t scrim_create(const scrim_config *config, scrim_recorder **recorder);

/* Begins the session. Its folder is created with the first capture. */
int32_t scrim_start(scrim_recorder *recorder);

/* Captures a frame; never waits for the recorder. boxes may be NULL if they are unchanged since the last capture. damage may be NULL
 * if every pixel may differ from the last capture. */
int32_t scrim_capture(scrim_recorder *recorder, const scrim_frame *frame, const scrim_boxes *boxes,
                      const scrim_rect *damage, size_t damage_count);

/* Captures a frame that is recorded at once, and is never merged. */
int32_t scrim_snapshot(scrim_recorder *recorder, const scrim_frame *frame, const scrim_boxes *boxes,
                       const scrim_rect *damage, size_t damage_count);

int32_t scrim_record(scrim_recorder *recorder, const scrim_event *event);

/* Records an error, and without delay all captures before it. name, a short word, is optional. */
int32_t scrim_capture_error(scrim_recorder *recorder, const char *name, const char *message);

/* Records an error, draws for it if the session is buffered, and waits until all records before it are in the session's files.
 * session_id receives the 36 characters of the id of the session that contains the error, and a NUL; it is empty if there is none, and
 * may be NULL. Since 0.2. */
int32_t scrim_report_error(scrim_recorder *recorder, const scrim_error *error, char session_id[37]);

/* What has become of the session with that id, such as one of scrim_report_error. A recorder without delivery has no answer
 * (SCRIM_ERROR_STATE). Since 0.2. */
int32_t scrim_get_replay(scrim_recorder *recorder, const char *session_id, scrim_replay *replay);

int32_t scrim_pause(scrim_recorder *recorder);
int32_t scrim_resume(scrim_recorder *recorder);

/* Notes in the crash buffers of this process that it crashes, and the signal; the sessions made from them contain both. Optional,
 * and async-signal-safe: for a signal handler of the program. Since 0.2. */
void scrim_mark_crash(int32_t signal);

/* Ends the present session after all that was passed before; the next frame begins another one, for which the rates are drawn anew. Does
 * nothing in a recorder without scrim_session_options. Since 0.2. */
int32_t scrim_end_session(scrim_recorder *recorder);

/* Waits until all that was passed before is in the session's files. */
int32_t scrim_flush(scrim_recorder *recorder);

/* Seals the session. After a failure it may be called again once the cause is removed. summary may be NULL. */
int32_t scrim_stop(scrim_recorder *recorder, scrim_summary *summary);

int32_t scrim_get_counts(scrim_recorder *recorder, scrim_counts *counts);

/* Releases a recorder. If it was not stopped, its session ends in the background. */
int32_t scrim_destroy(scrim_recorder *recorder);

#ifdef __cplusplus
}
#endif

#endif
