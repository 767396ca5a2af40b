#!/usr/bin/python3
"""Sessions that are sealed to a public key, on their way: recorded and delivered to a server or a bucket through a tap of all bytes, listed
as sealed, read back with a reader's key, and verified with the private key. Nothing of the content is on the wire or in the store.

    sealed_sessions.py [--seed N]

The part over a bucket, `over_bucket`, is run by peers.py.
"""
import argparse
import json
import os
import random
import socket
import subprocess
import threading
import time
from pathlib import Path

from buckets import call, keys, until
from tools import SCRIM, SERVER, Folder, Server, skip

WIDTH, HEIGHT, FRAMES = 64, 48, 24


class Tap:
    """Forwards connections to a port of this machine, and keeps all bytes of both directions."""

    def __init__(self, to):
        self.to, self.kept, self.lock = to, [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            for first, second in ((near, far), (far, near)):
                threading.Thread(target=self.forward, args=(first, second), daemon=True).start()

    def forward(self, first, second):
        kept = bytearray()
        with self.lock:
            self.kept.append(kept)
        try:
            while part := first.recv(1 << 16):
                kept += part
                second.sendall(part)
            second.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class Material:
    """A key pair, frames, events with a word to look for, and the same session recorded without sealing."""

    def __init__(self, folder, seed):
        self.folder, chance = folder, random.Random(seed)
        os.makedirs(folder)
        self.key = folder + "/reader.key"
        self.run("keygen", self.key, "--quiet")
        self.run("keygen", folder + "/other.key", "--quiet")
        self.frames = b"".join(
            b"".join(chance.randbytes(3) + b"\0" for _ in range(WIDTH * 8)) + b"\x20\x40\x60\0" * (WIDTH * (HEIGHT - 8)) for _ in range(FRAMES))
        self.word = "secret%x" % chance.getrandbits(64)
        with open(folder + "/events.jsonl", "w") as file:
            for number in range(FRAMES):
                event = {"t_ms": number * 100 + 50, "type": "error", "name": "Failure", "message": self.word, "id": self.word + str(number)}
                file.write(json.dumps(event) + "\n")
        # A server looks for older sessions in a bucket once a minute or an hour only.
        start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
        self.name = ["--session-id", "%08x-0000-4000-8000-%012x" % (chance.getrandbits(32), chance.getrandbits(48)), "--started-at", start]
        self.record(folder + "/plain")
        self.pieces = {self.word.encode(), b"Failure"}
        for path in Path(folder, "plain/segments").iterdir():
            # From the picture's size on; the id and the start before it are known of a sealed session.
            data = path.read_bytes()[42:]
            self.pieces |= {data[place:place + 8] for place in range(len(data) - 7) if len(set(data[place:place + 8])) > 3}
        assert self.found(Path(path).read_bytes()), "the search finds nothing where nothing is sealed"

    def run(self, *arguments, data=None, code=0, env=None):
        done = subprocess.run([SCRIM, *arguments], input=data, capture_output=True, timeout=120, env={**os.environ, **(env or {})})
        assert done.returncode == code, (arguments, done.returncode, done.stderr)
        return done.stdout.decode() + done.stderr.decode()

    def record(self, to, *more, env=None):
        self.run("record", "--raw", "-", "--size", f"{WIDTH}x{HEIGHT}", "--format", "bgrx", "--policy", "none", "--fps", "10", "--segment-seconds", "1",
                 "--events", self.folder + "/events.jsonl", "--service-name", self.word, "--quiet", *self.name, "--out", to, *more, data=self.frames, env=env)

    def found(self, data):
        """A piece of the content that these bytes hold."""
        return next((data[place:place + 8] for place in range(len(data) - 7) if data[place:place + 8] in self.pieces), None) or (
            self.word.encode() if self.word.encode() in data else None)

    def hidden(self, data, where):
        piece = self.found(bytes(data))
        assert not piece, f"{where} shows {piece!r}"

    def check(self, server, reader):
        """Listed as sealed, read with the reader's key of the server, and opened with the private key only. Returns what was read."""
        session = self.name[1]
        fields = {"Authorization": "Bearer " + reader} if reader else {}
        entry = until_listed(server, session, fields)
        assert entry["width"] == 0 and entry["frames"] == 0 and entry["producer"] == "" and "errors" not in entry and entry["state"] == "sealed", entry
        for query in (f"q={self.word}", f"error_id={self.word}0", "filter=errors"):
            status, body = call(f"{server.url}/v1/sessions?{query}", **fields)
            assert status == 200 and session.encode() not in body, (query, body)
        status, page = call(f"{server.url}/s/{session}", **fields)
        assert status == 200 and b"Sealed to a key" in page + call(f"{server.url}/s", **fields)[1], page
        assert call(f"{server.url}/s/{session}/thumbnail", **fields)[0] == 404
        # Downloaded as a program does: the manifest, then what it lists.
        status, manifest = call(f"{server.url}/v1/sessions/{session}/manifest", **fields)
        assert status == 200 and json.loads(manifest)["format"] == "scrim-sealed-session/1", manifest
        folder = f"{self.folder}/read{len(os.listdir(self.folder))}"
        os.makedirs(folder + "/segments")
        Path(folder, "manifest.json").write_bytes(manifest)
        for index in range(len(json.loads(manifest)["segments"])):
            status, data = call(f"{server.url}/v1/sessions/{session}/segments/{index:08d}", **fields)
            assert status == 200 and data, (index, status)
            Path(folder, "segments/%08d.scrim" % index).write_bytes(data)
            self.hidden(data, f"segment {index}")
        assert "contents were not read" in self.run("verify", folder)
        words = self.run("verify", folder, "--key", self.key)
        assert f"{FRAMES} frames: intact" in words, words
        self.run("verify", folder, "--key", self.folder + "/other.key", code=2)
        for place, more in ((folder, ["--key", self.key]), (self.folder + "/plain", [])):
            self.run("export", place, "--to", "png", "--out", place + "-png", "--quiet", *more)
        names = sorted(os.listdir(folder + "-png"))
        assert names == sorted(os.listdir(self.folder + "/plain-png")) and len(names) > FRAMES // 2
        for name in names:
            assert Path(folder + "-png", name).read_bytes() == Path(self.folder, "plain-png", name).read_bytes(), name
        for path in (folder + "-png", self.folder + "/plain-png"):
            subprocess.run(["rm", "-r", path], check=True)
        return len(json.loads(manifest)["segments"])


def until_listed(server, session, fields):
    found = {}

    def look():
        status, body = call(f"{server.url}/v1/sessions?limit=500", **fields)
        assert status == 200, (status, body)
        found.update({entry["session"]: entry for entry in json.loads(body)["sessions"]})
        return found.get(session, {}).get("state") == "sealed"
    # A busy machine's bucket answers a few requests a second, and a round of the server lists every day of two weeks.
    until(90, "listing a sealed session", look)
    return found[session]


def over_http(seed):
    with Folder() as folder:
        material = Material(folder + "/material", seed)
        access = {}
        for role in ("writer", "reader"):
            done = subprocess.run([SERVER, "new-key", "--role", role, "--name", role], capture_output=True, text=True, timeout=20, check=True)
            access[role] = done.stdout.strip()
            with open(folder + "/keys", "a") as file:
                file.write(done.stderr)
        server = Server(folder + "/store", "--keys", folder + "/keys")
        tap = Tap(server.port)
        try:
            material.record(f"http://127.0.0.1:{tap.port}", "--seal-to", material.key + ".pub", "--spool", folder + "/spool", env={"SCRIM_KEY": access["writer"]})
            count = material.check(server, access["reader"])
            for index in range(count):
                status, _ = call(f"{server.url}/v1/sessions/{material.name[1]}/segments/{index:08d}", Authorization="Bearer " + access["writer"])
                assert status == 403, status
            sent = sum(map(len, tap.kept))
            assert sent > 24 * 1000, f"only {sent} bytes were seen on the wire"
            for kept in tap.kept:
                material.hidden(kept, "the wire")
            assert server.stop() == 0
            for path in Path(folder).rglob("*"):
                if path.is_file() and path.relative_to(folder).parts[0] in ("store", "spool"):
                    material.hidden(path.read_bytes(), path)
        finally:
            tap.close()
            if server.process.poll() is None:
                server.kill()
        return f"{count} segments over HTTP, {sent} bytes on the wire"


def over_bucket(folder, endpoint, aws, client, seed, prefix):
    """The same straight to a bucket, with a server beside it that has no key either."""
    material = Material(folder + "/sealed", seed)
    tap = Tap(int(endpoint.rsplit(":", 1)[1]))
    server = Server(
        f"s3://replays/{prefix}", "--cache", folder + "/sealed-cache", "--refresh-seconds", "0.5", env={**aws, "AWS_ENDPOINT_URL": endpoint})
    try:
        material.record(
            f"s3://replays/{prefix}", "--seal-to", material.key + ".pub", "--spool", folder + "/sealed-spool",
            env={**aws, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{tap.port}"})
        count = material.check(server, None)
        assert sum(map(len, tap.kept)) > 24 * 1000, "the wire was not seen"
        for kept in tap.kept:
            material.hidden(kept, "the wire")
        assert server.stop() == 0
        names = keys(client, prefix + "/")
        assert len([name for name in names if name.endswith(".scrim")]) == count, names
        for name in names:
            material.hidden(name.encode() + client.get_object(Bucket="replays", Key=name)["Body"].read(), name)
        for path in Path(folder, "sealed-cache").rglob("*"):
            if path.is_file():
                material.hidden(path.read_bytes(), path)
        return f"a sealed session of {count} segments"
    finally:
        tap.close()
        if server.process.poll() is None:
            server.kill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    if not os.path.exists(SERVER):
        skip("scrim-server is not built")
    else:
        print(f"sealed sessions: {over_http(seed)} (seed {seed})", flush=True)
