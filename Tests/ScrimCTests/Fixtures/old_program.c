/* A program of version 0.1: built with that version's header, it must run with every later library. */
#include "scrim-0.1.h"

#include <stdio.h>
#include <string.h>

#define CHECK(holds) \
  if (!(holds)) return printf("line %d: %s: %s\n", __LINE__, #holds, scrim_last_error()), 1

int main(int count, char **arguments) {
  struct { scrim_summary summary; char guard[64]; } end;
  struct { scrim_counts counts; char guard[64]; } so_far;
  uint32_t pixels[16 * 8];
  scrim_config config;
  scrim_recorder *recorder;
  scrim_frame frame;
  scrim_boxes boxes;
  scrim_event event;
  size_t place;
  if (count != 2) return 2;
  memset(pixels, 0x55, sizeof pixels);
  memset(&config, 0, sizeof config);
  config.size = sizeof config;
  config.folder = arguments[1];
  CHECK(scrim_create(&config, &recorder) == SCRIM_OK);
  CHECK(scrim_start(recorder) == SCRIM_OK);
  memset(&frame, 0, sizeof frame);
  frame.size = sizeof frame;
  frame.pixels = pixels;
  frame.stride = 16 * 4;
  frame.width = 16;
  frame.height = 8;
  frame.format = SCRIM_FORMAT_BGRX;
  memset(&boxes, 0, sizeof boxes);
  boxes.size = sizeof boxes;
  boxes.widget_size = sizeof(scrim_widget);
  CHECK(scrim_snapshot(recorder, &frame, &boxes, NULL, 0) == SCRIM_OK);
  memset(&event, 0, sizeof event);
  event.size = sizeof event;
  event.type = "log";
  event.message = "as before";
  CHECK(scrim_record(recorder, &event) == SCRIM_OK);
  CHECK(scrim_capture_error(recorder, "Oops", "it broke") == SCRIM_OK);
  memset(&so_far, 0x77, sizeof so_far);
  so_far.counts.size = sizeof so_far.counts;
  CHECK(scrim_get_counts(recorder, &so_far.counts) == SCRIM_OK);
  CHECK(so_far.counts.captures == 1);
  memset(&end, 0x77, sizeof end);
  end.summary.size = sizeof end.summary;
  CHECK(scrim_stop(recorder, &end.summary) == SCRIM_OK);
  CHECK(end.summary.frames == 1 && end.summary.events == 2);
  for (place = 0; place < sizeof end.guard; place++) CHECK(end.guard[place] == 0x77 && so_far.guard[place] == 0x77);
  CHECK(scrim_destroy(recorder) == SCRIM_OK);
  puts("ok");
  return 0;
}
