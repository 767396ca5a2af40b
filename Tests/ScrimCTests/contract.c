/* What scrim.h promises, tried from outside. Compiled as C and as C++. */
#include <scrim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int failures;

#define CHECK(condition)                                               \
  do {                                                                 \
    if (!(condition)) {                                                \
      printf("line %d: %s (%s)\n", __LINE__, #condition, scrim_last_error()); \
      failures++;                                                      \
    }                                                                  \
  } while (0)

/* A call that is refused, with a message. */
#define REFUSED(call, status)              \
  do {                                     \
    CHECK((call) == (status));             \
    CHECK(strlen(scrim_last_error()) > 9); \
  } while (0)

enum { WIDTH = 64, HEIGHT = 48 };
static uint32_t pixels[WIDTH * HEIGHT];

static scrim_config config_for(const char *folder) {
  scrim_config config;
  memset(&config, 0, sizeof config);
  config.size = sizeof config;
  config.folder = folder;
  return config;
}

static scrim_frame plain_frame(void) {
  scrim_frame frame;
  memset(&frame, 0, sizeof frame);
  frame.size = sizeof frame;
  frame.pixels = pixels;
  frame.stride = WIDTH * 4;
  frame.width = WIDTH;
  frame.height = HEIGHT;
  frame.format = SCRIM_FORMAT_BGRX;
  return frame;
}

static scrim_widget widget_at(const char *role, double x, double y, double width, double height) {
  scrim_widget widget;
  memset(&widget, 0, sizeof widget);
  widget.role = role;
  widget.x = x;
  widget.y = y;
  widget.width = width;
  widget.height = height;
  return widget;
}

static scrim_boxes boxes_of(const scrim_widget *widgets, size_t count) {
  scrim_boxes boxes;
  memset(&boxes, 0, sizeof boxes);
  boxes.size = sizeof boxes;
  boxes.widget_size = sizeof(scrim_widget);
  boxes.widgets = widgets;
  boxes.count = count;
  return boxes;
}

static int32_t decide(void *context, const scrim_widget *widget) {
  ++*(int *)context;
  return widget->user_data ? SCRIM_UNMASK : SCRIM_CONTINUE;
}

static void record_a_session(const char *folder) {
  int asked = 0;
  scrim_config config = config_for(folder);
  scrim_recorder *recorder = NULL;
  scrim_widget widgets[3];
  scrim_boxes boxes;
  scrim_frame frame = plain_frame();
  scrim_rect damage;
  scrim_event event;
  scrim_summary summary;
  scrim_counts counts;
  int i;
  config.policy = "strict";
  config.frames_per_second = 100;
  config.context = &asked;
  config.decide = decide;
  CHECK(scrim_create(&config, &recorder) == SCRIM_OK && recorder != NULL);
  CHECK(scrim_start(recorder) == SCRIM_OK);
  for (i = 0; i < WIDTH * HEIGHT; i++) pixels[i] = 0x11223344u;
  widgets[0] = widget_at("panel", 0, 0, WIDTH, HEIGHT);
  widgets[1] = widget_at("label", 4, 4, 20, 10);
  widgets[1].user_data = &asked;
  widgets[0].id = "page";
  widgets[1].parent = "page";
  widgets[2] = widget_at("entry", 4, 20, 20, 10);
  widgets[2].text = "SECRET";
  widgets[2].name = "SECRET";
  boxes = boxes_of(widgets, 3);
  CHECK(scrim_snapshot(recorder, &frame, &boxes, NULL, 0) == SCRIM_OK);
  CHECK(asked == 3);
  CHECK(scrim_flush(recorder) == SCRIM_OK);
  damage.x = damage.y = 4;
  damage.width = damage.height = 1;
  pixels[4 * WIDTH + 4] = 0x00FF00FFu;
  CHECK(scrim_capture(recorder, &frame, NULL, &damage, 1) == SCRIM_OK);
  CHECK(scrim_capture(recorder, &frame, NULL, &damage, 0) == SCRIM_UNCHANGED);
  frame.generation = 9;
  CHECK(scrim_capture(recorder, &frame, NULL, NULL, 0) == SCRIM_MISMATCHED);
  memset(&event, 0, sizeof event);
  event.size = sizeof event;
  event.type = "log";
  CHECK(scrim_record(recorder, &event) == SCRIM_OK);
  CHECK(scrim_capture_error(recorder, NULL, "it broke") == SCRIM_OK);
  CHECK(scrim_pause(recorder) == SCRIM_OK);
  CHECK(scrim_capture(recorder, &frame, &boxes, NULL, 0) == SCRIM_PAUSED);
  CHECK(scrim_resume(recorder) == SCRIM_OK);
  memset(&summary, 0, sizeof summary);
  REFUSED(scrim_stop(recorder, &summary), SCRIM_ERROR_ARGUMENT);
  summary.size = sizeof summary;
  CHECK(scrim_stop(recorder, &summary) == SCRIM_OK);
  CHECK(summary.frames == 2 && summary.events == 2 && summary.segments == 1 && summary.bytes > 0);
  memset(&counts, 0, sizeof counts);
  counts.size = sizeof counts;
  CHECK(scrim_get_counts(recorder, &counts) == SCRIM_OK);
  CHECK(counts.captures == 4 && counts.unchanged == 1 && counts.mismatched == 1 && counts.paused == 1);
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_STATE);
  CHECK(scrim_destroy(recorder) == SCRIM_OK);
}

