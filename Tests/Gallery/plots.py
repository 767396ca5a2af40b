"""More items of the gallery: plots of straight edges, and codes that are coloured, rotated or made of dots, as applications show them.

Each maker returns a list of Item, as in items.py; `count` is the number of each."""
import math

import numpy as np
from PIL import Image, ImageDraw

import items
from items import Item


def sheet(width, height):
    picture = Image.new("RGBA", (width, height))
    return picture, ImageDraw.Draw(picture)


def hue(rng):
    return (*(rng.randint(10, 200) for _ in range(3)), 255)


def bars(rng, count):
    """Horizontal bars, stacked bars and meters of several thicknesses."""
    found = []
    for number in range(count):
        for thick in (10, 20, 30, 45, 70, 110):
            picture, draw = sheet(rng.randint(300, 900), rng.randint(6, 16) * thick)
            y, colour = 0, hue(rng)
            while y + thick < picture.height:
                draw.rectangle((0, y, rng.randint(thick, picture.width - 1), y + thick - 1), fill=colour)
                y += int(thick * rng.choice([1.1, 1.3, 1.6, 2]))
            found.append(Item("plots", f"lying bars {thick} {number}", picture))
            picture, draw = sheet(max(rng.randint(6, 16) * thick, 200), 300)
            x, colours = 0, [hue(rng) for _ in range(4)]
            while x + thick < picture.width:
                y = 299
                for colour in colours:
                    size = rng.randint(5, 70)
                    draw.rectangle((x, y - size, x + thick - 1, y), fill=colour)
                    y -= size + 1
                x += int(thick * rng.choice([1.0, 1.2, 1.5]))
            found.append(Item("plots", f"stacked bars {thick} {number}", picture))
        for height in (6, 12, 24, 40):
            picture, draw = sheet(rng.randint(200, 900), height)
            x = 0
            while x < picture.width:
                size = rng.randint(20, 200)
                draw.rectangle((x, 0, x + size - 1, height), fill=hue(rng))
                x += size
            found.append(Item("plots", f"meter {height} {number}", picture))
    return found


def cells(rng, count):
    """Heat maps and tree maps."""
    found = []
    for number in range(count):
        for side in (6, 12, 20, 40, 80, 120):
            for gap in (0, 1, 3):
                columns, rows = (rng.randint(2, 6), rng.randint(2, 4)) if side >= 80 else (rng.randint(4, 14), rng.randint(3, 8))
                picture, draw = sheet(columns * side, rows * side)
                base = hue(rng)[:3]
                for column in range(columns):
                    for row in range(rows):
                        share, x, y = rng.random(), column * side, row * side
                        colour = (*(int(255 - (255 - b) * share) for b in base), 255)
                        draw.rectangle((x, y, x + side - 1 - gap, y + side - 1 - gap), fill=colour)
                found.append(Item("plots", f"heat map {side} gap {gap} {number}", picture))
        picture, draw = sheet(rng.randint(300, 700), rng.randint(200, 450))

        def split(x, y, width, height, depth):
            if depth == 0 or min(width, height) < 30:
                draw.rectangle((x, y, x + width - 2, y + height - 2), fill=hue(rng))
                return
            share = rng.uniform(0.3, 0.7)
            if width > height:
                part = int(width * share)
                split(x, y, part, height, depth - 1)
                split(x + part, y, width - part, height, depth - 1)
            else:
                part = int(height * share)
                split(x, y, width, part, depth - 1)
                split(x, y + part, width, height - part, depth - 1)

        split(0, 0, picture.width, picture.height, 4)
        found.append(Item("plots", f"tree map {number}", picture))
    return found


def graphs(rng, count):
    """Areas, histograms, schedules, candles, arcs, waves, steps of several thicknesses, floor plans and tallies."""
    found = []

    def add(name, picture):
        found.append(Item("plots", f"{name} {number}", picture))

    for number in range(count):
        width, height = rng.randint(300, 700), rng.randint(150, 400)
        picture, draw = sheet(width, height)
        points = [(i * width / 12, rng.randint(5, height - 5)) for i in range(13)]
        draw.polygon([(0, height), *points, (width, height)], fill=hue(rng))
        add("area", picture)
        picture, draw = sheet(width, height)
        x, colour = 0, hue(rng)
        while x < width:
            size = rng.randint(12, 50)
            draw.rectangle((x, rng.randint(0, height - 1), x + size - 1, height), fill=colour)
            x += size if number % 2 else 50
        add("histogram", picture)
        picture, draw = sheet(width, height)
        for y in range(0, height - 20, 28):
            x = rng.randint(0, width - 60)
            draw.rectangle((x, y, min(width, x + rng.randint(40, 300)), y + 18), fill=hue(rng))
        add("schedule", picture)
        picture, draw = sheet(width, height)
        for x in range(6, width - 6, rng.randint(10, 24)):
            low, high = sorted(rng.randint(0, height) for _ in range(2))
            first, last = sorted(rng.randint(low, high) for _ in range(2))
            draw.line((x, low, x, high), fill=(60, 60, 60, 255))
            draw.rectangle((x - 3, first, x + 3, last), fill=rng.choice([(20, 150, 60, 255), (200, 40, 40, 255)]))
        add("candles", picture)
        side = min(width, height)
        picture, draw = sheet(side, side)
        draw.arc((2, 2, side - 3, side - 3), 150, rng.randint(200, 390), fill=hue(rng), width=rng.randint(4, 30))
        add("arc", picture)
        picture, draw = sheet(width, height)
        length = rng.randint(20, 60)
        draw.line([(x, height / 2 + height * 0.45 * math.sin(x / length)) for x in range(0, width, 4)], fill=hue(rng), width=1)
        add("wave", picture)
        picture, draw = sheet(width, height)
        y, colour = height // 2, hue(rng)
        for x in range(0, width, 3):
            y = min(height - 2, max(1, y + rng.randint(-6, 6)))
            draw.point((x, y), fill=colour)
        add("dotted walk", picture)
        for thick in (1, 2, 3, 4, 6, 10):
            picture, draw = sheet(width, height)
            x, y, colour = 0, rng.randint(5, height - 6), hue(rng)
            while x < width:
                size, next_y, half = rng.randint(40, 160), rng.randint(5, height - 6), thick // 2
                draw.rectangle((x, y - half, min(width - 1, x + size), y - half + thick - 1), fill=colour)
                x += size
                draw.rectangle((x - half, min(y, next_y), x - half + thick - 1, max(y, next_y)), fill=colour)
                y = next_y
            add(f"steps {thick}", picture)
        picture, draw = sheet(width, height)
        draw.rectangle((2, 2, width - 3, height - 3), outline=(30, 30, 30, 255), width=5)
        for _ in range(6):
            x, y = rng.randint(5, width - 80), rng.randint(5, height - 80)
            end = (x + rng.randint(70, width), y) if rng.random() < 0.5 else (x, y + rng.randint(70, height))
            draw.line((x, y, *end), fill=(30, 30, 30, 255), width=4)
        add("floor plan", picture)
        picture, draw = sheet(200, 90)
        for stroke in range(rng.randint(2, 9)):
            x = 10 + stroke * 14
            draw.line((x, 8, x + rng.choice([0, 0, 2]), 82), fill=(20, 20, 80, 255), width=rng.choice([1, 2, 4]))
        add("tally", picture)
    return found


