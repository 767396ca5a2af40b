/* Draws a small form into a buffer and records itself: a caption, a typed name, a password, a button with a moving bar.
 *
 *   feed SESSION             records three seconds
 *   feed --measure SESSION   prints the caller's cost of a capture
 */
#include <scrim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void pause_ms(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static int refused(int status) {
  if (status < 0) fprintf(stderr, "%s\n", scrim_last_error());
  return status < 0;
}

/* An application's state: pixels, and a list of the widgets it drew. */
typedef struct {
  int32_t width, height;
  uint32_t *pixels;
} canvas;

static void fill(canvas *to, scrim_rect rect, uint32_t colour) {
  for (int32_t y = rect.y; y < rect.y + rect.height; y++)
    for (int32_t x = rect.x; x < rect.x + rect.width; x++) to->pixels[y * to->width + x] = colour;
}

/* Draws shapes that look like `count` letters. */
static void letters(canvas *to, int32_t x, int32_t y, int count) {
  for (int i = 0; i < count; i++) {
    fill(to, (scrim_rect){x + i * 9, y, 2, 12}, 0x202020);
    fill(to, (scrim_rect){x + i * 9, y + i * 5 % 10, 6, 2}, 0x202020);
  }
}

static const scrim_widget form[] = {
    {.role = "frame", .id = "window", .width = 480, .height = 240},
    {.role = "label", .id = "caption", .parent = "window", .name = "Sign in", .x = 20, .y = 16, .width = 200, .height = 20},
    {.role = "entry", .id = "name", .parent = "window", .x = 20, .y = 60, .width = 300, .height = 28},
    {.role = "password text", .id = "secret", .parent = "window", .x = 20, .y = 104, .width = 300, .height = 28},
    {.role = "push button", .id = "send", .parent = "window", .name = "Send", .x = 20, .y = 160, .width = 120, .height = 32},
};

static scrim_frame frame_of(const canvas *from, uint64_t generation) {
  scrim_frame frame = {.size = sizeof frame, .pixels = from->pixels, .stride = (size_t)from->width * 4,
                       .width = from->width, .height = from->height, .format = SCRIM_FORMAT_BGRX,
                       .generation = generation};
  return frame;
}

static int record(scrim_recorder *recorder) {
  canvas canvas = {480, 240, malloc(480 * 240 * 4)};
  if (!canvas.pixels) return 1;
  fill(&canvas, (scrim_rect){0, 0, 480, 240}, 0xF0F0F0);
  letters(&canvas, 24, 20, 18);
  fill(&canvas, (scrim_rect){20, 60, 300, 28}, 0xFFFFFF);
  fill(&canvas, (scrim_rect){20, 104, 300, 28}, 0xFFFFFF);
  fill(&canvas, (scrim_rect){20, 160, 120, 32}, 0x3584E4);
  letters(&canvas, 50, 170, 6);
  scrim_boxes boxes = {.size = sizeof boxes, .widget_size = sizeof form[0], .widgets = form,
                       .count = sizeof form / sizeof form[0], .generation = 1};
  scrim_frame frame = frame_of(&canvas, 1);
  int failed = refused(scrim_capture(recorder, &frame, &boxes, NULL, 0));
  for (int tick = 0; tick < 180 && !failed; tick++) {
    scrim_rect damage[2];
    size_t count = 0;
    if (tick % 10 == 0 && tick < 150) {
      letters(&canvas, 26, 68, tick / 10 + 1);
      letters(&canvas, 26, 112, tick / 10 + 1);
      damage[count++] = (scrim_rect){20, 60, 300, 72};
      scrim_event key = {.size = sizeof key, .type = "key"};
      failed = refused(scrim_record(recorder, &key));
    }
    damage[count++] = (scrim_rect){0, 232, 480, 8};
    fill(&canvas, damage[count - 1], 0xD0D0D0);
    fill(&canvas, (scrim_rect){tick * 2, 232, 60, 8}, 0x26A269);
    /* The widgets did not move, so they need not be passed again. */
    frame = frame_of(&canvas, 1);
    failed |= refused(scrim_capture(recorder, &frame, NULL, damage, count));
    pause_ms(16);
  }
  free(canvas.pixels);
  return failed;
}

