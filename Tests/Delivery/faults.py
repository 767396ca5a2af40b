#!/usr/bin/python3
"""Delivery under faults: after each, every sealed segment is at the destination, in the spool, or counted as dropped.

    faults.py [--full] [--seed N] [NAME ...]
"""
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

from accounts import dropped, in_spool, settle, store_of_folder
from peer import TROUBLES, Peer
from sessions import Session, spool
from tools import SCRIM, SERVER, Folder, Server, port, run, skip, upload


def troubles(full, seed):
    """Each kind of wrong answer by itself, then all of them in a storm."""
    for number, trouble in enumerate(TROUBLES):
        with Folder() as folder:
            made = spool(folder + "/spool", seed + number, 1, 6)
            peer = Peer(port(), seed, 1.0, [trouble], limit=5)
            upload(folder + "/spool", peer.url)
            counts = settle(made, folder + "/spool", peer.store, allow_waiting=False)
            assert counts["stored"] == 6 and peer.counts.get(trouble), trouble
            peer.close()
    with Folder() as folder:
        made = spool(folder + "/spool", seed, 4, 60 if full else 15)
        peer = Peer(port(), seed, 0.6)
        upload(folder + "/spool", peer.url, wait=600)
        settle(made, folder + "/spool", peer.store, allow_waiting=False)
        peer.close()
        return f"{len(TROUBLES)} kinds, and a storm of {sum(peer.counts.values())} faults over {len(made)} segments"


