/* Marks and errors with values, and requests with headers and bodies: what is kept of them, and what is refused. */
#include "fixture.h"

#include <string.h>

int main(int count, char **arguments) {
  static const char policy[] =
      "{\"network\":{\"allow\":[\"https://api.example/*\"],\"deny\":[\"*/private\"],\"headers\":[\"x-shop\"]}}";
  static const char *const addresses[] = {"https://api.example/cart", "https://api.example/private", "https://other.example/"};
  scrim_config config = {sizeof config};
  scrim_frame frame = {sizeof frame};
  scrim_boxes boxes = {sizeof boxes};
  scrim_event event = {sizeof event};
  scrim_error error = {sizeof error};
  scrim_summary summary = {sizeof summary};
  scrim_recorder *recorder;
  scrim_value values[20];
  char keys[20][4];
  char id[37];
  int i;
  const scrim_value data[] = {
      {"attempt", SCRIM_VALUE_NUMBER, NULL, 3}, {"cart", SCRIM_VALUE_TEXT, "of SECRET@example.org", 0},
      {"isRetry", SCRIM_VALUE_FLAG, NULL, 1}, {"token", SCRIM_VALUE_TEXT, "SECRET", 0},
      {"a key that is no word", SCRIM_VALUE_TEXT, "SECRET", 0}};
  const scrim_value odd[] = {{NULL, SCRIM_VALUE_TEXT, "x", 0}, {"a", SCRIM_VALUE_TEXT, NULL, 0}, {"a", 9, "x", 0}};
  const scrim_header asked[] = {
      {"Accept", "text/html"}, {"Authorization", "Bearer SECRET"}, {"Cookie", "SECRET"}, {"X-Shop", "7"}, {"X-Other", "SECRET"}};
  const scrim_header answered[] = {{"Content-Type", "text/plain"}, {"Set-Cookie", "SECRET"}};
  if (count != 2) return 2;
  config.folder = arguments[1];
  config.policy = policy;
  CHECK(scrim_create(&config, &recorder) == SCRIM_OK && scrim_start(recorder) == SCRIM_OK);
  show_pixels(&frame, &boxes);
  CHECK(scrim_capture(recorder, &frame, &boxes, NULL, 0) == SCRIM_OK);

  for (i = 0; i < 20; i++) {
    snprintf(keys[i], sizeof keys[i], i < 16 ? "a%d" : "b%d", i);
    values[i] = (scrim_value){keys[i], SCRIM_VALUE_NUMBER, NULL, i};
  }
  event.type = "mark";
  event.name = "many";
  event.data = values;
  event.data_count = 20;
  CHECK(scrim_record(recorder, &event) == SCRIM_OK);
  error.name = "CartError";
  error.message = "no cart";
  error.data = data;
  error.data_count = 5;
  CHECK(scrim_report_error(recorder, &error, id) == SCRIM_OK && strlen(id) == 36);

  memset(&event, 0, sizeof event);
  event.size = sizeof event;
  event.type = "network";
  event.request_headers = asked;
  event.request_header_count = 5;
  event.response_headers = answered;
  event.response_header_count = 2;
  for (i = 0; i < 3; i++) {
    event.url = addresses[i];
    event.request_body = i == 0 ? "{\"password\":\"SECRET\",\"n\":1}" : "SECRET";
    event.response_body = i == 0 ? "fine" : "SECRET";
    CHECK(scrim_record(recorder, &event) == SCRIM_OK);
  }

  /* Refused, with a message. */
  for (i = 0; i < 3; i++) {
    event.data = odd + i;
    event.data_count = 1;
    CHECK(scrim_record(recorder, &event) == SCRIM_ERROR_ARGUMENT && strlen(scrim_last_error()) > 9);
  }
  event.data = NULL;
  CHECK(scrim_record(recorder, &event) == SCRIM_ERROR_ARGUMENT);
  event.data_count = (size_t)-1;
  CHECK(scrim_record(recorder, &event) == SCRIM_ERROR_ARGUMENT);
  event.data_count = 0;
  event.request_headers = NULL;
  CHECK(scrim_record(recorder, &event) == SCRIM_ERROR_ARGUMENT);
  error.data = NULL;
  CHECK(scrim_report_error(recorder, &error, id) == SCRIM_ERROR_ARGUMENT && id[0] == 0);

  /* A program whose struct ends before them: what is behind its end is not read. */
  error.size = offsetof(scrim_error, data);
  CHECK(scrim_report_error(recorder, &error, id) == SCRIM_OK);
  event.size = offsetof(scrim_event, data);
  CHECK(scrim_record(recorder, &event) == SCRIM_OK);
  CHECK(scrim_end_session(recorder) == SCRIM_OK);
  CHECK(scrim_stop(recorder, &summary) == SCRIM_OK && summary.events == 7);
  CHECK(scrim_destroy(recorder) == SCRIM_OK);
  puts("ok");
  return 0;
}
