#!/usr/bin/python3
"""Long runs of the player, some ten minutes: a one-hour video, a 60-minute session and a large page. Prints figures; fails if one exceeds its limit.

    Tests/Player/long.py [--minutes N] [--play SECONDS]
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

import browsers
import films
import sessions
from pictures import p95
from segments import Segment, read_varint, read_zigzag, varint, zigzag


def repeat(session, out, copies):
    """A session that repeats another one: later times, higher numbers, a chain of its own."""
    session, out = Path(session), Path(out)
    manifest = json.loads((session / "manifest.json").read_text())
    originals = [Segment((session / entry["file"]).read_bytes()) for entry in manifest["segments"]]
    shift = round(max(entry["last_t_ms"] for entry in manifest["segments"]) * 1e6) + 100_000_000
    frames = sum(entry["frames"] for entry in manifest["segments"])
    (out / "segments").mkdir(parents=True)
    previous, listed = bytes(32), []
    for copy in range(copies):
        for entry, original in zip(manifest["segments"], originals):
            index = len(listed)
            records = original.records
            moved = []
            for kind, is_key, payload in records:
                if kind in (2, 3):
                    moment, at = read_zigzag(payload, 0)
                    rest = payload[at:]
                    if kind == 2:
                        number, place = read_varint(rest, 0)
                        rest = varint(number + copy * frames) + rest[place:]
                    payload = zigzag(moment + copy * shift) + rest
                moved.append([kind, is_key, payload])
            original.records = moved
            data = original.bytes(index, previous)
            original.records = records
            previous = hashlib.sha256(data).digest()
            file = f"segments/{index:08}.scrim"
            (out / file).write_bytes(data)
            listed.append({**entry, "index": index, "file": file, "bytes": len(data), "sha256": previous.hex(),
                           "first_t_ms": entry["first_t_ms"] + copy * shift / 1e6, "last_t_ms": entry["last_t_ms"] + copy * shift / 1e6})
    manifest["segments"] = listed
    (out / "manifest.json").write_text(json.dumps(manifest))
    return out


def memory(browser):
    """The memory of all processes of the browser in bytes."""
    total = 0
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and os.getsid(int(process.name)) == browser.process.pid:
                for line in (process / "smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--play", type=float, default=120)
    parser.add_argument("--large", type=float, default=63)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="player-long-") as name:
        folder = Path(name)
        film = films.check_drift(folder, max(1, int(options.minutes)))
        print(f"a film of uneven times: {film[0]} pictures, each the one shown then, {film[1]} s" if film else "skipped: ffmpeg is missing", flush=True)
        one = sessions.record_capture(sessions.lively_capture(folder / "capture"), folder / "one", "none")
        hour = repeat(one, folder / "hour", max(1, round(options.minutes * 60 / 20.5)))
        url = sessions.page(hour, folder / "hour.html")
        print(f"{options.minutes} minutes: a page of {(folder / 'hour.html').stat().st_size / 1e6:.1f} MB", flush=True)
        large = None
        if sessions.raw_recordings():
            photo = sessions.record_raw("photo", folder / "photo")
            size = sum(file.stat().st_size for file in (photo / "segments").iterdir())
            large = sessions.page(repeat(photo, folder / "large", round(options.large * 1e6 / size)), folder / "large.html")
        for browser_type in browsers.available():
            with browser_type() as browser:
                start = time.monotonic()
                browser.open_player(url)
                opened = time.monotonic() - start
                browser.until("scrim.player.timeline.isWhole", 300)
                scanned = time.monotonic() - start
                chance = random.Random(1)
                took, held = [], []
                for turn in range(10):
                    for _ in range(30):
                        moment = browser.evaluate("scrim.player.duration") * chance.random()
                        took.append(browser.evaluate(f"(async () => {{ const start = performance.now(); await scrim.player.seek({moment}); return performance.now() - start; }})()"))
                    held.append(memory(browser))
                browser.evaluate("(scrim.player.speed = 16, scrim.player.seek(0).then(() => scrim.player.play()))")
                for _ in range(6):
                    time.sleep(options.play / 6)
                    held.append(memory(browser))
                assert not browser.console, browser.console[:3]
                print(f"{browser.name}: first picture after {opened:.2f} s, whole scanned after {scanned:.1f} s; 300 seeks: 50 of 100 within "
                      f"{sorted(took)[150]:.0f} ms, 95 within {p95(took):.0f} ms; MB held: {[round(value / 1e6) for value in held]}", flush=True)
                assert max(held[2:]) < held[1] * 1.25 + 40e6, "memory grows"
                if large:
                    start = time.monotonic()
                    browser.open_player(large)
                    opened = time.monotonic() - start
                    print(f"{browser.name}: {(folder / 'large.html').stat().st_size / 1e6:.0f} MB of page: first picture after {opened:.2f} s", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()


if __name__ == "__main__":
    main()
