#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
// jpeglib.h leaves stdio.h to its users, so this order matters.
#include <jpeglib.h>

#include <jerror.h>

#include "support.h"

typedef struct writer {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr target;
  jmp_buf escape;
  const uint32_t *pixels;
  uint32_t width, height;
  int quality, chroma_x, chroma_y, optimize;
  scrim_buffer out;
  scrim_fault fault;
} writer;

static void on_error(j_common_ptr common) {
  writer *w = common->client_data;
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  scrim_status status = common->err->msg_code == JERR_OUT_OF_MEMORY ? SCRIM_NO_MEMORY : SCRIM_UNSUPPORTED;
  scrim_fault_set(&w->fault, status, "%s", text);
  longjmp(w->escape, 1);
}

static void on_message(j_common_ptr common, int level) {
  if (level < 0) on_error(common);
}

static void on_output(j_common_ptr common) { (void)common; }

// jpeg_mem_dest loses its memory when an error follows a growth of it, so the destination is our own.
static void make_room(writer *w) {
  if (!scrim_buffer_reserve(&w->out, w->out.count ? w->out.count : 4096)) {
    scrim_fault_set(&w->fault, SCRIM_NO_MEMORY, "no memory for the encoded image");
    longjmp(w->escape, 1);
  }
  w->target.next_output_byte = w->out.bytes + w->out.count;
  w->target.free_in_buffer = w->out.capacity - w->out.count;
}

static void on_start(j_compress_ptr jpeg) { make_room(jpeg->client_data); }

static boolean on_full(j_compress_ptr jpeg) {
  writer *w = jpeg->client_data;
  w->out.count = w->out.capacity;
  make_room(w);
  return TRUE;
}

static void on_end(j_compress_ptr jpeg) {
  writer *w = jpeg->client_data;
  w->out.count = w->out.capacity - w->target.free_in_buffer;
}

static void run(writer *w) {
  struct jpeg_compress_struct *jpeg = &w->jpeg;
  if (setjmp(w->escape)) return;
  jpeg_create_compress(jpeg);
  w->target = (struct jpeg_destination_mgr){
      .init_destination = on_start, .empty_output_buffer = on_full, .term_destination = on_end};
  jpeg->dest = &w->target;
  jpeg->image_width = w->width;
  jpeg->image_height = w->height;
  jpeg->input_components = 4;
  jpeg->in_color_space = JCS_EXT_BGRX;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, w->quality, TRUE);
  jpeg->optimize_coding = w->optimize ? TRUE : FALSE;
  jpeg->comp_info[0].h_samp_factor = w->chroma_x;
  jpeg->comp_info[0].v_samp_factor = w->chroma_y;
  jpeg_start_compress(jpeg, TRUE);
  while (jpeg->next_scanline < w->height) {
    const uint32_t *row = w->pixels + (size_t)jpeg->next_scanline * w->width;
    JSAMPROW source = (JSAMPROW)row;
    jpeg_write_scanlines(jpeg, &source, 1);
  }
  jpeg_finish_compress(jpeg);
}

scrim_status scrim_jpeg_encode(const uint32_t *pixels, uint32_t width, uint32_t height, int quality, int chroma_x,
                               int chroma_y, int optimize, uint8_t **out, size_t *out_count, char *message) {
  writer w = {.pixels = pixels,
              .width = width,
              .height = height,
              .quality = quality,
              .chroma_x = chroma_x,
              .chroma_y = chroma_y,
              .optimize = optimize,
              .fault = {SCRIM_OK, message}};
  w.jpeg.err = jpeg_std_error(&w.errors);
  w.jpeg.client_data = &w;
  w.errors.error_exit = on_error;
  w.errors.emit_message = on_message;
  w.errors.output_message = on_output;
  run(&w);
  jpeg_destroy_compress(&w.jpeg);
  if (w.fault.status != SCRIM_OK) {
    free(w.out.bytes);
    return w.fault.status;
  }
  *out = w.out.bytes;
  *out_count = w.out.count;
  return SCRIM_OK;
}