/* What scrim keygen prints; its private key was thrown away. */
static const char public_key[] =
    "scrim-public-key-1:8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285feedd883d";

/* A session that is sealed to a public key: nothing of it can be read, and its manifest says which key opens it. */
static void record_a_sealed_session(const char *folder) {
  scrim_config config = config_for(folder);
  scrim_recorder *recorder = NULL;
  scrim_frame frame = plain_frame();
  scrim_boxes boxes = boxes_of(NULL, 0);
  char path[600], text[4096];
  FILE *file;
  size_t size;
  config.seal_to = "scrim-public-key-1:8f40";
  REFUSED(scrim_create(&config, &recorder), SCRIM_ERROR_ARGUMENT);
  config.seal_to = folder;
  REFUSED(scrim_create(&config, &recorder), SCRIM_ERROR_ARGUMENT);
  config.seal_to = public_key;
  CHECK(scrim_create(&config, &recorder) == SCRIM_OK && scrim_start(recorder) == SCRIM_OK);
  CHECK(scrim_capture(recorder, &frame, &boxes, NULL, 0) == SCRIM_OK);
  CHECK(scrim_stop(recorder, NULL) == SCRIM_OK && scrim_destroy(recorder) == SCRIM_OK);
  snprintf(path, sizeof path, "%s/manifest.json", folder);
  file = fopen(path, "rb");
  CHECK(file != NULL);
  if (file == NULL) return;
  size = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[size] = 0;
  CHECK(strstr(text, "scrim-sealed-session/1") && strstr(text, "eedd883d") && !strstr(text, "policy"));
}