def codes(rng, count):
    """Codes in one colour, in a gradient, rotated, of dots, and bars of two heights."""
    found = []
    for number in range(count):
        for kind, (symbology, form) in {**items.LINEAR, **items.MATRIX}.items():
            modules = items.code_modules(symbology, form.format(rng.randrange(10**5)))
            is_linear = kind in items.LINEAR
            if is_linear:
                modules = np.repeat(modules[modules.shape[0] // 3][None], 60, 0)
            scale = rng.choice([2, 3, 5, 8, 12])
            plain = items.inked(np.repeat(np.repeat(modules, 1 if is_linear else scale, 0), scale, 1), hue(rng)[:3])
            found.append(Item("codes", f"{kind} {scale} px, coloured {number}", plain, "code", "code"))
            turn = rng.choice([90, 5, 17, 45, 88])
            found.append(Item("codes", f"{kind} {scale} px, turned by {turn} {number}", plain.rotate(turn, expand=True), "code", "code"))
            shaded = np.array(plain)
            slope = np.linspace(0, 180, shaded.shape[1]).astype(np.uint8)
            shaded[..., 0], shaded[..., 2] = slope, 180 - slope
            found.append(Item("codes", f"{kind} {scale} px, gradient {number}", Image.fromarray(shaded), "code", "code"))
            if not is_linear:
                scale, colour = rng.choice([5, 8, 14]), hue(rng)
                picture, draw = sheet(modules.shape[1] * scale, modules.shape[0] * scale)
                for y, x in zip(*np.nonzero(modules)):
                    draw.ellipse((x * scale, y * scale, x * scale + scale - 2, y * scale + scale - 2), fill=colour)
                found.append(Item("codes", f"{kind} of dots {scale} {number}", picture, "code", "code"))
        for thick in (2, 4, 8, 16):
            picture, draw = sheet(80 * thick, 12 * thick + 30)
            for bar in range(40):
                x, size = bar * 2 * thick, rng.choice([10, 24]) * thick // 2
                draw.rectangle((x, picture.height - size, x + thick - 1, picture.height), fill=(0, 0, 0, 255))
            found.append(Item("codes", f"bars of two heights {thick} {number}", picture))
    return found


ROWS = {
    "H": "101 101 111 101 101", "E": "111 100 110 100 111", "L": "100 100 100 100 111", "T": "111 010 010 010 010",
    "I": "1 1 1 1 1", "F": "111 100 110 100 100", "7": "111 001 001 001 001",
}  # fmt: skip


def blocks(rng, count):
    """Letters made of squares, which have no curve."""
    found = []
    for number in range(count):
        for side in (4, 10, 24, 48):
            text = "".join(rng.choice(list(ROWS)) for _ in range(4))
            letters = [np.array([[bit == "1" for bit in row] for row in ROWS[letter].split()]) for letter in text]
            line = np.hstack([np.pad(letter, ((0, 0), (0, 1))) for letter in letters])
            dark = np.repeat(np.repeat(line, side, 0), side, 1)
            found.append(Item("words", f"{text} of squares {side} {number}", items.inked(dark, hue(rng)[:3])))
    return found


def faint(rng, count):
    """Bars and large words of contrast 3 to 20."""
    found, plain = [], bars(rng, count)
    for number in range(count):
        for contrast in (3, 4, 6, 10, 20):
            found.append(Item("faint", f"bars, contrast {contrast} {number}", rng.choice(plain).picture))
            found[-1].contrast = contrast
            name, path = rng.choice(items.fonts())
            picture = items.text_picture("HILL 471", path, rng.choice([24, 60, 150, 300]))
            found.append(Item("faint", f"word, contrast {contrast} {name} {number}", picture))
            found[-1].contrast = contrast
    return found


def everything(rng, count):
    return (
        bars(rng, count) + cells(rng, count) + graphs(rng, count) + codes(rng, count) + blocks(rng, count) + faint(rng, count)
    )
