"""One situation on a private desktop: applications, a recording with each preset, and the ink in the shown pixels."""
import argparse
import io
import os
import random
import shutil
import signal
import time

import limits
import needs
import numpy as np
from PIL import Image

from desktop import Desktop
from recording import HERE, INK, ROOT, screen
from sway_desktop import SwayDesktop

PYTHON = "/usr/bin/python3"
PRESETS = ("default", "controls")


def ink(picture):
    """Pixels within 20 of the ink's colour."""
    return int((np.abs(picture.astype(np.int16) - np.array(INK, np.int16)).max(-1) <= 20).sum())


class Run:
    """One situation on its desktop, recorded with both presets."""

    def __init__(self, desktop, options, chance):
        self.desktop, self.options, self.chance = desktop, options, chance
        self.recorders, self.most, self.area = {}, 0, None

    # Applications

    def app(self, name, *arguments, environment=None):
        extra = {"env": dict(self.desktop.environment, **environment)} if environment else {}
        return self.desktop.spawn([PYTHON, f"{HERE}/Apps/ink_{name}.py", *arguments], **extra)

    def window(self, title, place=None, seconds=30):
        window = self.desktop.wait_for_window(title, seconds)
        time.sleep(0.7)
        if place:
            self.desktop.place(window, *place)
        return window

    def browse(self, kind, html, title, options=()):
        """A browser's window with a page."""
        path = f"{self.desktop.folder}/home/page.html"
        with open(path, "w", encoding="utf-8") as file:
            file.write(html)
        if kind == "chromium":
            command = ["chromium", f"--user-data-dir={self.desktop.folder}/chromium", "--no-sandbox", "--test-type"]
            command += ["--force-renderer-accessibility", "--no-first-run", "--disable-gpu", "--password-store=basic"]
            command += ["--no-default-browser-check", "--disable-background-networking"]
            command += ["--window-position=20,20", "--window-size=1000,700"]
        else:
            profile = f"{self.desktop.folder}/home/profile"
            os.makedirs(profile, exist_ok=True)
            names = ["browser.aboutwelcome.enabled", "datareporting.policy.dataSubmissionEnabled"]
            with open(f"{profile}/user.js", "w", encoding="ascii") as file:
                file.write("".join(f'user_pref("{name}",false);' for name in names))
                file.write('user_pref("termsofuse.bypassNotification",true);')
            command = ["firefox-esr", "-no-remote", "-profile", profile, "-width", "1000", "-height", "700"]
        self.desktop.spawn([*command, *options, f"file://{path}"])
        window = self.window(title, seconds=60)
        time.sleep(3)
        self.desktop.xdotool("mousemove", 1270, 790)
        return window

    def maximise(self, window):
        self.desktop.xdotool("windowactivate", window["xid"])
        self.desktop.run(["wmctrl", "-i", "-r", hex(window["xid"]), "-b", "add,maximized_vert,maximized_horz"])
        time.sleep(0.8)

    # Recording

    def record(self):
        for preset in PRESETS:
            out = f"{self.desktop.folder}/home/session-{preset}"
            command = [self.options.scrim, "record", *self.desktop.source, "--out", out, "--policy", preset]
            self.recorders[preset] = (self.desktop.spawn(command), out)
        end = time.time() + 15
        while time.time() < end and not all(os.path.exists(f"{out}/manifest.json") for _, out in self.recorders.values()):
            time.sleep(0.05)
        time.sleep(1.5)

    def picture(self):
        if isinstance(self.desktop, SwayDesktop):
            return np.asarray(Image.open(io.BytesIO(self.desktop.grab())).convert("RGB"))
        return screen(self.desktop)

    def watch(self, seconds):
        """Waits, and notes the maximum of visible ink meanwhile."""
        end = time.time() + seconds
        while time.time() < end:
            self.most = max(self.most, ink(self.picture()))
            time.sleep(0.4)

    def exported(self, preset):
        """The pictures recorded so far."""
        out = self.recorders[preset][1]
        frames = f"{out}-frames"
        shutil.rmtree(frames, ignore_errors=True)
        command = [self.options.scrim, "export", out, "--to", "png", "--out", frames, "--quiet"]
        limits.run(command, check=True, timeout=120)
        names = sorted(name for name in os.listdir(frames) if name.endswith(".png"))
        return [np.asarray(Image.open(f"{frames}/{name}").convert("RGB")) for name in names]

    def masked(self, picture):
        """The masked share of the situation's area; None if it has none."""
        if not self.area:
            return None
        x, y, width, height = self.area
        return float(np.all(picture[y : y + height, x : x + width] == 0, axis=-1).mean())

    def await_shown(self, limit, seconds=30):
        """Waits until `controls` masks no more than `limit` of the area: a slow machine reads trees late."""
        end = time.time() + seconds
        while time.time() < end and self.masked(self.exported("controls")[-1]) > limit:
            time.sleep(1)

    def finish(self):
        """By preset: ink in all pictures, the number of pictures with ink, and the masked share of an area in the last one."""
        found = {}
        for process, _ in self.recorders.values():
            process.send_signal(signal.SIGINT)
        for preset, (process, out) in self.recorders.items():
            process.wait(timeout=60)
            pictures = self.exported(preset)
            counts = [ink(picture) for picture in pictures]
            found[preset] = (sum(counts), sum(1 for count in counts if count), len(pictures), self.masked(pictures[-1]))
            if self.options.keep and (sum(counts) or self.options.all):
                kept = f"{self.options.keep}/{preset}-{int(time.time())}"
                shutil.copytree(f"{out}-frames", kept)
        return found


