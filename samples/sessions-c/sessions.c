/* Records one session in ten, and the minute before an error of every other one: 100 seconds of a program that draws, sends a request
 * and fails. Build it with   cc sessions.c $(pkg-config --cflags --libs scrim)   and run it with a folder. */
#include <scrim.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static uint32_t pixels[320 * 200];

static void changed(void *context, int32_t change, const char *id, const char *detail) {
  (void)context;
  if (change == SCRIM_SESSION_WRITTEN) printf("session %s written to %s\n", id, detail);
}

int main(int count, char **arguments) {
  int seconds = count > 2 ? 100 : 2, step;
  char id[37];
  scrim_session_options sessions = {sizeof sessions};
  scrim_config config = {sizeof config};
  scrim_frame frame = {sizeof frame};
  scrim_boxes boxes = {sizeof boxes};
  scrim_event request = {sizeof request};
  scrim_error error = {sizeof error};
  scrim_recorder *recorder;

  sessions.session_sample_rate = 0.1;
  sessions.error_sample_rate = 1;
  sessions.on_change = changed;
  config.folder = count > 1 ? arguments[1] : "session";
  config.sessions = &sessions;
  if (scrim_create(&config, &recorder) < 0 || scrim_start(recorder) < 0) return puts(scrim_last_error()), 1;

  frame.pixels = pixels;
  frame.stride = 320 * 4;
  frame.width = 320;
  frame.height = 200;
  frame.format = SCRIM_FORMAT_BGRX;
  boxes.widget_size = sizeof(scrim_widget);
  for (step = 0; step < seconds * 10; step++) {
    pixels[step * 40 % (320 * 200)] = 0xFFFFFFu;
    if (scrim_capture(recorder, &frame, &boxes, NULL, 0) < 0) return puts(scrim_last_error()), 1;
    usleep(100000);
  }
  request.type = "network";
  request.method = "GET";
  request.url = "https://api.example/cart?user=ann";
  request.status = 500;
  request.duration_ms = 87;
  request.trace_id = "0123456789abcdef0123456789abcdef";
  scrim_record(recorder, &request);
  error.name = "CartError";
  error.message = "the cart could not be read";
  error.trace_id = request.trace_id;
  if (scrim_report_error(recorder, &error, id) < 0) return puts(scrim_last_error()), 1;
  printf("the error is in session %s\n", id);
  if (scrim_stop(recorder, NULL) < 0) return puts(scrim_last_error()), 1;
  return scrim_destroy(recorder) < 0;
}