static void misuse(const char *folder) {
  scrim_config config = config_for(folder);
  scrim_recorder *recorder = NULL, *none = NULL;
  scrim_frame frame = plain_frame();
  scrim_widget widget = widget_at("label", 0, 0, 5, 5);
  scrim_boxes boxes = boxes_of(&widget, 1);
  scrim_event event;
  char odd[] = "\xff\xfe";
  REFUSED(scrim_create(NULL, &recorder), SCRIM_ERROR_ARGUMENT);
  REFUSED(scrim_create(&config, NULL), SCRIM_ERROR_ARGUMENT);
  config.size = 8;
  REFUSED(scrim_create(&config, &recorder), SCRIM_ERROR_ARGUMENT);
  config = config_for(NULL);
  REFUSED(scrim_create(&config, &recorder), SCRIM_ERROR_ARGUMENT);
  config = config_for(odd);
  REFUSED(scrim_create(&config, &recorder), SCRIM_ERROR_ARGUMENT);
  config = config_for(folder);
  config.policy = "{\"maskAllTexts\":true}";
  REFUSED(scrim_create(&config, &recorder), SCRIM_ERROR_POLICY);
  config.policy = NULL;
  config.frames_per_second = -1;
  REFUSED(scrim_create(&config, &recorder), SCRIM_ERROR_ARGUMENT);
  config.frames_per_second = 0;
  config.quality = 101;
  REFUSED(scrim_create(&config, &recorder), SCRIM_ERROR_ARGUMENT);
  CHECK(recorder == NULL);
  REFUSED(scrim_start(none), SCRIM_ERROR_HANDLE);
  REFUSED(scrim_start((scrim_recorder *)(void *)&frame), SCRIM_ERROR_HANDLE);
  REFUSED(scrim_capture(none, &frame, &boxes, NULL, 0), SCRIM_ERROR_HANDLE);
  REFUSED(scrim_destroy(none), SCRIM_ERROR_HANDLE);

  config = config_for(folder);
  CHECK(scrim_create(&config, &recorder) == SCRIM_OK);
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_STATE);
  REFUSED(scrim_stop(recorder, NULL), SCRIM_ERROR_STATE);
  CHECK(scrim_start(recorder) == SCRIM_OK);
  REFUSED(scrim_start(recorder), SCRIM_ERROR_STATE);
  REFUSED(scrim_capture(recorder, NULL, &boxes, NULL, 0), SCRIM_ERROR_ARGUMENT);
  REFUSED(scrim_capture(recorder, &frame, NULL, NULL, 0), SCRIM_ERROR_ARGUMENT);
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 1), SCRIM_ERROR_ARGUMENT);
  frame.pixels = NULL;
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_ARGUMENT);
  frame = plain_frame();
  frame.width = -5;
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_ARGUMENT);
  frame = plain_frame();
  frame.stride = 7;
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_ARGUMENT);
  frame = plain_frame();
  frame.format = 99;
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_ARGUMENT);
  frame = plain_frame();
  frame.monotonic_ns = 1;
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_ARGUMENT);
  frame = plain_frame();
  boxes.widget_size = 3;
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_ARGUMENT);
  boxes = boxes_of(NULL, 1);
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_ARGUMENT);
  widget.role = NULL;
  boxes = boxes_of(&widget, 1);
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_ARGUMENT);
  widget = widget_at("label", 0, 0, -5, 5);
  REFUSED(scrim_capture(recorder, &frame, &boxes, NULL, 0), SCRIM_ERROR_BOXES);
  REFUSED(scrim_record(recorder, NULL), SCRIM_ERROR_ARGUMENT);
  memset(&event, 0, sizeof event);
  event.size = sizeof event;
  REFUSED(scrim_record(recorder, &event), SCRIM_ERROR_ARGUMENT);
  REFUSED(scrim_capture_error(recorder, "name", NULL), SCRIM_ERROR_ARGUMENT);
  CHECK(scrim_stop(recorder, NULL) == SCRIM_OK && scrim_stop(recorder, NULL) == SCRIM_OK);
  CHECK(scrim_destroy(recorder) == SCRIM_OK);
  REFUSED(scrim_flush(recorder), SCRIM_ERROR_HANDLE);
  REFUSED(scrim_destroy(recorder), SCRIM_ERROR_HANDLE);
}

static scrim_recorder *faulty;
static volatile int reported;

static void on_fault(void *context, int32_t status, const char *message) {
  CHECK(context == &faulty && status == SCRIM_ERROR_RECORDING && strstr(message, "already holds a session"));
  REFUSED(scrim_stop(faulty, NULL), SCRIM_ERROR_THREAD);
  REFUSED(scrim_flush(faulty), SCRIM_ERROR_THREAD);
  reported = 1;
}

/* The folder already holds a session. */
static void faults_are_reported(const char *folder) {
  scrim_config config = config_for(folder);
  scrim_frame frame = plain_frame();
  scrim_boxes boxes = boxes_of(NULL, 0);
  struct timespec moment;
  config.on_fault = on_fault;
  config.context = &faulty;
  CHECK(scrim_create(&config, &faulty) == SCRIM_OK && scrim_start(faulty) == SCRIM_OK);
  CHECK(scrim_capture(faulty, &frame, &boxes, NULL, 0) == SCRIM_OK);
  moment.tv_sec = 0;
  moment.tv_nsec = 1000000;
  while (!reported) nanosleep(&moment, NULL);
  REFUSED(scrim_capture(faulty, &frame, &boxes, NULL, 0), SCRIM_ERROR_RECORDING);
  REFUSED(scrim_stop(faulty, NULL), SCRIM_ERROR_RECORDING);
  CHECK(scrim_destroy(faulty) == SCRIM_OK);
}

static uint64_t seed;

static uint64_t random_bits(void) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return seed >> 24;
}

