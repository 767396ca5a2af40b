#!/usr/bin/python3
"""Measures the memory of buffering real screens of 1920x1080: ten minutes of typing, and photographs that scroll.

    memory.py [--scrim PATH] [--sessions DIR] [--minutes N]

Raw recordings of ten seconds (NAME.raw.zst, 10 frames a second), repeated, go through `scrim record --raw -`, which buffers the last minute
and writes nothing. The peak of its resident memory must stay below 100 MB for typing and 160 MB for photographs. Exits with 1 otherwise.
Needs zstd. Takes about as long as the recordings, which are read as fast as they are coded."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIMITS = {"typing": 100, "photo": 160}


def feed(path, seconds, pipe):
    """Writes the recording again and again."""
    frames, size, written = round(seconds * 10), 1920 * 1080 * 4, 0
    while written < frames:
        with subprocess.Popen(["zstd", "-dcq", "--long=27", path], stdout=subprocess.PIPE) as source:
            while written < frames and (data := source.stdout.read(size)):
                assert len(data) == size, f"{path} ends within a frame"
                pipe.write(data)
                written += 1
            source.kill()
    pipe.close()


def measure(scrim, path, seconds):
    with tempfile.TemporaryDirectory() as folder:
        command = [scrim, "record", "--raw", "-", "--size", "1920x1080", "--format", "bgrx", "--fps", "10", "--policy", "none", "--quiet"]
        command += ["--session-sample", "0", "--error-sample", "1", "--out", f"{folder}/session"]
        begin = time.monotonic()
        recorder = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        feed(path, seconds, recorder.stdin)
        _, status, usage = os.wait4(recorder.pid, 0)
        # A session that no error has written leaves nothing, and a recording without a session is no success.
        assert not os.path.exists(f"{folder}/session"), "nothing is written"
        assert os.waitstatus_to_exitcode(status) == 0, recorder.stderr.read().decode()
        return usage.ru_maxrss * 1024 / 1e6, time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--scrim", default=os.fspath(ROOT / ".build/release/scrim"))
    parser.add_argument("--sessions", default=os.environ.get("SCRIM_SESSIONS_1080P", ROOT.parent / "shared/sessions-1080p"))
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    failed = False
    for name, limit in LIMITS.items():
        path = pathlib.Path(options.sessions, f"{name}.raw.zst")
        if not path.exists():
            print(f"skipped: no recording at {path}; set SCRIM_SESSIONS_1080P")
            failed = failed or bool(os.environ.get("SCRIM_NO_SKIP"))
            continue
        megabytes, seconds = measure(options.scrim, path, options.minutes * 60)
        failed = failed or megabytes >= limit
        verdict = "ok    " if megabytes < limit else "FAILED"
        print(f"{verdict} {name}: {megabytes:.0f} MB of {limit} after {options.minutes:g} min of pictures, read in {seconds:.0f} s", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
