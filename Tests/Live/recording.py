"""Recordings of live screens, their cost, and searches in their pictures."""
import io
import json
import os
import re
import signal
import subprocess
import time

import numpy as np
from PIL import Image

import limits

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INK, FILL = (200, 0, 150), (253, 2, 251)
# Roles shown by the preset controls.
BUTTONS = ["push button", "push button menu", "toggle button", "switch", "check box", "radio button", "menu"]
BUTTONS += ["menu item", "check menu item", "radio menu item", "tear off menu item", "page tab", "disclosure triangle"]
POLICIES = {
    "default": {},
    "controls": {"rules": [{"role": BUTTONS, "decision": "unmask", "insideMasked": True}]},
}


def plain(text):
    return re.sub("[^a-z0-9]", "", text.lower())


def ocr(picture, mode=11, scale=2):
    picture = picture.resize((picture.width * scale, picture.height * scale), Image.BICUBIC)
    png = io.BytesIO()
    picture.save(png, "PNG", compress_level=1)
    done = limits.run(
        ["tesseract", "stdin", "stdout", "--psm", str(mode)],
        input=png.getvalue(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        env=dict(os.environ, OMP_THREAD_LIMIT="1"),
    )
    return plain(done.stdout.decode())


def has_colour(pixels, colour):
    return int(np.all(pixels == np.array(colour, np.uint8), axis=-1).sum())


def cpu(pid):
    """Seconds of a core that a process took."""
    tasks = f"/proc/{pid}/task"
    total = 0
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def timeline(scrim, session, *options):
    """The events of a session in words, also while it is recorded."""
    return limits.run([scrim, "inspect", session, "--timeline", *options], capture_output=True, text=True).stdout


def await_frame(session, seconds=30):
    """Waits until a session that is recorded has its first segment."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if os.path.isdir(f"{session}/segments") and os.listdir(f"{session}/segments"):
            return
        time.sleep(0.1)
    print(f"{session} has no segment within {seconds} s", flush=True)


def await_line(scrim, session, words, desktop, seconds=30):
    """Waits until the timeline of a session that is recorded has `words`; prints what it has if they don't come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        shown = timeline(scrim, session)
        if words in shown:
            return
        time.sleep(0.3)
    print(f"no {words!r} within {seconds} s in\n{shown}the log of the desktop ends: {desktop.tail()}", flush=True)


def share(pid, work):
    """Percent of a core that a process uses during `work`."""
    before, start = cpu(pid), time.monotonic()
    work()
    return 100 * (cpu(pid) - before) / (time.monotonic() - start)


class Recording:
    """`scrim record` of a desktop's screen, from here to `finish`."""

    def __init__(self, desktop, options, policy):
        self.desktop, self.scrim = desktop, options.scrim
        self.out = f"{desktop.folder}/session-{len(desktop.processes)}"
        path = f"{self.out}.policy.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(dict(policy, fill="#%02x%02x%02x" % FILL), file)
        self.process = desktop.spawn(
            [self.scrim, "record", *desktop.source, "--out", self.out, "--policy", path]
        )
        end = time.time() + 10
        while not os.path.exists(f"{self.out}/manifest.json"):
            if self.process.poll() is not None or time.time() > end:
                raise RuntimeError(f"the recorder did not begin; its log: {desktop.tail()}")
            time.sleep(0.05)

    def cpu(self):
        """CPU seconds that it used so far."""
        return cpu(self.process.pid)

    def finish(self):
        """The frames that a player shows, as (milliseconds, path of a picture)."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        frames = f"{self.out}.frames"
        done = limits.run(
            [self.scrim, "export", self.out, "--to", "png", "--out", frames],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
        )
        if done.returncode != 0:
            raise RuntimeError("export failed: " + done.stdout.decode())
        with open(f"{frames}/frames.jsonl", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [(line["t_ms"], f"{frames}/{line['image']}") for line in lines]


def screen(desktop):
    """The current screen, from the file in which Xvfb keeps it."""
    with open(desktop.frame_file, "rb") as file:
        data = file.read()
    head = np.frombuffer(data, ">u4", 25)
    offset, stride = int(head[0]) + int(head[19]) * 12, int(head[12])
    rows = np.frombuffer(data, np.uint8, count=stride * desktop.height, offset=offset)
    return rows.reshape(desktop.height, stride // 4, 4)[:, : desktop.width, 2::-1].copy()


def read_tree(desktop, probe):
    done = limits.run(
        [probe, "once"], env=desktop.environment, input=desktop.windows_line(), stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)
