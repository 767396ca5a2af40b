#!/usr/bin/python3
"""Records real applications live, and searches the recordings for masked content.

    live.py [--runs N] [--seed S] [--steps N] [--policy default|controls] [--every-frame] [--keep DIR]
            [gtk3|gtk4|qt|chromium|wayland|flash|hung ...]

Each run starts a private desktop (Xvfb, openbox, a session bus, the accessibility bus), drives an application with xdotool in an
order determined by the seed (types secrets, scrolls, opens menus, moves and resizes the window, switches tabs), records it with
`scrim record --x11` with each policy and exports every frame. A run passes if
  ink    no exported pixel has the colour in which the application writes its secrets (it is in the raw screen)
  words  tesseract reads no secret in the exported frames: in each with --every-frame, else in eight of them
  labels with the rules of the preset controls, tesseract reads the labels of buttons and tabs in the last one
  stale  the shown pixels at the end equal the current screen
`flash` shows a secret for 30 to 300 ms at random while the tree takes long to read, without the guard of gaps; `--clearance latest`
shows that this test can fail. `hung` stops an application and checks that its window is masked and another one's is not.
`wayland` records a GTK application in a headless sway, in every second run with another output beside the recorded one.

Run N has the seed S + N - 1: `--runs 1` with the seed that a failure names repeats it. With --keep the session, the
actions and the tree of a failed run are kept. A test whose requirements the machine lacks is
skipped with a message; with SCRIM_NO_SKIP set it fails.

The long version: live.py --runs 20 --steps 8 --every-frame gtk3 gtk4 qt chromium wayland (64 minutes). Exits with 0 only if all pass."""
import argparse
import io
import json
import os
import random
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import needs

if needs.skips("live applications", needs.DESKTOP):
    sys.exit(needs.failed)

import numpy as np  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402

from desktop import Desktop  # noqa: E402
from ledger import LABELS, NAMES, Ledger  # noqa: E402
from recording import (  # noqa: E402
    FILL,
    HERE,
    INK,
    POLICIES,
    ROOT,
    Recording,
    has_colour,
    ocr,
    plain,
    read_tree,
    screen,
)
from sway_desktop import SwayDesktop  # noqa: E402


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, holds, words):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print("ok    " if holds else "FAILED", words, flush=True)


def over_masking(picture, tree, windows):
    """Shares of the windows' pixels: masked without a box of a widget with content, and masked at all."""
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


def look(report, recording, secrets, options, words):
    """Searches the shown frames of a recording for secrets, and returns them."""
    frames = recording.finish()
    paths = sorted({path for _, path in frames})
    pictures = [(os.path.basename(path), Image.open(path).convert("RGB")) for path in paths]
    inked = [name for name, picture in pictures if has_colour(np.asarray(picture), INK)]
    report.check(not inked, f"{words}: no ink of a secret in {len(pictures)} pictures {' '.join(inked[:5])}")
    step = 1 if options.every_frame else max(1, len(pictures) // 8)
    sample = pictures[:-1:step] + pictures[-1:]
    with ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(lambda one: ocr(one[1]), sample))
    parts = {part for secret in secrets for part in secret.split()}
    found = [f"{part} in {name}" for (name, _), text in zip(sample, texts) for part in parts if plain(part) in text]
    report.check(not found, f"{words}: no secret is read in {len(sample)} pictures {', '.join(found[:5])}")
    return frames


def keep(options, words, recording, **facts):
    """Keeps the recording of a failed run, with facts about it; `scrim export` makes the pictures."""
    if options.keep:
        folder = f"{options.keep}/{words.replace(' ', '_')}"
        shutil.copytree(recording.out, f"{folder}/session", dirs_exist_ok=True)
        with open(f"{folder}/facts.json", "w", encoding="utf-8") as file:
            json.dump(facts, file)


