// PNG, JPEG, deflate and zstd behind plain functions: no setjmp, no library type and no output on stderr
// leaves them.
//
// Every function returns a status. A `message` parameter is a buffer of SCRIM_MESSAGE_SIZE bytes, which
// receives a terminated sentence unless the status is SCRIM_OK. Functions free what they allocate, unless
// stated otherwise. Pixels are 32-bit words 0xAARRGGBB of a little-endian machine, row by row without
// slack.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SCRIM_MESSAGE_SIZE 256

typedef enum __attribute__((enum_extensibility(closed))) scrim_status {
  SCRIM_OK = 0,
  SCRIM_TRUNCATED,
  SCRIM_DAMAGED,
  SCRIM_UNSUPPORTED,
  SCRIM_NO_MEMORY,
} scrim_status;

// ---- PNG

typedef enum __attribute__((enum_extensibility(closed))) scrim_png_form {
  SCRIM_PNG_RGB,   // words 0x00RRGGBB; 16-bit samples are rounded to 8 bits
  SCRIM_PNG_ARGB,  // words 0xAARRGGBB, not premultiplied; 16-bit samples are rounded to 8 bits
} scrim_png_form;

typedef struct scrim_png_facts {
  int has_alpha;  // an alpha channel, or a tRNS chunk
  int is_opaque;  // the alpha of every pixel is the largest value
} scrim_png_facts;

// Decodes a whole PNG of `width` by `height` pixels into `rows`, which holds width × height words.
// All chunks but IHDR, PLTE, tRNS, IDAT and IEND are skipped
// after their CRC is checked. A warning is a failure. Data after the last row in IDAT chunks, and the end
// and checksum of the zlib stream, are not checked.
scrim_status scrim_png_decode(const uint8_t *bytes, size_t count, scrim_png_form form, uint32_t width,
                              uint32_t height, void *rows, scrim_png_facts *facts, char *message);

typedef enum __attribute__((enum_extensibility(closed))) scrim_png_color {
  SCRIM_PNG_COLOR_RGB8,
  SCRIM_PNG_COLOR_RGBA8,
  SCRIM_PNG_COLOR_GRAY8,  // SCRIM_UNSUPPORTED if R, G and B of a pixel differ
} scrim_png_color;

// Encodes width × height `pixels` to IHDR, IDAT and IEND. `level` is zlib's, 0 to 9; `adaptive` chooses a
// filter per row, otherwise none is used. On SCRIM_OK `*out` holds `*out_count` bytes, which the caller
// frees with scrim_free.
scrim_status scrim_png_encode(const uint32_t *pixels, uint32_t width, uint32_t height, scrim_png_color color,
                              int level, int adaptive, uint8_t **out, size_t *out_count, char *message);

// The common forms without libpng, several times as fast: not interlaced, 8 bits a sample or a palette.

// The checksum at the end of a chunk, over its name and content.
uint32_t scrim_crc32(const uint8_t *bytes, size_t count);

// Format of a picture's rows.
typedef struct scrim_png_shape {
  uint32_t width, height;
  int channels;             // 1 (grey, or an index), 2 (grey and alpha), 3 or 4
  int depth;                // bits of a channel: 8; of an index 1, 2, 4 or 8
  const uint32_t *palette;  // 256 words 0xAARRGGBB, or NULL
  int palette_count;        // number of valid indices
} scrim_png_shape;

// Decodes the joined contents of all IDAT chunks, exactly one zlib stream, to width × height words of
// `form`, RGB or ARGB. `portable` disables processor-specific code.
scrim_status scrim_png_decode_plain(const uint8_t *data, size_t count, const scrim_png_shape *shape,
                                    scrim_png_form form, int portable, uint32_t *pixels, int *is_opaque,
                                    char *message);

// The same for 1, 3 or 4 channels of 8 bits, but compares every pixel with `pixels`; high bytes count if
// there are 4 channels.
scrim_status scrim_png_compare_plain(const uint8_t *data, size_t count, const scrim_png_shape *shape,
                                     const uint32_t *pixels, int *is_equal, char *message);

// Compresses width × height `pixels` to the content of one IDAT chunk, rows of photographs with the filter
// Sub and others without a filter; otherwise as scrim_png_encode. Equal pixels nearly always give equal
// bytes, on processors of one kind.
scrim_status scrim_png_encode_plain(const uint32_t *pixels, uint32_t width, uint32_t height, scrim_png_color color,
                                    uint8_t **out, size_t *out_count, char *message);

// ---- JPEG

typedef enum __attribute__((enum_extensibility(closed))) scrim_jpeg_space {
  SCRIM_JPEG_GRAY,
  SCRIM_JPEG_YCBCR,
  SCRIM_JPEG_RGB,
  SCRIM_JPEG_CMYK,
  SCRIM_JPEG_YCCK,
} scrim_jpeg_space;

typedef struct scrim_jpeg_facts {
  scrim_jpeg_space space;
  int mcu_width, mcu_height;  // size of a coded block in pixels
  size_t trailing;  // bytes after the end-of-image marker
} scrim_jpeg_facts;

// Decodes a whole JPEG of `width` by `height` pixels to words 0x00RRGGBB. A warning is a failure.
// `in_blocks` disables smoothing across the edges of MCUs, so that no pixel depends on another MCU.
// `as_ink` gives words 0xKKYYMMCC, 255 for full ink, if the picture has four components.
scrim_status scrim_jpeg_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, int in_blocks,
                               int as_ink, uint32_t *pixels, scrim_jpeg_facts *facts, char *message);

