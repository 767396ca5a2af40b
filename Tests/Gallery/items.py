"""The items of the gallery: codes, words, charts and marks, drawn with real encoders and fonts.

Each maker returns a list of Item: a picture with an alpha channel that contains only the content."""
import glob
import math
import os
import random
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

# zint's number of each kind, the data it can contain, and the name that its reader gives it.
LINEAR = {
    "code128": (20, "MEMBER{:07d}"),
    "code39": (8, "TICKET{:05d}"),
    "ean13": (13, "400638{:06d}"),
    "upca": (34, "03600{:06d}"),
    "itf": (3, "{:010d}"),
    "codabar": (18, "A{:08d}B"),
}
MATRIX = {
    "qr": (58, "otpauth://totp/shop:{:07d}?secret=JBSWY3DP"),
    "datamatrix": (71, "PASS-{:08d}"),
    "aztec": (92, "BOARDING/{:08d}/14C"),
    "pdf417": (55, "LICENCE {:08d} SMITH"),
}
FONT_NAMES = [
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono", "LiberationSans-Regular",
    "LiberationSans-Bold", "LiberationSerif-Regular", "LiberationMono-Bold", "NotoSans-Regular",
    "NotoSans-Black", "NotoSans-Thin", "NotoSerif-Bold",
]  # fmt: skip
WORDS = ["Recovery", "4111 1111", "471 417", "2936805", "Invoice", "TILE HILL", "$1,284.50", "Illness", "HELIFTE"]


class Item:
    """An item to hide. `picture`: RGBA; `ink`: its content pixels; `truth`: the text that no reader may find."""

    def __init__(self, kind, name, picture, truth=None, reader=None, card=None):
        self.kind, self.name, self.picture = kind, name, picture
        self.truth, self.reader, self.card = truth, reader, card
        self.ink = np.array(picture)[..., 3] > 0


def fonts():
    found = {os.path.basename(path)[:-4]: path for path in glob.glob("/usr/share/fonts/**/*.ttf", recursive=True)}
    return [(name, found[name]) for name in FONT_NAMES if name in found]


def code_modules(number, data):
    """The dark modules of a code, one byte per module."""
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "code.png")
        command = ["zint", f"--barcode={number}", "--scale=0.5", "--notext", "-d", data, "-o", path]
        subprocess.run(command, check=True, timeout=30, capture_output=True)
        return np.array(Image.open(path).convert("L")) < 128


def inked(dark, colour=(0, 0, 0)):
    rgba = np.zeros((*dark.shape, 4), np.uint8)
    rgba[dark] = (*colour, 255)
    return Image.fromarray(rgba)


def linear_codes(rng, sizes):
    items = []
    for kind, (number, form) in LINEAR.items():
        bars = code_modules(number, form.format(rng.randrange(10**5)))
        row = bars[bars.shape[0] // 3]
        for size in sizes:
            height = max(rng.choice([30, 60, 90]), size * 30) if size < 12 else rng.randint(120, 500)
            dark = np.repeat(np.repeat(row[None], height, 0), size, 1)
            items.append(Item("linear", f"{kind} {size} px", inked(dark), "code", "code"))
    return items


def matrix_codes(rng, sizes):
    items = []
    for kind, (number, form) in MATRIX.items():
        modules = code_modules(number, form.format(rng.randrange(10**7)))
        for size in sizes:
            dark = np.repeat(np.repeat(modules, size, 0), size, 1)
            items.append(Item("matrix", f"{kind} {size} px", inked(dark), "code", "code"))
    return items


def text_picture(text, path, size, colour=(0, 0, 0), style="plain"):
    font = ImageFont.truetype(path, size)
    outline = max(1, size // 40) if style == "outlined" else 0
    box = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), text, font=font, stroke_width=outline)
    width, height = box[2] - box[0] + 2, box[3] - box[1] + 2
    cover = Image.new("L", (width, height))
    draw = ImageDraw.Draw(cover)
    at = (1 - box[0], 1 - box[1])
    draw.text(at, text, fill=255, font=font, stroke_width=outline)
    if style == "outlined":
        draw.text(at, text, fill=0, font=font)
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[..., :3] = colour
    rgba[..., 3] = np.array(cover)
    return Image.fromarray(rgba)


