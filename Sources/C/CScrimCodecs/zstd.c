#include <stdlib.h>

#include "support.h"

#ifdef SCRIM_ZSTD
#include <zstd.h>
#include <zstd_errors.h>

int scrim_zstd_is_built(void) { return 1; }

struct scrim_zstd_writer {
  ZSTD_CCtx *context;
};

struct scrim_zstd_reader {
  ZSTD_DCtx *context;
};

scrim_zstd_writer *scrim_zstd_writer_new(int level, int window_log, int table_log) {
  scrim_zstd_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return NULL;
  ZSTD_CCtx *context = writer->context = ZSTD_createCCtx();
  if (!context || ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)) ||
      ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log)) ||
      ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, table_log)) ||
      ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_chainLog, table_log))) {
    scrim_zstd_writer_free(writer);
    return NULL;
  }
  return writer;
}

void scrim_zstd_writer_free(scrim_zstd_writer *writer) {
  ZSTD_freeCCtx(writer->context);
  free(writer);
}

void scrim_zstd_writer_reset(scrim_zstd_writer *writer) {
  ZSTD_CCtx_reset(writer->context, ZSTD_reset_session_only);
}

scrim_status scrim_zstd_writer_step(scrim_zstd_writer *writer, const uint8_t *in, size_t in_count, uint8_t *out,
                                    size_t out_count, scrim_flush flush, scrim_progress *progress, int *is_done,
                                    char *message) {
  static const ZSTD_EndDirective directives[] = {
      [SCRIM_FLUSH_NONE] = ZSTD_e_continue, [SCRIM_FLUSH_SYNC] = ZSTD_e_flush, [SCRIM_FLUSH_FINISH] = ZSTD_e_end};
  scrim_fault fault = {SCRIM_OK, message};
  ZSTD_inBuffer input = {in, in_count, 0};
  ZSTD_outBuffer output = {out, out_count, 0};
  size_t left = ZSTD_compressStream2(writer->context, &output, &input, directives[flush]);
  *progress = (scrim_progress){.taken = input.pos, .given = output.pos};
  *is_done = input.pos == in_count && (flush == SCRIM_FLUSH_NONE || left == 0);
  if (ZSTD_isError(left)) scrim_fault_set(&fault, SCRIM_NO_MEMORY, "%s", ZSTD_getErrorName(left));
  return fault.status;
}

scrim_zstd_reader *scrim_zstd_reader_new(int window_log) {
  scrim_zstd_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  ZSTD_DCtx *context = reader->context = ZSTD_createDCtx();
  if (!context || ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, window_log))) {
    scrim_zstd_reader_free(reader);
    return NULL;
  }
  return reader;
}

void scrim_zstd_reader_free(scrim_zstd_reader *reader) {
  ZSTD_freeDCtx(reader->context);
  free(reader);
}

void scrim_zstd_reader_reset(scrim_zstd_reader *reader) {
  ZSTD_DCtx_reset(reader->context, ZSTD_reset_session_only);
}

scrim_status scrim_zstd_reader_step(scrim_zstd_reader *reader, const uint8_t *in, size_t in_count, uint8_t *out,
                                    size_t out_count, scrim_progress *progress, int *at_end, char *message) {
  scrim_fault fault = {SCRIM_OK, message};
  ZSTD_inBuffer input = {in, in_count, 0};
  ZSTD_outBuffer output = {out, out_count, 0};
  size_t result = ZSTD_decompressStream(reader->context, &output, &input);
  *progress = (scrim_progress){.taken = input.pos, .given = output.pos};
  *at_end = result == 0;
  if (!ZSTD_isError(result)) return SCRIM_OK;
  switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation:
      scrim_fault_set(&fault, SCRIM_NO_MEMORY, "zstd could not get its window");
      break;
    case ZSTD_error_frameParameter_windowTooLarge:
      scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "the stream's window is larger than the format allows");
      break;
    default:
      scrim_fault_set(&fault, SCRIM_DAMAGED, "%s", ZSTD_getErrorName(result));
  }
  return fault.status;
}

#else

int scrim_zstd_is_built(void) { return 0; }

scrim_zstd_writer *scrim_zstd_writer_new(int level, int window_log, int table_log) {
  (void)level, (void)window_log, (void)table_log;
  return NULL;
}

void scrim_zstd_writer_free(scrim_zstd_writer *writer) { (void)writer; }
void scrim_zstd_writer_reset(scrim_zstd_writer *writer) { (void)writer; }

// No stream was opened, so neither step is reached.
scrim_status scrim_zstd_writer_step(scrim_zstd_writer *writer, const uint8_t *in, size_t in_count, uint8_t *out,
                                    size_t out_count, scrim_flush flush, scrim_progress *progress, int *is_done,
                                    char *message) {
  (void)writer, (void)in, (void)in_count, (void)out, (void)out_count, (void)flush, (void)message;
  *progress = (scrim_progress){0, 0};
  *is_done = 1;
  return SCRIM_UNSUPPORTED;
}

scrim_zstd_reader *scrim_zstd_reader_new(int window_log) {
  (void)window_log;
  return NULL;
}

void scrim_zstd_reader_free(scrim_zstd_reader *reader) { (void)reader; }
void scrim_zstd_reader_reset(scrim_zstd_reader *reader) { (void)reader; }

scrim_status scrim_zstd_reader_step(scrim_zstd_reader *reader, const uint8_t *in, size_t in_count, uint8_t *out,
                                    size_t out_count, scrim_progress *progress, int *at_end, char *message) {
  (void)reader, (void)in, (void)in_count, (void)out, (void)out_count, (void)message;
  *progress = (scrim_progress){0, 0};
  *at_end = 0;
  return SCRIM_UNSUPPORTED;
}

#endif
