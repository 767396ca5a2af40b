#!/usr/bin/python3
"""Sealed sessions under faults: what was cut off, garbled, removed or forged is found, and the rest is saved.

    sealing.py [--full] [--seed N] [NAME ...]

SCRIM names another program to test.
"""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import time

import tools
from sessions import Session
from tools import Folder, run

SCRIM = os.environ.get("SCRIM", tools.SCRIM)
WIDTH, HEIGHT = 32, 24
HEADER = 180
RAW = ["record", "--raw", "-", "--size", f"{WIDTH}x{HEIGHT}", "--format", "bgrx", "--policy", "none", "--fps", "10",
       "--segment-seconds", "1", "--keyframe-interval", "1", "--quiet"]


def scrim(*arguments, codes=(0,), data=None, wait=60):
    """Runs the command to its end; returns its standard output and its messages."""
    try:
        done = subprocess.run([SCRIM, *arguments], input=data, capture_output=True, timeout=wait)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"scrim {' '.join(arguments)} took more than {wait} s") from error
    words = done.stderr.decode()
    assert done.returncode in codes, f"scrim {' '.join(arguments)} ended with {done.returncode}: {words[-2000:]}"
    return done.stdout.decode(), words


def report(*arguments, codes=(0,)):
    """What a command prints with --json."""
    return json.loads(scrim(*arguments, "--json", "--quiet", codes=codes)[0])


def frame(number):
    noise = random.Random(number)
    return b"".join(noise.randbytes(3) + b"\0" for _ in range(WIDTH * HEIGHT))


def segment(folder, index, more=""):
    return f"{folder}/segments/{index:08}.scrim{more}"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def messages(data):
    """Where each message of an envelope starts, with its length, and where the last one ends."""
    starts, place = [], HEADER
    while place + 4 <= len(data):
        (length,) = struct.unpack_from("<I", data, place)
        if not 17 < length < 2**30 or place + 4 + length > len(data):
            break
        starts.append(place)
        place += 4 + length
    return starts, place


