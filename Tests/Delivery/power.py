#!/usr/bin/python3
"""Delivery under power loss: what was not fsynced is gone.

Runs the recorder, the uploader and the server under strace, which records every change of the disk. Then it cuts the power after each of these
changes: it makes the folders that a disk could hold at that moment, runs `scrim upload` (and `scrim recover`) on them, and checks that
every sealed segment is at the destination or in the spool, byte for byte, and that the server starts and lists all of them.

    power.py [--full] [--seed N] [NAME ...]

Of each moment three disks are made. On the first only what was fsynced is there: the bytes of a file after its fsync, and a name after the
fsync of its folder. The second has all names, as a journal may have written them, and of the files only the bytes that were fsynced. The
third has a random number of the names, in their order, and of each file all bytes, those that were fsynced, or zeros for the others.
Without --full, every ninth moment is tried.
"""
import glob
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import time
import urllib.request

from accounts import in_spool, settle, store_of_folder
from sessions import spool
from tools import SCRIM, SERVER, Folder, Server, port, run, skip, upload

CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,renameat2,link,linkat,unlink,unlinkat,ftruncate,mkdir,rmdir"
FIELD = re.compile(r'\d+<((?:\\x[0-9a-f]{2})*)>(?:\(deleted\))?|"((?:\\x[0-9a-f]{2})*)"|([^,\s][^,]*)')


def text(escaped):
    return bytes.fromhex(escaped.replace("\\x", ""))


class Node:
    """A file or a folder: its content as programs see it, and `kept`, what is left of it after a power cut."""

    def __init__(self, is_folder):
        self.is_folder = is_folder
        self.content, self.kept = ({}, {}) if is_folder else (bytearray(), b"")


class Disk:
    """What is below one folder, which is empty or was there long before."""

    def __init__(self, root):
        self.root, self.node = root, Node(True)
        self.changes = []  # changes of names that were not fsynced, in order; each a list of (folder, name, node or None)
        for place, folders, files in os.walk(root):
            folder = self.find(place)
            for name in folders + files:
                node = folder.content[name] = folder.kept[name] = Node(name in folders)
                if not node.is_folder:
                    node.content = bytearray(open(f"{place}/{name}", "rb").read())
                    node.kept = bytes(node.content)

    def find(self, path):
        """The node at a path; None if there is none."""
        node = self.node
        for name in filter(None, path[len(self.root):].split("/")):
            node = node.content.get(name) if node and node.is_folder else None
        return node

    def change(self, *paths):
        """Gives paths a node, or removes them with None; all at once."""
        names = [(self.find(os.path.dirname(path)), os.path.basename(path), node) for path, node in paths]
        for folder, name, node in names:
            self.apply(folder.content, name, node)
        self.changes.append(names)

    @staticmethod
    def apply(content, name, node):
        if node is None:
            content.pop(name, None)
        else:
            content[name] = node

    def sync(self, path, begun):
        """Makes a file's bytes, or the changes of names in a folder, last: those that were there when the fsync began."""
        node = self.find(path)
        if node is None:
            return
        if not node.is_folder:
            node.kept = begun if begun is not None else bytes(node.content)
            return
        rest = []
        for place, names in enumerate(self.changes):
            if (begun is None or any(names is other for other in begun)) and any(folder is node for folder, _, _ in names):
                for folder, name, other in names:
                    self.apply(folder.kept, name, other)
            else:
                rest.append(names)
        self.changes = rest

    def cut(self, kind, chance):
        """{path: bytes, or None for a folder} after a power cut."""
        kept = {}
        count = {"fsynced": 0, "names": len(self.changes), "random": chance.randint(0, len(self.changes))}[kind]
        for names in self.changes[:count]:
            for folder, name, node in names:
                self.apply(kept.setdefault(folder, dict(folder.kept)), name, node)
        disk, front = {}, [(self.root, self.node)]
        while front:
            path, node = front.pop()
            if node.is_folder:
                disk[path] = None
                front += [(f"{path}/{name}", below) for name, below in kept.get(node, node.kept).items()]
            elif kind == "random":
                zeros = bytes(byte if place < len(node.kept) and byte == node.kept[place] else 0 for place, byte in enumerate(node.content))
                disk[path] = chance.choice([bytes(node.content), node.kept, zeros])
            else:
                disk[path] = node.kept
            if not node.is_folder and node.content == node.kept:
                disk[path] = node.kept
        return disk

    def sealed(self, path):
        """{(session, index): digest} of the segments that a session's list has, as far as it was fsynced."""
        node = self.find(path + "/segments.jsonl")
        entries = [json.loads(line) for line in node.kept.split(b"\n")[:-1]] if node else []
        return {(os.path.basename(path), entry["index"]): entry["sha256"] for entry in entries}


