#!/usr/bin/python3
"""Measures which parts of widgets are withheld when they change their look without moving, by toolkit: the table in Accessibility.md.

    looks.py [--seconds S] [gtk3|gtk4|qt|chromium|firefox ...]

A window with a button, an entry, a spinner and a progress bar is recorded with the preset controls. The pointer stands on the button, presses it,
clicks into the entry (a caret blinks from then on), starts the spinner, sets the bar, ticks the box; each state is held for S seconds. Pixels that were
shown before and differ from the screen, sampled every half second, are withheld: printed is the largest share of the window from two seconds
on, since until then nothing has settled, and the time until nothing is withheld."""
import argparse
import json
import sys
import time
from datetime import datetime

import needs

APPLICATIONS = {name: needs.APPLICATIONS[name] for name in ("gtk3", "gtk4", "qt", "chromium")}
APPLICATIONS["firefox"] = ["firefox-esr"]
if needs.skips("looks of widgets", needs.DESKTOP):
    sys.exit(needs.failed)

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from browsers import browse  # noqa: E402
from desktop import Desktop  # noqa: E402
from ledger import middle  # noqa: E402
from recording import FILL, HERE, POLICIES, ROOT, Recording, read_tree, screen  # noqa: E402

PAGE = """<style>@keyframes turn{to{transform:rotate(360deg)}}body{font:18px sans-serif}
button,input,progress{display:block;margin:14px;font-size:18px}button{width:400px}
button.styled:hover{background:#cde}
#spin{width:40px;height:40px;box-sizing:border-box;border:5px solid #ccc;border-top-color:#06c;border-radius:50%}
#spin.on{animation:turn 1s linear infinite}</style>
<button>Transfer</button><button onclick="spin.classList.toggle('on')">Spin</button>
<button onclick="bar.value=1-bar.value">More</button><input id=entry><div id=spin></div>
<progress id=bar value=0.25></progress><input type=checkbox aria-label=Remember>"""


def started(recording):
    with open(f"{recording.out}/manifest.json", encoding="utf-8") as file:
        start = datetime.fromisoformat(json.load(file)["started_at"].replace("Z", "+00:00")).timestamp()
    return start - (time.time() - time.monotonic())


def measure(kind, options):
    with Desktop(1000, 760) as desktop:
        if kind in ("chromium", "firefox"):
            browse(desktop, kind, PAGE, "Looks", (800, 640))
        else:
            command = f"{HERE}/Apps/{'qt' if kind == 'qt' else 'gtk'}_looks.py"
            desktop.spawn(["/usr/bin/python3", command, kind[-1]])
            desktop.place(desktop.wait_for_window("Looks"), 20, 40)
        time.sleep(1)
        desktop.xdotool("mousemove", 995, 755)
        time.sleep(0.5)
        window = desktop.wait_for_window("Looks")
        tree = read_tree(desktop, options.probe)["widgets"]

        def at(role, name=None):
            return middle(next(w for w in tree if w["role"] in role and (name is None or w["name"] == name)))

        def hold(act):
            act()
            samples, end = [], time.monotonic() + options.seconds
            while time.monotonic() < end:
                pointer = desktop.root.query_pointer()
                samples.append((time.monotonic(), screen(desktop), (pointer.root_x, pointer.root_y)))
                time.sleep(0.5)
            return samples

        def button(name):
            return at(("push button",), name)

        recording = Recording(desktop, options, POLICIES["controls"])
        origin = started(recording)
        time.sleep(3)
        away = lambda: desktop.xdotool("mousemove", 995, 755)  # noqa: E731
        move = lambda place: desktop.xdotool("mousemove", *map(int, place))  # noqa: E731
        steps = {"hover": lambda: move(button("Transfer"))}
        steps["press"] = lambda: desktop.xdotool("mousedown", 1)
        steps["release, away"] = lambda: (desktop.xdotool("mouseup", 1), away())
        steps["hover again"] = lambda: move(button("Transfer"))
        steps["caret"] = lambda: (desktop.click(*at(("text", "entry"))), away())
        steps["spinner"] = lambda: (desktop.click(*button("Spin")), away())
        steps["spinner ends"] = steps["spinner"]
        steps["progress bar"] = lambda: (desktop.click(*button("More")), away())
        steps["check box"] = lambda: (desktop.click(*at(("check box",))), away())
        samples = {name: hold(act) for name, act in steps.items()}
        frames = [(t / 1e3, path) for t, path in recording.finish()]
        # Only the page of a browser: the address bar's mask changes when it loses the focus.
        page = next((w for w in tree if w["role"] == "document web"), window)
        left, top = int(page["x"]), int(page["y"])
        area = np.s_[top : int(page["y"] + page["h"]), left : int(page["x"] + page["w"])]

        def shown(moment):
            path = [path for t, path in frames if t <= moment][-1:] or [frames[0][1]]
            return np.asarray(Image.open(path[0]).convert("RGB"))[area]

        start = shown(samples["hover"][0][0] - origin - 0.3)
        # Pixels masked by the policy: masks stay, and do not count as withheld.
        open_pixels = ~np.all(start == np.array(FILL, np.uint8), axis=-1)
        for name, held in samples.items():
            shares = []
            for moment, raw, (x, y) in held:
                differs = np.any(shown(moment - origin) != raw[area], axis=-1) & open_pixels
                # The pointer is in Xvfb's screen file, but not part of a recording.
                differs[max(y - top - 24, 0) : max(y - top + 24, 0), max(x - left - 24, 0) : max(x - left + 24, 0)] = False
                shares.append((moment - held[0][0], float(differs.mean())))
            late = [share for t, share in shares if t >= 2]
            until = max([t for t, share in shares if share > 2e-4] or [0])
            print(f"{kind:8} {name:14} {max(late):7.2%} from 2 s on, any until {until:4.1f} s of {options.seconds}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=list(APPLICATIONS))
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    parser.add_argument("--probe", default=f"{ROOT}/.build/release/scrim-trees")
    options = parser.parse_args()
    for what in options.what:
        if not needs.skips(what, APPLICATIONS[what]):
            measure(what, options)


if __name__ == "__main__":
    main()
