#!/usr/bin/env python3
"""Measures how much content the gap guard masks on real screens, and how much harmless area: evaluates the Swift kernel itself.

    Tests/Evaluation/gap_guard.py [--every N] [--synthetic N] [--cache DIR]
    Tests/Evaluation/gap_guard.py --shares [--cache DIR]

Needs python3-numpy, python3-pil, tesseract-ocr, fonts (DejaVu, Liberation, Noto) and the capture corpus (../shared/corpus
beside the package, or SCRIM_CORPUS). Builds the guard with gap_guard_rects.swift into the cache.

Words are found by OCR in the raw pictures (confidence of at least 60, at least two letters or digits). A *glyph pixel* is a pixel in a word's box that
differs from the most frequent colour there by more than 25. Masks are those of the default policy (Masking.md in short, padding 2).
Three kinds of boxes are used: as reported; each childless widget's box moved by 5, 10, 18, 27 and 40 pixels in 8 directions; every third childless widget removed.

It prints one line per guard and kind of displacement:
  at risk   words and glyph pixels in gaps, so without a mask
  leaked    of those, glyph pixels that the guard shows, and words with any; *ruled* are those on a straight
            line of one colour of 64 pixels or more (borders, underlines and rules within a word's box), *ink* the others
  lost      share of harmless gap area that is masked (gap pixels in no word's box, and in no box of a text, input or image)
"naive" is a simple guard for comparison: it masks 16-pixel tiles with 3 rows and 3 columns of 2 grey steps over 24, and their neighbours.
--shares prints, for eight frames of each session and for the screens, the share of the gaps (outside of every masked box and its padding) that is
masked, and the share that is masked although flat: in a 16-pixel tile, counted from the picture's corner, of one colour.
The synthetic part cuts rendered text (8 to 48 pixels, contrast 30 to 255, grey, bilevel and subpixel) with random masks.
"""
import argparse, collections, glob, json, math, os, pathlib, random, struct, subprocess
import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("SCRIM_CORPUS", ROOT.parent / "shared/corpus"))
TEXT = set("""label|static|text|heading|paragraph|link|menu|table cell|list item|menu item|push button|toggle button|check box|
radio button|page tab|tool tip|status bar|title bar|check menu item|radio menu item|tree item|table column header|
table row header|column header|row header|caption""".replace("\n", "").split("|"))
INPUT = set("entry|spin button|combo box|editbar|autocomplete|date editor|search box|terminal|password text".split("|"))
IMAGE = set("image|icon|canvas|drawing area|animation|chart|video|map|color chooser|desktop icon".split("|"))
GUARD_FILES = ["Plan/GapBoxes.swift"] + [f"Masking/{name}.swift" for name in (
    "StepPlanes", "StepPlanes+Lines", "SurfaceMap", "SurfaceMap+Shapes", "TextureMap", "SuspectGroups", "ShapeJudge", "ShapeJudge+Lines", "ShapeJudge+Bundles")]
DECORATION = set("scroll bar|separator|progress bar|slider|level bar|dial".split("|"))