def trace(command, root, log, **more):
    """Runs a command; returns its changes below a folder, in order."""
    done = subprocess.run(
        ["strace", "-f", "-qq", "-y", "-xx", "-s", "100000000", "-o", log, "-e", "trace=" + CALLS, *command],
        capture_output=True, text=True, timeout=120, **more)
    assert done.returncode == 0, done.stderr[-2000:]
    begun, calls = {}, []
    for line in open(log):
        process, rest = line.rstrip().split(" ", 1)
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            begun[process] = rest[:-len("<unfinished ...>")]
            calls.append((begun[process] + ") = begun", len(calls), process))
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>", rest):
            rest = begun.pop(process) + rest[resumed.end():]
        calls.append((rest, len(calls), process))
    wanted = []
    for rest, _, process in calls:
        if not (parts := re.match(r"(\w+)\((.*)\)\s*= (begun|-?\d+)", rest)) or parts[3].startswith("-"):
            continue
        fields = [text(a or b) if a or b else c for a, b, c in FIELD.findall(parts[2])]
        paths = [field.decode() for field in fields if isinstance(field, bytes) and field.startswith(root.encode())]
        if paths:
            wanted.append((parts[1], paths, fields, parts[3] == "begun", process))
    return wanted


def replay(calls, disk):
    """Applies calls to a disk; yields after each one that changed something."""
    syncs = {}
    for name, paths, fields, is_begun, process in calls:
        path = paths[0]
        if name in ("fsync", "fdatasync"):
            if is_begun:
                node = disk.find(path)
                syncs[process] = list(disk.changes) if node and node.is_folder else bytes(node.content) if node else None
                continue
            disk.sync(path, syncs.pop(process, None))
        elif is_begun:
            continue
        elif name == "openat":
            flags = next(field for field in fields if isinstance(field, str) and "O_" in field)
            if "O_CREAT" in flags and not disk.find(path):
                disk.change((path, Node(False)))
            elif "O_TRUNC" in flags:
                disk.find(path).content = bytearray()
            else:
                continue
        elif name in ("write", "pwrite64"):
            content, data = disk.find(path).content, fields[1]
            offset = int(fields[3]) if name == "pwrite64" else len(content)
            content += bytes(max(0, offset - len(content)))
            content[offset:offset + len(data)] = data
        elif name == "ftruncate":
            content, size = disk.find(path).content, int(fields[1])
            content[size:] = bytes(max(0, size - len(content)))
        elif name == "mkdir":
            disk.change((path, Node(True)))
        elif name in ("unlink", "unlinkat", "rmdir"):
            disk.change((path, None))
        elif name in ("link", "linkat"):
            disk.change((paths[1], disk.find(path)))
        elif name in ("rename", "renameat2"):
            disk.change((path, None), (paths[1], disk.find(path)))
        else:
            raise AssertionError(name)
        # The index of a server is written much more often than all else, and may be lost; it is on the disks of the other moments.
        if "/.index/" not in path:
            yield


def write(disk, root):
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root, mode=0o700)
    for path in sorted(disk):
        if disk[path] is None:
            os.makedirs(path, mode=0o700, exist_ok=True)
    for path, data in disk.items():
        if data is not None:
            with open(path, "wb") as file:
                file.write(data)


def tries(folder, command, full, seed, check):
    """Cuts the power at moments of a command, and calls `check` with the disk before it: what programs saw then."""
    chance = random.Random(seed)
    root = folder + "/disk"
    disk = Disk(root)
    calls = trace(command, root, folder + "/log")
    moments = count = 0
    for _ in replay(calls, disk):
        moments += 1
        if not full and (moments + seed) % 9:
            continue
        for kind in ("fsynced", "names", "random"):
            write(disk.cut(kind, chance), root)
            try:
                check(disk)
            except AssertionError as error:
                raise AssertionError(f"power cut after change {moments}, {kind}, seed {seed}: {error}") from error
            count += 1
    return f"{count} disks of {moments} moments"


def uploader(full, seed):
    """Power cuts during `scrim upload SPOOL --to file://…`."""
    with Folder() as folder:
        root = folder + "/disk"
        made = spool(root + "/spool", seed, 2, 3)
        to = "file://" + root + "/store"

        def check(_):
            settle(made, root + "/spool", store_of_folder(root + "/store"))
            upload(root + "/spool", to)
            settle(made, root + "/spool", store_of_folder(root + "/store"), allow_waiting=False)
        return tries(folder, [SCRIM, "upload", root + "/spool", "--to", to], full, seed, check)


