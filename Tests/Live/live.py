#!/usr/bin/python3
"""Records real applications live, and looks for what must not be seen.

    live.py [--runs N] [--seed S] [--every-frame] [--scrim PATH] [gtk3|gtk4|qt|chromium|wayland|flash|hung|idle ...]

Each run starts a desktop of its own (Xvfb, openbox, a session bus, the accessibility bus), drives an application by xdotool in an
order that the seed decides (types secrets, scrolls, opens menus, moves windows, switches tabs), records it by `scrim record --x11`
and exports every frame. A run holds if
  ink    no exported pixel has the colour in which the application writes its secrets (it is in the raw screen)
  words  tesseract reads no secret in the exported frames: in each with --every-frame, else in eight of them
  labels with the preset controls, tesseract reads the labels of buttons in one of them
`flash` shows a secret for 30 to 300 ms at random while the tree takes long to read, without the guard of gaps; `--clearance latest`
shows that it can fail. `hung` stops an application and looks whether its window is masked and another's is not.
`wayland` records a GTK application in a headless sway. `idle` measures what recording costs while nothing changes. `record` prints over-masking, delays and the time of reading as it goes.

The long version: live.py --runs 20 --every-frame (about three hours). Exits with 0 only if all hold."""
import argparse
import glob
import io
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import numpy as np
from PIL import Image, ImageOps

from desk import Desk
from sway_desk import SwayDesk

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INK, FILL = (200, 0, 150), (253, 2, 251)
BUTTONS = ["push button", "push button menu", "toggle button", "check box", "radio button", "menu"]
BUTTONS += ["menu item", "check menu item", "radio menu item", "tearoff menu item", "page tab"]
POLICIES = {
    "default": {},
    "controls": {"rules": [{"role": BUTTONS, "decision": "unmask", "insideMasked": True}]},
}
NAMES = ["Lindqvist", "Okonkwo", "Wilczynski", "Novakova", "Delacroix", "Abernathy", "Petrosyan", "Takahashi"]
LABELS = ["Transfer", "Cancel", "Options", "Accounts"]


def plain(text):
    return re.sub("[^a-z0-9]", "", text.lower())


