#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "support.h"

// A stream must not be moved in memory: zlib's state points back at it.
struct scrim_deflater {
  z_stream stream;
};

struct scrim_inflater {
  z_stream stream;
};

static const int window_bits[] = {[SCRIM_RAW] = -15, [SCRIM_ZLIB] = 15};

// zlib counts in 32 bits.
static uInt piece(size_t count) { return count > UINT_MAX ? UINT_MAX : (uInt)count; }

// The part of a preset that a window can reach; `*count` becomes its length.
static const uint8_t *preset_tail(const uint8_t *preset, size_t *count) {
  size_t skip = *count > 32768 ? *count - 32768 : 0;
  *count -= skip;
  return preset + skip;
}

scrim_deflater *scrim_deflater_new(int level, scrim_strategy strategy, scrim_wrapper wrapper) {
  static const int strategies[] = {[SCRIM_STRATEGY_DEFAULT] = Z_DEFAULT_STRATEGY,
                                   [SCRIM_STRATEGY_FILTERED] = Z_FILTERED,
                                   [SCRIM_STRATEGY_HUFFMAN] = Z_HUFFMAN_ONLY,
                                   [SCRIM_STRATEGY_RLE] = Z_RLE};
  scrim_deflater *deflater = calloc(1, sizeof *deflater);
  if (!deflater) return NULL;
  if (deflateInit2(&deflater->stream, level, Z_DEFLATED, window_bits[wrapper], 8, strategies[strategy]) != Z_OK) {
    free(deflater);
    return NULL;
  }
  return deflater;
}

void scrim_deflater_free(scrim_deflater *deflater) {
  deflateEnd(&deflater->stream);
  free(deflater);
}

void scrim_deflater_reset(scrim_deflater *deflater, const uint8_t *preset, size_t preset_count) {
  deflateReset(&deflater->stream);
  if (preset_count == 0) return;
  const uint8_t *tail = preset_tail(preset, &preset_count);
  deflateSetDictionary(&deflater->stream, tail, (uInt)preset_count);
}

scrim_progress scrim_deflater_step(scrim_deflater *deflater, const uint8_t *in, size_t in_count, uint8_t *out,
                                   size_t out_count, scrim_flush flush) {
  static const int flushes[] = {
      [SCRIM_FLUSH_NONE] = Z_NO_FLUSH, [SCRIM_FLUSH_SYNC] = Z_SYNC_FLUSH, [SCRIM_FLUSH_FINISH] = Z_FINISH};
  z_stream *stream = &deflater->stream;
  uInt offered = piece(in_count), room = piece(out_count);
  stream->next_in = (z_const Bytef *)in;
  stream->avail_in = offered;
  stream->next_out = out;
  stream->avail_out = room;
  // A step without progress returns Z_BUF_ERROR, which is harmless; the caller satisfies the other
  // preconditions.
  deflate(stream, offered == in_count ? flushes[flush] : Z_NO_FLUSH);
  return (scrim_progress){.taken = offered - stream->avail_in, .given = room - stream->avail_out};
}

scrim_inflater *scrim_inflater_new(scrim_wrapper wrapper) {
  scrim_inflater *inflater = calloc(1, sizeof *inflater);
  if (!inflater) return NULL;
  if (inflateInit2(&inflater->stream, window_bits[wrapper]) != Z_OK) {
    free(inflater);
    return NULL;
  }
  return inflater;
}

void scrim_inflater_free(scrim_inflater *inflater) {
  inflateEnd(&inflater->stream);
  free(inflater);
}

void scrim_inflater_reset(scrim_inflater *inflater, const uint8_t *preset, size_t preset_count) {
  inflateReset(&inflater->stream);
  if (preset_count == 0) return;
  const uint8_t *tail = preset_tail(preset, &preset_count);
  inflateSetDictionary(&inflater->stream, tail, (uInt)preset_count);
}

scrim_status scrim_inflater_step(scrim_inflater *inflater, const uint8_t *in, size_t in_count, uint8_t *out,
                                 size_t out_count, scrim_progress *progress, int *at_end, char *message) {
  z_stream *stream = &inflater->stream;
  scrim_fault fault = {SCRIM_OK, message};
  uInt offered = piece(in_count), room = piece(out_count);
  stream->next_in = (z_const Bytef *)in;
  stream->avail_in = offered;
  stream->next_out = out;
  stream->avail_out = room;
  int result = inflate(stream, Z_NO_FLUSH);
  *progress = (scrim_progress){.taken = offered - stream->avail_in, .given = room - stream->avail_out};
  *at_end = result == Z_STREAM_END;
  switch (result) {
    case Z_OK:
    case Z_BUF_ERROR:
    case Z_STREAM_END:
      break;
    case Z_MEM_ERROR:
      scrim_fault_set(&fault, SCRIM_NO_MEMORY, "zlib could not get its window");
      break;
    case Z_NEED_DICT:
      scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "the stream needs a preset dictionary");
      break;
    default:
      scrim_fault_set(&fault, SCRIM_DAMAGED, "%s", stream->msg ? stream->msg : "the stream is damaged");
  }
  return fault.status;
}