class Place:
    """A key, a whole sealed session of five segments, and one whose recorder was killed in the third segment; each
    test works on copies."""

    def __init__(self, root):
        self.root, self.count = root, 0
        self.key = root + "/key"
        scrim("keygen", self.key, "--quiet")
        self.whole, self.killed = root + "/whole", root + "/killed"
        seal = ["--seal-to", self.key + ".pub", "--out"]
        scrim(*RAW, *seal, self.whole, data=b"".join(frame(number) for number in range(50)))
        self.plain = root + "/plain"
        scrim(*RAW, "--out", self.plain, data=b"".join(frame(number) for number in range(50)))
        process = subprocess.Popen([SCRIM, *RAW, *seal, self.killed], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for number in range(27):
            process.stdin.write(frame(number))
        process.stdin.flush()
        part, end = segment(self.killed, 2, ".part"), time.monotonic() + 30
        while not os.path.exists(part) or len(messages(read(part))[0]) < 6:
            assert time.monotonic() < end, "the recorder writes nothing"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        # Six messages, whatever the moment was.
        data = read(part)
        starts, end = messages(data)
        write(part, data[:starts[6]] if len(starts) > 6 else data[:end])

    def copy(self, folder):
        self.count += 1
        made = f"{self.root}/copy-{self.count}"
        shutil.copytree(folder, made)
        return made

    def keys(self):
        return [], ["--key", self.key]


_place = []


def place():
    if not _place:
        folder = Folder()
        _place.append((folder, Place(folder.__enter__())))
    return _place[0][1]


def zeros(full, seed):
    """Zeros at the end of the open segment, of any number, and in place of its last bytes, are no ending."""
    here, runs = place(), 0
    data = read(segment(here.killed, 2, ".part"))
    counts = [1, 2, 3, 4, 5, 7, 8, 12, 16, 64, 4096, 100_000]
    for key in here.keys():
        for count in counts if full or not key else counts[3:5] + counts[-1:]:
            for name in (".part", ""):
                folder = here.copy(here.killed)
                os.remove(segment(folder, 2, ".part"))
                write(segment(folder, 2, name), data + bytes(count))
                found = report("recover", folder, *key)
                assert (found["recoveredMessages"], found["tornBytes"]) == (6, count), (key, count, name, found)
                assert found["segments"] == 3 and read(segment(folder, 2))[-4:] == b"\xff" * 4
                whole = report("verify", folder, "--key", here.key)
                assert whole["frames"] == 26 and whole["cutOff"] and not whole["endProved"], whole
                runs += 1
        # A page at its end was never written: the last message ends with zeros, so it is not whole.
        for count in (16, 100, 500):
            folder = here.copy(here.killed)
            write(segment(folder, 2, ".part"), data[:-count] + bytes(count))
            found = report("recover", folder, *key)
            assert found["recoveredMessages"] == 5, (key, count, found)
            assert report("verify", folder, "--key", here.key)["frames"] == 25
            runs += 1
    # What was ended properly keeps its ending.
    folder = here.copy(here.whole)
    assert read(segment(folder, 4))[-4:] != bytes(4)
    assert not report("verify", folder)["cutOff"] and report("verify", folder)["endProved"]
    return f"{runs} files that end in zeros"


def missing_segments(full, seed):
    """Whatever is missing is named by verify and by recover, sealed and plain, after the rest is saved."""
    here, runs = place(), 0
    for source in (here.whole, here.plain):
        for gone in ([0], [1], [4], [1, 3], [0, 1, 2], [0, 1, 2, 3, 4]):
            for key in here.keys() if source == here.whole else ([],):
                folder = here.copy(source)
                for index in gone:
                    os.remove(segment(folder, index))
                before = read(folder + "/manifest.json")
                found = report("verify", folder, *key, codes=(1,))
                assert found["missing"] == gone and not found["damaged"] and not found["open"], (gone, key, found)
                assert found["contentsRead"] == (bool(key) or source == here.plain)
                if found["contentsRead"]:
                    assert found["frames"] == 10 * (5 - len(gone)), found
                saved = report("recover", folder, *key, codes=(1,))
                assert saved["missing"] == gone, (gone, key, saved)
                words = scrim("recover", folder, *key, codes=(1,))[1]
                assert f"{len(gone)} segment" in words and "missing" in words, words
                assert read(folder + "/manifest.json") == before, "recover changed the list of a session that had ended"
                runs += 1
    # A session that was cut off: what follows the gap in the list is ended, and the gap is named.
    for key in here.keys():
        folder = here.copy(here.killed)
        os.remove(segment(folder, 0))
        saved = report("recover", folder, *key, codes=(1,))
        assert saved["missing"] == [0] and saved["recoveredMessages"] == 6 and saved["segments"] == 3, saved
        assert json.load(open(folder + "/manifest.json"))["state"] == "sealed"
        assert report("verify", folder, *key, codes=(1,))["missing"] == [0]
        # It comes back, and all is well.
        shutil.copy(segment(here.killed, 0), segment(folder, 0))
        assert report("recover", folder, *key)["missing"] == []
        assert report("verify", folder, "--key", here.key)["frames"] == 26
    # Without the manifest, nothing behind a gap can be listed; it is named and stays.
    for source in (here.whole, here.plain):
        folder = here.copy(source)
        os.remove(folder + "/manifest.json")
        os.remove(segment(folder, 2))
        saved = report("recover", folder, codes=(1,))
        assert saved["segments"] == 2 and saved["unlisted"] == ["segments/00000003.scrim", "segments/00000004.scrim"], saved
        shutil.copy(segment(source, 2), segment(folder, 2))
        assert report("recover", folder)["segments"] == 5
    # A spool's session whose segments were delivered is whole.
    folder = here.copy(here.whole)
    os.makedirs(folder + "/sent")
    for index in (0, 1):
        os.rename(segment(folder, index), f"{folder}/sent/{index:08}.scrim")
    assert report("recover", folder)["missing"] == []
    return f"{runs} gaps"


def damaged_segments(full, seed):
    """verify goes on past damage and lists all of it, with the key and without."""
    here, chance, runs = place(), random.Random(seed), 0
    for source in (here.whole, here.plain):
        for key in here.keys() if source == here.whole else ([],):
            folder = here.copy(source)
            for index in (1, 3):
                data = bytearray(read(segment(folder, index)))
                data[chance.randrange(len(data) // 2, len(data) - 60)] ^= 1 << chance.randrange(8)
                write(segment(folder, index), data)
            os.remove(segment(folder, 2))
            write(folder + "/segments/00000007.scrim.damaged", b"x")
            write(folder + "/segments/00000009.scrim", b"x")
            found = report("verify", folder, *key, codes=(1,))
            assert [entry["segment"] for entry in found["damaged"]] == [1, 3], found
            assert found["missing"] == [2] and found["setAside"] == ["segments/00000007.scrim.damaged"]
            assert found["unlisted"] == ["segments/00000009.scrim"] and not found["open"]
            if found["contentsRead"]:
                assert found["frames"] == 20, found
            words = scrim("verify", folder, *key, codes=(1,))[1]
            for name in ("00000001.scrim", "00000003.scrim", "(2)"):
                assert name in words, words
            runs += 1
    # While it is open.
    for key in here.keys():
        folder = here.copy(here.killed)
        with open(segment(folder, 2, ".part"), "ab") as file:
            file.write(b"\x30\0\0\0abc")
        found = report("verify", folder, *key, codes=(1,))
        assert found["open"] and found["cutOff"] and found["tornBytes"] == 7 and not found["damaged"], found
        assert found["unlisted"] == ["segments/00000002.scrim.part"], found
        if key:
            assert (found["frames"], found["openFrames"]) == (26, 6), found
        else:
            assert found["openMessages"] == 6, found
    # The list is made shorter, as who has no key can do: only the encrypted description shows it.
    folder = here.copy(here.whole)
    manifest = json.load(open(folder + "/manifest.json"))
    manifest["segments"].pop()
    write(folder + "/manifest.json", json.dumps(manifest).encode())
    os.remove(segment(folder, 4))
    found = report("verify", folder, "--key", here.key, codes=(1,))
    assert "ended with 5 segments" in found["endFault"] and found["frames"] == 40, found
    scrim("recover", folder, "--key", here.key, codes=(1,))
    # A segment that was added to a session that had ended is not taken into its list.
    folder = here.copy(here.whole)
    before = read(folder + "/manifest.json")
    shutil.copy(segment(folder, 4), segment(folder, 5))
    for command in ("verify", "recover"):
        assert report(command, folder, codes=(1,))["unlisted"] == ["segments/00000005.scrim"]
    assert read(folder + "/manifest.json") == before
    return f"{runs} sessions"


def garbled_messages(full, seed):
    """A message that doesn't open: without the key it can't be known, with it the segment is cut there, also later."""
    here, chance, runs = place(), random.Random(seed), 0
    data = read(segment(here.killed, 2, ".part"))
    starts, _ = messages(data)
    assert len(starts) == 6
    for number in range(6):
        wrong = bytearray(data)
        end = (starts + [len(data)])[number + 1]
        wrong[chance.randrange(starts[number] + 4, end)] ^= 0x10
        for first in (False, True):
            folder = here.copy(here.killed)
            write(segment(folder, 2, ".part"), wrong)
            if first:
                assert report("recover", folder)["recoveredMessages"] == 6
                assert report("verify", folder)["missing"] == []
                found = report("verify", folder, "--key", here.key, codes=(1,))
                assert [entry["segment"] for entry in found["damaged"]] == [2] and found["frames"] == 20, found
                assert "recover" in found["damaged"][0]["reason"] and "--key" in found["damaged"][0]["reason"]
            saved = report("recover", folder, "--key", here.key)
            assert saved["lostMessages"] == 6 - number, saved
            assert saved.get("recoveredMessages") == (number or None), saved
            assert saved["frames"] == 20 + number and saved["segments"] == (3 if number else 2), saved
            found = report("verify", folder, "--key", here.key)
            assert found["frames"] == 20 + number and not found["damaged"], found
            scrim("verify", folder)
            again = report("recover", folder, "--key", here.key)
            assert again["lostMessages"] == 0 and again["frames"] == 20 + number, again
            runs += 1
    # Killed between any two steps of the repair, it can be repeated.
    if shutil.which("strace"):
        wrong = bytearray(data)
        wrong[starts[3] + 10] ^= 1
        step = 1
        while True:
            folder = here.copy(here.killed)
            write(segment(folder, 2, ".part"), wrong)
            report("recover", folder)
            calls = "write,pwrite64,fsync,rename,unlink,ftruncate"
            done = subprocess.run(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls, "-e",
                 f"inject={calls}:signal=SIGKILL:when={step}", SCRIM, "recover", folder, "--key", here.key, "--quiet"],
                capture_output=True, timeout=60)
            if step % 2:
                scrim("recover", folder)
            assert report("recover", folder, "--key", here.key)["frames"] == 23, step
            assert report("verify", folder, "--key", here.key)["frames"] == 23, step
            runs += 1
            if done.returncode == 0:
                break
            step += 1
    else:
        tools.skip("strace is not installed")
    return f"{runs} repairs"


def exit_codes(full, seed):
    """README: 1 input, 2 usage, 3 environment."""
    here = place()
    for command in ("verify", "recover"):
        words = scrim(command, here.copy(here.whole), "--key", here.root + "/none", codes=(2,))[1]
        assert "no such file" in words, words
    out = here.root + "/new"
    scrim(*RAW, "--seal-to", here.root + "/none", "--out", out, codes=(2,), data=b"")
    other = here.root + "/other"
    scrim("keygen", other, "--quiet")
    for key in ([], ["--key", other]):
        scrim("inspect", here.whole, *key, codes=(2,))
    # A segment of another session.
    folder = here.copy(here.killed)
    shutil.copy(segment(here.whole, 2), segment(folder, 2, ".part"))
    assert "another session" in scrim("recover", folder, codes=(1,))[1]
    folder = here.copy(here.plain)
    foreign = Session(seed)
    for _ in range(2):
        foreign.add()
    write(segment(folder, 1), foreign.segments[1])
    scrim("verify", folder, codes=(1,))
    # In use.
    folder = here.root + "/used"
    process = subprocess.Popen([SCRIM, *RAW, "--out", folder], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        process.stdin.write(frame(1))
        process.stdin.flush()
        end = time.monotonic() + 30
        while not os.path.exists(folder + "/manifest.json") and time.monotonic() < end:
            time.sleep(0.02)
        scrim("recover", folder, codes=(3,))
    finally:
        process.stdin.close()
        process.wait(20)
    # No place for a crash buffer.
    for runtime, words in (("", "XDG_RUNTIME_DIR"), ("/etc", "not in memory")):
        environment = {**os.environ, "XDG_RUNTIME_DIR": runtime}
        if not runtime:
            del environment["XDG_RUNTIME_DIR"]
        done = subprocess.run(
            [SCRIM, *RAW, "--crash-buffer", "--session-sample", "0", "--out", out], input=frame(1), env=environment,
            capture_output=True, timeout=60)
        assert done.returncode == 3 and words in done.stderr.decode(), (done.returncode, done.stderr)
    # A manifest that can't be read: it may be the only proof of the session's end, so no one is asked to remove it.
    folder = here.copy(here.whole)
    write(folder + "/manifest.json", b"{")
    for command in ("verify", "recover"):
        words = scrim(command, folder, codes=(1,))[1]
        assert "rename it" in words and "remove the file" not in words, words
    return "each kind"


def deletions(full, seed):
    """A second deletion says that it is one; the first leaves no byte."""
    with Folder() as folder:
        made = [Session(seed * 100 + number) for number in range(3)]
        for session in made:
            session.add()
            session.add()
            session.write(f"{folder}/spool/{session.id}")
        # One of which nothing waits any more, with the remains of a killed recorder.
        last = f"{folder}/spool/{made[2].id}"
        os.makedirs(last + "/sent")
        for index in (0, 1):
            os.rename(segment(last, index), f"{last}/sent/{index:08}.scrim")
        write(segment(last, 2, ".part"), b"x" * 100)
        for session, count in zip(made, (2, 2, 0)):
            first = report("delete", session.id, "--spool", folder + "/spool")
            assert first["spooledSegments"] == count and not first["alreadyDeleted"], first
            assert not os.path.exists(f"{folder}/spool/{session.id}")
            words = scrim("delete", session.id, "--spool", folder + "/spool")[1]
            assert "already deleted" in words, words
            assert report("delete", session.id, "--spool", folder + "/spool")["alreadyDeleted"]
        scrim("delete", Session(seed + 77).id, "--spool", folder + "/spool", codes=(1,))
        status = report("upload", folder + "/spool", "--status")
        assert status["dropped"]["deleted"]["segments"] == 4, status
        # The same for a store.
        session = Session(seed + 500)
        session.add()
        session.write(f"{folder}/one")
        scrim("upload", f"{folder}/one", "--to", f"{folder}/store", "--quiet")
        assert report("delete", session.id, "--store", f"file://{folder}/store")["files"] == 2
        words = scrim("delete", session.id, "--store", f"{folder}/store")[1]
        assert "already deleted" in words, words
        scrim("delete", Session(seed + 77).id, "--store", f"{folder}/store", codes=(1,))
    return "spool and store"


def strange_files(full, seed):
    """FIFOs and devices in place of keys and of a session's files are refused at once; file://HOST/DIR is no store."""
    here, runs = place(), 0
    fifo = here.root + "/fifo"
    os.mkfifo(fifo)
    for path in (fifo, "/dev/zero", "/dev/null", here.root):
        for arguments in (["verify", here.whole, "--key", path], ["recover", here.copy(here.killed), "--key", path],
                          [*RAW, "--seal-to", path, "--out", here.root + "/new"]):
            scrim(*arguments, codes=(2,), data=b"", wait=20)
            runs += 1
    # A pipe that the program is given is documented: a key need not be on a disk.
    key = read(here.key)
    scrim("verify", here.whole, "--key", "/dev/stdin", data=key, wait=20)
    shell = ["bash", "-c", 'exec "$0" verify "$1" --key <(cat "$2")', SCRIM, here.whole, here.key]
    assert subprocess.run(shell, capture_output=True, timeout=20).returncode == 0
    for name in ("manifest.json", "segments.jsonl", "segments/00000001.scrim"):
        folder = here.copy(here.killed)
        os.remove(f"{folder}/{name}")
        os.mkfifo(f"{folder}/{name}")
        for command in (["verify", folder], ["verify", folder, "--key", here.key], ["recover", folder]):
            if name.startswith("segments/") and command[0] == "recover":
                continue
            scrim(*command, codes=(1,), wait=20)
            runs += 1
    folder = here.copy(here.whole)
    os.remove(folder + "/manifest.json")
    os.mkfifo(folder + "/manifest.json")
    for command in (["inspect", folder], ["upload", folder, "--to", here.root + "/store"]):
        scrim(*command, codes=(1,), wait=20)
    for address in ("file://host/path", "file://" + here.root[1:], "file://", "file:///"):
        scrim("upload", here.whole, "--to", address, codes=(2,), wait=20)
        scrim(*RAW, "--out", address, "--spool", here.root + "/spool", codes=(2,), data=frame(1), wait=20)
        scrim("delete", Session(seed).id, "--store", address, codes=(2,), wait=20)
        scrim("prune", address, "--older-than", "1", codes=(2,), wait=20)
        runs += 4
    scrim("prune", "https://example.org/store", "--older-than", "1", codes=(2,), wait=20)
    scrim("upload", here.whole, "--to", f"file://localhost{here.root}/store", "--quiet", wait=20)
    return f"{runs} commands"


TESTS = [zeros, missing_segments, damaged_segments, garbled_messages, exit_codes, deletions, strange_files]


if __name__ == "__main__":
    try:
        run(TESTS)
    finally:
        for folder, _ in _place:
            folder.__exit__()