def frames(path, seed):
    """A raw stream of 40 pictures of 64 x 48 pixels, 4 seconds."""
    chance = random.Random(seed)
    with open(path, "wb") as file:
        for _ in range(40):
            file.write(chance.randbytes(64 * 48 * 4))
    return ["--raw", path, "--size", "64x48", "--format", "bgrx", "--fps", "10", "--policy", "none", "--segment-seconds", "0.5", "--quiet"]


def verified(path):
    """Verifies a session that has a segment."""
    if not glob.glob(path + "/segments/*.scrim"):
        return
    done = subprocess.run([SCRIM, "verify", path, "--quiet"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"scrim verify {path} ended with {done.returncode}: {done.stderr}"


def recorder(full, seed):
    """Power cuts during `scrim record --out DIR`: every listed segment is there, and `scrim recover` makes a whole session of the rest."""
    with Folder() as folder:
        root, path = folder + "/disk", folder + "/disk/session"
        os.mkdir(root)

        def check(disk):
            sealed = disk.sealed(path)
            done = subprocess.run([SCRIM, "recover", path, "--quiet"], capture_output=True, text=True, timeout=60)
            if done.returncode:
                # Before the first segment there may be nothing to recover.
                assert not sealed and not glob.glob(path + "/segments/*.scrim"), f"scrim recover: {done.stderr}"
                return
            for (_, index), digest in sealed.items():
                data = open(f"{path}/segments/{index:08d}.scrim", "rb").read()
                assert hashlib.sha256(data).hexdigest() == digest, f"segment {index}"
            verified(path)
        return tries(folder, [SCRIM, "record", *frames(folder + "/frames", seed), "--out", path], full, seed, check)


def delivery(full, seed):
    """Power cuts during `scrim record --out URL`: every listed segment is in the spool or at the destination."""
    with Folder() as folder:
        root = folder + "/disk"
        os.mkdir(root)
        to = ["--out", "file://" + root + "/store", "--spool", root + "/spool"]
        sealed = {}

        def check(disk):
            sessions = disk.find(root + "/spool")
            for name in [name for name in (sessions.content if sessions else ()) if name[0] != "."]:
                sealed.update(disk.sealed(f"{root}/spool/{name}"))
            os.makedirs(root + "/spool", exist_ok=True)
            upload(root + "/spool", to[1])
            assert not in_spool(root + "/spool"), f"waiting: {list(in_spool(root + '/spool'))}"
            stored = store_of_folder(root + "/store")
            for key, digest in sealed.items():
                assert key in stored and hashlib.sha256(stored[key]).hexdigest() == digest, f"{key} is nowhere"
            for manifest in glob.glob(root + "/store/default/sessions/*/*/*/*/manifest.json"):
                verified(os.path.dirname(manifest))
        return tries(folder, [SCRIM, "record", *frames(folder + "/frames", seed), *to], full, seed, check)


def server(full, seed):
    """Power cuts of one machine with `scrim upload` and the `scrim-server` that it sends to: what was answered with 201 is there."""
    if not os.path.exists(SERVER):
        return skip("scrim-server is not built")
    with Folder() as folder:
        root = folder + "/disk"
        made = spool(root + "/spool", seed, 2, 3)
        at = port()
        url = f"http://127.0.0.1:{at}"
        # One command, so that the changes of both are in one order.
        script = ('"$1" serve --store "$2/store" --listen "127.0.0.1:$3" & server=$!; "$0" upload "$2/spool" --to "http://127.0.0.1:$3" '
                  '--retry-base 0.02; code=$?; kill "$server"; wait "$server" && exit "$code"')

        def listed(again):
            with urllib.request.urlopen(again.url + "/v1/sessions", timeout=10) as answer:
                return {(entry["session"], entry["segments"]) for entry in json.load(answer)["sessions"]}

        def check(_):
            settle(made, root + "/spool", store_of_folder(root + "/store"))
            again = Server(root + "/store", at=at)
            try:
                os.makedirs(root + "/spool", exist_ok=True)
                upload(root + "/spool", url)
                settle(made, root + "/spool", store_of_folder(root + "/store"), allow_waiting=False)
                # Read from the store while it serves, if the index was lost.
                wanted, end = {(session, 3) for session, _ in made}, time.monotonic() + 20
                while listed(again) != wanted:
                    assert time.monotonic() < end, f"listed: {listed(again)}"
                    time.sleep(0.05)
            finally:
                code = again.stop()
            assert code == 0, f"the server ended with {code}"
        return tries(folder, ["/bin/sh", "-c", script, SCRIM, SERVER, root, str(at)], full, seed, check)


TESTS = [uploader, recorder, delivery, server]


if __name__ == "__main__":
    if shutil.which("strace"):
        run(TESTS)
    else:
        skip("strace is not installed")
