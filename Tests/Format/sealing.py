#!/usr/bin/env python3
"""Sessions sealed to a public key, from outside: what is on the disk and in memory, after kills, and in stores.

    sealing.py [SCRIM]      the built command; .build/debug/scrim by default

What is opened is opened by sealed.py, from Format.md alone.
"""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sealed

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else HERE + "/../../.build/debug/scrim")
WIDTH, HEIGHT = 64, 48
ID = "00010203-0405-0607-0809-0a0b0c0d0e0f"
NAMED = ["--session-id", ID, "--started-at", "2026-01-31T12:00:00Z"]
RAW = ["record", "--raw", "-", "--size", f"{WIDTH}x{HEIGHT}", "--format", "bgrx", "--policy", "none", "--fps", "10",
       "--segment-seconds", "1", "--keyframe-interval", "1", "--quiet"]
SEED = 15


def scrim(*arguments, data=None, codes=(0,), timeout=120):
    run = subprocess.run([SCRIM, *arguments], input=data, capture_output=True, timeout=timeout)
    assert run.returncode in codes, (arguments, run.returncode, run.stderr)
    return run


def frame(number):
    """A gradient with noise, so that every record has content of its own."""
    noise = random.Random(number)
    picture = bytearray(b"\x20\x40\x60\x00" * (WIDTH * HEIGHT))
    for place in range(0, 4 * WIDTH * 12, 4):
        picture[place:place + 3] = noise.randbytes(3)
    return bytes(picture)


