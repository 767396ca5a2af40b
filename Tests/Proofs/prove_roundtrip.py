#!/usr/bin/python3
"""Lossless round trips: sessions under the preset none, and raw streams of every format.

Sessions: `record --policy none --lossless`, then `export`: every pixel equals the source PNG as Pillow
reads it, except for password widgets, which are fill. Raw streams: every format at odd sizes and strides,
decoded here by hand; two streams that differ only in padding give the same session, byte by byte. One
stream per format is ffmpeg's."""
import os
import subprocess
import sys
import tempfile

import numpy as np

import masks
from proof import (
    IDENTITY,
    QUICK_SESSIONS,
    CommandFailed,
    Pictures,
    Report,
    arguments,
    files_of,
    record_and_export,
    session_folders,
    stop_without_command,
)

# Bytes of a pixel in memory order; "_" is padding, "a" an alpha that is not used.
LAYOUTS = dict(
    bgrx="bgr_",
    bgra="bgra",
    rgbx="rgb_",
    rgba="rgba",
    xrgb="_rgb",
    argb="argb",
    rgb24="rgb",
    bgr24="bgr",
    rgb565="16",
    gray8="y",
)
FFMPEG = dict(bgrx="bgr0", rgbx="rgb0", xrgb="0rgb", rgb565="rgb565le", gray8="gray")
SIZES = [(1, 1), (1, 37), (37, 1), (63, 65), (64, 63), (65, 64), (4097, 3)]
FRAMES, FPS = 3, 10


def sessions(report, options):
    rules = masks.policy("none")
    frames = compared = hidden = 0
    for name, folder in session_folders(options, QUICK_SESSIONS):
        capture, pictures = masks.Capture(folder), Pictures()
        with tempfile.TemporaryDirectory() as work:
            try:
                _, export = record_and_export(options, work, folder, name, "none", "--lossless")
            except CommandFailed as failure:
                report.check(name, False, str(failure))
                continue
            if not export.lines_up(report, name, [line["t_ms"] for line in capture.lines]):
                continue
            wrong, passwords, first = 0, 0, ""
            for i in range(len(capture.lines)):
                masked, source = capture.plan(i, rules).masked, pictures[capture.image(i)]
                want, got = np.where(masked, 0, source), export.frame(i)
                bad = got != want if got.shape == want.shape else np.ones((1, 1), bool)
                if bad.any() and not wrong:
                    y, x = np.argwhere(bad)[0]
                    first = f", first in frame {i} at {x},{y}"
                wrong += int(np.count_nonzero(bad))
                passwords += int(np.count_nonzero(masked))
            n = len(capture.lines)
            report.check(
                name, wrong == 0, f"{n} frames, {wrong} px differ{first}, {passwords} px of passwords"
            )
            frames, compared, hidden = frames + n, compared + n * masked.size, hidden + passwords
    print(
        f"sessions: {frames} frames, {compared / 1e6:.0f} Mpx compared, {hidden / 1e6:.2f} Mpx of passwords"
    )


def encode(rng, pictures, layout, slack):
    """Raw bytes of pictures; slack and padding are random, so that two calls differ in nothing else."""
    rows = []
    for picture in pictures:
        r, g, b = (picture >> s & 255 for s in (16, 8, 0))
        if layout == "16":
            body = (r >> 3 << 11 | g >> 2 << 5 | b >> 3).astype("<u2").view(np.uint8)
        elif layout == "y":
            body = r.astype(np.uint8)
        else:
            channel = dict(r=r, g=g, b=b, a=np.full_like(r, 255), _=rng.integers(256, size=r.shape))
            body = np.stack([channel[c] for c in layout], -1).astype(np.uint8)
        body = body.reshape(picture.shape[0], -1)
        rows.append(np.hstack([body, rng.integers(256, size=(len(body), slack), dtype=np.uint8)]))
    return np.stack(rows).tobytes(), rows[0].shape[1]