class Kernel:
    """The Swift guard in a process of its own; pixels that are not guarded are sent with arbitrary values."""

    def __init__(self, cache):
        modules = [("ScrimImage", sorted((ROOT / "Sources/ScrimImage").glob("*.swift"))),
                   ("ScrimRedact", [*sorted((ROOT / "Sources/ScrimRedact/Masking").glob("*Guard*.swift")),
                                    *(ROOT / "Sources/ScrimRedact" / name for name in GUARD_FILES)])]
        kernels = ROOT / "Sources/C/CScrimKernels"
        with open(f"{cache}/module.modulemap", "w") as file:
            file.write(f'module CScrimKernels {{ header "{kernels}/include/scrim_kernels.h" export * }}')
        swiftc = ["swiftc", "-O", "-wmo", "-swift-version", "6", "-parse-as-library", "-emit-module", "-emit-object", "-I", cache,
                  "-package-name", "scrim", "-enable-experimental-feature", "Lifetimes"]
        for name, files in modules:
            subprocess.run(swiftc + ["-module-name", name, "-emit-module-path", f"{cache}/{name}.swiftmodule",
                                     "-o", f"{cache}/{name}.o"] + list(map(str, files)), check=True)
        objects = []
        for source in sorted(kernels.glob("*.c")):
            objects.append(f"{cache}/{source.stem}.o")
            subprocess.run(["clang", "-O2", "-c", str(source), "-I", str(kernels / "include"), "-o", objects[-1]], check=True)
        subprocess.run(["swiftc", "-O", "-I", cache, str(ROOT / "Tests/Evaluation/gap_guard_rects.swift"),
                        f"{cache}/ScrimImage.o", f"{cache}/ScrimRedact.o", *objects, "-o", f"{cache}/rects"], check=True)
        self.process = subprocess.Popen([f"{cache}/rects"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ms = 0.0

    def __call__(self, picture, gap, boxes=((), ()), scans=1, is_lossy=False):
        height, width = gap.shape
        p = picture.astype("<u4")
        p = np.where(gap, p[..., 0] << 16 | p[..., 1] << 8 | p[..., 2], 0xDEADBEEF).astype("<u4")
        changes = np.flatnonzero((gap[1:] != gap[:-1]).any(1)) + 1
        tops, rects = [0, *changes.tolist(), height], []
        for top, bottom in zip(tops, tops[1:]):
            ends = np.flatnonzero(np.diff(np.concatenate(([0], gap[top].astype(np.int8), [0]))))
            rects += [(a, top, b - a, bottom - top) for a, b in zip(ends[::2], ends[1::2])]
        cut = [[(max(x0, 0), max(y0, 0), min(x1, width) - max(x0, 0), min(y1, height) - max(y0, 0))
                for x0, y0, x1, y1 in kind if min(x1, width) > max(x0, 0) and min(y1, height) > max(y0, 0)] for kind in boxes]
        head = struct.pack("<7I", width, height, len(rects), len(cut[0]), len(cut[1]), scans, is_lossy)
        r = np.array([*rects, *cut[0], *cut[1]], "<u4").reshape(-1, 4)
        self.process.stdin.write(head + p.tobytes() + r.tobytes())
        self.process.stdin.flush()
        nanoseconds, count = struct.unpack("<QI", self.process.stdout.read(12))
        self.ms = nanoseconds / 1e6
        masked = np.zeros((height, width), bool)
        for x, y, w, h in np.frombuffer(self.process.stdout.read(16 * count), "<u4").reshape(-1, 4).astype(int):
            masked[y:y + h, x:x + w] = True
        return masked


def spread(tiles, side, height, width):
    return np.repeat(np.repeat(tiles, side, 0), side, 1)[:height, :width]


def naive(picture, gap, boxes=None):
    grey = picture.astype(np.float32) @ np.array([.299, .587, .114], np.float32)
    height, width = gap.shape
    rows, columns = -(-height // 16), -(-width // 16)
    across, down = (np.zeros((rows * 16, columns * 16), bool) for _ in range(2))
    across[:height, :width - 1] = (abs(grey[:, 1:] - grey[:, :-1]) > 24) & gap[:, 1:] & gap[:, :-1]
    down[:height - 1, :width] = (abs(grey[1:] - grey[:-1]) > 24) & gap[1:] & gap[:-1]
    shape = (rows, 16, columns, 16)
    tiles = ((across.reshape(shape).sum(3) >= 2).sum(1) >= 3) & ((down.reshape(shape).sum(1) >= 2).sum(2) >= 3)
    wide = tiles.copy(); wide[:, 1:] |= tiles[:, :-1]; wide[:, :-1] |= tiles[:, 1:]
    both = wide.copy(); both[1:] |= wide[:-1]; both[:-1] |= wide[1:]
    return spread(both, 16, height, width)


def fill(area, box, pad=0):
    x0, y0, x1, y1 = box
    if x1 > x0 and y1 > y0:
        area[max(0, y0 - pad):max(0, y1 + pad), max(0, x0 - pad):max(0, x1 + pad)] = True


def plan(widgets, windows, width, height, scale, shift=(0, 0), drop=False):
    """Gap pixels, pixels in the own box of a text, input or image, and the boxes of containers and of decorations."""
    parents = {w.get("parent") for w in widgets}
    if drop:
        leaf, kept = 0, []
        for w in widgets:
            leaf += w["id"] not in parents
            if w["id"] in parents or leaf % 3: kept.append(w)
        widgets, parents = kept, {w.get("parent") for w in kept}
    by_id = {w["id"]: w for w in widgets}

    def nature(w):
        role = w["role"]
        for name, roles in (("input", INPUT), ("text", TEXT), ("image", IMAGE)):
            if role in roles: return name
        if (w.get("text") or "").replace("\ufffc", "").strip(): return "text"
        if role in DECORATION: return "gap"
        return "gap" if w["id"] in parents else "childless"

    memo = {}
    def masked(w):
        if w["id"] not in memo:
            memo[w["id"]] = True
            parent = by_id.get(w.get("parent"))
            memo[w["id"]] = nature(w) != "gap" or (parent is not None and masked(parent))
        return memo[w["id"]]

    mask, gap, own = (np.zeros((height, width), bool) for _ in range(3))
    tops, boxes, containers, decorations = [], [], [], []
    for w in widgets:
        box = (math.floor(w["x"] * scale), math.floor(w["y"] * scale),
               math.ceil((w["x"] + w["w"]) * scale), math.ceil((w["y"] + w["h"]) * scale))
        if nature(w) in ("input", "text", "image"): fill(own, box)
        if w["id"] not in parents: box = tuple(b + shift[i % 2] for i, b in enumerate(box))
        if w["w"] <= 0 or w["h"] <= 0: continue
        fill(mask if masked(w) else gap, box, 2 if masked(w) else 0)
        boxes.append(box)
        if not masked(w): containers.append(box)
        if not masked(w) and w["role"] in DECORATION: decorations.append(box)
        if w.get("parent") not in by_id: tops.append(box)
    common = lambda a, b: max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    area = lambda a: (a[2] - a[0]) * (a[3] - a[1])
    for v in windows or []:
        if v["w"] <= 1 or v["h"] <= 1: continue
        left, right, top, bottom = v.get("frame_extents") or [0] * 4
        c = (v["x"], v["y"], v["x"] + v["w"], v["y"] + v["h"])
        o = (c[0] - left, c[1] - top, c[2] + right, c[3] + bottom)
        containers += [c, o]
        for ring in ((o[0], o[1], o[2], c[1]), (o[0], c[3], o[2], o[3]), (o[0], c[1], c[0], c[3]), (c[2], c[1], o[2], c[3])):
            fill(mask, ring, 2)
        if not (any(common(t, o) * 2 >= area(t) for t in tops)
                or any(common(t, c) * 2 >= area(t) + area(c) - common(t, c) for t in boxes)):
            fill(mask, o, 2)
    return gap & ~mask, own, (containers, decorations)


def pictures(every):
    """(name, image path, widgets, windows, box_scale): eight frames of each session, and the PNG screens."""
    found = []
    for session in sorted((CORPUS / "sessions").iterdir()):
        frames = [json.loads(line) for line in open(session / "frames.jsonl")]
        for i in sorted({round((k + .5) * len(frames) / 8 - .5) for k in range(8)}):
            frame = frames[i]
            widgets = frame.get("widgets") or frames[frame.get("widgets_of_frame", i)].get("widgets", [])
            windows = next((f["windows"] for f in frames[i::-1] if "windows" in f), [])
            found.append((f"{session.name}/{i}", session / frame["image"], widgets, windows, 1))
    for path in sorted(p for p in (CORPUS / "screens").iterdir() if p.suffix != ".json"):
        sidecar = json.load(open(path.with_suffix(".json")))
        found.append((path.stem, path, sidecar.get("widgets", []), sidecar.get("windows"), sidecar.get("box_scale", 1)))
    return found[::every]


def words(path, cache):
    kept = pathlib.Path(cache) / (str(path.relative_to(CORPUS)).replace("/", "_") + ".tsv")
    if not kept.exists():
        image = Image.open(path).convert("RGB")
        double = str(kept) + ".png"
        image.resize((image.width * 2, image.height * 2), Image.LANCZOS).save(double)
        run = subprocess.run(["tesseract", double, "-", "--psm", "11", "tsv"], capture_output=True, text=True,
                             check=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"})
        os.remove(double)
        kept.write_text(run.stdout)
    found = []
    for line in kept.read_text().split("\n")[1:]:
        f = line.split("\t")
        if len(f) < 12 or float(f[10]) < 60 or sum(c.isalnum() for c in f[11]) < 2: continue
        x, y, w, h = map(int, f[6:10])
        found.append((x // 2, y // 2, (x + w + 1) // 2, (y + h + 1) // 2))
    return found


def glyphs(picture, boxes):
    """The number of the word of each glyph pixel, and 0 for other pixels."""
    numbers = np.zeros(picture.shape[:2], np.int32)
    for number, (x0, y0, x1, y1) in enumerate(boxes, 1):
        part = picture[y0:y1, x0:x1].astype(np.int32)
        if not part.size: continue
        colours, counts = np.unique(part[..., 0] << 16 | part[..., 1] << 8 | part[..., 2], return_counts=True)
        common = int(colours[counts.argmax()])
        ground = np.array([common >> 16, common >> 8 & 255, common & 255])
        numbers[y0:y1, x0:x1][abs(part - ground).max(2) > 25] = number
    return numbers


def ruled(picture):
    """Pixels on a straight run of at least 64 pixels of one colour, which differs from a neighbouring row or column along it."""
    p = picture.astype(np.int32); p = p[..., 0] << 16 | p[..., 1] << 8 | p[..., 2]
    result = np.zeros(p.shape, bool)
    for q, out in ((p, result), (p.T, result.T)):
        ends = np.ones(q.shape, bool); ends[:, 1:] = q[:, 1:] != q[:, :-1]
        starts = np.flatnonzero(ends)
        lengths = np.diff(np.append(starts, q.size))
        out |= np.repeat(lengths >= 64, lengths).reshape(q.shape)
    return result


def real(kernel, every, cache):
    directions = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]
    kinds = [("reported", (0, 0), False)] + [(f"moved {d}", (x * d, y * d), False)
             for d in (5, 10, 18, 27, 40) for x, y in directions] + [("dropped", (0, 0), True)]
    sums, speeds, leaks = collections.defaultdict(lambda: np.zeros(8, np.int64)), [], collections.Counter()
    for name, path, widgets, windows, scale in pictures(every):
        picture = np.array(Image.open(path).convert("RGB"))
        height, width = picture.shape[:2]
        boxes = words(path, cache)
        numbers, lines, clear = glyphs(picture, boxes), ruled(picture), np.ones((height, width), bool)
        for x0, y0, x1, y1 in boxes: clear[max(0, y0 - 1):y1 + 1, max(0, x0 - 1):x1 + 1] = False
        clear &= ~plan(widgets, windows, width, height, scale)[1]
        for kind, shift, drop in kinds:
            gap, _, known = plan(widgets, windows, width, height, scale, shift, drop)
            risk, harmless = numbers * gap, gap & clear
            for guard, run in (("naive", naive), ("guard", kernel)):
                masked = run(picture, gap, known)
                leak = risk * ~masked
                ink = leak * ~lines
                sums[guard, kind] += [np.unique(risk).size - 1, (risk > 0).sum(), np.unique(leak).size - 1, (leak > 0).sum(),
                                      np.unique(ink).size - 1, (ink > 0).sum(), harmless.sum(), (harmless & masked).sum()]
                if guard == "guard" and (ink > 0).any(): leaks[name] += int((ink > 0).sum())
            if kind == "reported":
                kernel(picture, gap, known, 20)
                speeds.append((kernel.ms, width * height, gap.mean(), name))
    print("guard kind      | at risk: words  px | leaked: words   px | of it ink: words  px | harmless lost")
    for (guard, kind), s in sums.items():
        print(f"{guard} {kind:9s} | {s[0]:8d} {s[1]:9d} | {s[2]:9d} {s[3]:8d} | {s[4]:9d} {s[5]:8d} | {100 * s[7] / max(1, s[6]):.2f} % of {s[6]}")
    for total in ("naive", "guard"):
        s = sum(v for (g, _), v in sums.items() if g == total)
        print(f"{total} all       | {s[0]:8d} {s[1]:9d} | {s[2]:9d} {s[3]:8d} | {s[4]:9d} {s[5]:8d} | {100 * s[7] / max(1, s[6]):.2f} %")
    print("ink leaked by the guard, by picture:", dict(leaks.most_common(12)))
    small = sorted(ms for ms, size, _, _ in speeds if size == 1280 * 800)
    print(f"scan of 1280x800, ms: median {small[len(small) // 2]:.2f}, most {small[-1]:.2f} ({len(small)} pictures)")


def shares(kernel):
    sums = collections.defaultdict(lambda: np.zeros(4, np.int64))
    for name, path, widgets, windows, scale in pictures(1):
        picture = np.array(Image.open(path).convert("RGB"))
        height, width = picture.shape[:2]
        gap, _, known = plan(widgets, windows, width, height, scale)
        masked = kernel(picture, gap, known, is_lossy=path.suffix != ".png") & gap
        p = picture.astype(np.int32) @ np.array([65536, 256, 1])
        tiles = p[:height // 16 * 16, :width // 16 * 16].reshape(height // 16, 16, width // 16, 16)
        flat = np.zeros((height, width), bool)
        one = (tiles == tiles[:, :1, :, :1]).all((1, 3))
        flat[:height // 16 * 16, :width // 16 * 16] = spread(one, 16, height, width)
        kinds = ["sessions"] if "/" in name else ["screens"] + ["screens that are no JPEG"] * (path.suffix == ".png")
        for kind in kinds:
            sums[kind] += [1, gap.sum(), masked.sum(), (masked & flat).sum()]
    for kind, (count, gap, masked, flat) in sums.items():
        print(f"{count} {kind}: {gap} gap pixels, {100 * masked / gap:.2f} % masked, {100 * flat / gap:.3f} % masked though flat")


FONTS = [f for f in sorted(glob.glob("/usr/share/fonts/truetype/**/*.ttf", recursive=True))
         if any(k in f for k in ("DejaVuSans", "DejaVuSerif", "LiberationS", "LiberationM", "NotoSans-", "NotoSerif-"))]
WORDS = ('Illness lily filling. Total TILE HELL; jij i.e. 4111 1111 | l1I| "quote" \u2014 dash -- :;., Wjpqg \u00c4\u00d6\u00e9 '
         'Recovery [x] (y) {z} E=mc2 #+/\\ LTLTL EFEF iii lll').split()


def rendered(rng):
    width, height, size = rng.randint(60, 320), rng.randint(30, 160), rng.choice([*range(8, 17), 18, 20, 22, 24, 28, 32, 36, 40, 44, 48])
    font, mode = rng.choice(FONTS), rng.choice(["grey", "grey", "bilevel", "subpixel"])
    ground = np.array([rng.randint(0, 255) for _ in range(3)] if rng.random() < .6 else [rng.choice([0, 30, 246, 255])] * 3)
    picture = np.zeros((height, width, 3)) + ground
    surface = rng.choice(["flat", "flat", "down", "across", "ruled"])
    slope = rng.choice([-1, 1]) * rng.uniform(.05, 1.5)
    if surface == "down": picture += (np.arange(height) * slope)[:, None, None]
    if surface == "across": picture += (np.arange(width) * slope)[None, :, None]
    picture = np.clip(np.round(picture), 0, 255)
    if surface == "ruled":
        for _ in range(rng.randint(1, 3)):
            at, thick, colour = rng.random(), rng.choice([1, 1, 2]), [rng.randint(0, 255) for _ in range(3)]
            if rng.random() < .5: y = int(at * height); picture[y:y + thick] = colour
            else: x = int(at * width); picture[:, x:x + thick] = colour
    contrast = rng.choice([30, 40, 60, 90, 150, 255])
    tint = np.array(rng.choice([(1, 1, 1), (1, 1, 1), (1, -1, 0), (0, 1, -1), (1, 0, 0), (0, 0, 1)]))
    sign = rng.choice([1, -1])
    ink = max((np.clip(ground + contrast * tint * s, 0, 255) for s in (sign, -sign)), key=lambda c: abs(c - ground).max())
    cover, y = np.zeros((height, width, 3)), rng.randint(-5, 10)
    while y < height:
        line, x = " ".join(rng.choice(WORDS) for _ in range(8)), rng.uniform(-10, 10)
        if mode == "subpixel":
            large = Image.new("L", (width * 3, height * 3), 0)
            ImageDraw.Draw(large).text((x * 3, y * 3), line, fill=255, font=ImageFont.truetype(font, size * 3))
            c = np.array(large.resize((width * 3, height), Image.BOX), float) / 255
            cover = np.maximum(cover, ((np.roll(c, 1, 1) + c + np.roll(c, -1, 1)) / 3).reshape(height, width, 3))
        else:
            plain = Image.new("1" if mode == "bilevel" else "L", (width, height), 0)
            ImageDraw.Draw(plain).text((x, y), line, fill=1 if mode == "bilevel" else 255, font=ImageFont.truetype(font, size))
            cover = np.maximum(cover, (np.array(plain, float) / (1 if mode == "bilevel" else 255))[..., None])
        y += int(size * rng.uniform(1.1, 1.8)) + 1
        if rng.random() < .3: break
    text = np.clip(np.round(picture * (1 - cover) + ink * cover), 0, 255)
    gap = np.ones((height, width), bool)
    for _ in range(rng.randint(0, 5)):
        x, y = rng.randint(-20, width - 1), rng.randint(-20, height - 1)
        gap[max(0, y):max(0, y + rng.randint(1, height)), max(0, x):max(0, x + rng.randint(1, width))] = False
    return text.astype(np.uint8), gap, abs(text - picture).max(2) > 24


def synthetic(kernel, count):
    rng, sums = random.Random(7), collections.defaultdict(lambda: np.zeros(2, np.int64))
    pixels = 0
    for _ in range(count):
        picture, gap, ink = rendered(rng)
        pixels += (ink & gap).sum()
        for guard, run in (("naive", naive), ("guard", kernel)):
            leak = (ink & gap & ~run(picture, gap)).sum()
            sums[guard] += [leak, leak > 0]
    for guard, s in sums.items():
        print(f"synthetic, {guard}: {s[0]} of {pixels} glyph pixels leaked, in {s[1]} of {count} pictures")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=3, help="look at every Nth picture (1: all, slow)")
    parser.add_argument("--synthetic", type=int, default=3000, help="pictures of rendered text")
    parser.add_argument("--shares", action="store_true", help="print the shares of the gaps that are masked, and masked though flat")
    parser.add_argument("--cache", default="/tmp/scrim-gap-guard", help="where OCR results and the built kernel are kept")
    options = parser.parse_args()
    os.makedirs(options.cache, exist_ok=True)
    swift_guard = Kernel(options.cache)
    if options.shares:
        shares(swift_guard)
        raise SystemExit
    synthetic(swift_guard, options.synthetic)
    real(swift_guard, options.every, options.cache)
