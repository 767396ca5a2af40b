#!/usr/bin/python3
"""Tests the legibility of recordings: tesseract over frames of every corpus session.

Under the default policy, in frames evenly sampled and those right after a secret was typed:
  secrets  no known secret can be read
  words    no word at all of four letters or more with an OCR confidence of 75
  glyphs   of the words that OCR finds in the raw frame (confidence 60), no pixel that belongs to a glyph
           shows. A glyph pixel differs from its word's commonest colour by over 40 in a channel, and is not
           part of a shape that runs out of the word's surroundings (a border, a rule, a selection's edge).
           It shows if the exported pixel, recorded with a fill that no frame contains, equals the raw one
Under the preset controls: the labels that should stay visible are read in at least one frame, in a crop around
their box.

Readings are kept by the picture's digest in .build/proofs-ocr, so that a second run is quick. With --quick
everything except the labels is checked in one recording, with the unusual fill."""
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

import masks
from proof import (
    ODD_FILL,
    ROOT,
    CommandFailed,
    Report,
    arguments,
    pixels,
    record_and_export,
    session_folders,
    stop_without_command,
)

CACHE = os.path.join(ROOT, ".build", "proofs-ocr")
SURE, FOUND, LETTERS, CONTRAST = 75, 60, 4, 40


def read(picture, scale=2, psm=11):
    """The words tesseract finds in a picture: (text, confidence, (x0, y0, x1, y1)), boxes in its pixels."""
    key = hashlib.sha256(f"{picture.shape} {scale} {psm}".encode() + np.ascontiguousarray(picture).tobytes())
    path = os.path.join(CACHE, key.hexdigest() + ".json")
    if not os.path.exists(path):
        rgb = np.stack([picture >> s & 255 for s in (16, 8, 0)], -1).astype(np.uint8)
        image = Image.fromarray(rgb).convert("L")
        image = image.resize((image.width * scale, image.height * scale), Image.BICUBIC)
        png = io.BytesIO()
        image.save(png, "PNG", compress_level=1)
        done = subprocess.run(
            ["tesseract", "stdin", "stdout", "--psm", str(psm), "tsv"],
            input=png.getvalue(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            env=dict(os.environ, OMP_THREAD_LIMIT="1"),
        )
        rows = [line.split("\t") for line in done.stdout.decode().splitlines()[1:]]
        words = [
            (r[11], float(r[10]), tuple(map(int, r[6:10]))) for r in rows if len(r) == 12 and r[11].strip()
        ]
        words = [
            (t, c, (x // scale, y // scale, -(-(x + w) // scale), -(-(y + h) // scale)))
            for t, c, (x, y, w, h) in words
        ]
        os.makedirs(CACHE, exist_ok=True)
        # Two threads may read equal pictures at once.
        own = f"{path}.{os.getpid()}.{threading.get_ident()}"
        with open(own, "w", encoding="utf-8") as file:
            json.dump(words, file)
        os.replace(own, path)
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def plain(text):
    """Text as OCR may confuse it."""
    text = text.lower().replace("o", "0").replace("l", "1").replace("i", "1").replace("|", "1")
    return re.sub(r"[^a-z0-9]", "", text)


def flow(words):
    return plain("".join(word[0] for word in words))


def touching(mask):
    """Each pixel that has a neighbour in the mask, or is in it."""
    grown = np.pad(mask, 1)
    grown = grown[:-2] | grown[1:-1] | grown[2:]
    return grown[:, :-2] | grown[:, 1:-1] | grown[:, 2:]


def glyph_pixels(picture, box):
    """The pixels around a word that belong to its glyphs, and the position of this area."""
    x0, y0, x1, y1 = box
    margin = max(4, (y1 - y0) // 2)
    top, left = max(y0 - margin, 0), max(x0 - margin, 0)
    around = picture[top : y1 + margin, left : x1 + margin]
    inside = np.zeros(around.shape, bool)
    inside[y0 - top : y1 - top, x0 - left : x1 - left] = True
    values, counts = np.unique(around[inside], return_counts=True)
    if not len(values):
        return inside, (top, left)
    ground = int(values[counts.argmax()])
    ink = np.zeros(around.shape, bool)
    for shift in (16, 8, 0):
        ink |= np.abs((around >> shift & 255).astype(int) - (ground >> shift & 255)) > CONTRAST
    runs_out = ink.copy()
    runs_out[1:-1, 1:-1] = False
    while True:
        grown = touching(runs_out) & ink
        if np.array_equal(grown, runs_out):
            break
        runs_out = grown
    return ink & inside & ~runs_out, (top, left)


def glyphs_shown(raw, got, words):
    """Number of words, of their glyph pixels, of the visible ones, and the boxes of words with any."""
    counts, where = np.zeros(3, int), []
    for text, confidence, box in words:
        if confidence < FOUND or not any(c.isalnum() for c in text):
            continue
        glyph, (top, left) = glyph_pixels(raw, box)
        part = slice(top, top + glyph.shape[0]), slice(left, left + glyph.shape[1])
        shown = np.count_nonzero(glyph & (got[part] == raw[part]) & (got[part] != ODD_FILL))
        counts += (1, np.count_nonzero(glyph), shown)
        if shown:
            where.append(f"{box} {shown} px")
    return counts, where


def frames_to_read(capture, folder, secrets, n):
    """Lines evenly sampled, and those right after each secret was typed; all lines if n is 0."""
    count = len(capture.lines)
    if n == 0:
        return list(range(count))
    picked = {round(i * (count - 1) / max(n - 1, 1)) for i in range(n)} if n > 1 else {count // 2}
    with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as file:
        typed = [e for e in map(json.loads, file) if e["type"] == "char"]
    letters = "".join(e["char"] for e in typed)
    for secret in secrets:
        at = letters.find(secret)
        if at >= 0:
            time = typed[at + len(secret) - 1]["t_ms"] + 350
            picked.add(min(range(count), key=lambda i: abs(capture.lines[i]["t_ms"] - time)))
    return sorted(picked)


def spread(items, n):
    return [items[round(i * (len(items) - 1) / max(n - 1, 1))] for i in range(min(n, len(items)))]


def label_is_read(label, capture, export, most):
    """Whether a label is read around one of its controls; where even the raw crop can't be read, whether its
    pixels are untouched."""
    places = []
    for i in range(len(capture.lines)):
        for widget in capture.trees[i][0]:
            if widget.get("name") == label and masks.role_name(widget["role"]) in masks.CONTROLS:
                x, y = max(int(widget["x"]), 0), max(int(widget["y"]), 0)
                places.append((i, slice(y, y + int(widget["h"])), slice(x, x + int(widget["w"]))))
    places = [p for p in spread(places, most) if export.frame(p[0])[p[1:]].size]
    reads = lambda crop: any(
        plain(label) in flow(read(np.pad(crop, pad, "edge"), 3, psm)) for pad in (0, 6) for psm in (11, 7)
    )
    raw_reads = untouched = False
    for i, *part in places:
        crop, raw = export.frame(i)[tuple(part)], pixels(capture.image(i))[tuple(part)]
        if reads(crop):
            return True, f"read in frame {i}"
        raw_reads |= reads(raw)
        untouched |= np.array_equal(crop, raw)
    return untouched and not raw_reads, (
        f"not read in {len(places)} places" + ("" if raw_reads else ", nor raw") + (", untouched" * untouched)
    )


def session(report, options, name, folder, pool):
    capture = masks.Capture(folder)
    with open(os.path.join(folder, "secrets.json"), encoding="utf-8") as file:
        given = json.load(file)
    secrets, labels = [s["value"] for s in given["secrets"]], given.get("labels_that_should_survive", [])
    picked = frames_to_read(
        capture, folder, secrets[:1] if options.quick else secrets, 2 if options.quick else options.frames
    )
    with tempfile.TemporaryDirectory() as work:
        try:
            _, oddly = record_and_export(options, work, folder, "odd", {"fill": f"#{ODD_FILL:06x}"})
            plainly = oddly
            if not options.quick:
                _, plainly = record_and_export(options, work, folder, "default", "default")
            _, controls = record_and_export(options, work, folder, "controls", "controls")
        except CommandFailed as failure:
            return report.check(name, False, str(failure))
        times = [line["t_ms"] for line in capture.lines]
        if not all([e.lines_up(report, name, times) for e in (plainly, oddly, controls)]):
            return None
        raw_images = sorted({capture.image(i) for i in picked})
        masked_images = {plainly.paths[i]: i for i in reversed(picked)}
        reading = lambda path: read(pixels(path))
        raw = dict(zip(raw_images, pool.map(reading, raw_images)))
        masked = dict(zip(masked_images, pool.map(reading, masked_images)))

        readable = {s for s in secrets for words in raw.values() if plain(s) in flow(words)}
        leaked = {
            f"{s!r} in frame {masked_images[path]}"
            for path, words in masked.items()
            for s in secrets
            if plain(s) in flow(words)
        }
        report.check(
            f"{name} secrets",
            not leaked,
            "; ".join(sorted(leaked))
            or (f"none of {len(secrets)} ({len(readable)} readable raw) in {len(masked)} pictures"),
        )
        sure = [
            f"{text!r} in frame {masked_images[path]} at {box}"
            for path, words in masked.items()
            for text, confidence, box in words
            if confidence >= SURE and sum(c.isalpha() for c in text) >= LETTERS
        ]
        report.check(
            f"{name} words", not sure, f"{len(sure)} words: " + "; ".join(sure[:5]) if sure else "none"
        )
        counts, where, seen = np.zeros(3, int), [], set()
        for i in picked:
            if (capture.image(i), oddly.paths[i]) in seen:
                continue
            seen.add((capture.image(i), oddly.paths[i]))
            more, places = glyphs_shown(pixels(capture.image(i)), oddly.frame(i), raw[capture.image(i)])
            counts, where = counts + more, where + [f"frame {i} {place}" for place in places]
        report.check(
            f"{name} glyphs",
            counts[2] == 0 and counts[1] > 0,
            f"{counts[0]} words raw, {counts[1]} glyph px, {counts[2]} shown"
            + "".join(f"; {place}" for place in where[:6])
            + " …" * (len(where) > 6),
        )
        look = lambda label: label_is_read(label, capture, controls, 4 if options.quick else 12)
        for label, (holds, detail) in zip(labels, pool.map(look, labels)):
            report.check(f"{name} label {label!r}", holds, detail)
    return None


def main():
    options = arguments(__doc__, frames=(20, "frames of each session, 0 for all"))
    stop_without_command(options)
    report = Report("what can be read")
    with ThreadPoolExecutor(2) as pool:
        for name, folder in session_folders(options):
            session(report, options, name, folder, pool)
    sys.exit(report.close())


if __name__ == "__main__":
    main()