def kills_of_uploader(full, seed):
    """kill -9 at random times, until all is delivered."""
    chance, kills, segments = random.Random(seed), 0, 0
    wanted = 300 if full else 30
    while kills < wanted:
        with Folder() as folder:
            made = spool(folder + "/spool", seed + kills, 3, 20)
            segments += len(made)
            peer = Peer(port(), seed, 0.2)
            while in_spool(folder + "/spool"):
                process = subprocess.Popen(
                    [SCRIM, "upload", folder + "/spool", "--to", peer.url, "--retry-base", "0.02"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    process.wait(chance.uniform(0.02, 0.25))
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait(10)
                    kills += 1
                settle(made, folder + "/spool", peer.store)
            settle(made, folder + "/spool", peer.store, allow_waiting=False)
            peer.close()
    return f"{kills} kills over {segments} segments"


def kills_of_server(full, seed):
    """kill -9 of scrim-server while an uploader runs; then its index agrees with its store."""
    if not os.path.exists(SERVER):
        return skip("scrim-server is not built")
    chance, kills = random.Random(seed), 0
    wanted = 300 if full else 15
    with Folder() as folder:
        made = {}
        server = Server(folder + "/store")
        round_number = 0
        while kills < wanted:
            made.update(spool(f"{folder}/spool{round_number}", seed + 7000 + round_number, 3, 40))
            process = subprocess.Popen(
                [SCRIM, "upload", f"{folder}/spool{round_number}", "--to", server.url, "--retry-base", "0.02"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and kills < wanted:
                time.sleep(chance.uniform(0.05, 0.4))
                server.kill()
                kills += 1
                server.start()
            assert process.wait(120) == 0
            settle(
                {key: data for key, data in made.items()}, f"{folder}/spool{round_number}",
                store_of_folder(folder + "/store"), allow_waiting=False)
            round_number += 1
        end = time.monotonic() + 30
        while True:
            listed, page = 0, {"next": ""}
            while "next" in page:
                after = f"&after={page['next']}" if page["next"] else ""
                page = json.loads(subprocess.check_output(["curl", "-s", "-m", "10", f"{server.url}/v1/sessions?limit=500{after}"]))
                listed += sum(entry["segments"] for entry in page["sessions"])
            if listed == len(made) or time.monotonic() > end:
                break
            time.sleep(0.2)
        assert listed == len(made), f"the index has {listed} segments of {len(made)}"
        assert server.stop() == 0
        assert not [name for _, _, names in os.walk(folder + "/store/default") for name in names if ".tmp" in name]
        return f"{kills} kills over {len(made)} segments"


def kills_of_recorder(full, seed):
    """kill -9 of `scrim record --out URL` at random moments: all sealed segments arrive, and the session is intact."""
    chance, killed = random.Random(seed), 0
    frame = bytes(64 * 48 * 4)
    for number in range(300 if full else 15):
        with Folder() as folder:
            process = subprocess.Popen(
                [SCRIM, "record", "--raw", "-", "--size", "64x48", "--format", "bgrx", "--fps", "10", "--segment-seconds", "0.3",
                 "--out", "file://" + folder + "/store", "--spool", folder + "/spool", "--quiet"],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            end = time.monotonic() + chance.uniform(0.05, 0.6)
            try:
                while time.monotonic() < end:
                    process.stdin.write(frame + chance.randbytes(0))
                    process.stdin.flush()
                    time.sleep(0.002)
            except BrokenPipeError:
                pass
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            try:
                process.stdin.close()
            except OSError:
                pass
            killed += 1
            listed = {}
            sessions = os.listdir(folder + "/spool") if os.path.isdir(folder + "/spool") else []
            for session in sessions:
                path = f"{folder}/spool/{session}/segments.jsonl"
                for line in open(path, "rb").read().split(b"\n")[:-1] if os.path.exists(path) else ():
                    entry = json.loads(line)
                    listed[(session, entry["index"])] = entry["sha256"]
            if not sessions:
                continue
            upload(folder + "/spool", "file://" + folder + "/store")
            import hashlib
            stored = store_of_folder(folder + "/store")
            for key, digest in listed.items():
                assert hashlib.sha256(stored[key]).hexdigest() == digest, f"{key} of a killed recorder"
            for place, names, files in os.walk(folder + "/store"):
                if "manifest.json" in files and os.listdir(place + "/segments") if "segments" in names else False:
                    done = subprocess.run([SCRIM, "verify", place, "--quiet"], capture_output=True, timeout=60, text=True)
                    assert done.returncode == 0, done.stderr
    return f"{killed} kills"


CALLS = "openat,write,pwrite64,fsync,rename,link,unlink,unlinkat,ftruncate,mkdir,rmdir,utimensat,flock"


def kill_between_calls(full, seed):
    """SIGKILL at the n-th call that changes the disk, for each n, until a run ends by itself."""
    if not shutil.which("strace"):
        return skip("strace is not installed")
    runs = 0
    for target in ("folder", "http"):
        number, step = 1, 1 if full else 9
        while True:
            with Folder() as folder:
                made = spool(folder + "/spool", seed + number, 1, 3)
                peer = Peer(port(), seed) if target == "http" else None
                to = peer.url if peer else "file://" + folder + "/store"
                code, words = upload(
                    folder + "/spool", to, check=False,
                    prefix=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + CALLS, "-e",
                            f"inject={CALLS}:signal=SIGKILL:when={number}"])
                store = peer.store if peer else store_of_folder(folder + "/store")
                settle(made, folder + "/spool", store)
                # The next run finishes.
                upload(folder + "/spool", to)
                store = peer.store if peer else store_of_folder(folder + "/store")
                settle(made, folder + "/spool", store, allow_waiting=False)
                if peer:
                    peer.close()
                runs += 1
                if code == 0:
                    break
                number += step
    return f"{runs} runs"


def full_disk(full, seed):
    """A small tmpfs that is full at times: the recorder reports it, and all sealed segments are delivered."""
    if os.geteuid() != 0:
        return skip("a tmpfs needs root")
    runs = 0
    for size in range(24, 400 if full else 120, 8 if full else 32):
        with Folder() as folder:
            disk = folder + "/disk"
            os.mkdir(disk)
            if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", disk]).returncode:
                return skip("a tmpfs can't be mounted")
            try:
                source = folder + "/frames"
                with open(source, "wb") as file:
                    chance = random.Random(seed)
                    for _ in range(60):
                        file.write(chance.randbytes(64 * 48 * 4))
                peer = Peer(port(), seed)
                done = subprocess.run(
                    [SCRIM, "record", "--raw", source, "--size", "64x48", "--format", "bgrx", "--fps", "10", "--policy", "none",
                     "--segment-seconds", "0.3", "--out", peer.url, "--spool", disk + "/spool", "--quiet",
                     "--deliver-seconds", "5"], capture_output=True, text=True, timeout=120)
                assert done.returncode in (0, 3), (done.returncode, done.stderr)
                if os.path.isdir(disk + "/spool"):
                    code, words = upload(disk + "/spool", peer.url, check=False, wait=60)
                    assert code in (0, 3), (code, words)
                    if code == 0:
                        assert not in_spool(disk + "/spool"), "segments wait after an upload that ended well"
                runs += 1
                peer.close()
            finally:
                subprocess.run(["umount", "-l", disk])
    return f"{runs} sizes"


def two_uploaders(full, seed):
    """Two uploaders on one spool: each segment is sent once, by either of them."""
    with Folder() as folder:
        made = spool(folder + "/spool", seed, 4, 25)
        peer = Peer(port(), seed)
        processes = [
            subprocess.Popen(
                [SCRIM, "upload", folder + "/spool", "--to", peer.url, "--retry-base", "0.02"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(3)]
        codes = [process.wait(60) for process in processes]
        assert 0 in codes and set(codes) <= {0, 3}, codes
        settle(made, folder + "/spool", peer.store, allow_waiting=False)
        manifests = len(peer.manifests)
        assert peer.puts - manifests * 2 <= len(made), f"{peer.puts} PUTs for {len(made)} segments"
        peer.close()
        return f"{len(made)} segments, exit codes {codes}"


def many_waiting(full, seed):
    """100,000 waiting segments: the first is delivered within a second, and memory is constant."""
    sessions, each = (140, 715) if full else (20, 100)
    with Folder() as folder:
        root = folder + "/spool"
        data = Session(seed)
        data.add(100)
        total = 0
        for number in range(sessions):
            session = Session(seed + number)
            for _ in range(2):
                session.add(100)
            session.write(root + "/" + session.id)
            # Only names matter for the start; most of them are links to one file.
            for index in range(2, each):
                os.link(f"{root}/{session.id}/segments/00000001.scrim", f"{root}/{session.id}/segments/{index:08d}.scrim")
            total += each
        peer = Peer(port(), seed)
        start = time.monotonic()
        process = subprocess.Popen(
            [SCRIM, "upload", root, "--to", peer.url, "--quiet", "--in-flight", "1"], stderr=subprocess.DEVNULL)
        while not peer.store and time.monotonic() - start < 60:
            time.sleep(0.005)
        first = time.monotonic() - start
        time.sleep(1 if not full else 5)
        memory = int([line for line in open(f"/proc/{process.pid}/status") if line.startswith("VmRSS")][0].split()[1]) // 1024
        process.kill()
        process.wait(10)
        peer.close()
        assert first < (1.0 if os.environ.get("SCRIM_CONFIGURATION") == "release" else 20), f"{first:.2f} s"
        assert memory < 150, f"{memory} MB"
        return f"{total} segments: first after {first * 1000:.0f} ms, {memory} MB"


def idle(full, seed):
    """A service with nothing to do uses no CPU time."""
    with Folder() as folder:
        peer = Peer(port(), seed)
        process = subprocess.Popen(
            [SCRIM, "upload", folder, "--to", peer.url, "--watch"], stderr=subprocess.DEVNULL)
        time.sleep(1)

        def ticks():
            return sum(int(n) for n in open(f"/proc/{process.pid}/stat").read().split(")")[1].split()[11:13])
        before = ticks()
        time.sleep(3)
        assert ticks() - before <= 1, "it works while nothing waits"
        # It also wakes at once.
        made = spool(folder + "/new", seed, 1, 3)
        session = os.listdir(folder + "/new")[0]
        start = time.monotonic()
        os.rename(f"{folder}/new/{session}", f"{folder}/{session}")
        while len(peer.store) < 3 and time.monotonic() - start < 20:
            time.sleep(0.01)
        assert len(peer.store) == 3, "what was added is not delivered"
        took = time.monotonic() - start
        process.terminate()
        assert process.wait(10) == 0
        peer.close()
        return f"delivered {took * 1000:.0f} ms after it was added"


def limits(full, seed):
    """A spool over its budget drops whole sessions, counts them, and delivers the rest."""
    with Folder() as folder:
        made = spool(folder + "/spool", seed, 5, 10, size=40_000)
        peer = Peer(port(), seed)
        upload(folder + "/spool", peer.url, "--spool-megabytes", "1")
        counts = settle(made, folder + "/spool", peer.store, allow_waiting=False)
        assert counts["dropped"] == 30, counts
        status = json.loads(subprocess.check_output([SCRIM, "upload", folder + "/spool", "--status", "--json"], timeout=20))
        assert status["dropped"]["budget"]["segments"] == 30
        peer.close()
        return f"{counts}"


def black_hole(full, seed):
    """A network that swallows packets, in a network namespace of its own: connections and answers that never come."""
    inside = [sys.executable, "-c", f"import faults; print(faults.in_black_hole({full}, {seed}))"]
    cable = ["unshare", "-n", "ip", "link", "add", "name", "cable", "type", "veth", "peer", "name", "end"]
    if not shutil.which("ip"):
        return skip("iproute2 is not installed")
    if subprocess.run(cable, capture_output=True, timeout=10).returncode:
        # This depends on the kernel and its rights; nothing that could be installed.
        return "skipped: this machine makes no network namespace with a virtual cable"
    done = subprocess.run(["unshare", "-n", *inside], capture_output=True, text=True, timeout=400, cwd=os.path.dirname(os.path.abspath(__file__)))
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def in_black_hole(full, seed):
    def ip(*words):
        subprocess.run(["ip", *words], check=True, timeout=10)

    # Packets to this address go into a cable at whose end no one has it, until this machine gets it itself.
    address = "10.66.66.66"
    ip("link", "set", "lo", "up")
    ip("link", "add", "name", "cable", "type", "veth", "peer", "name", "end")
    for side in ("cable", "end"):
        ip("link", "set", side, "up")
    ip("addr", "add", "10.66.66.1/24", "dev", "cable")
    ip("neigh", "replace", address, "lladdr", "02:00:00:00:00:66", "dev", "cable", "nud", "permanent")
    with Folder() as folder:
        made = spool(folder + "/spool", seed, 1, 6)
        peer = Peer(port(), seed, address="0.0.0.0")
        url = f"http://{address}:{peer.port}"
        begin = time.monotonic()
        process = subprocess.Popen(
            [SCRIM, "upload", folder + "/spool", "--to", url, "--retry-base", "0.02"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # A connection attempt ends after 15 s.
        time.sleep(40 if full else 2)
        assert process.poll() is None and not peer.store, "it ended in a black hole"
        ip("addr", "add", address + "/32", "dev", "lo")
        assert process.wait(120) == 0, process.stderr.read()
        process.stderr.close()
        took = time.monotonic() - begin
        settle(made, folder + "/spool", peer.store, allow_waiting=False)
        words = f"connected {took:.0f} s after the first packet was lost"
        if not full:
            return words
        # Each answer is slow, so that there is time to cut the cable before it.
        made |= spool(folder + "/second", seed + 1, 1, 3)
        peer.rate, peer.troubles, peer.delay = 1.0, ["slow"], 2
        process = subprocess.Popen(
            [SCRIM, "upload", folder + "/second", "--to", url, "--retry-base", "0.02"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(1)
        ip("addr", "del", address + "/32", "dev", "lo")
        time.sleep(5)
        peer.rate = 0.0
        assert process.poll() is None, "it ended in a black hole"
        ip("addr", "add", address + "/32", "dev", "lo")
        begin = time.monotonic()
        assert process.wait(200) == 0, process.stderr.read()
        process.stderr.close()
        settle(made, folder + "/second", peer.store, allow_waiting=False)
        return words + f"; delivered {time.monotonic() - begin:.0f} s after answers were lost"


TESTS = [troubles, black_hole, two_uploaders, idle, limits, many_waiting, kill_between_calls, kills_of_uploader, kills_of_recorder,
         kills_of_server, full_disk]


if __name__ == "__main__":
    run(TESTS)
