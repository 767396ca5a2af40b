#!/usr/bin/python3
"""Records pages in Chromium and Firefox whose pixels change while their trees stay the same.

    unexplained.py [--runs N] [--seed S] [--keep DIR] [chromium|firefox ...] [--situation NAME ...]

A page of buttons with a secret below each is recorded with the presets default and controls at once.
  scroll   its script keeps the main thread busy while the wheel is turned: the compositor scrolls, the tree stays
  part     the same with pauses in which the tree is partly updated
  toast    a box without a node (aria-hidden) is shown over the buttons
  slide    the same box, moved in by a transform, as compositors animate it, and removed
  fade     the same box, faded in by opacity
  spinner  an endless animation of 40 pixels: the rest of the window must be shown within two seconds
In no exported frame may a pixel have the secrets' colour, which is on the raw screen. With `scroll` the page must be shown again once its
script has ended.

CI's part is one seed of scroll, toast and spinner, 90 seconds. The long version, 5 seeds of each, 40 minutes:
unexplained.py --runs 5 --situation scroll part toast slide fade spinner. Exits with 0 only if all pass."""
import argparse
import random
import shutil
import sys
import time

import needs

if needs.skips("changes that no tree explains", needs.DESKTOP):
    sys.exit(needs.failed)

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from browsers import NEEDS, browse  # noqa: E402
from desktop import Desktop  # noqa: E402
from recording import FILL, INK, POLICIES, ROOT, Recording, has_colour, screen  # noqa: E402

# The buttons are small: one as large as a card is not shown in any case.
STYLE = """<style>body{margin:0;font:20px sans-serif}button{width:152px;height:HEIGHT;font-size:20px;margin:0 4px 0 0}
.row{height:HEIGHT;white-space:nowrap;overflow:hidden}b{color:#c80096;font-size:24px;line-height:HEIGHT}
#toast{position:fixed;background:#333;color:#c80096;font:bold 40px sans-serif;padding:12px;display:none;
border:6px solid #c80096}
@keyframes turn{to{transform:rotate(360deg)}}
#spin{width:40px;height:40px;box-sizing:border-box;border:5px solid #ccc;border-top-color:#06c;border-radius:50%;
animation:turn 1s linear infinite}</style>"""
SCRIPT = """<script>
const busy=(ms)=>{const end=Date.now()+ms;while(Date.now()<end);};
addEventListener('keydown',e=>{
 if(e.key=='b')setTimeout(()=>busy(BUSY),1500);
 if(e.key=='p'){let n=0;const go=()=>{busy(1500);if(++n<5)setTimeout(go,150)};setTimeout(go,1200);}
 const toast=document.getElementById('toast');
 if(e.key=='t')toast.style.display=toast.style.display?'':'block';
 if(e.key=='s'){toast.style.cssText+='display:block;transform:translateX(-900px);transition:transform .4s';
  setTimeout(()=>toast.style.transform='none',50);}
 if(e.key=='f'){toast.style.cssText+='display:block;opacity:0;transition:opacity .4s';
  setTimeout(()=>toast.style.opacity=1,50);}
});</script>"""


def page(what, chance):
    # After scrolling, the secret below a button is at the button's place.
    height = "50px"
    rows = "".join(
        "<div class=row>" + "".join(f"<button>Row {n}.{k}</button>" for k in range(6)) + "</div>"
        f"<div class=row><b>SECRET-{chance.randint(1000, 9999)} Margarethe hunter2 {chance.randint(1000, 9999)} Margarethe</b></div>"
        for n in range(80)
    )
    place = f"left:{chance.randint(0, 200)}px;top:{chance.randint(20, 300)}px"
    toast = f"<div id=toast aria-hidden=true style='{place}'>Margarethe {chance.randint(1000, 9999)}</div>"
    spinner = "<div id=spin></div>" if what == "spinner" else ""
    return STYLE.replace("HEIGHT", height) + spinner + rows + toast + SCRIPT.replace("BUSY", str(chance.randint(9000, 11000)))