def check_labels(report, path, tree, words):
    """Reads buttons in crops around their boxes: whole pages with large masks confuse tesseract."""
    picture = Image.open(path).convert("RGB")
    missing = []
    for label in LABELS:
        box = next((w for w in tree if w["role"] in ("push button", "page tab") and w["name"] == label), None)
        if box is None:
            # Browsers have no tabs in the page.
            missing += [label] if label in ("Transfer", "Cancel") else []
            continue
        inset = 2 if box["h"] > 24 else 0  # GTK 4 reports only the letters' box
        corners = (box["x"] + inset, box["y"] + inset, box["x"] + box["w"] - inset, box["y"] + box["h"] - inset)
        crop = picture.crop([int(c) for c in corners])
        crop = ImageOps.expand(crop, 12, crop.getpixel((crop.width // 2, 1)))
        if plain(label)[1:-1] not in ocr(crop, mode=7, scale=3):
            missing.append(label)
    report.check(not missing, f"{words}: labels of buttons and tabs are read {' '.join(missing)}")


def run_ledger(kind, seed, options, report):
    chance = random.Random(f"{kind} {seed}")
    with Desktop(1100, 760) as desktop:
        ledger = Ledger(kind, desktop, options, chance)
        raw = screen(desktop)
        w = ledger.window
        area = raw[w["y"] : w["y"] + w["h"], w["x"] : w["x"] + w["w"]]
        text = ocr(Image.fromarray(area), scale=3) + ocr(Image.fromarray(area[:, : w["w"] // 2]), mode=6)
        readable = [s for s in ledger.secrets[1:4] if plain(s.split()[0]) in text]
        report.check(has_colour(raw, INK) and readable, f"{kind} {seed}: the raw screen shows secrets: {len(readable)}")
        recordings = {name: Recording(desktop, options, POLICIES[name]) for name in options.policy}
        time.sleep(2)
        actions = ledger.act(options.steps)
        ledger.rest()
        time.sleep(2.5)
        final, windows = read_tree(desktop, options.probe), desktop.windows()
        costs = {name: recording.cpu() for name, recording in recordings.items()}
        now = screen(desktop)
        for name, recording in recordings.items():
            words, failed = f"{kind} {seed} {name}", report.failed
            frames = look(report, recording, ledger.secrets, options, words)
            if name == "controls":
                check_labels(report, frames[-1][1], final["widgets"], words)
            picture = np.asarray(Image.open(frames[-1][1]).convert("RGB"))
            share, masked = over_masking(picture, final["widgets"], windows)
            shown = ~np.all(picture == np.array(FILL, np.uint8), axis=-1)
            stale = float((np.any(picture != now, axis=-1) & shown).sum() / max(shown.sum(), 1))
            report.check(stale < 0.05, f"{words}: the shown pixels at the end equal the screen, except for {stale:.1%}")
            if report.failed > failed:
                keep(options, words, recording, actions=actions, tree=final, secrets=ledger.secrets, frames=frames)
            print(
                f"       {len(frames)} frames, {costs[name]:.2f} s computed; masked {masked:.1%} of the windows, "
                f"{share:.1%} without a widget's box; the tree took {final['tree_end_ms'] - final['tree_t_ms']:.0f} ms"
            )


def run_flash(seed, options, report):
    """A secret that comes and goes."""
    policy = dict(POLICIES["controls"], gaps="keep", clearance=options.clearance)
    with Desktop(1100, 760) as desktop:
        application = desktop.spawn(
            ["/usr/bin/python3", f"{HERE}/Apps/gtk3_flash.py", str(seed), "900"],
        )
        desktop.place(desktop.wait_for_window("Flash"), 30, 30)
        time.sleep(1)
        recording = Recording(desktop, options, policy)
        seen, end = 0, time.time() + options.flash_seconds
        while time.time() < end:
            seen += has_colour(screen(desktop), INK) > 0
            time.sleep(0.2)
        tree = read_tree(desktop, options.probe)
        desktop.end(application)
        frames = recording.finish()
        report.check(seen > 5, f"flash {seed}: the raw screen showed the secret {seen} times")
        inked = [p for _, p in frames if has_colour(np.asarray(Image.open(p).convert("RGB")), INK)]
        report.check(not inked, f"flash {seed}: the secret is in {len(inked)} of {len(frames)} frames")
        print(f"       reading the tree took {tree['tree_end_ms'] - tree['tree_t_ms']:.0f} ms")


def run_hung(seed, options, report):
    """Stops the application of one of two windows: it is masked completely, the other is shown as before."""
    with Desktop(1200, 800) as desktop:
        ledgers = []
        for x in (10, 620):
            chance = random.Random(f"hung {seed} {x}")
            ledger = Ledger("gtk3", desktop, options, chance)
            window = [w for w in desktop.windows() if w["pid"] == ledger.process.pid][0]
            desktop.place(window, x, 40, 560, 420)
            ledgers.append((ledger, [w for w in desktop.windows() if w["pid"] == ledger.process.pid][0]))
        # In every second run it is stopped before its tree was ever read.
        if seed % 2 == 0:
            os.killpg(ledgers[0][0].process.pid, signal.SIGSTOP)
        recording = Recording(desktop, options, POLICIES["controls"])
        time.sleep(3)
        os.killpg(ledgers[0][0].process.pid, signal.SIGSTOP)
        # Something must be drawn: otherwise no tree is read, and the shown pixels stay valid.
        desktop.xdotool("windowmove", ledgers[1][1]["xid"], 640, 60)
        time.sleep(3)
        os.killpg(ledgers[0][0].process.pid, signal.SIGCONT)
        time.sleep(3)
        secrets = [s for ledger, _ in ledgers for s in ledger.secrets]
        frames = look(report, recording, secrets, options, f"hung {seed}")
        pictures = [np.asarray(Image.open(path).convert("RGB")) for t, path in frames if t < 6500]

        def masked(picture, window):
            area = picture[window["y"] : window["y"] + window["h"], window["x"] : window["x"] + window["w"]]
            return has_colour(area, FILL) / area[:, :, 0].size

        last, end = pictures[-1], np.asarray(Image.open(frames[-1][1]).convert("RGB"))
        report.check(masked(last, ledgers[0][1]) == 1, f"hung {seed}: the stopped window is masked completely")
        moved = dict(ledgers[1][1], x=640, y=82)
        report.check(masked(last, moved) < 0.9, f"hung {seed}: the other one is shown")
        again = masked(end, ledgers[0][1])
        report.check(again < 0.9, f"hung {seed}: after it continues, it is shown again ({again:.0%} masked)")


def run_wayland(seed, options, report):
    """A GTK application in a headless sway: types a secret, switches pages, moves the window."""
    chance = random.Random(f"wayland {seed}")
    secrets = [f"{name} {chance.randint(1000, 9999)}" for name in chance.sample(NAMES, 5)]
    # In every second run there is a second output.
    with SwayDesktop(1100, 760, outputs=1 + seed % 2) as desktop:
        path = f"{desktop.folder}/secrets.json"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(secrets, file)
        desktop.spawn(["/usr/bin/python3", f"{HERE}/Apps/gtk3_ledger.py", path])
        window = desktop.window("Ledger")
        time.sleep(1)
        place = [f"[con_id={window['id']}]", "move", "absolute", "position"]
        desktop.message(*place, str(desktop.left + chance.randint(20, 80)), str(chance.randint(40, 90)))
        recordings = {name: Recording(desktop, options, POLICIES[name]) for name in options.policy}
        time.sleep(1.5)
        desktop.run(["wtype", "-d", "20", "-k", "Tab", "-k", "Tab", "-k", "Tab", secrets[4]])
        raw = Image.open(io.BytesIO(desktop.grab())).convert("RGB")
        report.check(has_colour(np.asarray(raw), INK), f"wayland {seed}: the raw screen shows secrets")
        for pause in (0.1, 0.4, 0.9):
            desktop.message(*place, str(desktop.left + chance.randint(0, 300)), str(chance.randint(30, 200)))
            time.sleep(pause)
        desktop.run(["wtype", "-M", "ctrl", "-k", "Next", "-m", "ctrl"])
        time.sleep(0.5)
        desktop.run(["wtype", "-M", "ctrl", "-k", "Prior", "-m", "ctrl"])
        time.sleep(3)
        now = np.asarray(Image.open(io.BytesIO(desktop.grab())).convert("RGB"))
        for name, recording in recordings.items():
            words, failed = f"wayland {seed} {name}", report.failed
            frames = look(report, recording, secrets, options, words)
            picture = np.array(Image.open(frames[-1][1]).convert("RGB"))
            masked = np.all(picture == np.array(FILL, np.uint8), axis=-1)
            stale = float((np.any(picture != now, axis=-1) & ~masked).sum() / max((~masked).sum(), 1))
            report.check(stale < 0.05, f"{words}: the shown pixels at the end equal the screen, except for {stale:.1%}")
            if name == "controls":
                # Only the row of buttons is read; masks below it would be mistaken for letters.
                picture[masked] = (255, 255, 255)
                end = int(np.nonzero(~masked.all(axis=1))[0].max(initial=-1)) + 1
                text = ocr(Image.fromarray(picture[max(end - 51, 0) : max(end, 1)]), mode=6, scale=3)
                unread = [label for label in ("Transfer", "Cancel") if plain(label)[1:-1] not in text]
                report.check(not unread, f"{words}: labels of buttons are read {' '.join(unread)}")
            if report.failed > failed:
                keep(options, words, recording, secrets=secrets, frames=frames)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=list(needs.APPLICATIONS))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--flash-seconds", type=float, default=25)
    parser.add_argument("--policy", action="append", choices=POLICIES, help="only one of them; both by default")
    parser.add_argument("--every-frame", action="store_true")
    parser.add_argument("--clearance", default="settled", help="for flash: `latest` shows that the test can fail")
    parser.add_argument("--keep", help="a folder for pictures that show masked content")
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    parser.add_argument("--probe", default=f"{ROOT}/.build/release/scrim-trees")
    options = parser.parse_args()
    options.policy = options.policy or list(POLICIES)
    report = Report()
    kinds = [what for what in options.what if not needs.skips(what, needs.APPLICATIONS[what])]
    report.failed += needs.failed
    for seed in range(options.seed, options.seed + options.runs):
        for what in kinds:
            run = {"flash": run_flash, "hung": run_hung, "wayland": run_wayland}.get(what)
            try:
                if run:
                    run(seed, options, report)
                else:
                    run_ledger(what, seed, options, report)
            except Exception as fault:  # an exception is a failed run; the others continue
                report.check(False, f"{what} {seed}: {type(fault).__name__}: {fault}")
    print(f"{report.passed} passed, {report.failed} failed")
    return report.failed > 0


if __name__ == "__main__":
    sys.exit(main())
