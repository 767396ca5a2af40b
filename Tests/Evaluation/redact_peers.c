// libvips with boxes drawn in place, run by redact_peers.py: redact_peers LIST. A line of LIST has an input, an
// output and its boxes "x y w h", separated by tabs.
// cc -O2 redact_peers.c -o redact_peers $(pkg-config --cflags --libs vips)
#include <stdio.h>
#include <string.h>
#include <vips/vips.h>

static int redact(const char *in, const char *out, char *boxes) {
  VipsImage *file = vips_image_new_from_file(in, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
  if (!file) return 1;
  VipsImage *picture = vips_image_copy_memory(file);
  g_object_unref(file);
  if (!picture) return 1;
  double ink[4] = {0, 0, 0, 255};
  int failed = 0;
  for (char *box = strtok(boxes, "\t"); box && !failed; box = strtok(NULL, "\t")) {
    int x, y, w, h;
    failed = sscanf(box, "%d %d %d %d", &x, &y, &w, &h) != 4 ||
             vips_draw_rect(picture, ink, vips_image_get_bands(picture), x, y, w, h, "fill", TRUE, NULL);
  }
  if (!failed)
    failed = vips_pngsave(picture, out, "compression", 1, "filter", VIPS_FOREIGN_PNG_FILTER_NONE, "strip", TRUE, NULL);
  g_object_unref(picture);
  return failed;
}

int main(int argc, char **argv) {
  if (argc != 2 || VIPS_INIT(argv[0])) return 2;
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  FILE *list = fopen(argv[1], "r");
  if (!list) return 2;
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, list) > 0) {
    line[strcspn(line, "\n")] = 0;
    char *out = strchr(line, '\t');
    char *boxes = out ? strchr(out + 1, '\t') : NULL;
    if (!boxes) return 2;
    *out++ = 0;
    *boxes++ = 0;
    if (redact(line, out, boxes)) {
      fprintf(stderr, "%s: %s\n", line, vips_error_buffer());
      return 1;
    }
  }
  return 0;
}