static int by_size(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

enum { WIDGETS = 200, ROUNDS = 300 };

/* Measures a screen of 1920x1080 with 200 widgets, of which a part changes at 60 frames per second. */
static int measure(scrim_recorder *recorder) {
  canvas canvas = {1920, 1080, malloc(1920 * 1080 * 4)};
  static scrim_widget widgets[WIDGETS + 1];
  static char names[WIDGETS][8];
  if (!canvas.pixels) return 1;
  for (int i = 0; i < 1920 * 1080; i++) canvas.pixels[i] = 0xF0F0F0u ^ (uint32_t)(i / 7 % 3);
  widgets[0] = (scrim_widget){.role = "frame", .id = "window", .width = 1920, .height = 1080};
  for (int i = 0; i < WIDGETS; i++) {
    snprintf(names[i], sizeof names[i], "w%d", i);
    widgets[i + 1] = (scrim_widget){.role = i % 4 ? "push button" : "label", .id = names[i], .parent = "window",
                                    .name = "Something", .x = i % 10 * 190, .y = i / 10 * 54, .width = 120, .height = 28};
  }
  scrim_boxes boxes = {.size = sizeof boxes, .widget_size = sizeof widgets[0], .widgets = widgets, .count = WIDGETS + 1};
  const struct { const char *name; int32_t width, height; } parts[] = {{"1", 192, 108}, {"10", 608, 341}, {"100", 1920, 1080}};
  const char *kinds[] = {"boxes as before", "boxes given, unchanged", "boxes given, one moved"};
  puts("damage, boxes                      median     p99     CPU median, microseconds of the caller");
  int failed = 0;
  uint64_t generation = 1;
  for (int part = 0; part < 3; part++) {
    for (int kind = 0; kind < 3; kind++) {
      static int64_t wall[ROUNDS], cpu[ROUNDS];
      for (int round = 0; round < ROUNDS && !failed; round++) {
        scrim_rect damage = {round * 13 % (1921 - parts[part].width), round * 7 % (1081 - parts[part].height),
                             parts[part].width, parts[part].height};
        for (int32_t y = damage.y; y < damage.y + damage.height; y += 9)
          fill(&canvas, (scrim_rect){damage.x, y, damage.width, 1}, (uint32_t)round * 0x30201);
        if (kind == 2) {
          widgets[WIDGETS].x = round % 50;
          generation++;
        }
        boxes.generation = generation;
        scrim_frame frame = frame_of(&canvas, generation);
        int64_t begin = now(CLOCK_MONOTONIC), begin_cpu = now(CLOCK_THREAD_CPUTIME_ID);
        int is_first = part + kind + round == 0;
        failed = refused(scrim_capture(recorder, &frame, kind || is_first ? &boxes : NULL, &damage, 1));
        cpu[round] = now(CLOCK_THREAD_CPUTIME_ID) - begin_cpu;
        wall[round] = now(CLOCK_MONOTONIC) - begin;
        pause_ms(16);
      }
      qsort(wall, ROUNDS, sizeof wall[0], by_size);
      qsort(cpu, ROUNDS, sizeof cpu[0], by_size);
      printf("%3s %%, %-24s %8.0f %8.0f %8.0f\n", parts[part].name, kinds[kind], wall[ROUNDS / 2] / 1e3,
             wall[ROUNDS * 99 / 100] / 1e3, cpu[ROUNDS / 2] / 1e3);
    }
  }
  free(canvas.pixels);
  return failed;
}

int main(int argc, char **argv) {
  int measures = argc == 3 && strcmp(argv[1], "--measure") == 0;
  if (argc != 2 + measures) {
    fprintf(stderr, "usage: %s [--measure] SESSION\n", argv[0]);
    return 2;
  }
  scrim_config config = {.size = sizeof config, .folder = argv[1 + measures], .policy = "controls", .producer = "feed-c"};
  scrim_recorder *recorder;
  if (refused(scrim_create(&config, &recorder)) || refused(scrim_start(recorder))) return 1;
  int failed = measures ? measure(recorder) : record(recorder);
  scrim_summary summary = {.size = sizeof summary};
  scrim_counts counts = {.size = sizeof counts};
  failed |= refused(scrim_stop(recorder, &summary)) | refused(scrim_get_counts(recorder, &counts));
  printf("%d frames of %d captures, %d events, %d segments, %d bytes\n", (int)summary.frames, (int)counts.captures,
         (int)summary.events, (int)summary.segments, (int)summary.bytes);
  return failed | refused(scrim_destroy(recorder));
}