def act(desktop, what, chance):
    """Performs the situation; returns the number of pixels in the secrets' colour on the screen meanwhile."""
    middle = (300, 400)
    if what == "spinner":
        time.sleep(3)
        return 1
    desktop.xdotool("mousemove", 1270, 790)
    if what in ("scroll", "part"):
        desktop.xdotool("mousemove", *middle)
        desktop.key("b" if what == "scroll" else "p")
        time.sleep(2.2)
        for _ in range(1 if what == "scroll" else chance.randint(2, 4)):
            desktop.wheel(chance.randint(1, 2))
            time.sleep(chance.uniform(0.3, 1.2))
    else:
        desktop.key({"toast": "t", "slide": "s", "fade": "f"}[what])
    time.sleep(5)
    ink = has_colour(screen(desktop), INK)
    time.sleep(8 if what in ("scroll", "part") else chance.choice([0, 2.5]))
    return ink


def run(browser, what, seed, options, report):
    chance = random.Random(f"{browser} {what} {seed}")
    words = f"{browser} {what} {seed}"
    with Desktop(1280, 800) as desktop:
        window = browse(desktop, browser, page(what, chance), "unexplained")
        desktop.xdotool("mousemove", 900, 700, "click", 1, "mousemove", 1270, 790)
        time.sleep(0.5)
        recordings = {name: Recording(desktop, options, POLICIES[name]) for name in POLICIES}
        if what != "spinner":
            time.sleep(2.5)
        ink = act(desktop, what, chance)
        report(ink > 0, f"{words}: the raw screen shows secrets")
        for name, recording in recordings.items():
            frames = recording.finish()
            inked = {}
            for path in sorted({path for _, path in frames}):
                count = has_colour(np.asarray(Image.open(path).convert("RGB")), INK)
                if count:
                    inked[path] = count
            report(not inked, f"{words} {name}: no ink in {len(frames)} frames {list(inked.values())[:5]}")
            if inked and options.keep:
                shutil.copytree(recording.out, f"{options.keep}/{words} {name}", dirs_exist_ok=True)
            if name == "controls":
                check_shown(frames, window, what, words, report)


def check_shown(frames, window, what, words, report):
    def masked(path):
        picture = np.asarray(Image.open(path).convert("RGB"))
        area = picture[window["y"] : window["y"] + window["h"], window["x"] : window["x"] + window["w"]]
        return has_colour(area, FILL) / (area.size // 3)

    if what == "spinner":
        # The time from which most of the window is shown.
        first = next((t for t, path in frames if masked(path) < 0.7), None)
        report(first is not None and first <= 2000, f"{words}: shown but for the spinner after {first} ms")
    elif what in ("scroll", "part"):
        share = masked(frames[-1][1])
        report(share < 0.8, f"{words}: shown again once the page is not busy any more, {share:.0%} masked")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("browsers", nargs="*", default=list(NEEDS))
    parser.add_argument("--situation", nargs="+", default=["scroll", "toast", "spinner"])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a folder for sessions that show masked content")
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    options = parser.parse_args()
    counts = [0, 0]

    def report(holds, words):
        counts[not holds] += 1
        print("ok    " if holds else "FAILED", words, flush=True)

    browsers = [name for name in options.browsers if not needs.skips(name, NEEDS[name])]
    counts[1] += needs.failed
    for seed in range(options.seed, options.seed + options.runs):
        for browser in browsers:
            for what in options.situation:
                try:
                    run(browser, what, seed, options, report)
                except Exception as fault:  # an exception is a failed run; the others continue
                    report(False, f"{browser} {what} {seed}: {type(fault).__name__}: {fault}")
    print(f"{counts[0]} passed, {counts[1]} failed")
    return counts[1] > 0


if __name__ == "__main__":
    sys.exit(main())
