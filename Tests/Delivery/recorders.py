#!/usr/bin/python3
"""Many recorders at once that deliver to one scrim-server: afterwards every sealed segment is in the store exactly once, the sessions
verify with every frame in them, and nothing is left in the spools.

    recorders.py [--recorders N] [--seconds S] [--fps N] [--size WxH]

By default 8 recorders for 10 seconds; the long form is `SCRIM_CONFIGURATION=release recorders.py --recorders 64 --seconds 60`.
"""
import argparse
import collections
import hashlib
import json
import os
import random
import re
import subprocess
import threading
import time

from accounts import in_spool, store_of_folder
from tools import SCRIM, SERVER, Folder, Server, skip


def pictures(width, height, seed):
    """Frames in BGRX: a window that moves over a pattern, and a line of noise as of text that grows."""
    chance = random.Random(seed)
    pattern = b"".join(bytes((x & 255, y & 255, (x ^ y) & 255, 0)) for y in range(height) for x in range(width))
    made = []
    for number in range(16):
        frame = bytearray(pattern)
        left = number * (width - 80) // 16
        for y in range(20, 60):
            place = (y * width + left) * 4
            frame[place:place + 320] = chance.randbytes(4) * 80
        place = (height - 10) * width * 4
        frame[place:place + number * 80] = chance.randbytes(number * 80)
        made.append(bytes(frame))
    return made


class Recorder:
    """`scrim record --out URL` with a spool of its own, and a thread that feeds it."""

    def __init__(self, number, folder, url, options, frames):
        self.spool, self.written, self.late = f"{folder}/spool{number}", 0, 0.0
        self.errors = open(f"{folder}/errors{number}", "w+b")
        self.process = subprocess.Popen(
            [SCRIM, "record", "--raw", "-", "--size", options.size, "--format", "bgrx", "--fps", str(options.fps), "--policy", "none", "--out", url,
             "--spool", self.spool, "--deliver-seconds", "120", "--quiet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.errors)
        self.thread = threading.Thread(target=self.feed, args=(number, options, frames))
        self.thread.start()

    def feed(self, number, options, frames):
        begin = time.monotonic() + number / 64 / options.fps
        try:
            for count in range(int(options.seconds * options.fps)):
                due = begin + count / options.fps
                time.sleep(max(0, due - time.monotonic()))
                self.process.stdin.write(frames[(number + count) % len(frames)])
                self.process.stdin.flush()
                self.written += 1
                self.late = max(self.late, time.monotonic() - due)
        except BrokenPipeError:
            pass
        finally:
            try:
                self.process.stdin.close()
            except OSError:
                pass

    def end(self):
        self.thread.join()
        code = self.process.wait(180)
        self.errors.seek(0)
        words = self.errors.read().decode()
        self.errors.close()
        assert code == 0, f"a recorder ended with {code}: {words[-2000:]}"


def check(folder, recorders):
    """Raises unless all that was recorded is in the store once; returns counts."""
    stored = store_of_folder(folder + "/store")
    answered = collections.Counter(
        (line["path"], line["method"]) for line in map(json.loads, open(folder + "/access")) if line["status"] == 201)
    twice = [path for (path, method), count in answered.items() if count > 1 and "/segments/" in path]
    assert not twice, f"stored twice: {twice}"
    places = [place for place, _, names in os.walk(folder + "/store/default") if "manifest.json" in names]
    assert len(places) == len(recorders), f"{len(places)} sessions of {len(recorders)} recorders"
    frames = 0
    listed = set()
    for place in places:
        manifest = json.load(open(place + "/manifest.json"))
        assert manifest["state"] == "sealed", place
        for index, entry in enumerate(manifest["segments"]):
            data = stored[(manifest["id"], index)]
            assert hashlib.sha256(data).hexdigest() == entry["sha256"], (place, index)
            assert answered[(f"/v1/sessions/{manifest['id']}/segments/{index:08d}", "PUT")] == 1, (place, index)
            listed.add((manifest["id"], index))
            frames += entry["frames"]
        done = subprocess.run([SCRIM, "verify", place, "--quiet"], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{place}: {done.stderr[-2000:]}"
    assert listed == set(stored), f"stored, but in no manifest: {set(stored) - listed}"
    written = sum(recorder.written for recorder in recorders)
    # A frame that equals the one before it is recorded too, as a time without a change.
    assert frames == written, f"{frames} frames are stored of {written}"
    for recorder in recorders:
        assert not in_spool(recorder.spool), f"{recorder.spool}: segments are left"
        left = [path for path, _, names in os.walk(recorder.spool) if any(name.endswith((".scrim", ".part")) for name in names)]
        assert not left and not os.path.exists(recorder.spool + "/dropped.jsonl"), (left, os.listdir(recorder.spool))
    return len(stored), frames, sum(map(len, stored.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recorders", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--fps", type=float, default=2)
    parser.add_argument("--size", default="320x200")
    options = parser.parse_args()
    if not os.path.exists(SERVER):
        return skip("scrim-server is not built")
    frames = pictures(*map(int, options.size.split("x")), 1)
    with Folder() as folder:
        server = Server(folder + "/store", "--access-log", folder + "/access")
        recorders = []
        try:
            begin = time.monotonic()
            for number in range(options.recorders):
                recorders.append(Recorder(number, folder, server.url, options, frames))
            for recorder in recorders:
                recorder.end()
            took = time.monotonic() - begin
            memory = int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{server.process.pid}/status").read())[1]) // 1024
            assert server.stop() == 0
            segments, count, size = check(folder, recorders)
        finally:
            for recorder in recorders:
                recorder.process.kill()
            if server.process.poll() is None:
                server.kill()
        late = max(recorder.late for recorder in recorders)
        print(f"recorders: {options.recorders} for {options.seconds:g} s ({took:.0f} s with the last deliveries): {count} frames in {segments} segments, "
              f"{size / 1e6:.1f} MB, each stored once; at most {late:.1f} s behind; server at most {memory} MB", flush=True)


if __name__ == "__main__":
    main()
