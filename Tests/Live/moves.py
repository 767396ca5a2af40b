#!/usr/bin/python3
"""Moves a window at random times and searches for unmasked ink; the gap guard is off. Usage: moves.py SEED KIND SECONDS"""
import random
import sys
import time
from types import SimpleNamespace

import numpy as np
from PIL import Image

from live import INK, POLICIES, ROOT, Desktop, Ledger, Recording, has_colour

seed, kind, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
built = f"{ROOT}/.build/release"
options = SimpleNamespace(seed=seed, probe=f"{built}/scrim-trees", scrim=f"{built}/scrim")
chance = random.Random(seed)
with Desktop(1100, 760) as desktop:
    ledger = Ledger(kind, desktop, options, chance)
    ledger.type()
    ledger.type()
    recording = Recording(desktop, options, dict(POLICIES["controls"], gaps="keep"))
    time.sleep(2)
    window, end = desktop.wait_for_window("Ledger"), time.time() + seconds
    while time.time() < end:
        for _ in range(chance.randint(1, 6)):
            if chance.random() < 0.2:
                desktop.key("ctrl+Page_Down")
            desktop.xdotool("windowmove", window["xid"], chance.randint(0, 400), chance.randint(0, 250))
            time.sleep(chance.choice([0, 0.05, 0.3, 0.6, 0.9, 1.2]))
        time.sleep(chance.choice([0.5, 1, 2.5]))
    time.sleep(2.5)
    paths = sorted({path for _, path in recording.finish()})
    inked = [p for p in paths if has_colour(np.asarray(Image.open(p).convert("RGB")), INK)]
    print(f"{kind} {seed}: {len(inked)} of {len(paths)} pictures show ink")
    sys.exit(bool(inked))
