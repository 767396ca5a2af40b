"""One situation on a private desktop: applications, a recording with each preset, and the ink in the shown pixels."""
import io
import os
import shutil
import signal
import time

import limits
import numpy as np
from PIL import Image

from recording import HERE, INK, screen
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

    def browse(self, kind, html, title):
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
        self.desktop.spawn([*command, f"file://{path}"])
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

    def finish(self):
        """By preset: ink in all pictures, the number of pictures with ink, and the masked share of an area in the last one."""
        found = {}
        for process, _ in self.recorders.values():
            process.send_signal(signal.SIGINT)
        for preset, (process, out) in self.recorders.items():
            process.wait(timeout=60)
            frames = f"{out}-frames"
            command = [self.options.scrim, "export", out, "--to", "png", "--out", frames, "--quiet"]
            limits.run(command, check=True, timeout=120)
            names = sorted(name for name in os.listdir(frames) if name.endswith(".png"))
            pictures = [np.asarray(Image.open(f"{frames}/{name}").convert("RGB")) for name in names]
            counts = [ink(picture) for picture in pictures]
            share = None
            if self.area:
                x, y, width, height = self.area
                share = float(np.all(pictures[-1][y : y + height, x : x + width] == 0, axis=-1).mean())
            found[preset] = (sum(counts), sum(1 for count in counts if count), len(names), share)
            if self.options.keep and (sum(counts) or self.options.all):
                kept = f"{self.options.keep}/{preset}-{int(time.time())}"
                shutil.copytree(frames, kept)
        return found
