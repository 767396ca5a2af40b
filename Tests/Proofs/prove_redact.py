#!/usr/bin/python3
"""Runs `scrim redact` on the corpus screenshots.

  whole    every screenshot has an output of its own name
  secrets  tesseract reads no secret of a screenshot in its output, under the default policy and under controls
  labels   under the preset controls, all labels that should stay visible do: around its control the output reads as the input does, or,
           if OCR reads neither, every pixel is the input's (labels that the input does not show are not counted: behind another
           window, too small, or fully transparent, where redaction removes the colour too)
  kills    runs that are killed at random moments leave only complete outputs in DIR: 220 kills, with --quick 15

With --quick OCR reads every fourth screenshot."""
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image

import masks
from proof import Report, arguments, run, stop_without_command
from prove_ocr import flow, plain, read


def words_of(path):
    image = Image.open(path).convert("RGB")
    rgb = np.asarray(image).astype(np.uint32)
    return rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]


def transparent_in(path):
    """The pixels with alpha 0: X servers leave it in the fourth byte, and a grab as RGBA keeps it."""
    return np.asarray(Image.open(path).convert("RGBA"))[..., 3] == 0


def secrets_of(sidecar):
    values = [s if isinstance(s, str) else s["value"] for s in sidecar["secrets"]]
    return [plain(value) for value in values if len(plain(value)) >= 4]


def controls_named(sidecar, label):
    scale = sidecar.get("box_scale", 1)
    for widget in sidecar["widgets"]:
        if widget.get("name") == label and masks.role_name(widget["role"]) in masks.CONTROLS:
            x, y, w, h = (int(widget[key] * scale) for key in "xywh")
            if w > 0 and h > 0 and x >= 0 and y >= 0:
                yield slice(y, y + h), slice(x, x + w)


def label_survives(raw, out, places, label):
    """None if OCR can't read it anywhere in the input: behind another window, or too small."""
    reads = lambda crop: any(plain(label) in flow(read(np.pad(crop, 6, "edge"), 3, psm)) for psm in (7, 11))
    places = [place for place in places if raw[place].size]
    if any(np.array_equal(raw[place], out[place]) or reads(out[place]) for place in places):
        return True
    return False if any(reads(raw[place]) for place in places) else None


def look(options, report, screens, names, work):
    chosen = names[::4] if options.quick else names
    readable, labels = 0, []
    for policy in ("default", "controls"):
        out = os.path.join(work, policy)
        run(options, "redact", screens, "--out", out, "--policy", policy, "--quiet", "--no-sync")
        report.check(f"{policy}: every screenshot has an output", sorted(os.listdir(out)) == names)
        for name in chosen:
            with open(os.path.join(screens, os.path.splitext(name)[0] + ".json"), encoding="utf-8") as file:
                sidecar = json.load(file)
            raw, redacted = words_of(os.path.join(screens, name)), words_of(os.path.join(out, name))
            secrets = secrets_of(sidecar)
            if secrets:
                said, before = flow(read(redacted)), flow(read(raw))
                readable += sum(secret in before for secret in secrets)
                found = sum(secret in said for secret in secrets)
                report.check(f"{policy} {name}: secrets", found == 0, f"{found} of {len(secrets)} read", quiet=True)
            if policy != "controls":
                continue
            for label in sidecar["labels_that_should_survive"]:
                places = list(controls_named(sidecar, label))
                hidden = transparent_in(os.path.join(screens, name))
                if places and all(hidden[place].all() for place in places):
                    print(f"not counted, since the input is transparent there: {name} label {label!r}")
                elif places:
                    holds = label_survives(raw, redacted, places, label)
                    if holds is None:
                        print(f"not counted, since the input does not show it: {name} label {label!r}")
                        continue
                    labels.append(holds)
                    if not holds:
                        print(f"masked: {name} label {label!r}")
    report.check("all labels survive", labels and all(labels), f"{sum(labels)} of {len(labels)}")
    report.check("OCR reads secrets in the inputs", readable > 0, f"{readable} times")


def same_output(a, b):
    """igzip may code a picture in two ways: then pixels are compared, and there are only IHDR, IDAT and IEND."""
    if a == b or a is None:
        return a == b
    if not b.endswith(b"IEND\xaeB`\x82") or b[37:41] != b"IDAT" or 57 + int.from_bytes(b[33:37], "big") != len(b):
        return False
    one, other = Image.open(io.BytesIO(a)), Image.open(io.BytesIO(b))
    return one.mode == other.mode and one.size == other.size and one.tobytes() == other.tobytes()


def kill(options, report, screens, names, work):
    wanted = 15 if options.quick else 220
    reference, out = os.path.join(work, "reference"), os.path.join(work, "out")
    command = [options.scrim, "redact", screens, "--quiet", "--jobs", "2", "--out"]
    started = time.time()
    subprocess.run([*command, reference], check=True)
    longest = time.time() - started
    whole = {name: open(os.path.join(reference, name), "rb").read() for name in names}
    chance, kills, bad, seen = random.Random(options.seed), 0, set(), 0
    while kills < wanted:
        process = subprocess.Popen([*command, out, "--resume"], stderr=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(0.001, longest))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        found = os.listdir(out) if os.path.isdir(out) else []
        seen += len(found)
        for name in found:
            with open(os.path.join(out, name), "rb") as file:
                if not same_output(whole.get(name), file.read()):
                    bad.add(name)
        if len(found) == len(names):
            shutil.rmtree(out)
    report.check(f"{kills} kills", not bad, f"of {seen} files checked, incomplete: {sorted(bad)}")


def main():
    options = arguments(__doc__)
    report = Report("redaction of screenshots")
    screens = os.path.abspath(os.path.join(options.corpus, "screens"))
    if not os.path.isdir(screens):
        print(f"skipped: no screenshots at {screens}; set SCRIM_CORPUS")
        return report.close()
    stop_without_command(options)
    names = sorted(n for n in os.listdir(screens) if n.lower().endswith((".png", ".jpg", ".jpeg")))
    with tempfile.TemporaryDirectory() as work:
        look(options, report, screens, names, work)
        kill(options, report, screens, names, work)
    return report.close()


if __name__ == "__main__":
    sys.exit(main())
