"""Redacts screenshots as one process, with a library that does not know Scrim: redact_peers.py vips|pillow|opencv LIST OUT.

LIST has one line per image: path, tab, boxes as x,y,w,h separated by spaces. Output is PNG at zlib level 1 without filters.
Without LIST and OUT it exits 0 if the library is there.
"""

import ctypes
import os
import sys


def vips():
    lib = ctypes.CDLL("libvips.so.42")
    if lib.vips_init(b"redact_peers"):
        raise SystemExit("libvips does not start")
    lib.vips_concurrency_set(1)
    lib.vips_cache_set_max(0)
    for name in ("vips_image_new_from_file", "vips_image_copy_memory"):
        getattr(lib, name).restype = ctypes.c_void_p
    ink = (ctypes.c_double * 4)(0, 0, 0, 255)
    drawn = ctypes.c_int

    def redact(path, boxes, out):
        lazy = lib.vips_image_new_from_file(path.encode(), None)
        image = ctypes.c_void_p(lib.vips_image_copy_memory(ctypes.c_void_p(lazy)))
        bands = lib.vips_image_get_bands(image)
        for x, y, w, h in boxes:
            if lib.vips_draw_rect(image, ink, bands, drawn(x), drawn(y), drawn(w), drawn(h), b"fill", 1, None):
                raise SystemExit(f"libvips: {path}")
        if lib.vips_pngsave(image, out.encode(), b"compression", 1, b"filter", 8, b"strip", 1, None):
            raise SystemExit(f"libvips: {path}")
        lib.g_object_unref(image)
        lib.g_object_unref(ctypes.c_void_p(lazy))

    return redact


def pillow():
    from PIL import Image, ImageDraw

    def redact(path, boxes, out):
        with Image.open(path) as image:
            image = image.convert("RGB")
        draw = ImageDraw.Draw(image)
        for x, y, w, h in boxes:
            draw.rectangle((x, y, x + w - 1, y + h - 1), fill=(0, 0, 0))
        image.save(out, compress_level=1)

    return redact


def opencv():
    import cv2

    cv2.setNumThreads(1)

    def redact(path, boxes, out):
        image = cv2.imread(path, cv2.IMREAD_COLOR)
        for x, y, w, h in boxes:
            cv2.rectangle(image, (x, y), (x + w - 1, y + h - 1), (0, 0, 0), -1)
        options = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT]
        if not cv2.imwrite(out, image, options):
            raise SystemExit(f"OpenCV: {path}")

    return redact


def main():
    redact = {"vips": vips, "pillow": pillow, "opencv": opencv}[sys.argv[1]]()
    if len(sys.argv) < 4:
        return
    os.makedirs(sys.argv[3])
    for line in open(sys.argv[2], encoding="utf-8"):
        path, boxes = line.rstrip("\n").split("\t")
        boxes = [tuple(map(int, box.split(","))) for box in boxes.split()]
        redact(path, boxes, os.path.join(sys.argv[3], os.path.basename(path)))


main()
