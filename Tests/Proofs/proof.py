"""Shared by the proofs: the command, pictures as arrays, the corpus, the count of passed checks."""

import argparse
import json
import os
import re
import subprocess
import sys
import time

import numpy as np
from PIL import Image

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
# Fixed, so that recording twice gives the same bytes.
IDENTITY = ["--session-id", "6f0d5a52-7a5e-4c5b-9d3b-0c6f4f3b9a11", "--started-at", "2026-01-02T03:04:05Z"]
# A fill that no corpus frame contains, so that black text can't hide among black masks.
ODD_FILL = 0xFF01FE
# Sufficient for every change: small, with menus, passwords, lists and an animation.
QUICK_SESSIONS = ["gtk3_factory_and_animation", "zenity_yad_forms"]


def arguments(description, **more):
    """The options every proof has, and `more`: name = (default, help)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--scrim", default=os.path.join(ROOT, ".build", "release", "scrim"), help="the command"
    )
    parser.add_argument(
        "--corpus", default=os.environ.get("SCRIM_CORPUS", os.path.join(ROOT, "../shared/corpus"))
    )
    parser.add_argument("--quick", action="store_true", help="a sample, for every change")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("sessions", nargs="*", help="names of corpus sessions, all if none")
    for name, (default, text) in more.items():
        parser.add_argument("--" + name, type=type(default), default=default, help=text)
    options = parser.parse_args()
    options.scrim = os.path.abspath(options.scrim)
    return options


def session_folders(options, quick=()):
    """Name and folder of the requested corpus sessions; with --quick those of `quick` if it names any.
    None, with a message, if there is no corpus."""
    base = os.path.join(options.corpus, "sessions")
    if not os.path.isdir(base):
        print(f"skipped: no corpus at {options.corpus}; set SCRIM_CORPUS")
        return []
    names = options.sessions or options.quick and quick or sorted(os.listdir(base))
    if not names:
        sys.exit(f"no session in {base}")
    return [(name, os.path.abspath(os.path.join(base, name))) for name in names]


class Report:
    """Counts checks, prints each with its detail, and gives the final result."""

    def __init__(self, title):
        self.passed, self.failed, self.start = 0, 0, time.time()
        print(f"== {title}", flush=True)

    def check(self, name, holds, detail="", quiet=False):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        if not (holds and quiet):
            print(f"{'ok  ' if holds else 'FAIL'} {name}{': ' if detail else ''}{detail}", flush=True)
        return holds

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed ({time.time() - self.start:.0f} s)", flush=True)
        return 1 if self.failed else 0


class CommandFailed(Exception):
    pass


def run(options, *arguments, cwd=None, codes=(0,), stdin=None):
    """Runs the command; an unexpected exit code is an error that quotes it."""
    done = subprocess.run(
        [options.scrim, *map(str, arguments)],
        cwd=cwd,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode not in codes:
        words = done.stderr.decode(errors="replace").strip()[-600:]
        raise CommandFailed(f"scrim {' '.join(map(str, arguments))} ended with {done.returncode}: {words}")
    return done


def record_and_export(options, work, capture, name, policy, *more, codes=(0,)):
    """Records a capture (or raw stream's arguments) and exports it. Returns the session and an `Export`."""
    session, out = os.path.join(work, name + ".session"), os.path.join(work, name + ".png")
    if isinstance(policy, dict):
        policy = write_json(os.path.join(work, name + ".policy.json"), policy)
    source = capture if isinstance(capture, list) else [capture]
    run(options, "record", *source, "--out", session, "--policy", policy, *more, codes=codes)
    run(options, "export", session, "--to", "png", "--out", out)
    return session, Export(out)


class Export:
    """An exported folder: `times` (ms) and the picture of each frame."""

    def __init__(self, folder):
        with open(os.path.join(folder, "frames.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.strip()]
        self.times = [line["t_ms"] for line in lines]
        self.paths = [os.path.join(folder, line["image"]) for line in lines]
        self.last = None, None

    def __len__(self):
        return len(self.paths)

    def frame(self, i):
        path, picture = self.last
        if path != self.paths[i]:
            picture = pixels(self.paths[i])
            self.last = self.paths[i], picture
        return picture

    def lines_up(self, report, name, times):
        """Whether the frames are those of the source, on its clock."""
        holds = len(self.times) == len(times) and all(abs(a - b) < 1 for a, b in zip(self.times, times))
        return report.check(
            f"{name}: frames and times", holds, f"{len(self.times)} of {len(times)}", quiet=True
        )


def pixels(path):
    """A picture as height × width of 0xRRGGBB, read by Pillow."""
    with Image.open(path) as image:
        rgb = np.asarray(image.convert("RGB"), np.uint32)
    return rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]


def save_pixels(path, packed):
    rgb = np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], -1).astype(np.uint8)
    Image.fromarray(rgb).save(path, compress_level=1)


class Pictures:
    """Pictures of a folder by path, the latest `keep` of them in memory."""

    def __init__(self, keep=48):
        self.keep, self.known = keep, {}

    def __getitem__(self, path):
        if path in self.known:
            self.known[path] = self.known.pop(path)
        else:
            self.known[path] = pixels(path)
            if len(self.known) > self.keep:
                self.known.pop(next(iter(self.known)))
        return self.known[path]


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)
    return path


def write_capture(folder, head, lines, events=()):
    """Writes a capture folder without its pictures."""
    os.makedirs(os.path.join(folder, "frames"), exist_ok=True)
    write_json(os.path.join(folder, "capture.json"), head)
    for name, items in (("frames.jsonl", lines), ("events.jsonl", events)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(item) + "\n" for item in items)


def generation_copy(folder, target):
    """A capture without tree times: its boxes belong to its frames exactly. Shares the pictures."""
    with open(os.path.join(folder, "frames.jsonl"), encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    for line in lines:
        line.pop("tree_t_ms"), line.pop("tree_end_ms")
    with open(os.path.join(folder, "capture.json"), encoding="utf-8") as file:
        write_capture(target, json.load(file), lines)
    os.rmdir(os.path.join(target, "frames"))
    os.symlink(os.path.join(folder, "frames"), os.path.join(target, "frames"))
    return target


def files_of(folder):
    """Every file below a folder, by relative path."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(base, name), "rb") as file:
                found[os.path.relpath(os.path.join(base, name), folder)] = file.read()
    return found


def without_timings(words):
    """The messages of a run without time-dependent parts: lines with a rate, and durations."""
    lines = [line for line in re.split(r"[\r\n]+", words.decode(errors="replace")) if "/s" not in line]
    return [re.sub(r"\d+(\.\d+)? ?(ms|s|min|seconds?)\b", "#", line) for line in lines]


def stop_without_command(options):
    if not os.path.exists(options.scrim):
        sys.exit(f"no command at {options.scrim}: swift build -c release, or --scrim PATH")
