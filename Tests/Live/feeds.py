#!/usr/bin/python3
"""Runs the samples that feed their own frames, and checks their recordings: shown content is visible, secrets are not."""
import os
import subprocess
import sys

import limits
import needs

if needs.skips("samples that feed frames", ["import numpy", "import PIL", "cc", "pkg-config"]):
    sys.exit(needs.failed)

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Proofs"))
from proof import ROOT, Export, Report  # noqa: E402
from recording import ocr  # noqa: E402


def recorded(name):
    """Runs a sample; returns all frames of its session."""
    done = limits.run(
        [f"{ROOT}/samples/{name}/run"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout[-2000:])
    export = Export(f"{ROOT}/samples/out/{name}-png")
    return [export.frame(index) for index in range(len(export))]


def feed_c(report):
    frames = recorded("feed-c")
    fields = all((frame[60:88, 20:320] == 0).all() and (frame[104:132, 20:320] == 0).all() for frame in frames)
    report.check("feed-c: typed text is fill", fields, f"{len(frames)} frames")
    report.check("feed-c: the button is visible", all((frame[160:192, 20:140] == 0x3584E4).any() for frame in frames))


def feed_sdl(report):
    if needs.skips("feed-sdl", ["sdl2.pc"]):
        return
    os.environ.update(SDL_VIDEODRIVER="dummy")
    frames = recorded("feed-sdl")
    report.check("feed-sdl: no PIN and no balance", not any((frame == 0xC80096).any() for frame in frames))
    keys = (frames[0][84:256] == 0xFFFFFF).sum()
    report.check("feed-sdl: the keys are visible", keys > 500 and (frames[-1][344:388] == 0x204A87).any(), f"{keys} pixels")
    report.check("feed-sdl: typing the PIN leaves no frame", len(frames) == 2, f"{len(frames)} frames")


def feed_gtk4(report):
    if needs.skips("feed-gtk4", ["gtk4.pc", "xvfb-run", "tesseract"]):
        return
    frames = recorded("feed-gtk4")
    texts = {ocr(Image.fromarray(frame.astype("<u4").view(np.uint8).reshape(*frame.shape, 4)[:, :, 2::-1].copy())) for frame in frames}
    secrets = [word for word in ("ada", "lovelace", "correct", "horse", "4111") if any(word in text for text in texts)]
    report.check("feed-gtk4: no typed text is read", not secrets, f"{len(frames)} frames {secrets or ''}")
    report.check("feed-gtk4: the button is read", any("sendit" in text for text in texts))


def main():
    report = Report("samples that feed frames")
    for feed in (feed_c, feed_sdl, feed_gtk4):
        feed(report)
    report.failed += needs.failed
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