def decode(raw, layout, width, height):
    """Pictures in tightly packed raw bytes."""
    raw = np.frombuffer(raw, np.uint8)
    if layout == "16":
        v = raw.view("<u2").astype(np.uint32)
        r, g, b = v >> 11, v >> 5 & 63, v & 31
        packed = (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 | (b << 3 | b >> 2)
    elif layout == "y":
        packed = raw.astype(np.uint32) * 0x010101
    else:
        px = raw.reshape(-1, len(layout)).astype(np.uint32)
        r, g, b = (px[:, layout.index(c)] for c in "rgb")
        packed = r << 16 | g << 8 | b
    return packed.reshape(-1, height, width)


def stream(report, options, title, form, size, raws, stride=None):
    """Records each of the equivalent streams; they give one session, whose frames are those decoded here."""
    width, height = size
    found = []
    with tempfile.TemporaryDirectory() as work:
        try:
            for k, raw in enumerate(raws):
                place = os.path.join(work, str(k))
                os.mkdir(place)
                with open(os.path.join(place, "in.raw"), "wb") as file:
                    file.write(raw)
                how = [
                    "--raw",
                    os.path.join(place, "in.raw"),
                    "--size",
                    f"{width}x{height}",
                    "--format",
                    form,
                    "--fps",
                    str(FPS),
                ] + (["--stride", str(stride)] if stride else [])
                session, export = record_and_export(options, place, how, "s", "none", "--lossless", *IDENTITY)
                found.append((files_of(session), [export.frame(i) for i in range(len(export))], export.times))
        except CommandFailed as failure:
            return report.check(title, False, str(failure))
    tight, layout = raws[0], LAYOUTS[form]
    if stride:
        used = width * {"16": 2}.get(layout, len(layout))
        tight = np.frombuffer(tight, np.uint8).reshape(-1, stride)[:, :used].tobytes()
    want = decode(tight, layout, width, height)
    faults = []
    for files, frames, times in found:
        if len(frames) != len(want) or any(not np.array_equal(a, b) for a, b in zip(frames, want)):
            faults.append(f"{len(frames)} frames differ from the {len(want)} given")
        elif any(abs(t - i * 1000 / FPS) > 1 for i, t in enumerate(times)):
            faults.append("times differ")
        if files != found[0][0]:
            faults.append("padding changes the session")
    return report.check(title, not faults, "; ".join(faults), quiet=True)


def streams(report, options):
    rng = np.random.default_rng(options.seed)
    for form, layout in LAYOUTS.items():
        for width, height in SIZES:
            pictures = [rng.integers(1 << 24, size=(height, width), dtype=np.uint32)]
            while len(pictures) < FRAMES:  # the same with a part changed
                picture = pictures[-1].copy()
                picture[height // 2 :, width // 2 :] = rng.integers(1 << 24)
                pictures.append(picture)
            for slack in (0, 13) if not options.quick else (13,):
                raws = [encode(rng, pictures, layout, slack) for _ in range(2)]
                stride = raws[0][1] if slack else None
                stream(
                    report,
                    options,
                    f"{form} {width}x{height} slack {slack}",
                    form,
                    (width, height),
                    [raw for raw, _ in raws],
                    stride,
                )
        with tempfile.NamedTemporaryFile(suffix=".raw") as file:
            subprocess.run(
                [
                    "ffmpeg",
                    "-v",
                    "error",
                    "-y",
                    "-f",
                    "lavfi",
                    "-i",
                    f"testsrc=size=65x64:rate={FPS}",
                    "-frames:v",
                    str(FRAMES),
                    "-f",
                    "rawvideo",
                    "-pix_fmt",
                    FFMPEG.get(form, form),
                    file.name,
                ],
                check=True,
            )
            stream(report, options, f"{form} from ffmpeg", form, (65, 64), [file.read()])
    print(f"raw streams: {len(LAYOUTS)} formats, {len(SIZES)} sizes")


def main():
    options = arguments(__doc__)
    stop_without_command(options)
    report = Report("round trip")
    streams(report, options)
    sessions(report, options)
    sys.exit(report.close())


if __name__ == "__main__":
    main()