def words(rng, sizes, styles=("plain", "outlined", "on colour"), count=1):
    items = []
    for name, path in fonts():
        for size in sizes:
            for style in styles:
                for _ in range(count):
                    text = rng.choice(WORDS)
                    if size > 250:
                        text = text[: rng.randint(1, 3)]
                    ink = (255, 255, 255) if style == "on colour" else rng.choice([(0, 0, 0), (32, 32, 32), (190, 30, 60)])
                    card = tuple(rng.randint(20, 160) for _ in range(3)) if style == "on colour" else None
                    picture = text_picture(text, path, size, ink, style)
                    items.append(Item("words", f"{text} {name} {size} {style}", picture, text, "text", card))
    return items


SEGMENTS = {"0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgedc", "7": "abc", "8": "abcdefg", "9": "abcdfg"}


def seven_segments(rng, sizes):
    items = []
    for size in sizes:
        for bevel in (True, False):
            text = "".join(rng.choice("0123456789") for _ in range(4 if size < 300 else 2))
            thick, gap = max(2, size // 7), max(1, size // 60)
            wide = size // 2
            picture = Image.new("RGBA", ((wide + thick * 2) * len(text), size + 2))
            draw = ImageDraw.Draw(picture)
            for index, digit in enumerate(text):
                x0 = index * (wide + thick * 2) + thick // 2
                half = (size - thick) // 2
                places = {
                    "a": (0, 0, 1), "g": (0, half, 1), "d": (0, 2 * half, 1),
                    "f": (0, 0, 0), "b": (wide - thick, 0, 0), "e": (0, half, 0), "c": (wide - thick, half, 0),
                }  # fmt: skip
                for name in SEGMENTS[digit]:
                    x, y, flat = places[name]
                    a, b = (x0 + x + thick // 2 + gap, y + thick // 2) if flat else (x0 + x + thick // 2, y + thick // 2 + gap)
                    length = (wide - thick if flat else half) - 2 * gap
                    if bevel:
                        h = thick // 2
                        points = [(0, 0), (h, -h), (length - h, -h), (length, 0), (length - h, h), (h, h)]
                    else:
                        h = thick // 2
                        points = [(h, -h), (length - h, -h), (length - h, h), (h, h)]
                    draw.polygon([(a + p, b + q) if flat else (a + q, b + p) for p, q in points], fill=(20, 20, 20, 255))
            items.append(Item("words", f"{text} seven-segment {size} {'bevelled' if bevel else 'square'}", picture, text, "text"))
    return items


def charts(rng, count):
    items = []
    hue = lambda: (*(rng.randint(10, 200) for _ in range(3)), 255)
    for number in range(count):
        for kind in ("bars", "lying bars", "lines", "steps", "pie", "gauge", "map", "sparkline", "dots"):
            width, height = rng.randint(120, 700), rng.randint(90, 500)
            picture = Image.new("RGBA", (width, height))
            draw = ImageDraw.Draw(picture)
            n = rng.randint(3, 12)
            if kind in ("bars", "lying bars"):
                long, short = (height, width) if kind == "bars" else (width, height)
                step = short // n
                colour = hue()
                for i in range(n):
                    size, a, b = rng.randint(8, long - 1), i * step, i * step + max(3, int(step * rng.uniform(.4, .9)))
                    draw.rectangle((a, height - size, b, height - 1) if kind == "bars" else (0, a, size, b), fill=colour)
            elif kind == "lines":
                points = [(i * (width - 1) / n, rng.randint(2, height - 3)) for i in range(n + 1)]
                draw.line(points, fill=hue(), width=rng.randint(1, 4), joint="curve")
            elif kind == "steps":
                points, y = [], rng.randint(2, height - 3)
                for i in range(n + 1):
                    points += [(i * (width - 3) // n + 1, y)]
                    y = rng.randint(2, height - 3)
                    points += [(i * (width - 3) // n + 1, y)]
                draw.line(points[1:], fill=hue(), width=rng.randint(1, 3))
            elif kind in ("pie", "gauge"):
                side, start = min(width, height) - 2, 0
                for i in range(n):
                    end = start + 360 / n * rng.uniform(.5, 1.4)
                    draw.pieslice((1, 1, side, side), start, min(end, 360), fill=hue())
                    start = end
                if kind == "gauge":
                    inner = side // 5
                    draw.ellipse((inner, inner, side - inner, side - inner), fill=(0, 0, 0, 0))
            elif kind == "map":
                for _ in range(n):
                    x, y, r = rng.randint(20, width - 20), rng.randint(20, height - 20), rng.randint(15, 80)
                    points = [(x + r * rng.uniform(.5, 1) * math.cos(k), y + r * rng.uniform(.5, 1) * math.sin(k)) for k in np.arange(0, 6.2, .5)]
                    draw.polygon(points, fill=hue())
            elif kind == "sparkline":
                picture = Image.new("RGBA", (rng.randint(60, 200), rng.randint(12, 32)))
                draw = ImageDraw.Draw(picture)
                points = [(i * 4, rng.randint(1, picture.height - 2)) for i in range(picture.width // 4)]
                draw.line(points, fill=hue(), width=1)
            else:
                for _ in range(n * 3):
                    x, y, r = rng.randint(5, width - 6), rng.randint(5, height - 6), rng.randint(1, 5)
                    draw.ellipse((x - r, y - r, x + r, y + r), fill=hue())
            items.append(Item("charts", f"{kind} {number} {picture.width}x{picture.height}", picture))
    return items


def watermarks(rng, contrasts, count=1):
    items = []
    for contrast in contrasts:
        for _ in range(count):
            name, path = rng.choice(fonts())
            size = rng.choice([14, 20, 32, 60, 120])
            picture = text_picture("CONFIDENTIAL 4711", path, size)
            if rng.random() < .4:
                picture = picture.rotate(30, expand=True, resample=Image.BICUBIC)
            items.append(Item("watermarks", f"contrast {contrast} {name} {size}", picture))
            items[-1].contrast = contrast
    return items


def marks(rng, count):
    """Signatures, stamps, avatars."""
    items = []
    for number in range(count):
        scale = 4
        width, height = rng.randint(160, 360), rng.randint(60, 140)
        big = Image.new("L", (width * scale, height * scale))
        draw = ImageDraw.Draw(big)
        points, x, y = [], 10, height // 2
        for _ in range(14):
            points.append((x * scale, y * scale))
            x += rng.randint(-4, width // 8)
            y = rng.randint(5, height - 5)
        curve = []
        for i in range(len(points) - 2):
            for t in np.linspace(0, 1, 12):
                a, b, c = points[i], points[i + 1], points[i + 2]
                m, k = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2), ((b[0] + c[0]) / 2, (b[1] + c[1]) / 2)
                curve.append(tuple((1 - t) ** 2 * m[q] + 2 * t * (1 - t) * b[q] + t * t * k[q] for q in (0, 1)))
        draw.line(curve, fill=255, width=2 * scale)
        cover = np.array(big.resize((width, height), Image.LANCZOS))
        rgba = np.zeros((height, width, 4), np.uint8)
        rgba[..., :3], rgba[..., 3] = (20, 20, 90), cover
        items.append(Item("marks", f"signature {number}", Image.fromarray(rgba)))

        side = rng.randint(80, 260)
        stamp = Image.new("RGBA", (side, side))
        draw = ImageDraw.Draw(stamp)
        draw.ellipse((2, 2, side - 3, side - 3), outline=(180, 30, 30, 255), width=rng.randint(2, 5))
        name, path = rng.choice(fonts())
        draw.text((side // 5, side // 2 - side // 12), "PAID", fill=(180, 30, 30, 255), font=ImageFont.truetype(path, side // 5))
        items.append(Item("marks", f"stamp {number}", stamp.rotate(rng.randint(0, 40), resample=Image.BICUBIC)))

        side = rng.randint(24, 200)
        avatar = Image.new("RGBA", (side, side))
        draw = ImageDraw.Draw(avatar)
        draw.ellipse((0, 0, side - 1, side - 1), fill=(*(rng.randint(20, 200) for _ in range(3)), 255))
        draw.text((side // 4, side // 4), "HL", fill=(255, 255, 255, 255), font=ImageFont.truetype(rng.choice(fonts())[1], side // 3))
        items.append(Item("marks", f"avatar {number}", avatar))
    return items