def ocr(picture, mode=11, scale=2):
    picture = picture.resize((picture.width * scale, picture.height * scale), Image.BICUBIC)
    png = io.BytesIO()
    picture.save(png, "PNG", compress_level=1)
    done = subprocess.run(
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


class Recording:
    """`scrim record` of a desk's screen, from here to `finish`."""

    def __init__(self, desk, options, policy):
        self.desk, self.scrim = desk, options.scrim
        self.out = f"{desk.folder}/session-{len(desk.processes)}"
        path = f"{self.out}.policy.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(dict(policy, fill="#%02x%02x%02x" % FILL), file)
        self.process = desk.spawn(
            [self.scrim, "record", *desk.source, "--out", self.out, "--policy", path]
        )
        end = time.time() + 10
        while not os.path.exists(f"{self.out}/manifest.json"):
            if self.process.poll() is not None or time.time() > end:
                raise RuntimeError(f"the recorder did not begin; its log: {desk.tail()}")
            time.sleep(0.05)
        self.begun = time.time() - time.monotonic()

    def cpu(self):
        """Seconds that it computed so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def finish(self):
        """The frames that a player shows, as (milliseconds, path of a picture)."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        frames = f"{self.out}.frames"
        done = subprocess.run(
            [self.scrim, "export", self.out, "--to", "png", "--out", frames],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError("export failed: " + done.stdout.decode())
        with open(f"{frames}/frames.jsonl", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        return [(line["t_ms"], f"{frames}/{line['image']}") for line in lines]


def screen(desk):
    """What is to be seen now, from the file in which Xvfb keeps it."""
    with open(desk.frame_file, "rb") as file:
        data = file.read()
    head = np.frombuffer(data, ">u4", 25)
    offset, stride = int(head[0]) + int(head[19]) * 12, int(head[12])
    rows = np.frombuffer(data, np.uint8, count=stride * desk.height, offset=offset)
    return rows.reshape(desk.height, stride // 4, 4)[:, : desk.width, 2::-1].copy()


def read_tree(desk, probe):
    done = subprocess.run(
        [probe, "once"], env=desk.environment, input=desk.windows_line(), stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def middle(widget):
    return widget["x"] + widget["w"] / 2, widget["y"] + widget["h"] / 2


class Ledger:
    """One of the applications, and what can be done with it."""

    def __init__(self, kind, desk, options, chance):
        self.kind, self.desk, self.chance = kind, desk, chance
        self.secrets = [f"{name} {chance.randint(1000, 9999)}" for name in chance.sample(NAMES, 5)]
        path = f"{desk.folder}/secrets.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.secrets, file)
        if kind == "chromium":
            command = ["chromium", f"--user-data-dir={desk.folder}/chromium", "--no-sandbox", "--test-type"]
            command += ["--force-renderer-accessibility", "--no-first-run", "--disable-gpu", "--password-store=basic"]
            command += ["--no-default-browser-check", "--disable-background-networking"]
            command += ["--window-position=20,20", "--window-size=900,620"]
            page = f"file://{HERE}/Apps/ledger.html#{quote(json.dumps(self.secrets))}"
            self.process = desk.spawn(command + [page])
        else:
            self.process = desk.spawn(["/usr/bin/python3", f"{HERE}/Apps/{kind}_ledger.py", path])
        self.window = desk.wait_for_window("Ledger")
        time.sleep(3 if kind == "chromium" else 1)
        desk.place(self.window, 60 + chance.randint(0, 60), 60 + chance.randint(0, 40))
        self.window = desk.wait_for_window("Ledger")
        time.sleep(0.7)
        self.tree = read_tree(desk, options.probe)["widgets"]

    def find(self, role, name=None):
        for widget in self.tree:
            if widget["role"] in role and (name is None or widget["name"] == name):
                return widget
        return None

    def type(self):
        self.tab(0)
        fields = [w for w in self.tree if w["role"] in ("text", "entry") and w["h"] < 60]
        fields = [w for w in fields if "Address" not in w["name"]] or [self.window]
        self.desk.click(*middle(self.chance.choice(fields)))
        self.desk.key("ctrl+a")
        self.desk.type(self.chance.choice(self.secrets), pause=self.chance.choice([0.01, 0.05]))

    def scroll(self):
        self.tab(1)
        x, y = self.window["x"] + self.window["w"] / 2, self.window["y"] + self.window["h"] / 2
        self.desk.xdotool("mousemove", int(x), int(y))
        self.desk.wheel(self.chance.randint(2, 6), pause=self.chance.choice([0.02, 0.1]))
        self.desk.wheel(self.chance.randint(0, 3), button=4)

    def menu(self):
        if self.kind == "chromium":
            self.desk.key("alt+f", pause=0.5)
        else:
            opener = self.find(("menu", "toggle button", "push button menu"))
            self.desk.click(*middle(opener)) if opener else self.desk.key("F10")
        time.sleep(self.chance.uniform(0.2, 1.2))
        self.desk.key("Escape", "Escape")

    def tab(self, number=None):
        number = self.chance.randint(0, 2) if number is None else number
        if self.kind == "chromium":
            self.desk.key("ctrl+t" if self.chance.random() < 0.3 else "ctrl+1", pause=0.4)
            self.desk.key("ctrl+1")
            return
        page = self.find(("page tab",), ["Accounts", "History", "Options"][number])
        if page:
            self.desk.click(*middle(page))
            time.sleep(0.2)

    def move(self):
        """Drags the window and puts it back, so that what was found in its tree lies where it did."""
        before = self.desk.wait_for_window("Ledger")
        top = before.get("frame_extents", [0, 0, 0, 0])[2]
        # Right of the middle: dragged by a tab, Chromium makes a second window.
        x, y = before["x"] + before["w"] * 3 // 4, before["y"] - top // 2 if top else before["y"] + 20
        self.desk.drag(x, y, x + self.chance.randint(-40, 200), y + self.chance.randint(0, 120))
        time.sleep(self.chance.uniform(0, 0.8))
        frame = before.get("frame_extents", [0, 0, 0, 0])
        self.desk.xdotool("windowmove", before["xid"], before["x"] - frame[0], before["y"] - frame[2])
        time.sleep(0.2)

    def act(self, steps):
        actions = [self.type, self.scroll, self.menu, self.tab, self.move]
        self.chance.shuffle(actions)
        for action in (actions * steps)[:steps]:
            action()
            time.sleep(self.chance.choice([0, 0.3, 1.5]))


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, holds, words):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print("ok    " if holds else "FAILED", words, flush=True)


def over_masking(picture, tree, windows):
    """Of the windows' pixels: the share that is masked though no box of a widget that shows something lies there, and all that is."""
    inside = np.zeros(picture.shape[:2], bool)
    for w in windows:
        inside[max(w["y"], 0) : max(w["y"] + w["h"], 0), max(w["x"], 0) : max(w["x"] + w["w"], 0)] = True
    masked = np.all(picture == np.array(FILL, np.uint8), axis=-1) & inside
    boxes = np.zeros(masked.shape, bool)
    containers = {w["parent"] for w in tree if "parent" in w}
    for w in tree:
        if w["id"] not in containers or w["role"] in ("text", "entry", "table cell", "list item"):
            x, y = int(max(w["x"], 0)), int(max(w["y"], 0))
            boxes[y : int(max(w["y"] + w["h"], 0)), x : int(max(w["x"] + w["w"], 0))] = True
    return float((masked & ~boxes).sum() / inside.sum()), float(masked.sum() / inside.sum())


def look(report, frames, secrets, options, words):
    paths = sorted({path for _, path in frames})
    pictures = [Image.open(path).convert("RGB") for path in paths]
    inked = [path for path, picture in zip(paths, pictures) if has_colour(np.asarray(picture), INK)]
    report.check(not inked, f"{words}: no ink of a secret in {len(paths)} pictures" + "".join(f" {p}" for p in inked[:3]))
    step = 1 if options.every_frame else max(1, len(pictures) // 8)
    sample = pictures[:-1:step][:] + pictures[-1:]
    with ThreadPoolExecutor(2) as pool:
        read = list(pool.map(ocr, sample))
    found = sorted({part for text in read for secret in secrets for part in secret.split() if plain(part) in text})
    report.check(not found, f"{words}: no secret is read in {len(sample)} pictures {' '.join(found)}")
    if options.keep:
        for path in inked[:5] + paths[-1:]:
            subprocess.run(["cp", path, f"{options.keep}/{words.replace(chr(32), chr(95))}_{os.path.basename(path)}"], check=False)


def check_labels(report, path, tree, words):
    """Reads buttons in crops around their boxes: whole pages with large masks confuse tesseract."""
    picture = Image.open(path).convert("RGB")
    missing = []
    for label in LABELS:
        box = next((w for w in tree if w["role"] in ("push button", "page tab") and w["name"] == label), None)
        if box is None:
            continue
        inset = 2 if box["h"] > 24 else 0  # GTK 4 tells no more than the letters' box
        corners = (box["x"] + inset, box["y"] + inset, box["x"] + box["w"] - inset, box["y"] + box["h"] - inset)
        crop = picture.crop([int(c) for c in corners])
        crop = ImageOps.expand(crop, 12, crop.getpixel((crop.width // 2, 1)))
        if plain(label)[1:-1] not in ocr(crop, mode=7, scale=3):
            missing.append(label)
    report.check(not missing, f"{words}: labels of buttons and tabs are read {' '.join(missing)}")


def run_ledger(kind, number, options, report):
    chance = random.Random(f"{options.seed} {kind} {number}")
    with Desk(1100, 760) as desk:
        ledger = Ledger(kind, desk, options, chance)
        raw = screen(desk)
        if options.keep:
            Image.fromarray(raw).save(f"{options.keep}/{kind}_{number}_raw.png")
        w = ledger.window
        area = raw[w["y"] : w["y"] + w["h"], w["x"] : w["x"] + w["w"]]
        text = ocr(Image.fromarray(area), scale=3) + ocr(Image.fromarray(area[:, : w["w"] // 2]), mode=6)
        readable = [s for s in ledger.secrets[1:4] if plain(s.split()[0]) in text]
        report.check(has_colour(raw, INK) and readable, f"{kind} {number}: the raw screen shows secrets: {len(readable)}")
        recordings = {name: Recording(desk, options, policy) for name, policy in POLICIES.items()}
        time.sleep(2)
        ledger.act(options.steps)
        time.sleep(2.5)
        final, windows = read_tree(desk, options.probe), desk.windows()
        costs = {name: recording.cpu() for name, recording in recordings.items()}
        exports = {name: recording.finish() for name, recording in recordings.items()}
        now = screen(desk)
        for name, frames in exports.items():
            cpu = costs[name]
            words = f"{kind} {number} {name}"
            look(report, frames, ledger.secrets, options, words)
            if name == "controls":
                check_labels(report, frames[-1][1], final["widgets"], words)
            picture = np.asarray(Image.open(frames[-1][1]).convert("RGB"))
            share, masked = over_masking(picture, final["widgets"], windows)
            shown = ~np.all(picture == np.array(FILL, np.uint8), axis=-1)
            stale = float((np.any(picture != now, axis=-1) & shown).sum() / max(shown.sum(), 1))
            report.check(stale < 0.05, f"{words}: what is shown at the end is the screen as it is, but for {stale:.1%}")
            if options.keep and stale >= 0.05:
                Image.fromarray(now).save(f"{options.keep}/{words.replace(' ', '_')}_{options.seed}_screen.png")
                print("       windows:", windows)
            print(
                f"       {len(frames)} frames, {cpu:.2f} s computed; masked {masked:.1%} of the windows, "
                f"{share:.1%} without a widget's box; the tree took {final['tree_end_ms'] - final['tree_t_ms']:.0f} ms"
            )


def run_flash(number, options, report):
    """A secret that comes and goes; and how long a settled change takes to appear."""
    policy = dict(POLICIES["controls"], gaps="keep", clearance=options.clearance)
    with Desk(1100, 760) as desk:
        application = desk.spawn(
            ["/usr/bin/python3", f"{HERE}/Apps/gtk3_flash.py", str(options.seed + number), "900"],
            stdout=subprocess.PIPE,
        )
        desk.place(desk.wait_for_window("Flash"), 30, 30)
        time.sleep(1)
        recording = Recording(desk, options, policy)
        with open(f"{recording.out}/manifest.json", encoding="utf-8") as file:
            told = json.load(file)
        seen, end = 0, time.time() + options.flash_seconds
        while time.time() < end:
            seen += has_colour(screen(desk), INK) > 0
            time.sleep(0.2)
        tree = read_tree(desk, options.probe)
        desk.end(application)
        frames = recording.finish()
        report.check(seen > 5, f"flash {number}: the raw screen showed the secret {seen} times")
        inked = [p for _, p in frames if has_colour(np.asarray(Image.open(p).convert("RGB")), INK)]
        report.check(not inked, f"flash {number}: the secret is in {len(inked)} of {len(frames)} frames")
        print(f"       reading the tree took {tree['tree_end_ms'] - tree['tree_t_ms']:.0f} ms")
        delays = appearance_delays(application.stdout.read(), frames, told, recording)
        if delays:
            ordered = sorted(delays)
            print(
                f"       a settled change appeared after {statistics.median(ordered):.0f} ms (median), "
                f"{ordered[int(len(ordered) * 0.95)]:.0f} (p95) of {len(ordered)}"
            )


def appearance_delays(output, frames, manifest, recording):
    """Milliseconds from each change of the button's colour to the frame that shows it; the start is known to some 50 ms."""
    start = next((manifest[key] for key in ("start", "begun", "started_at", "startedAt") if key in manifest), None)
    if start is None:
        return []
    from datetime import datetime

    origin = datetime.fromisoformat(str(start).replace("Z", "+00:00")).timestamp() - recording.begun
    changes = [int(line) / 1e9 - origin for line in output.split()]
    shown, last = [], None
    for t_ms, path in frames:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        blue, green = has_colour(pixels, (0x20, 0x60, 0xC0)), has_colour(pixels, (0x20, 0xC0, 0x60))
        colour = "blue" if blue > 500 else "green" if green > 500 else None
        if colour and last and colour != last:
            shown.append(t_ms / 1e3)
        last = colour or last
    delays = []
    for change, following in zip(changes, changes[1:] + [float("inf")]):
        after = [t for t in shown if change <= t < following]
        if after:
            delays.append((after[0] - change) * 1e3)
    return delays


def run_hung(number, options, report):
    """Of two windows the application of one is stopped: it is masked whole, the other is shown as before."""
    with Desk(1200, 800) as desk:
        ledgers = []
        for x in (10, 620):
            chance = random.Random(f"{options.seed} hung {number} {x}")
            ledger = Ledger("gtk3", desk, options, chance)
            window = [w for w in desk.windows() if w["pid"] == ledger.process.pid][0]
            desk.place(window, x, 40, 560, 420)
            ledgers.append((ledger, [w for w in desk.windows() if w["pid"] == ledger.process.pid][0]))
        # In every second run it is stopped before anyone has asked it anything.
        if number % 2:
            os.killpg(ledgers[0][0].process.pid, signal.SIGSTOP)
        recording = Recording(desk, options, POLICIES["controls"])
        time.sleep(3)
        os.killpg(ledgers[0][0].process.pid, signal.SIGSTOP)
        # Something has to be drawn: while nothing is, nothing is read, and what is shown stays right.
        desk.xdotool("windowmove", ledgers[1][1]["xid"], 640, 60)
        time.sleep(3)
        os.killpg(ledgers[0][0].process.pid, signal.SIGCONT)
        time.sleep(3)
        frames = recording.finish()
        pictures = [np.asarray(Image.open(path).convert("RGB")) for t, path in frames if t < 6500]

        def masked(picture, window):
            area = picture[window["y"] : window["y"] + window["h"], window["x"] : window["x"] + window["w"]]
            return has_colour(area, FILL) / area[:, :, 0].size

        last, end = pictures[-1], np.asarray(Image.open(frames[-1][1]).convert("RGB"))
        report.check(masked(last, ledgers[0][1]) == 1, f"hung {number}: the stopped window is masked whole")
        moved = dict(ledgers[1][1], x=640, y=82)
        report.check(masked(last, moved) < 0.9, f"hung {number}: the other one is shown")
        again = masked(end, ledgers[0][1])
        report.check(again < 0.9, f"hung {number}: going on, it is shown again ({again:.0%} masked)")
        if options.keep:
            subprocess.run(["cp", frames[-1][1], f"{options.keep}/hung_{number}_end.png"], check=False)
        look(report, frames, [s for ledger, _ in ledgers for s in ledger.secrets], options, f"hung {number}")


def run_wayland(number, options, report):
    """A GTK application in a headless sway: types a secret, switches pages, moves the window."""
    missing = SwayDesk.missing()
    if missing:
        print(f"skipped: wayland, for lack of {', '.join(missing)}; .ci/install test brings them")
        return
    chance = random.Random(f"{options.seed} wayland {number}")
    secrets = [f"{name} {chance.randint(1000, 9999)}" for name in chance.sample(NAMES, 5)]
    with SwayDesk(1100, 760) as desk:
        path = f"{desk.folder}/secrets.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(secrets, file)
        desk.spawn(["/usr/bin/python3", f"{HERE}/Apps/gtk3_ledger.py", path])
        window = desk.window("Ledger")
        time.sleep(1)
        place = [f"[con_id={window['id']}]", "move", "absolute", "position"]
        desk.message(*place, str(chance.randint(20, 80)), str(chance.randint(40, 90)))
        recordings = {name: Recording(desk, options, policy) for name, policy in POLICIES.items()}
        time.sleep(1.5)
        desk.run(["wtype", "-d", "20", "-k", "Tab", "-k", "Tab", "-k", "Tab", secrets[4]])
        raw = Image.open(io.BytesIO(desk.grab())).convert("RGB")
        if options.keep:
            raw.save(f"{options.keep}/wayland_{number}_raw.png")
        report.check(has_colour(np.asarray(raw), INK), f"wayland {number}: the raw screen shows secrets")
        for pause in (0.1, 0.4, 0.9):
            desk.message(*place, str(chance.randint(0, 300)), str(chance.randint(30, 200)))
            time.sleep(pause)
        desk.run(["wtype", "-M", "ctrl", "-k", "Next", "-m", "ctrl"])
        time.sleep(0.5)
        desk.run(["wtype", "-M", "ctrl", "-k", "Prior", "-m", "ctrl"])
        time.sleep(3)
        now = np.asarray(Image.open(io.BytesIO(desk.grab())).convert("RGB"))
        for name, recording in recordings.items():
            frames, words = recording.finish(), f"wayland {number} {name}"
            look(report, frames, secrets, options, words)
            picture = np.array(Image.open(frames[-1][1]).convert("RGB"))
            masked = np.all(picture == np.array(FILL, np.uint8), axis=-1)
            stale = float((np.any(picture != now, axis=-1) & ~masked).sum() / max((~masked).sum(), 1))
            report.check(stale < 0.05, f"{words}: what is shown at the end is the screen as it is, but for {stale:.1%}")
            if name == "controls":
                # The row of buttons ends what is shown; masks would be taken for letters.
                picture[masked] = (255, 255, 255)
                end = int(np.nonzero(~masked.all(axis=1))[0].max(initial=-1)) + 1
                text = ocr(Image.fromarray(picture[max(end - 51, 0) : max(end, 1)]), mode=6, scale=3)
                unread = [label for label in ("Transfer", "Cancel") if plain(label)[1:-1] not in text]
                report.check(not unread, f"{words}: labels of buttons are read {' '.join(unread)}")


def run_idle(number, options, report):
    with Desk(1280, 800) as desk:
        chance = random.Random(options.seed)
        ledger = Ledger("gtk3", desk, options, chance)
        ledger.tab(2)
        desk.xdotool("mousemove", 5, 5)
        recording = Recording(desk, options, POLICIES["controls"])
        time.sleep(5)
        shares = {}
        for name, act in (("idle", None), ("typing", ledger.type), ("scrolling", ledger.scroll)):
            begin, before = time.monotonic(), recording.cpu()
            while time.monotonic() - begin < 20:
                act() if act else time.sleep(20)
            shares[name] = (recording.cpu() - before) / (time.monotonic() - begin)
        recording.finish()
        words = ", ".join(f"{name} {share:.2%}" for name, share in shares.items())
        report.check(shares["idle"] < 0.02, f"idle {number}: share of a core: {words}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=["gtk3", "gtk4", "qt", "chromium", "wayland", "flash", "hung"])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--flash-seconds", type=float, default=25)
    parser.add_argument("--every-frame", action="store_true")
    parser.add_argument("--clearance", default="settled", help="of flash: `latest` shows that it can fail")
    parser.add_argument("--keep", help="a folder for pictures that show what they must not")
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    parser.add_argument("--probe", default=f"{ROOT}/.build/release/scrim-trees")
    options = parser.parse_args()
    report = Report()
    for number in range(options.runs):
        for what in options.what:
            run = {"flash": run_flash, "hung": run_hung, "idle": run_idle, "wayland": run_wayland}.get(what)
            try:
                if run:
                    run(number, options, report)
                else:
                    run_ledger(what, number, options, report)
            except Exception as fault:  # a run that breaks is one that fails; the others go on
                report.check(False, f"{what} {number}: {type(fault).__name__}: {fault}")
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed > 0


if __name__ == "__main__":
    sys.exit(main())