/* A number that something may stumble over. */
static int64_t nasty(void) {
  static const int64_t edges[] = {0, 1, -1, 2, 7, 64, 255, 65536, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
  return random_bits() % 3 ? edges[random_bits() % 12] : (int64_t)(random_bits() % 99);
}

static double nasty_double(void) {
  double value;
  uint64_t bits = random_bits() << 24 ^ random_bits();
  if (random_bits() % 2) return (double)nasty();
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Whatever numbers structs hold, a call gives a status. Pointers are NULL, or point at what they say. */
static void fuzz(const char *folder, int rounds) {
  scrim_config config = config_for(folder);
  scrim_recorder *recorder = NULL;
  int i, j;
  CHECK(scrim_create(&config, &recorder) == SCRIM_OK && scrim_start(recorder) == SCRIM_OK);
  for (i = 0; i < rounds; i++) {
    scrim_widget widgets[4];
    scrim_rect damage[4];
    scrim_frame frame = plain_frame();
    scrim_boxes boxes = boxes_of(random_bits() % 9 ? widgets : NULL, random_bits() % 5);
    scrim_event event;
    scrim_counts counts;
    int32_t status;
    for (j = 0; j < 4; j++) {
      static const char *const texts[] = {NULL, "", "a", "label", "panel", "password text", "\xc3\x28", "focused,,protected"};
      widgets[j] = widget_at(texts[random_bits() % 8], nasty_double(), nasty_double(), nasty_double(), nasty_double());
      widgets[j].id = texts[random_bits() % 8];
      widgets[j].parent = texts[random_bits() % 8];
      widgets[j].name = texts[random_bits() % 8];
      widgets[j].text = texts[random_bits() % 8];
      widgets[j].states = texts[random_bits() % 8];
      widgets[j].mask = (int32_t)nasty();
      damage[j].x = (int32_t)nasty();
      damage[j].y = (int32_t)nasty();
      damage[j].width = (int32_t)nasty();
      damage[j].height = (int32_t)nasty();
    }
    boxes.scale = random_bits() % 2 ? 0 : nasty_double();
    boxes.generation = random_bits() % 2;
    boxes.is_incomplete = (int32_t)nasty();
    if (random_bits() % 8 == 0) boxes.size = (size_t)nasty();
    if (random_bits() % 8 == 0) boxes.widget_size = random_bits() % sizeof(scrim_widget);
    frame.generation = random_bits() % 2;
    /* Sizes that the buffer has, or that are refused: the library can't know how long it is. */
    if (random_bits() % 4 == 0) frame.width = 1 + (int32_t)(random_bits() % WIDTH);
    if (random_bits() % 4 == 0) frame.height = (int32_t)(random_bits() % (HEIGHT + 1)) - (int32_t)(random_bits() % 2) * 99;
    if (random_bits() % 8 == 0) frame.stride = random_bits() % 2 ? (size_t)-1 : random_bits() % (WIDTH * 4);
    if (random_bits() % 4 == 0) frame.format = 1 + (int32_t)(random_bits() % 9);
    if (random_bits() % 8 == 0) frame.monotonic_ns = nasty();
    if (random_bits() % 8 == 0) frame.size = (size_t)nasty();
    status = (random_bits() % 8 ? scrim_capture : scrim_snapshot)(
        recorder, random_bits() % 30 ? &frame : NULL, random_bits() % 4 ? &boxes : NULL,
        random_bits() % 4 ? damage : NULL, random_bits() % 5);
    CHECK(status >= SCRIM_ERROR_RECORDING && status <= SCRIM_PAUSED && (status >= 0 || *scrim_last_error()));
    memset(&event, 0, sizeof event);
    event.size = random_bits() % 8 ? sizeof event : (size_t)nasty();
    event.type = random_bits() % 8 ? "wheel" : NULL;
    event.has_position = (int32_t)nasty();
    event.x = nasty_double();
    event.y = nasty_double();
    event.dx = nasty_double();
    event.dy = nasty_double();
    event.button = (int32_t)nasty();
    event.status = (int32_t)nasty();
    event.duration_ms = nasty_double();
    event.url = "\xff\"\\\n";
    event.monotonic_ns = random_bits() % 2 ? 0 : nasty();
    CHECK(scrim_record(recorder, &event) <= 0);
    counts.size = random_bits() % 2 ? sizeof counts : random_bits() % sizeof counts;
    CHECK(scrim_get_counts(recorder, &counts) <= 0);
    CHECK(scrim_flush((scrim_recorder *)(uintptr_t)(random_bits() % 5 * 8)) <= 0);
  }
  CHECK(scrim_stop(recorder, NULL) == SCRIM_OK && scrim_destroy(recorder) == SCRIM_OK);
}

int main(int argc, char **argv) {
  char path[5][512];
  int i;
  if (argc != 3) return 2;
  for (i = 0; i < 5; i++) snprintf(path[i], sizeof path[i], "%s/%d", argv[1], i);
  seed = strtoull(argv[2], NULL, 10);
  CHECK(*scrim_last_error() == 0);
  CHECK(scrim_version() == SCRIM_VERSION_MAJOR * 1000 + SCRIM_VERSION_MINOR);
  record_a_session(path[0]);
  misuse(path[1]);
  record_a_sealed_session(path[4]);
  faults_are_reported(path[0]);
  fuzz(path[2], 2000);
  puts(failures ? "failed" : "ok");
  return failures != 0;
}