def files(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            yield root + "/" + name


def windows(data, size=8):
    return {data[place:place + size] for place in range(len(data) - size + 1)}


def secrets_of(plain):
    """Pieces of a session that is not sealed which must not be seen in the sealed one: all but its id and its start."""
    pieces = set()
    for path in files(plain + "/segments"):
        data = open(path, "rb").read()
        pieces |= windows(data[:18]) | windows(data[42:])
    # Zeros, which stand for the segment before the first, and the magic's end.
    return {piece for piece in pieces if len(set(piece)) > 3}


def check_hidden(folder, pieces):
    for path in files(folder):
        try:
            found = windows(open(path, "rb").read()) & pieces
        except FileNotFoundError:
            continue
        assert not found, f"{path} shows {next(iter(found)).hex()}"


class Workplace:
    def __init__(self, root):
        self.root = root
        self.key = root + "/key"
        scrim("keygen", self.key, "--quiet")
        assert os.stat(self.key).st_mode & 0o777 == 0o600
        scrim("keygen", self.key, codes=(2,))
        scrim("keygen", root + "/other", "--quiet")
        self.raw = b"".join(frame(number) for number in range(35))
        self.plain = root + "/plain"
        scrim(*RAW, *NAMED, "--out", self.plain, data=self.raw)
        self.pieces = secrets_of(self.plain)

    def path(self, name):
        return self.root + "/" + name

    def seal(self):
        return ["--seal-to", self.key + ".pub"]


def plain_segment(place, index):
    return open(f"{place.plain}/segments/{index:08}.scrim", "rb").read()


def check_equal(place, folder):
    """The opened segments are those of the plain session, but for the chain in the seal."""
    segments, manifest, about = sealed.open_session(folder, place.key)
    for index, contents in enumerate(segments):
        own, plain = b"".join(contents), plain_segment(place, index)
        offset = int.from_bytes(plain[-4:], "little")
        assert own[:offset] == plain[:offset] and len(own) == len(plain), f"segment {index} differs"
    assert {"id", "format", "started_at", "state", "sealed_to", "sealed_key", "sealed_about", "segments"} == set(manifest)
    return segments, about


def test_recording(place):
    folder = place.path("sealed")
    scrim(*RAW, *NAMED, *place.seal(), "--out", folder, data=place.raw)
    check_hidden(folder, place.pieces)
    # The check finds the pieces where nothing is sealed.
    try:
        check_hidden(place.plain, place.pieces)
        raise SystemExit("the check finds nothing")
    except AssertionError:
        pass
    segments, about = check_equal(place, folder)
    assert about["segments"] == len(segments) == 4
    before = scrim("verify", folder)
    assert b"contents were not read" in before.stderr, before.stderr
    assert b"35 frames: intact" in scrim("verify", folder, "--key", place.key).stderr
    missing = folder + "/segments/00000001.scrim"
    os.rename(missing, place.path("kept"))
    for key in ([], ["--key", place.key]):
        assert b"gap: 1 segment of 4 missing (1)" in scrim("verify", folder, *key, codes=(1,)).stderr
    os.rename(place.path("kept"), missing)
    for command in (["inspect"], ["play"], ["export", "--to", "png", "--out", place.path("x")]):
        run = scrim(command[0], folder, *command[1:], codes=(2,))
        assert b"--key" in run.stderr and not run.stdout and not os.path.exists(place.path("x"))
        run = scrim(command[0], folder, *command[1:], "--key", place.path("other"), codes=(2,))
        assert b"is sealed to" in run.stderr and not run.stdout and not os.path.exists(place.path("x"))
    scrim("export", folder, "--to", "png", "--out", place.path("png"), "--key", place.key, "--quiet")
    scrim("export", place.plain, "--to", "png", "--out", place.path("png2"), "--quiet")
    assert subprocess.run(["diff", "-r", place.path("png"), place.path("png2")]).returncode == 0
    scrim("export", folder, "--to", "html", "--out", place.path("a.html"), "--key", place.key, "--quiet")
    scrim("export", place.plain, "--to", "html", "--out", place.path("b.html"), "--quiet")
    assert open(place.path("a.html"), "rb").read() == open(place.path("b.html"), "rb").read()
    return f"{len(segments)} segments, {len(place.pieces)} pieces looked for"


def test_kills(place, count=20):
    """kill -9 of the recorder at random moments; what is left is recovered without the key, and opens with it."""
    chance = random.Random(SEED)
    frames = messages = 0
    for number in range(count):
        folder = place.path(f"killed-{number}")
        process = subprocess.Popen(
            [SCRIM, *RAW, *NAMED, *place.seal(), "--out", folder], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for start in range(0, len(place.raw), WIDTH * HEIGHT * 4):
            process.stdin.write(place.raw[start:start + WIDTH * HEIGHT * 4])
            process.stdin.flush()
            if start and chance.random() < 0.06:
                break
            time.sleep(0.004)
        check_hidden(folder, place.pieces)
        time.sleep(chance.random() * 0.03)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        process.stdin.close()
        if not os.path.exists(folder + "/manifest.json"):
            continue
        check_hidden(folder, place.pieces)
        key = ["--key", place.key] if number % 3 == 0 else []
        run = scrim("recover", folder, "--json", "--quiet", *key)
        report = json.loads(run.stdout)
        assert report["contentsRead"] == bool(key)
        messages += report.get("recoveredMessages") or 0
        if report["segments"] == 0:
            continue
        scrim("verify", folder)
        scrim("verify", folder, "--key", place.key)
        segments, _, about = sealed.open_session(folder, place.key)
        assert about is None
        for index, contents in enumerate(segments):
            own, plain = b"".join(contents), plain_segment(place, index)
            offset = min(len(own), int.from_bytes(plain[-4:], "little"))
            assert own[:offset] == plain[:offset], f"segment {index} differs"
            frames += 1
        shutil.rmtree(folder)
    assert messages > 0
    return f"{count} kills, seed {SEED}: {frames} segments, {messages} messages of cut ones"


def test_delivery(place):
    store, spool = place.path("store"), place.path("spool")
    scrim(*RAW, *NAMED, *place.seal(), "--out", "file://" + store, "--spool", spool, data=place.raw)
    check_hidden(store, place.pieces)
    check_hidden(spool, place.pieces)
    (folder,) = [path[:-len("/manifest.json")] for path in files(store) if path.endswith("/manifest.json")]
    check_equal(place, folder)
    scrim("verify", folder)
    second = place.path("second")
    scrim("upload", place.path("sealed"), "--to", second, "--quiet")
    names = [path for path in files(second) if path.endswith(".scrim")]
    assert len(names) == 4
    for path in names:
        own = open(place.path("sealed") + "/segments/" + os.path.basename(path), "rb").read()
        assert open(path, "rb").read() == own
    # What waits in a spool can be checked without the key too.
    waiting = place.path("waiting")
    os.makedirs(waiting)
    shutil.copytree(place.path("sealed"), waiting + "/" + ID)
    scrim("upload", waiting, "--check")
    with open(f"{waiting}/{ID}/segments/00000001.scrim", "r+b") as file:
        file.truncate(300)
    scrim("upload", waiting, "--check", codes=(1,))
    return "spool, folder and session"


def test_buffer(place):
    """A session that is kept in memory until an error is sealed when it is written."""
    events = place.path("events.jsonl")
    with open(events, "w") as file:
        file.write('{"t_ms":2000,"type":"error","id":"E-77","message":"TROUBLE","name":"Trouble"}\n')
    folder = place.path("buffered")
    scrim(*RAW, *place.seal(), "--session-sample", "0", "--error-sample", "1", "--events", events, "--out", folder,
          data=place.raw)
    for path in files(folder):
        data = open(path, "rb").read()
        assert b"TROUBLE" not in data and b"E-77" not in data
    segments, _, about = sealed.open_session(folder, place.key)
    assert about["kind"] == "buffer" and about["error_ids"] == ["E-77"]
    assert any(b"TROUBLE" in content for contents in segments for content in contents)
    return f"{len(segments)} segments"


def regions_with(process, needle):
    """The flags of the memory regions of a process in which the bytes are."""
    found, span, flags = [], None, None
    with open(f"/proc/{process}/smaps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
        for line in maps:
            match = re.match(r"^([0-9a-f]+)-([0-9a-f]+) (\S+)", line)
            if match:
                span = (int(match[1], 16), int(match[2], 16), match[3])
            elif line.startswith("VmFlags:") and span[2].startswith("r"):
                flags = line.split()[1:]
                try:
                    memory.seek(span[0])
                    data = memory.read(span[1] - span[0])
                except (OSError, ValueError):
                    continue
                if needle in data:
                    found.append(flags)
    return found


def test_memory(place):
    """Secrets are in memory that is locked and left out of core files, and nowhere else."""
    folder = place.path("live")
    recorder = subprocess.Popen(
        [SCRIM, *RAW, *place.seal(), "--out", folder], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        for number in range(5):
            recorder.stdin.write(frame(number))
            recorder.stdin.flush()
        wait_for(lambda: any(path.endswith(".part") and os.path.getsize(path) > 2000 for path in files(folder)))
        private = sealed.PrivateKey(sealed.read_key(place.key))
        manifest = json.load(open(folder + "/manifest.json"))
        secret = sealed.SealedBox(private).decrypt(bytes.fromhex(manifest["sealed_key"]))
        kept = regions_with(recorder.pid, secret)
        assert kept, "the secret was not found where it should be"
        assert all("dd" in flags and "lo" in flags for flags in kept), kept
        stream = sealed.derive(secret, 1)
        assert all("dd" in flags for flags in regions_with(recorder.pid, stream))
        os.makedirs(place.path("database"))
        reader = subprocess.Popen(
            [SCRIM, "export", folder, "--to", "sentry-staging", "--follow", "--out", place.path("database"), "--key",
             place.key], stderr=subprocess.DEVNULL)
        try:
            def has_key():
                assert reader.poll() is None, "the reader ended"
                return regions_with(reader.pid, bytes(private))
            kept = wait_for(has_key)
            assert all("dd" in flags and "lo" in flags for flags in kept), kept
            # Its text is wiped.
            time.sleep(1)
            text = open(place.key, "rb").read().strip()
            assert not regions_with(reader.pid, text[-60:]), "the key's text is still in memory"
            assert all("dd" in flags for flags in regions_with(reader.pid, bytes(private)))
        finally:
            reader.kill()
            reader.wait(10)
        # The key of a segment that has ended is gone.
        for number in range(5, 15):
            recorder.stdin.write(frame(number))
            recorder.stdin.flush()
        wait_for(lambda: os.path.exists(folder + "/segments/00000000.scrim"))
        wait_for(lambda: not regions_with(recorder.pid, secret) and not regions_with(recorder.pid, stream))
        assert regions_with(recorder.pid, sealed.derive(secret, 2)), "the next key is where it should be"
    finally:
        recorder.stdin.close()
        recorder.wait(20)
    return "session secret, stream key and private key"


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def test_missing_library(place):
    """Without libsodium the command says which package to install, before it makes anything."""
    hide = "for f in $(ls /usr/lib/*/libsodium.so.* /usr/local/lib/libsodium.so.* 2>/dev/null); do mount --bind /dev/null $f; done; exec \"$@\""
    front = ["unshare", "--mount", "sh", "-c", hide, "sh"]
    if subprocess.run([*front, "true"], capture_output=True).returncode != 0:
        if os.environ.get("SCRIM_NO_SKIP"):
            raise SystemExit("unshare --mount is not allowed")
        return "skipped: unshare --mount is not allowed"
    for arguments in (["keygen", place.path("none")],
                      [*RAW, *place.seal(), "--out", place.path("none")],
                      ["verify", place.path("sealed"), "--key", place.key]):
        run = subprocess.run([*front, SCRIM, *arguments], input=place.raw, capture_output=True, timeout=60)
        assert run.returncode == 3 and b"apt-get install libsodium23" in run.stderr, (run.returncode, run.stderr)
        assert not os.path.exists(place.path("none"))
    # What needs no key needs no libsodium.
    run = subprocess.run([*front, SCRIM, "verify", place.path("sealed")], capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return "3 commands"


def main():
    with tempfile.TemporaryDirectory() as root:
        place = Workplace(root)
        for test in (test_recording, test_kills, test_delivery, test_buffer, test_memory, test_missing_library):
            begun = time.monotonic()
            print(f"{test.__name__[5:]}: {test(place)} ({time.monotonic() - begun:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
