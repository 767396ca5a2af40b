#include <setjmp.h>
#include <stdio.h>
// jpeglib.h leaves stdio.h to its users, so this order matters.
#include <jpeglib.h>

#include <jerror.h>

#include "support.h"

// A file may ask for any number of passes over a large image; no encoder makes more than a few dozen.
enum { SCAN_LIMIT = 200 };

typedef struct reader {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  const uint8_t *bytes;
  size_t count;
  uint32_t width, height;
  int in_blocks;
  int as_ink;
  uint32_t *pixels;
  uint32_t components_seen;
  scrim_jpeg_facts *facts;
  scrim_fault fault;
} reader;

static scrim_status status_of(int code) {
  switch (code) {
    case JWRN_JPEG_EOF:
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY:
      return SCRIM_TRUNCATED;
    case JERR_OUT_OF_MEMORY:
      return SCRIM_NO_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_BAD_SAMPLING:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
      return SCRIM_UNSUPPORTED;
    default:
      return SCRIM_DAMAGED;
  }
}

static void on_error(j_common_ptr common) {
  reader *r = common->client_data;
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  scrim_fault_set(&r->fault, status_of(common->err->msg_code), "%s", text);
  longjmp(r->escape, 1);
}

// libjpeg repairs by a guess what it warns about (level -1); the other levels are traces.
static void on_message(j_common_ptr common, int level) {
  if (level < 0) on_error(common);
}

static void on_output(j_common_ptr common) { (void)common; }

// Called before each step of a file with several scans: notes which components the current scan has.
static void on_progress(j_common_ptr common) {
  reader *r = common->client_data;
  struct jpeg_decompress_struct *jpeg = &r->jpeg;
  if (jpeg->input_scan_number > SCAN_LIMIT) {
    scrim_fault_set(&r->fault, SCRIM_UNSUPPORTED, "the image has more than %d scans", SCAN_LIMIT);
    longjmp(r->escape, 1);
  }
  for (int i = 0; i < jpeg->comps_in_scan; i++)
    r->components_seen |= 1u << jpeg->cur_comp_info[i]->component_index;
}

// Converts a row of C, M, Y, K bytes to words in place. Adobe's programs store ink inverted, 255 for none.
static void convert_cmyk(uint32_t *row, size_t width, int inverted) {
  uint32_t flip = inverted ? 0 : 0xFFFFFFFF;
  for (size_t x = 0; x < width; x++) {
    uint32_t light = row[x] ^ flip;  // 255 less ink in every byte
    uint32_t key = light >> 24;
    uint32_t red = ((light & 0xFF) * key + 127) / 255;
    uint32_t green = ((light >> 8 & 0xFF) * key + 127) / 255;
    uint32_t blue = ((light >> 16 & 0xFF) * key + 127) / 255;
    row[x] = red << 16 | green << 8 | blue;
  }
}

static int find_space(reader *r) {
  switch (r->jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE: r->facts->space = SCRIM_JPEG_GRAY; return 1;
    case JCS_YCbCr: r->facts->space = SCRIM_JPEG_YCBCR; return 1;
    case JCS_RGB: r->facts->space = SCRIM_JPEG_RGB; return 1;
    case JCS_CMYK: r->facts->space = SCRIM_JPEG_CMYK; return 1;
    case JCS_YCCK: r->facts->space = SCRIM_JPEG_YCCK; return 1;
    default: return 0;
  }
}

// Between this function's start and end an error jumps back into it, so it modifies only what `r` points
// to.
static void run(reader *r) {
  struct jpeg_decompress_struct *jpeg = &r->jpeg;
  if (setjmp(r->escape)) return;
  jpeg_create_decompress(jpeg);
  jpeg_mem_src(jpeg, r->bytes, r->count);
  jpeg_read_header(jpeg, TRUE);
  if (jpeg->image_width != r->width || jpeg->image_height != r->height) {
    scrim_fault_set(&r->fault, SCRIM_DAMAGED, "the image's header gives two sizes");
    return;
  }
  if (!find_space(r)) {
    scrim_fault_set(&r->fault, SCRIM_UNSUPPORTED, "%d components of unknown colour", jpeg->num_components);
    return;
  }
  int inked = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
  jpeg->out_color_space = inked ? JCS_CMYK : JCS_EXT_BGRX;
  if (r->in_blocks) {
    jpeg->do_fancy_upsampling = FALSE;
    jpeg->do_block_smoothing = FALSE;
  }
  r->progress.progress_monitor = on_progress;
  jpeg->progress = &r->progress;
  jpeg_start_decompress(jpeg);
  r->facts->mcu_width = jpeg->max_h_samp_factor * DCTSIZE;
  r->facts->mcu_height = jpeg->max_v_samp_factor * DCTSIZE;
  if (jpeg_has_multiple_scans(jpeg) && r->components_seen != (1u << jpeg->num_components) - 1) {
    scrim_fault_set(&r->fault, SCRIM_TRUNCATED, "a colour component has no scan");
    return;
  }
  while (jpeg->output_scanline < r->height) {
    uint32_t *row = r->pixels + (size_t)jpeg->output_scanline * r->width;
    JSAMPROW target = (JSAMPROW)row;
    if (jpeg_read_scanlines(jpeg, &target, 1) != 1) {
      scrim_fault_set(&r->fault, SCRIM_TRUNCATED, "the image ends at row %u", jpeg->output_scanline);
      return;
    }
    if (inked && r->as_ink) {
      // Adobe's programs store ink inverted, 255 for none.
      uint32_t flip = jpeg->saw_Adobe_marker ? 0xFFFFFFFF : 0;
      for (size_t x = 0; x < r->width; x++) row[x] ^= flip;
    } else if (inked)
      convert_cmyk(row, r->width, jpeg->saw_Adobe_marker);
    else
      for (size_t x = 0; x < r->width; x++) row[x] &= 0x00FFFFFF;
  }
  jpeg_finish_decompress(jpeg);
  r->facts->trailing = jpeg->src->bytes_in_buffer;
}

scrim_status scrim_jpeg_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int in_blocks,
                               int as_ink, uint32_t *pixels, scrim_jpeg_facts *facts, char *message) {
  reader r = {.bytes = bytes,
              .count = count,
              .width = width,
              .height = height,
              .in_blocks = in_blocks,
              .as_ink = as_ink,
              .pixels = pixels,
              .facts = facts,
              .fault = {SCRIM_OK, message}};
  r.jpeg.err = jpeg_std_error(&r.errors);
  r.jpeg.client_data = &r;
  r.errors.error_exit = on_error;
  r.errors.emit_message = on_message;
  r.errors.output_message = on_output;
  run(&r);
  jpeg_destroy_decompress(&r.jpeg);
  return r.fault.status;
}
