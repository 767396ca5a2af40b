#!/usr/bin/python3
"""CPU time and bytes of `scrim redact` and of other programs that black out the same boxes of the same screenshots.

    redact_peers.py make FOLDER [--corpus DIR] [--raw DIR]   writes the screenshots, once
    redact_peers.py FOLDER [--scrim PATH] [--rounds N] [--peers NAME,...] [--scrim-options "..."]

160 real screenshots: frames of the corpus and, with --raw, of raw 1920x1080 BGRX sessions, every second one with an alpha
channel of 255, written by Pillow at its defaults (libpng, zlib 6, adaptive filters), with 20 boxes each.
Every program reads and writes files, with one thread, at zlib's level 1 and without filters if it has such options; their
runs alternate. CPU is user and system time of whole processes. Medians and ratios of medians are printed. Programs that
are started once per image (ImageMagick, ffmpeg) get every fifth image, and are compared with scrim's time for those.
Needs python3-pil, python3-numpy, python3-opencv, imagemagick, ffmpeg, libvips-dev and a C compiler; skips missing ones.
"""

import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def frames(corpus, raw):
    """Real screens as RGB pictures."""
    import numpy
    from PIL import Image
    for path in sorted((corpus / "screens").glob("*.png")):
        picture = Image.open(path)
        if picture.width >= 1280 and picture.height >= 700:
            yield picture.convert("RGB")
    for session in sorted((corpus / "sessions").iterdir()):
        paths = sorted((session / "frames").glob("*.png"))
        for path in paths[::max(1, len(paths) // 12)][:12]:
            yield Image.open(path).convert("RGB")
    for path in sorted(raw.glob("*.raw")) if raw else []:
        size = 1920 * 1080 * 4
        count = path.stat().st_size // size
        with open(path, "rb") as file:
            for index in range(14):
                file.seek(index * count // 14 * size)
                words = numpy.frombuffer(file.read(size), numpy.uint8).reshape(1080, 1920, 4)
                yield Image.fromarray(numpy.ascontiguousarray(words[:, :, 2::-1]))


def make(folder, corpus, raw):
    folder.mkdir(parents=True)
    chance = random.Random(5)
    for index, picture in enumerate(frames(corpus, raw)):
        boxes = []
        for _ in range(20):
            w, h = chance.randint(30, 300), chance.randint(12, 40)
            boxes.append([chance.randint(0, picture.width - w), chance.randint(0, picture.height - h), w, h])
        name = folder / f"{index:03}.png"
        (picture.convert("RGBA") if index % 2 else picture).save(name)
        widgets = [{"role": "label", "x": x, "y": y, "w": w, "h": h} for x, y, w, h in boxes]
        pathlib.Path(f"{name}.json").write_text(
            json.dumps({"width": picture.width, "height": picture.height, "widgets": widgets}))
    print(f"{index + 1} screenshots")


def boxes_of(path):
    return [(w["x"], w["y"], w["w"], w["h"]) for w in json.loads(pathlib.Path(f"{path}.json").read_text())["widgets"]]


def measured(command, environment=None):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Scrim:
    once = True

    def __init__(self, program, options, work):
        self.program, self.options = program, options
        self.policy = work / "policy.json"
        self.policy.write_text('{"padding":0}')

    def run(self, folder, out):
        state = out.parent / (out.name + ".resume")
        shutil.rmtree(state, ignore_errors=True)
        return measured([self.program, "redact", folder, "--out", out, "--policy", self.policy, "--jobs", "1",
                         "--quiet", *self.options])


class Vips:
    once = True

    def __init__(self, work):
        self.program, self.work = work / "vips", work
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "vips"], check=True, capture_output=True, text=True)
        subprocess.run(["cc", "-O2", HERE / "redact_peers.c", "-o", self.program, *flags.stdout.split()], check=True)

    def run(self, folder, out):
        out.mkdir()
        with open(self.work / "list", "w") as file:
            for path in sorted(folder.glob("*.png")):
                rows = "\t".join("%d %d %d %d" % box for box in boxes_of(path))
                file.write(f"{path}\t{out / path.name}\t{rows}\n")
        return measured([self.program, self.work / "list"], {"VIPS_CONCURRENCY": "1"})


class Python:
    once = True
    loop = """
import json, pathlib, sys
folder, out = map(pathlib.Path, sys.argv[1:])
{imports}
for path in sorted(folder.glob("*.png")):
    widgets = json.loads(pathlib.Path(f"{{path}}.json").read_text())["widgets"]
    {body}
"""
    bodies = {
        "pillow": ("from PIL import Image", """
    picture = Image.open(path)
    picture.load()
    fill = (0, 0, 0, 255)[:len(picture.mode)]
    for w in widgets: picture.paste(fill, (w["x"], w["y"], w["x"] + w["w"], w["y"] + w["h"]))
    picture.save(out / path.name, compress_level=1)"""),
        "opencv": ("import cv2\ncv2.setNumThreads(1)", """
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    for w in widgets: picture[w["y"]:w["y"] + w["h"], w["x"]:w["x"] + w["w"]] = (0, 0, 0, 255)[:picture.shape[2]]
    cv2.imwrite(str(out / path.name), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])"""),
    }

    def __init__(self, name):
        imports, body = self.bodies[name]
        self.program = self.loop.format(imports=imports, body=body)
        subprocess.run(["/usr/bin/python3", "-c", imports], check=True, capture_output=True)

    def run(self, folder, out):
        out.mkdir()
        return measured(["/usr/bin/python3", "-c", self.program, folder, out], {"OMP_NUM_THREADS": "1"})


class EachImage:
    once = False

    def __init__(self, name):
        self.name = name
        if not shutil.which(self.program()):
            raise FileNotFoundError(self.program())

    def program(self):
        return {"imagemagick": "convert", "ffmpeg": "ffmpeg"}[self.name]

    def command(self, path, out):
        boxes = boxes_of(path)
        if self.name == "imagemagick":
            draw = " ".join(f"rectangle {x},{y} {x + w - 1},{y + h - 1}" for x, y, w, h in boxes)
            return ["convert", path, "-fill", "black", "-draw", draw, "-strip", "-define", "png:compression-level=1",
                    "-define", "png:compression-filter=0", out]
        chain = ",".join(f"drawbox={x}:{y}:{w}:{h}:black:fill" for x, y, w, h in boxes)
        return ["ffmpeg", "-v", "error", "-y", "-threads", "1", "-i", path, "-vf", chain, "-threads", "1",
                "-compression_level", "1", "-pred", "none", out]

    def run(self, folder, out):
        out.mkdir()
        return sum(measured(self.command(path, out / path.name), {"MAGICK_THREAD_LIMIT": "1"})
                   for path in sorted(folder.glob("*.png")))


def compare_pixels(a, b):
    from PIL import Image
    for path in sorted(a.glob("*.png")):
        one, other = Image.open(path).convert("RGBA"), Image.open(b / path.name).convert("RGBA")
        if one.size != other.size or one.tobytes() != other.tobytes():
            sys.exit(f"{path} and {b / path.name} show different pixels")


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "make":
        parser = argparse.ArgumentParser()
        parser.add_argument("folder", type=pathlib.Path)
        parser.add_argument("--corpus", type=pathlib.Path, default=ROOT / "../shared/corpus")
        parser.add_argument("--raw", type=pathlib.Path)
        given = parser.parse_args(sys.argv[2:])
        return make(given.folder, given.corpus, given.raw)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--scrim", default=ROOT / ".build/release/scrim")
    parser.add_argument("--scrim-options", default="--no-sync")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default="vips,pillow,opencv,imagemagick,ffmpeg")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        work = pathlib.Path(made)
        few = work / "few"
        few.mkdir()
        for path in sorted(given.folder.glob("*.png"))[::5]:
            for file in (path, pathlib.Path(f"{path}.json")):
                shutil.copy(file, few)
        programs = {"scrim": Scrim(given.scrim, given.scrim_options.split(), work)}
        for name in given.peers.split(","):
            try:
                programs[name] = Vips(work) if name == "vips" else (
                    Python(name) if name in Python.bodies else EachImage(name))
            except (OSError, subprocess.CalledProcessError):
                print(f"{name}: not installed, left out")
        times, sizes = {}, {}
        for round in range(given.rounds):
            for name, program in programs.items():
                if not program.once and round >= 3:
                    continue
                folders = [("all", given.folder)] if program.once else [("few", few)]
                if name == "scrim":
                    folders.append(("few", few))
                for kind, folder in folders:
                    out = work / f"{name}-{kind}"
                    shutil.rmtree(out, ignore_errors=True)
                    count = len(list(folder.glob("*.png")))
                    times.setdefault((name, kind), []).append(program.run(folder, out) * 1000 / count)
                    sizes[name, kind] = sum(path.stat().st_size for path in out.glob("*.png"))
        if "pillow" in programs:
            compare_pixels(work / "scrim-all", work / "pillow-all")
            print("scrim and pillow show the same pixels in all outputs")
        print(f"{'':14}{'CPU ms an image':>16}{'ratio':>8}{'MB':>8}{'ratio':>8}")
        for (name, kind), values in times.items():
            time, own = statistics.median(values), statistics.median(times["scrim", kind])
            print(f"{name + (' (few)' if kind == 'few' else ''):14}{time:16.2f}{time / own:8.2f}"
                  f"{sizes[name, kind] / 1e6:8.2f}{sizes['scrim', kind] / sizes[name, kind]:8.3f}")


if __name__ == "__main__":
    main()
