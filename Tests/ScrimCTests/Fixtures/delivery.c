/* Records one session and delivers it: delivery URL SPOOL SECONDS. Prints its id, what was delivered, and what has become of it. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static void changed(void *context, int32_t change, const char *id, const char *detail) {
  (void)context;
  if (change == SCRIM_SESSION_REPLAY_DROPPED) printf("dropped %s %s\n", id, detail);
}

int main(int count, char **arguments) {
  scrim_session_options sessions = {sizeof sessions};
  scrim_delivery delivery = {sizeof delivery};
  scrim_config config = {sizeof config};
  scrim_frame frame = {sizeof frame};
  scrim_boxes boxes = {sizeof boxes};
  scrim_error error = {sizeof error};
  scrim_replay replay = {sizeof replay};
  scrim_summary summary = {sizeof summary};
  scrim_recorder *recorder;
  char id[37];
  if (count != 4) return 2;
  sessions.session_sample_rate = 1;
  sessions.on_change = changed;
  delivery.url = arguments[1];
  delivery.spool = arguments[2];
  delivery.key = "the-key";
  delivery.stop_seconds = atof(arguments[3]);
  config.delivery = &delivery;
  config.sessions = &sessions;
  config.service_name = "shop";
  config.service_version = "2.1";
  config.deployment_environment = "test";
  show_pixels(&frame, &boxes);
  delivery.in_flight = 65;
  CHECK(scrim_create(&config, &recorder) == SCRIM_ERROR_ARGUMENT && strstr(scrim_last_error(), "in_flight"));
  delivery.in_flight = 0;
  delivery.url = "gopher://example";
  CHECK(scrim_create(&config, &recorder) == SCRIM_ERROR_DELIVERY && strstr(scrim_last_error(), "gopher"));
  delivery.url = arguments[1];
  CHECK(scrim_create(&config, &recorder) == SCRIM_OK && scrim_start(recorder) == SCRIM_OK);
  CHECK(scrim_snapshot(recorder, &frame, &boxes, NULL, 0) == SCRIM_OK);
  error.message = "it broke";
  CHECK(scrim_report_error(recorder, &error, id) == SCRIM_OK && strlen(id) == 36);
  CHECK(scrim_stop(recorder, &summary) == SCRIM_OK);
  CHECK(scrim_get_replay(recorder, "no id", &replay) == SCRIM_ERROR_ARGUMENT);
  CHECK(scrim_get_replay(recorder, id, &replay) == SCRIM_OK);
  printf("%s undelivered %llu state %d %s\n", id, (unsigned long long)summary.undelivered_segments, replay.state,
         replay.reason ? replay.reason : "-");
  CHECK(scrim_destroy(recorder) == SCRIM_OK);
  return 0;
}
