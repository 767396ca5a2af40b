#!/usr/bin/python3
"""Measures recordings of real applications with trees: the delay until a change is in the replay, and the CPU cost.

    figures.py [--samples N] [--seed S] [--seconds S] [--application gtk3|chromium|firefox ...] [delay|share ...]

`delay`: a button of each application (GTK 3 by default), which the preset controls shows, changes its colour at random times, and nothing else moves. Printed is the
time until the first frame of the replay that shows it; beside it that of a recording that masks nothing and waits for no boxes. The start of a
recording is known to some 50 ms.
`share`: the share of a core that the recorder uses while a GTK 3 application is idle, typed into (eight keys a second) and scrolled (ten
steps a second), with its trees being read, on screens of 1280x800 and 1920x1080."""
import argparse
import json
import random
import statistics
import sys
import time
from datetime import datetime

import limits
import needs

if needs.skips("figures of live screens", [*needs.DESKTOP, needs.GTK3]):
    sys.exit(needs.failed)

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from browsers import browse  # noqa: E402
from desktop import Desktop  # noqa: E402
from ledger import Ledger, middle  # noqa: E402
from recording import HERE, POLICIES, ROOT, Recording, has_colour, share  # noqa: E402

COLOURS = {"blue": (0x20, 0x60, 0xC0), "green": (0x20, 0xC0, 0x60)}
NONE = {"maskAllText": False, "maskAllImages": False, "maskAllInputs": False, "unknown": "keep", "uncovered": "keep"}
NONE |= {"titleBars": "keep", "treelessWindows": "keep", "gaps": "keep", "clearance": "latest", "staleAfter_ms": 1e9}


def delays(changes, recording):
    """Milliseconds from each change of the button's colour, in nanoseconds of CLOCK_MONOTONIC, to the frame that shows it."""
    with open(f"{recording.out}/manifest.json", encoding="utf-8") as file:
        start = datetime.fromisoformat(json.load(file)["started_at"].replace("Z", "+00:00")).timestamp()
    origin = start - (time.time() - time.monotonic())
    shown, last = [], None
    for t_ms, path in recording.finish():
        pixels = np.asarray(Image.open(path).convert("RGB"))
        colour = next((name for name, value in COLOURS.items() if has_colour(pixels, value) > 500), None)
        if colour and last and colour != last:
            shown.append(t_ms / 1e3)
        last = colour or last
    changes = [change / 1e9 - origin for change in changes]
    found = []
    for change, following in zip(changes, changes[1:] + [float("inf")]):
        # A frame may seem to be earlier than the change by this much, the uncertainty of the start.
        after = [t for t in shown if change - 0.05 <= t < following - 0.05]
        found += [(after[0] - change) * 1e3] if after else []
    return found


PAGE = """<style>button{border:0;border-radius:0;color:#fff;width:400px;height:60px;background:#2060c0}
.green{background:#20c060}</style><button id=flash>Colour</button>
<script>addEventListener('keydown',e=>{if(e.key=='c')flash.classList.toggle('green')})</script>"""


def flashes(desktop, application, options):
    """Starts an application; returns a function that waits for its button's next change and returns the time."""
    if application == "gtk3":
        command = ["/usr/bin/python3", f"{HERE}/Apps/gtk3_flash.py", str(options.seed), "40", "quiet"]
        process = desktop.spawn(command, stdout=subprocess.PIPE, bufsize=0)
        desktop.place(desktop.wait_for_window("Flash"), 30, 30)
        desktop.xdotool("mousemove", 1270, 790)
        return lambda: int(limits.line(process.stdout, "gtk3_flash.py"))
    chance = random.Random(options.seed)
    browse(desktop, application, PAGE, "Flash")
    desktop.click(700, 500)
    desktop.xdotool("mousemove", 1270, 790)

    def flip():
        time.sleep(chance.uniform(3, 4))
        before = time.monotonic_ns()
        desktop.xdotool("key", "c")
        return (before + time.monotonic_ns()) // 2

    return flip


def measure_delay(options):
    for application in options.application:
        measure_delay_of(application, options)


def measure_delay_of(application, options):
    with Desktop(1280, 800) as desktop:
        wait = flashes(desktop, application, options)
        policies = {"controls": POLICIES["controls"], "none": NONE}
        recordings = {name: Recording(desktop, options, policy) for name, policy in policies.items()}
        changes = []
        while len(changes) < options.samples:
            changes.append(wait())
        time.sleep(2.5)
        for name, recording in recordings.items():
            found = sorted(delays(changes, recording))
            print(
                f"delay, {application}, {name}: {len(found)} of {len(changes)} changes seen; median {statistics.median(found):.0f} ms, "
                f"p95 {found[int(len(found) * 0.95)]:.0f}, longest {found[-1]:.0f}",
                flush=True,
            )


def measure_share(options):
    for width, height in ((1280, 800), (1920, 1080)):
        with Desktop(width, height) as desktop:
            ledger = Ledger("gtk3", desktop, options, random.Random(options.seed))
            desktop.place(ledger.window, 40, 40, width - 160, height - 160)
            time.sleep(1)
            ledger.look()
            steps = int(options.seconds * 8)

            def typing():
                desktop.xdotool("type", "--delay", 125, ("a word and another " * 50)[:steps])

            def scrolling():
                for step in range(int(options.seconds * 9)):
                    desktop.wheel(1, button=4 + step // 20 % 2 if step > 19 else 5, pause=0.1)

            for name, policy in POLICIES.items():
                recording = Recording(desktop, options, policy)
                pid = recording.process.pid
                shares = {}
                idling = lambda: time.sleep(options.seconds)  # noqa: E731
                for what, page, act in (("idle", 2, idling), ("typing", 0, typing), ("scrolling", 1, scrolling)):
                    ledger.tab(page)
                    if what == "typing":
                        desktop.click(*middle(ledger.find(("text", "entry"))))
                    place = middle(ledger.window) if what == "scrolling" else (width - 5, height - 5)
                    desktop.xdotool("mousemove", *map(int, place))
                    time.sleep(4)
                    shares[what] = share(pid, act)
                recording.finish()
                words = ", ".join(f"{what} {value:.2f} %" for what, value in shares.items())
                print(f"share of a core, {width}x{height}, {name}: {words}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["delay", "share"])
    parser.add_argument("--application", nargs="+", default=["gtk3"], choices=["gtk3", "chromium", "firefox"])
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    parser.add_argument("--probe", default=f"{ROOT}/.build/release/scrim-trees")
    options = parser.parse_args()
    for what in options.what:
        {"delay": measure_delay, "share": measure_share}[what](options)


if __name__ == "__main__":
    main()
