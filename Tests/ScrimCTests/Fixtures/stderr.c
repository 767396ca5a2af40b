/* Copies standard error into a session: stderr FOLDER quiet|flood|crash|replaced. What arrives on its standard error is the test's. */
#include "fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **arguments) {
  scrim_config config = {sizeof config};
  scrim_frame frame = {sizeof frame};
  scrim_boxes boxes = {sizeof boxes};
  scrim_counts counts = {sizeof counts};
  scrim_summary summary = {sizeof summary};
  scrim_recorder *recorder, *second;
  struct stat was, is;
  int line, before;
  if (count != 3) return 2;
  config.folder = arguments[1];
  config.copy_stderr = 1;
  show_pixels(&frame, &boxes);
  fputs("before\n", stderr);
  CHECK(fstat(2, &was) == 0);
  CHECK(scrim_create(&config, &recorder) == SCRIM_OK && scrim_start(recorder) == SCRIM_OK);
  CHECK(scrim_snapshot(recorder, &frame, &boxes, NULL, 0) == SCRIM_OK);
  CHECK(scrim_create(&config, &second) == SCRIM_OK);
  CHECK(scrim_start(second) == SCRIM_ERROR_RECORDING && strstr(scrim_last_error(), "another recorder"));
  CHECK(scrim_destroy(second) == SCRIM_OK);
  fputs("mail of ann@example.com\n", stderr);
  /* A child's, and half of a line that ends later. */
  CHECK(system("echo from a child >&2") == 0);
  fputs("half ", stderr);
  usleep(50000);
  fputs("a line\n", stderr);
  if (strcmp(arguments[2], "crash") == 0) {
    fputs("the last words", stderr);
    abort();
  }
  if (strcmp(arguments[2], "flood") == 0) {
    for (line = 0; line < 300000; line++) fprintf(stderr, "line %d of a flood that nothing can record\n", line);
  }
  if (strcmp(arguments[2], "replaced") == 0) {
    /* A program that redirects its own standard error keeps what it made. */
    before = open("/dev/null", O_WRONLY);
    CHECK(dup2(before, 2) == 2);
    close(before);
  }
  CHECK(scrim_stop(recorder, &summary) == SCRIM_OK);
  CHECK(fstat(2, &is) == 0 && (strcmp(arguments[2], "replaced") == 0) == (was.st_ino != is.st_ino));
  fputs("after\n", stderr);
  CHECK(scrim_get_counts(recorder, &counts) == SCRIM_OK);
  CHECK(scrim_destroy(recorder) == SCRIM_OK);
  printf("%llu events, %llu dropped\n", (unsigned long long)summary.events, (unsigned long long)counts.dropped_events);
  return 0;
}