// Encodes width × height `pixels` (high bytes ignored) as a baseline JFIF file. A chroma sample covers
// `chroma_x` by `chroma_y` pixels, each 1 or 2. `*out` as in scrim_png_encode.
scrim_status scrim_jpeg_encode(const uint32_t *pixels, uint32_t width, uint32_t height, int quality, int chroma_x,
                               int chroma_y, int optimize, uint8_t **out, size_t *out_count, char *message);

// ---- Colours

// Converts `count` words 0x??RRGGBB from an ICC profile to sRGB; high bytes stay. `is_gray` means that the
// channels of each are equal, which a grey profile requires. Words stay unchanged if none would change by
// more than 1.
scrim_status scrim_color_to_srgb(const uint8_t *profile, size_t profile_count, int is_gray, uint32_t *pixels,
                                 size_t count, int *has_changed, char *message);

// Converts `count` words 0xKKYYMMCC of ink to words 0x00RRGGBB of sRGB with a four-ink ICC profile.
scrim_status scrim_color_ink_to_srgb(const uint8_t *profile, size_t profile_count, uint32_t *pixels, size_t count,
                                     char *message);

void scrim_free(void *memory);

// Keeps freed memory for reuse instead of returning it to the system, for programs that allocate and free
// pictures all the time: the system zeroes every page that it hands out again, at the cost of a page fault
// each.
void scrim_keep_memory(void);

// ---- Deflate

typedef struct scrim_deflater scrim_deflater;
typedef struct scrim_inflater scrim_inflater;

typedef enum __attribute__((enum_extensibility(closed))) scrim_wrapper {
  SCRIM_RAW,
  SCRIM_ZLIB,
} scrim_wrapper;

typedef enum __attribute__((enum_extensibility(closed))) scrim_strategy {
  SCRIM_STRATEGY_DEFAULT,
  SCRIM_STRATEGY_FILTERED,
  SCRIM_STRATEGY_HUFFMAN,
  SCRIM_STRATEGY_RLE,
} scrim_strategy;

typedef enum __attribute__((enum_extensibility(closed))) scrim_flush {
  SCRIM_FLUSH_NONE,
  SCRIM_FLUSH_SYNC,
  SCRIM_FLUSH_FINISH,
} scrim_flush;

// Progress of one step of a stream.
typedef struct scrim_progress {
  size_t taken;  // bytes of the input used up
  size_t given;  // bytes of the output written
} scrim_progress;

// A stream with a window of 32 KB, or NULL if memory is short.
scrim_deflater *scrim_deflater_new(int level, scrim_strategy strategy, scrim_wrapper wrapper);
void scrim_deflater_free(scrim_deflater *deflater);
// Starts a new stream in the same memory. `preset` (raw streams only) is the preset dictionary for back
// references; its last 32 KB count.
void scrim_deflater_reset(scrim_deflater *deflater, const uint8_t *preset, size_t preset_count);
// Compresses into the given buffer. All input is taken and the flush is complete when buffer space is left
// over.
scrim_progress scrim_deflater_step(scrim_deflater *deflater, const uint8_t *in, size_t in_count, uint8_t *out,
                                   size_t out_count, scrim_flush flush);

scrim_inflater *scrim_inflater_new(scrim_wrapper wrapper);
void scrim_inflater_free(scrim_inflater *inflater);
void scrim_inflater_reset(scrim_inflater *inflater, const uint8_t *preset, size_t preset_count);
// Decompresses into the given buffer; stops at the end of the stream, of the input or of the buffer.
scrim_status scrim_inflater_step(scrim_inflater *inflater, const uint8_t *in, size_t in_count, uint8_t *out,
                                 size_t out_count, scrim_progress *progress, int *at_end, char *message);

// ---- Zstandard

// Whether this build has zstd; otherwise a stream can't be opened.
int scrim_zstd_is_built(void);

typedef struct scrim_zstd_writer scrim_zstd_writer;
typedef struct scrim_zstd_reader scrim_zstd_reader;

// A stream of one zstd frame at `level`, with a window of 2^window_log bytes and search tables of
// 2^table_log entries, or NULL if memory is short.
scrim_zstd_writer *scrim_zstd_writer_new(int level, int window_log, int table_log);
void scrim_zstd_writer_free(scrim_zstd_writer *writer);
// Starts a new stream in the same memory.
void scrim_zstd_writer_reset(scrim_zstd_writer *writer);
// As scrim_deflater_step. Fails with SCRIM_NO_MEMORY only.
scrim_status scrim_zstd_writer_step(scrim_zstd_writer *writer, const uint8_t *in, size_t in_count, uint8_t *out,
                                    size_t out_count, scrim_flush flush, scrim_progress *progress, int *is_done,
                                    char *message);

// Refuses a stream whose window is larger than 2^window_log bytes.
scrim_zstd_reader *scrim_zstd_reader_new(int window_log);
void scrim_zstd_reader_free(scrim_zstd_reader *reader);
void scrim_zstd_reader_reset(scrim_zstd_reader *reader);
// As scrim_inflater_step.
scrim_status scrim_zstd_reader_step(scrim_zstd_reader *reader, const uint8_t *in, size_t in_count, uint8_t *out,
                                    size_t out_count, scrim_progress *progress, int *at_end, char *message);
