/* What the programs of this folder share: a check that prints its line, and a picture of 16 x 8 pixels without boxes. */
#include <scrim.h>

#include <stdio.h>

#define CHECK(holds) \
  if (!(holds)) return printf("line %d: %s: %s\n", __LINE__, #holds, scrim_last_error()), 1

static uint32_t pixels[16 * 8];

static void show_pixels(scrim_frame *frame, scrim_boxes *boxes) {
  frame->pixels = pixels;
  frame->stride = 16 * 4;
  frame->width = 16;
  frame->height = 8;
  frame->format = SCRIM_FORMAT_BGRX;
  boxes->widget_size = sizeof(scrim_widget);
}
