#!/usr/bin/env python3
"""Draws codes, words, charts and marks in gaps, redacts the pictures, and checks that no reader finds the content.

    Tests/Gallery/run.sh [--quick] [--scrim PATH] [--seed N] [--keep DIR] [--only KIND …]

Each item is in a panel that claims the whole picture, in three ways: whole (gap), cut by the boxes of widgets that are elsewhere
(cut), and half transparent on a transparent ground (alpha). The conditions:
  ink       at most 0.5 % of the item's pixels that no box covers remain unmasked, summed by kind and way
  readers   zbar, zxing-cpp and dmtx decode no code, also not from the shapes of the masks; tesseract reads no text of the item at any of
            three scales, plain and inverted. A code or word that is unreadable before redaction is void, and counted as such
Needs python3-numpy, python3-pil, zint, zbar-tools, zxing-cpp-tools, dmtx-utils, tesseract-ocr and fonts (DejaVu, Liberation, Noto).
--quick checks some 640 pictures, a full run several thousand."""
import argparse
import collections
import concurrent.futures
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageOps

import items
import plots

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILL = (254, 1, 254)
GROUNDS = [(255, 255, 255), (246, 245, 244), (222, 234, 250)]
INK_LIMIT = 0.005


class Case:
    """An item in a picture: its text, its ink pixels, and the boxes over it."""

    def __init__(self, item, way, rng):
        self.item, self.way = item, way
        content = item.picture
        width = max(content.width + rng.randint(48, 500), rng.choice([300, 640, 1280]))
        height = max(content.height + rng.randint(48, 300), rng.choice([200, 480, 800]))
        x, y = rng.randint(20, width - content.width - 20), rng.randint(20, height - content.height - 20)
        ground = rng.choice(GROUNDS)
        self.place = (x, y, x + content.width, y + content.height)
        picture = np.zeros((height, width, 3)) + ground
        if item.card:
            m = rng.randint(4, 40)
            picture[max(0, y - m) : y + content.height + m, max(0, x - m) : x + content.width + m] = item.card
        source = np.array(content).astype(float)
        cover, colour = source[..., 3:] / 255, source[..., :3]
        if hasattr(item, "contrast"):
            colour = np.clip(np.array(ground) - item.contrast, 0, 255) + colour * 0
        part = picture[y : y + content.height, x : x + content.width]
        before = part.copy()
        part[:] = np.round(part * (1 - cover) + colour * cover)
        self.ink = np.zeros((height, width), bool)
        least = 2 if hasattr(item, "contrast") else 3
        self.ink[y : y + content.height, x : x + content.width] = abs(part - before).max(2) >= least
        if way == "alpha":
            # The ground is transparent, and the content half transparent.
            alpha = np.where(self.ink, 200, 0).astype(np.uint8)
            self.image = Image.fromarray(np.dstack([picture.astype(np.uint8), alpha]))
        else:
            self.image = Image.fromarray(picture.astype(np.uint8))
        self.boxes = [(width - 20, height - 6, 12, 4)]
        if way == "cut":
            for _ in range(rng.randint(1, 3)):
                w, h = rng.randint(10, max(11, content.width)), rng.randint(8, max(9, content.height // 2))
                self.boxes.append((x + rng.randint(-w // 2, content.width), y + rng.randint(-h // 2, content.height), w, h))

    def write(self, folder, number):
        self.path = f"{number:05d}.png"
        self.image.save(os.path.join(folder, self.path), compress_level=1)
        widgets = [{"role": "panel", "id": "p", "x": 0, "y": 0, "w": self.image.width, "h": self.image.height}]
        for i, (x, y, w, h) in enumerate(self.boxes):
            widgets.append({"role": "label", "id": f"l{i}", "parent": "p", "x": x, "y": y, "w": w, "h": h})
        with open(os.path.join(folder, f"{number:05d}.json"), "w") as file:
            json.dump({"width": self.image.width, "height": self.image.height, "widgets": widgets}, file)

    def measure(self, folder):
        """Reads the redacted picture; counts the visible ink."""
        shown = np.array(Image.open(os.path.join(folder, self.path)).convert("RGB"))
        self.masked = (shown == FILL).all(2)
        own = np.zeros(self.ink.shape, bool)
        for x, y, w, h in self.boxes:
            own[max(0, y - 2) : max(0, y + h + 2), max(0, x - 2) : max(0, x + w + 2)] = True
        self.total = int((self.ink & ~own).sum())
        self.left = int((self.ink & ~own & ~self.masked).sum())
        self.shown = shown


def run(command, timeout=60):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.strip()


def decode(path):
    """The result of the first reader of codes that finds one."""
    for command in (
        ["zbarimg", "-q", "--raw", path],
        ["ZXingReader", "-norotate", "-bytes", path],
        ["dmtxread", "-n", "-m", "2000", path],
    ):
        if shutil.which(command[0]):
            found = run(command)
            if found and "No barcode" not in found:
                return f"{command[0]}: {found[:60]}"
    return None


def words(path, scales, inverted=(False, True)):
    """The texts that tesseract reads in a picture."""
    image, found = Image.open(path).convert("L"), []
    for scale in scales:
        small = image.resize((max(8, int(image.width * scale)), max(8, int(image.height * scale))), Image.LANCZOS)
        for invert in inverted:
            with tempfile.NamedTemporaryFile(suffix=".png") as file:
                (ImageOps.invert(small) if invert else small).save(file.name)
                found.append(run(["tesseract", file.name, "-", "--psm", "11"]))
    return found


def tells(text, truth):
    """Whether a text contains most of the hidden text."""
    read = "".join(c for c in text if c.isalnum()).lower()
    wanted = "".join(c for c in truth if c.isalnum()).lower()
    if len(wanted) < 3 or len(read) < 2:
        return False
    match = difflib.SequenceMatcher(None, read, wanted).get_matching_blocks()
    return sum(m.size for m in match) >= max(3, 0.6 * len(wanted))


def gallery(rng, quick):
    if quick:
        return (
            items.linear_codes(rng, [1, 3, 4, 8, 16])
            + items.matrix_codes(rng, [2, 6, 16])
            + rng.sample(items.words(rng, [12, 24, 70, 150, 300]), 40)
            + items.seven_segments(rng, [30, 120, 400])
            + items.charts(rng, 2)
            + items.watermarks(rng, [3, 5, 12, 60])
            + items.marks(rng, 2)
            + plots.everything(rng, 1)
        )
    return (
        items.linear_codes(rng, list(range(1, 17)))
        + items.matrix_codes(rng, [2, 3, 4, 6, 8, 12, 16, 24, 32, 48])
        + items.words(rng, [12, 16, 24, 40, 70, 110, 150, 220, 300, 450, 600])
        + items.seven_segments(rng, [12, 16, 30, 60, 120, 250, 400, 600])
        + items.charts(rng, 20)
        + items.watermarks(rng, [3, 4, 5, 6, 8, 12, 20, 60, 120, 255], 10)
        + items.marks(rng, 20)
        + plots.everything(rng, 6)
    )


def check_readers(case, source, result, quick):
    """The text that was read, or None; False if nothing could be read before redaction."""
    item = case.item
    before, after = os.path.join(source, case.path), os.path.join(result, case.path)
    shapes = os.path.join(result, case.path + ".shapes.png")
    Image.fromarray(np.where(case.masked, 0, 255).astype(np.uint8)).save(shapes)
    if item.reader == "code":
        if not decode(before):
            return False
        return decode(after) or decode(shapes)
    scales = {True: [1], False: [0.3, 1, 2]}[quick]
    fit = min(1, 60 / max(12, case.image.height))
    if not any(tells(text, item.truth) for text in words(before, [fit, 1], (False,))):
        return False
    for path in (after, shapes):
        for text in words(path, [fit, *scales]):
            if tells(text, item.truth):
                return f"tesseract: {text[:60]!r}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scrim", default=os.path.join(ROOT, ".build/release/scrim"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a folder for pictures and results")
    parser.add_argument("--only", nargs="*", help="kinds: linear matrix words charts watermarks marks plots codes faint")
    parser.add_argument("--no-readers", action="store_true", help="count ink alone")
    options = parser.parse_args()
    missing = [tool for tool in ("zint", "zbarimg", "tesseract") if not shutil.which(tool)]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed")
        sys.exit(1 if os.environ.get("SCRIM_NO_SKIP") else 0)
    work = options.keep or tempfile.mkdtemp()
    source, result = os.path.join(work, "in"), os.path.join(work, "out")
    os.makedirs(source, exist_ok=True)
    rng = random.Random(options.seed)
    cases = []
    for item in gallery(rng, options.quick):
        if options.only and item.kind not in options.only:
            continue
        for way in ("gap", "cut", "alpha"):
            cases.append(Case(item, way, rng))
            cases[-1].write(source, len(cases))
    policy = os.path.join(work, "policy.json")
    with open(policy, "w") as file:
        json.dump({"fill": "#%02x%02x%02x" % FILL}, file)
    done = subprocess.run([options.scrim, "redact", source, "--out", result, "--policy", policy, "--no-sync"],
                          capture_output=True, text=True, timeout=1800)
    if done.returncode:
        print(done.stderr[-500:])
        sys.exit(1)
    sums, faults = collections.defaultdict(lambda: [0, 0, 0]), []
    counts = collections.defaultdict(lambda: [0, 0])
    for case in cases:
        case.measure(result)
        total = sums[case.item.kind, case.way]
        total[0] += case.total
        total[1] += case.left
        total[2] += case.left > INK_LIMIT * case.total
        if case.left > 0.2 * case.total:
            faults.append(f"{case.path} {case.item.name} {case.way}: {case.left} of {case.total} pixels of ink stand")
    readable = [] if options.no_readers else [
        case for case in cases if case.item.reader and (case.way != "alpha" or not options.quick)
    ]
    # The readers are processes of their own, so one thread per core keeps all cores busy.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda case: check_readers(case, source, result, options.quick), readable)
        for case, found in zip(readable, answers):
            counts[case.item.kind][found is False] += 1
            if found:
                faults.append(f"{case.path} {case.item.name} {case.way}: read by {found}")
    passed = failed = 0
    for (kind, way), (total, left, pictures) in sorted(sums.items()):
        holds = left <= INK_LIMIT * total
        passed, failed = passed + holds, failed + (not holds)
        print(f"{'ok  ' if holds else 'FAIL'} {kind:10} {way:5} {left} of {total} pixels of ink stand, {100 * left / max(total, 1):.3f} %; "
              f"in {pictures} pictures over {100 * INK_LIMIT} %")
    for fault in faults:
        print("FAIL", fault)
    failed += len(faults)
    for kind, (read, void) in sorted(counts.items()):
        print(f"     {kind:10} {read} are read before they are hidden, {void} are void")
    print(f"{len(cases)} pictures")
    print(f"{passed} passed, {failed} failed")
    if not options.keep:
        shutil.rmtree(work)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