def perform(name, situation, manager, seed, options):
    """Whether a situation passes; prints the result."""
    chance = random.Random(f"{name} {seed}")
    kind = SwayDesktop if manager == "sway" else Desktop
    with kind(1280, 800, **({} if manager == "sway" else {"manager": manager})) as desktop:
        r = Run(desktop, options, chance)
        limit = situation(r)
        if limit is not None:
            r.await_shown(limit)
        found = r.finish()
        words = desktop.tail() if options.words else ""
    parts, holds = [], r.most > 0
    for preset, (pixels, inked, count, share) in found.items():
        dark = f", {share:.0%} masked" if share is not None else ""
        parts.append(f"{preset} {pixels} in {inked} of {count}{dark}")
        holds = holds and pixels == 0
        if limit is not None and preset == "controls":
            holds = holds and share <= limit
    print("ok    " if holds else "FAILED", f"{name} {seed}: ink {r.most}; " + "; ".join(parts), flush=True)
    if words:
        print(words)
    return holds


def command(doc, situations, ci, by_name=()):
    """The command line of a file of situations, each a function, its requirements and a window manager; returns the exit code. Situations
    in `by_name` are run by name alone."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*")
    parser.add_argument("--long", action="store_true", help="all situations")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a folder for pictures that show masked content")
    parser.add_argument("--all", action="store_true", help="keep the pictures of all")
    parser.add_argument("--words", action="store_true", help="print the recorders' messages")
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    options = parser.parse_args()
    options.scrim = os.path.abspath(options.scrim)
    names = options.what or ([name for name in situations if name not in by_name] if options.long else ci)
    passed = failed = 0
    for name in names:
        situation, requirements, manager = situations[name]
        if needs.skips(name, requirements):
            continue
        for seed in range(options.seed, options.seed + options.runs):
            try:
                holds = perform(name, situation, manager, seed, options)
            except Exception as fault:  # an exception is a failed run; the others continue
                print("FAILED", f"{name} {seed}: {type(fault).__name__}: {fault}", flush=True)
                holds = False
            passed, failed = passed + holds, failed + (not holds)
    failed += needs.failed
    print(f"{passed} passed, {failed} failed")
    return failed > 0
