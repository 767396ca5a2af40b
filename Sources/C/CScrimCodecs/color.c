#include <lcms2.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static void say_nothing(cmsContext context, cmsUInt32Number code, const char *text) {
  (void)context, (void)code, (void)text;
}

// Whether no channel of a lattice over all colours changes by more than 1.
static int changes_nothing(cmsHTRANSFORM transform) {
  enum { STEPS = 18 };  // of 15 each
  for (int r = 0; r < STEPS; r++)
    for (int g = 0; g < STEPS; g++) {
      uint8_t in[STEPS * 4], out[STEPS * 4];
      for (int b = 0; b < STEPS; b++) {
        uint8_t pixel[4] = {(uint8_t)(b * 15), (uint8_t)(g * 15), (uint8_t)(r * 15), 255};
        memcpy(in + b * 4, pixel, 4);
      }
      cmsDoTransform(transform, in, out, STEPS);
      for (int i = 0; i < STEPS * 4; i++)
        if (i % 4 != 3 && abs(in[i] - out[i]) > 1) return 0;
    }
  return 1;
}

// Runs of equal pixels are converted once: on screens that is all but a few in a hundred. `kept` are the
// bits that stay.
static void convert(cmsHTRANSFORM transform, uint32_t *pixels, size_t count, uint32_t kept) {
  enum { PART = 4096 };
  uint32_t colors[PART], converted[PART];
  while (count > 0) {
    size_t runs = 0, end = 0;
    for (; end < count; end++) {
      if (end > 0 && pixels[end] == pixels[end - 1]) continue;
      if (runs == PART) break;
      colors[runs++] = pixels[end];
    }
    cmsDoTransform(transform, colors, converted, (cmsUInt32Number)runs);
    uint32_t color = 0, last = 0;
    for (size_t i = 0, run = 0; i < end; i++) {
      if (i == 0 || pixels[i] != last) {
        last = pixels[i];
        color = (converted[run++] & 0x00FFFFFF) | (last & kept);
      }
      pixels[i] = color;
    }
    pixels += end;
    count -= end;
  }
}

scrim_status scrim_color_to_srgb(const uint8_t *profile, size_t profile_count, int is_gray, uint32_t *pixels,
                                 size_t count, int *has_changed, char *message) {
  scrim_fault fault = {SCRIM_OK, message};
  *has_changed = 0;
  cmsContext context = cmsCreateContext(NULL, NULL);
  if (!context || profile_count > UINT32_MAX) {
    scrim_fault_set(&fault, SCRIM_NO_MEMORY, "no memory for colours");
    return fault.status;
  }
  cmsSetLogErrorHandlerTHR(context, say_nothing);
  cmsHPROFILE source = cmsOpenProfileFromMemTHR(context, profile, (cmsUInt32Number)profile_count);
  cmsHPROFILE target = cmsCreate_sRGBProfileTHR(context);
  cmsHTRANSFORM transform = NULL;
  int of_gray = source && cmsGetColorSpace(source) == cmsSigGrayData;
  if (!source || !target) {
    scrim_fault_set(&fault, SCRIM_DAMAGED, "it can't be read");
  } else if (!(of_gray && is_gray) && cmsGetColorSpace(source) != cmsSigRgbData) {
    scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "it is for another kind of colours than the picture has");
  } else {
    transform = cmsCreateTransformTHR(context, source, of_gray ? TYPE_GRAY_8 : TYPE_BGRA_8, target, TYPE_BGRA_8,
                                      INTENT_PERCEPTUAL, 0);
    if (!transform) scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "colours can't be converted by it");
  }
  if (transform && of_gray) {
    uint8_t grays[256];
    uint32_t table[256];
    for (int i = 0; i < 256; i++) grays[i] = (uint8_t)i;
    cmsDoTransform(transform, grays, table, 256);
    for (int i = 0; i < 256; i++)
      if (abs((int)(table[i] & 0xFF) - i) > 1) *has_changed = 1;
    if (*has_changed)
      for (size_t i = 0; i < count; i++)
        pixels[i] = (table[pixels[i] & 0xFF] & 0xFF) * 0x010101 | (pixels[i] & 0xFF000000);
  } else if (transform && !changes_nothing(transform)) {
    *has_changed = 1;
    convert(transform, pixels, count, 0xFF000000);
  }
  if (transform) cmsDeleteTransform(transform);
  if (source) cmsCloseProfile(source);
  if (target) cmsCloseProfile(target);
  cmsDeleteContext(context);
  return fault.status;
}

scrim_status scrim_color_ink_to_srgb(const uint8_t *profile, size_t profile_count, uint32_t *pixels, size_t count,
                                     char *message) {
  scrim_fault fault = {SCRIM_OK, message};
  cmsContext context = cmsCreateContext(NULL, NULL);
  if (!context || profile_count > UINT32_MAX) {
    scrim_fault_set(&fault, SCRIM_NO_MEMORY, "no memory for colours");
    return fault.status;
  }
  cmsSetLogErrorHandlerTHR(context, say_nothing);
  cmsHPROFILE source = cmsOpenProfileFromMemTHR(context, profile, (cmsUInt32Number)profile_count);
  cmsHPROFILE target = cmsCreate_sRGBProfileTHR(context);
  cmsHTRANSFORM transform = NULL;
  if (!source || !target) {
    scrim_fault_set(&fault, SCRIM_DAMAGED, "it can't be read");
  } else if (cmsGetColorSpace(source) != cmsSigCmykData) {
    scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "it is for another kind of colours than the picture has");
  } else {
    transform = cmsCreateTransformTHR(context, source, TYPE_CMYK_8, target, TYPE_BGRA_8, INTENT_PERCEPTUAL, 0);
    if (!transform) scrim_fault_set(&fault, SCRIM_UNSUPPORTED, "colours can't be converted by it");
  }
  if (transform) {
    convert(transform, pixels, count, 0);
    cmsDeleteTransform(transform);
  }
  if (source) cmsCloseProfile(source);
  if (target) cmsCloseProfile(target);
  cmsDeleteContext(context);
  return fault.status;
}
