/* An application that records itself and keeps what is buffered over a crash: crashing FOLDER. It draws four times a second, and ends
 * when it is killed. Prints what becomes of sessions. */
#include <scrim.h>

#include <stdio.h>
#include <unistd.h>

static uint32_t pixels[320 * 200];

static void changed(void *context, int32_t change, const char *id, const char *detail) {
  (void)context;
  printf("%d %s %s\n", change, id, detail);
  fflush(stdout);
}

int main(int count, char **arguments) {
  scrim_session_options sessions = {sizeof sessions};
  scrim_config config = {sizeof config};
  scrim_frame frame = {sizeof frame};
  scrim_boxes boxes = {sizeof boxes};
  scrim_recorder *recorder;
  if (count != 2) return 2;
  sessions.error_sample_rate = 1;
  sessions.error_buffer_seconds = 5;
  sessions.crash_buffer = 1;
  sessions.on_change = changed;
  config.folder = arguments[1];
  /* Shows everything, so that each change is a frame. */
  config.policy = "none";
  config.sessions = &sessions;
  if (scrim_create(&config, &recorder) < 0 || scrim_start(recorder) < 0) return puts(scrim_last_error()), 1;
  frame.pixels = pixels;
  frame.stride = 320 * 4;
  frame.width = 320;
  frame.height = 200;
  frame.format = SCRIM_FORMAT_BGRX;
  boxes.widget_size = sizeof(scrim_widget);
  for (unsigned step = 0;; step++) {
    pixels[step * 47 % (320 * 200)] = 0xFFFFFFu;
    if (scrim_capture(recorder, &frame, &boxes, NULL, 0) < 0) return puts(scrim_last_error()), 1;
    usleep(250000);
  }
}
