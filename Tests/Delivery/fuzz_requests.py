#!/usr/bin/python3
"""Fuzzes the way of a request through scrim-server: mutated raw requests over real sockets, with valid uploads beside them.

    fuzz_requests.py [--count N] [--seed N] [--only GROUP] [--full]

After each batch these must hold: the server runs and answers; no answer is 5xx but 503 with Retry-After, and none of those hides an error;
its memory and its open files are bounded; what was answered with 201 is there, byte for byte, and nothing else is: no file outside of the
store, none without an answer; no answer to a key holds anything of another project; and every valid upload succeeded.
Ten requests (a group) share a session. A failure prints its group, and --only GROUP sends that alone.
"""
import argparse
import hashlib
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile
from hostile import Ask
from sessions import MAGIC, Session, record
from tools import SERVER, Folder, Server

GROUP, BATCH, MEGABYTES = 10, 300, 2
NAMES = re.compile(
    r"(default|other)/(sessions/\d{4}/\d\d/\d\d/[0-9a-f-]{36}/(manifest\.json|segments/\d{8}\.scrim)|deleted/[0-9a-f-]{36})"
    r"|audit\.jsonl|\.index/(open|sessions\.sqlite(-wal|-shm)?|thumbnails/.*)")


class Key:
    def __init__(self, role, project, folder):
        done = subprocess.run([SERVER, "new-key", "--role", role, "--project", project, "--name", role], capture_output=True, text=True, timeout=20, check=True)
        self.role, self.project, self.word = role, project, done.stdout.strip().encode()
        with open(folder + "/keys", "a") as file:
            file.write(done.stderr)
        self.writes, self.reads, self.deletes = role != "reader", role != "writer", role == "admin"


def intact(data, session, index):
    """Whether these bytes are a whole segment of this session and index: magic, header, and a seal over all bytes before it."""
    try:
        place = struct.unpack("<I", data[-4:])[0]
        seal = data[place + 10:]
        return (data[:8] == MAGIC and data[18:34] == uuid.UUID(session).bytes and record(127, 0, seal) == data[place:]
                and struct.unpack("<I", seal[:4])[0] == index and seal[36:68] == hashlib.sha256(data[:place]).digest())
    except (struct.error, IndexError, ValueError):
        return False


class Account:
    """What may be stored, and what must be: by project, session, index. A digest stands for bytes; an index of None is the manifest."""

    def __init__(self):
        self.lock = threading.Lock()
        # Whether what was sent with a key that may write can be there: it was answered with 200 or 201, or its answer is not known.
        self.sent, self.must, self.deleted = {}, {}, set()

    def sends(self, key, place, body):
        if key.writes:
            with self.lock:
                self.sent.setdefault((key.project, *place), {}).setdefault(hashlib.sha256(body).digest(), False)

    def may(self, key, place, body):
        if key.writes:
            with self.lock:
                self.sent[(key.project, *place)][hashlib.sha256(body).digest()] = True

    def stored(self, key, place, body):
        self.may(key, place, body)
        with self.lock:
            if place[1] is not None:
                self.must[(key.project, *place)] = hashlib.sha256(body).digest()

    def deletes(self, key, session):
        with self.lock:
            self.deleted.add((key.project, session))


def answers(connection, methods, seconds):
    """Reads answers until there is one for each method, the server closes, or time is over: [(status, head, body)], and what is behind them."""
    data, found, end = b"", [], time.monotonic() + seconds
    eof = False
    while True:
        while len(found) < len(methods):
            head, mark, rest = data.partition(b"\r\n\r\n")
            if not mark:
                break
            status = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
            assert status, f"no answer of HTTP: {data[:200]!r}"
            length = re.search(rb"(?im)^content-length: *(\d+)\r?$", head)
            size = int(length[1]) if length else 0
            assert length or status[1] in (b"304", b"204"), f"an answer without a length: {head!r}"
            if methods[len(found)] in (b"HEAD", b"?") and (methods[len(found)] == b"HEAD" or rest.startswith(b"HTTP/1.1 ")) or status[1] == b"304":
                size = 0
            if len(rest) < size:
                break
            found.append((int(status[1]), head, rest[:size]))
            data = rest[size:]
        if eof or len(found) == len(methods):
            return found, data
        left = end - time.monotonic()
        if left <= 0:
            return found, data
        connection.settimeout(left)
        try:
            part = connection.recv(1 << 18)
            eof = not part
            data += part
        except TimeoutError:
            return found, data
        except OSError:
            eof = True


class Fuzzer:
    def __init__(self, folder, seed):
        self.folder, self.seed, self.account = folder, seed, Account()
        self.keys = {(role, project): Key(role, project, folder) for project in ("default", "other") for role in ("admin", "writer", "reader")}
        # What only sessions of a project contain.
        self.marks = {project: hashlib.sha256(b"%d %s" % (seed, project.encode())).hexdigest().encode() for project in ("default", "other")}
        self.log = open(folder + "/log", "w+b")
        self.server = Server(
            folder + "/store", "--keys", folder + "/keys", "--max-segment-megabytes", str(MEGABYTES), "--header-seconds", "3", "--body-seconds", "3",
            "--rate", "1000000", errors=self.log)
        self.statuses, self.kinds, self.uploads, self.failures = {}, {}, 0, []
        self.before = self.outside()
        self.files = self.open_files()

    # Sending

    def send(self, ask, seconds=20):
        """One whole request by a connection of its own: its answer."""
        with socket.create_connection(("127.0.0.1", self.server.port), seconds) as connection:
            connection.sendall(ask.bytes())
            found, rest = answers(connection, [ask.method], seconds)
        assert found and not rest, f"{ask.method} {ask.path}: {len(found)} answers and {rest[:100]!r}"
        self.check(found, ask.key)
        return found[0]

    def check(self, found, key):
        for status, head, body in found:
            self.statuses[status] = self.statuses.get(status, 0) + 1
            assert status < 500 or status == 503 and b"\nRetry-After: " in head, (status, head, body)
            for project, mark in self.marks.items():
                assert key and key.project == project or mark not in head + body, f"an answer to {key and key.project} holds what is of {project}: {head!r}"

    def ask(self, method, session, index=None, key=None, body=None):
        rest = "" if index == "" else "/manifest" if index is None else "/segments/%08d" % index
        return Ask(method, f"/v1/sessions/{session}{rest}".encode(), key, self.server.port, body)

    def put(self, session, index, key, body):
        """A valid request; the account knows what came of it."""
        place = (session, index)
        self.account.sends(key, place, body)
        while True:
            try:
                status, _, answer = self.send(self.ask(b"PUT", session, index, key, body))
            except BaseException:
                self.account.may(key, place, body)
                raise
            if status != 503:
                break
            time.sleep(0.1)
        if status in (200, 201):
            assert index is None or intact(body, session, index), f"stored what is no segment: {body[:60]!r}"
            self.account.stored(key, place, body)
        return status, answer

    def get(self, session, index, key):
        status, _, body = self.send(self.ask(b"GET", session, index, key))
        return status, body

    def made(self, chance, project, segments=4):
        """A session whose content names its project."""
        made = Session(chance.getrandbits(60), producer="fuzz 1", start=(1_764_000_000 + chance.randrange(10**8)) * 10**9)
        for index in range(segments):
            made.add(chance.choice([0, 40, 3000]), [{"type": "error", "id": f"e{index}", "name": self.marks[project].decode()}])
        return made

    # A group

    def group(self, number):
        chance = random.Random(f"{self.seed}/{number}")
        key = chance.choice([key for key in self.keys.values() if key.writes])
        base = self.made(chance, key.project)
        assert self.put(base.id, 0, key, base.segments[0])[0] == 201
        for _ in range(GROUP):
            case = chance.choice([self.path, self.path, self.header, self.header, self.framed, self.framed, self.body, self.body, self.body, self.text,
                                  self.list, self.scrambled, self.pipelined, self.cut, self.foreign])
            self.kinds[case.__name__] = self.kinds.get(case.__name__, 0) + 1
            try:
                case(chance, base, key)
            except AssertionError as error:
                raise AssertionError(f"group {number}, {case.__name__}: {str(error)[:3000]}") from error
        reader = self.keys["reader", key.project]
        for (project, session, index), wanted in list(self.account.must.items()):
            if session == base.id and project == key.project:
                status, body = self.get(session, index, reader)
                assert status == 200 and hashlib.sha256(body).digest() == wanted, f"group {number}: segment {index} answers {status}, and was stored"
        if chance.random() < 0.3:
            admin = self.keys["admin", key.project]
            self.account.deletes(admin, base.id)
            assert self.send(self.ask(b"DELETE", base.id, "", admin))[0] == 200
            assert self.get(base.id, 0, reader)[0] == 410 and self.put(base.id, 1, key, base.segments[1])[0] == 410

    def raw(self, data, key, place, body, methods=(b"?",), seconds=0.4):
        """Sends what may not be HTTP any more."""
        self.account.sends(key, place, body)
        with socket.create_connection(("127.0.0.1", self.server.port), 20) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass
            found, _ = answers(connection, methods, seconds)
        if not found or any(status < 400 for status, _, _ in found):
            self.account.may(key, place, body)
        self.check(found, key)

    def valid(self, chance, base, key):
        index = chance.randrange(len(base.segments))
        return index, self.ask(b"PUT", base.id, index, key, base.segments[index])

    def path(self, chance, base, key):
        index, ask = self.valid(chance, base, key)
        ask.path, ask.method = hostile.target(chance, base.id, index), chance.choice([b"PUT", b"PUT", b"GET", b"HEAD", b"DELETE", b"POST"])
        if ask.method == b"DELETE":
            self.account.deletes(key, base.id)
        if ask.method != b"PUT" and chance.random() < 0.8:
            ask.set(b"Content-Length", None)
            ask.tail = b""
        self.raw(ask.bytes(), key, (base.id, index), ask.body, [ask.method if ask.method == b"HEAD" else b"?"])

    def header(self, chance, base, key):
        index, ask = self.valid(chance, base, key)
        data = hostile.headers(chance, ask)
        self.raw(data, key, (base.id, index), ask.body)

    def framed(self, chance, base, key):
        index, ask = self.valid(chance, base, key)
        self.raw(hostile.framing(chance, ask), key, (base.id, index), ask.body)

    def body(self, chance, base, key):
        index = chance.randrange(len(base.segments))
        body = hostile.segment(chance, base, index)
        status, words = self.put(base.id, index, key, body)
        assert status in (200, 201, 400, 409, 410, 413), (status, words)
        self.look(chance, base, key)

    def text(self, chance, base, key):
        body = hostile.manifest(chance, base)
        status, words = self.put(base.id, None, key, body)
        assert status in (200, 201, 400, 409, 410, 413), (status, words)
        if status == 201:
            assert self.get(base.id, None, self.keys["reader", key.project]) == (200, body)
        self.look(chance, base, key)

    def look(self, chance, base, key):
        """What was stored is shown: pages, lists, pictures."""
        reader = self.keys["reader", key.project]
        for path in chance.sample([f"/s/{base.id}", f"/s/{base.id}/thumbnail", "/s?sort=length", "/v1/sessions?limit=500", f"/s/{base.id}/live", "/s?q=fuzz"], 2):
            ask = Ask(b"GET", path.encode(), reader, self.server.port)
            assert self.send(ask)[0] in (200, 404, 410), path

    def list(self, chance, base, key):
        ask = Ask(chance.choice([b"GET", b"GET", b"HEAD", b"POST"]), hostile.query(chance, base.id), chance.choice([None, *self.keys.values()]), self.server.port)
        if ask.method == b"POST":
            ask.tail = chance.choice([b"key=" + key.word, b"key=%00&next=//x", b"next=" + b"%2e" * 900, b"=&=&&", b"\xff"])
            ask.set(b"Content-Length", b"%d" % len(ask.tail))
        self.send(ask)

    def scrambled(self, chance, base, key):
        index, ask = self.valid(chance, base, key)
        self.raw(hostile.scramble(chance, ask.bytes()), key, (base.id, index), ask.body, [b"?"] * 3, 0.3)

    def pipelined(self, chance, base, key):
        """Many requests at once: as many answers, in order, and nothing behind them."""
        reader = self.keys["reader", key.project]
        asks, wanted = [], []
        for _ in range(chance.randint(2, 12)):
            kind = chance.randrange(5)
            if kind == 0:
                asks.append(self.ask(b"HEAD", base.id, 0, reader))
                wanted.append((200, b""))
            elif kind == 1:
                asks.append(self.ask(b"GET", base.id, 0, reader))
                wanted.append((200, base.segments[0]))
            elif kind == 2:
                # The body of a refused request is not read as a request.
                smuggled = self.ask(b"DELETE", base.id, "", self.keys["admin", key.project]).bytes()
                asks.append(self.ask(b"PUT", base.id, 7, reader, smuggled))
                wanted.append((403, None))
            elif kind == 3:
                asks.append(self.ask(b"GET", base.id, 77777777, reader))
                wanted.append((404, None))
            else:
                ask = self.ask(b"PUT", base.id, 0, key, base.segments[0])
                if chance.random() < 0.5:
                    ask.chunked([chance.randint(1, 50) for _ in range(3)])
                asks.append(ask)
                wanted.append((200, None))
        data = b"".join(ask.bytes() for ask in asks)
        with socket.create_connection(("127.0.0.1", self.server.port), 20) as connection:
            cuts = sorted(chance.randrange(len(data)) for _ in range(chance.randrange(4)))
            for first, last in zip([0, *cuts], [*cuts, len(data)]):
                connection.sendall(data[first:last])
                time.sleep(0.002)
            found, rest = answers(connection, [ask.method for ask in asks], 20)
            if not rest:
                rest = answers(connection, [b"?"], 0.05)
                rest = rest[0] or rest[1]
        self.check(found, reader)
        assert not rest, f"{[ask.method for ask in asks]}: an answer that was not asked for: {rest!r}"
        assert len(found) == len(asks), f"{len(found)} answers to {len(asks)} requests"
        for (status, _, body), (expected, content), ask in zip(found, wanted, asks):
            assert status in (expected, 503) and (content is None or body == content), (ask.method, ask.path, status, expected, body[:100])

    def cut(self, chance, base, key):
        """A connection that ends in the middle, by a half close, a close or a reset."""
        index, ask = self.valid(chance, base, key)
        data = ask.bytes()
        self.account.sends(key, (base.id, index), ask.body)
        self.account.may(key, (base.id, index), ask.body)
        with socket.create_connection(("127.0.0.1", self.server.port), 20) as connection:
            connection.sendall(data[:chance.choice([len(data), chance.randrange(len(data))])])
            how = chance.randrange(3)
            if how == 0:
                connection.shutdown(socket.SHUT_WR)
                self.check(answers(connection, [b"PUT"], 0.3)[0], key)
            elif how == 1:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def foreign(self, chance, base, key):
        """Another project's key finds nothing of this session, and a key may do what its role allows only."""
        other = self.keys[chance.choice(["admin", "reader", "writer"]), "other" if key.project == "default" else "default"]
        for index in (0, None, ""):
            for method in (b"GET", b"HEAD", b"DELETE"):
                ask = self.ask(method, base.id, index, other)
                if chance.random() < 0.3:
                    ask.fields += [(b"Cookie", b"scrim=" + chance.choice([key.word, b"0" * 64])), (b"X-Forwarded-For", b"127.0.0.1")]
                status = self.send(ask)[0]
                assert status in (403, 404, 405, 410), (method, ask.path, status)
        for path in ("/v1/sessions?limit=500", f"/v1/sessions?q={base.id}", "/v1/sessions?error_id=e0", f"/s/{base.id}", "/s?q=fuzz", f"/s?q={base.id[:9]}"):
            status, _, body = self.send(Ask(b"GET", path.encode(), other, self.server.port))
            assert base.id.encode() not in body.replace(path.encode(), b"") or status == 404 or "?q=" in path and b"/s/" + base.id.encode() not in body, (path, status, body)

    # Beside it

    def uploads_beside(self, number, stop):
        """Valid uploads: each segment is stored at the first try, or after a documented wait."""
        chance = random.Random(f"{self.seed} beside {number}")
        key, reader = self.keys["writer", "default"], self.keys["reader", "default"]
        while not stop.is_set():
            made = self.made(chance, "default", 6)
            for index, body in enumerate(made.segments):
                status, words = self.put(made.id, index, key, body)
                assert status == 201, f"a valid upload beside it: {status} {words}"
            assert self.put(made.id, None, key, made.manifest())[0] == 201
            for index, body in enumerate(made.segments):
                assert self.get(made.id, index, reader) == (200, body), "a valid upload is not there"
            self.uploads += len(made.segments)
            stop.wait(0.02)

    def held(self, stop):
        """Connections that promise large bodies and send little of them, or ask for much and read nothing of it."""
        chance = random.Random(f"{self.seed} held")
        key, admin = self.keys["writer", "other"], self.keys["admin", "other"]
        large = Session(self.seed + 99, producer="fuzz 1")
        large.add(MEGABYTES * 1_000_000)
        assert self.put(large.id, 0, key, large.segments[0])[0] in (200, 201)
        while not stop.is_set():
            connections = []
            for _ in range(60):
                connection = socket.create_connection(("127.0.0.1", self.server.port), 20)
                connections.append(connection)
                ask = self.ask(b"PUT", large.id, 1, key, b"x")
                ask.set(b"Content-Length", b"%d" % (MEGABYTES << 20))
                if chance.random() < 0.5:
                    ask = self.ask(b"GET", large.id, 0, admin)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(ask.bytes())
            stop.wait(2)
            for connection in connections:
                connection.close()

    # Properties

    def open_files(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def outside(self):
        """Everything below the test's folder that is not of the store, and all names beside it."""
        return {str(path.relative_to(self.folder)) for path in Path(self.folder).rglob("*") if "store" not in path.relative_to(self.folder).parts[:1]}

    def settled(self):
        """Waits until all connections are closed."""
        end = time.monotonic() + 15
        while self.open_files() > self.files + 8:
            assert time.monotonic() < end, f"{self.open_files()} files are open, and {self.files} were at first"
            time.sleep(0.1)

    def properties(self, most):
        assert self.server.process.poll() is None, f"the server ended with {self.server.process.returncode}: {self.words()[-3000:]}"
        self.settled()
        assert self.send(Ask(b"GET", b"/healthz", None, self.server.port))[0] == 200
        assert "request failed" not in self.words(), f"503 hides an error: {self.words()[-2000:]}"
        assert self.server.resident() < most, f"{self.server.resident()} MB"
        assert self.outside() == self.before, f"files outside of the store: {self.outside() ^ self.before}"
        there = set()
        for path in Path(self.folder, "store").rglob("*"):
            name = str(path.relative_to(self.folder + "/store"))
            if path.is_dir() or name.startswith(".tmp/") and self.kept_open(path):
                continue
            assert NAMES.fullmatch(name), f"a file in the store: {name}"
            part = name.split("/")
            if part[1:2] != ["sessions"]:
                continue
            place = (part[0], part[5], None if part[6] == "manifest.json" else int(part[7][:8]))
            there.add(place)
            data = path.read_bytes()
            sent = self.account.sent.get(place, {}).get(hashlib.sha256(data).digest())
            assert sent, f"{name} was {'not answered' if sent is False else 'never sent with a key of that project'}"
            assert place[2] is None or intact(data, place[1], place[2]), f"{name} is no whole segment"
        for place, wanted in self.account.must.items():
            assert place in there or place[:2] in self.account.deleted, f"{place} was answered with 201, and is gone"

    @staticmethod
    def kept_open(path):
        """Whether a temporary file is gone a moment later."""
        end = time.monotonic() + 5
        while path.exists() and time.monotonic() < end:
            time.sleep(0.05)
        return not path.exists()

    def words(self):
        self.log.flush()
        return Path(self.log.name).read_text(errors="replace")

    def guarded(self, work, *arguments):
        try:
            work(*arguments)
        except (AssertionError, OSError) as error:
            self.failures.append(error)

    def run(self, groups, most):
        """Sends groups in batches; checks after each."""
        for first in range(0, len(groups), BATCH // GROUP):
            stop = threading.Event()
            beside = [threading.Thread(target=self.guarded, args=(self.uploads_beside, f"{first} {number}", stop)) for number in range(2)]
            beside.append(threading.Thread(target=self.guarded, args=(self.held, stop)))
            for thread in beside:
                thread.start()
            with ThreadPoolExecutor(6) as pool:
                for number in groups[first:first + BATCH // GROUP]:
                    pool.submit(self.guarded, self.group, number)
            stop.set()
            for thread in beside:
                thread.join()
            if self.failures:
                dead = self.server.process.poll()
                raise self.failures[0] if dead is None else AssertionError(f"the server ended with {dead}: {self.words()[-3000:]}; {self.failures[0]}")
            self.properties(most)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--most-megabytes", type=int, default=400)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    count = options.count or (30_000 if options.full else 900)
    with Folder() as folder:
        begin = time.monotonic()
        fuzzer = Fuzzer(folder, options.seed)
        try:
            fuzzer.run([options.only] if options.only is not None else list(range(count // GROUP)), options.most_megabytes)
            code = fuzzer.server.stop()
            assert code == 0, f"the server ended with {code}"
        except AssertionError as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            sys.exit(f"requests: {error} (in {place.name}, line {place.lineno}: {place.line})\n(seed {options.seed})")
        finally:
            if fuzzer.server.process.poll() is None:
                fuzzer.server.kill()
        counts = " ".join(f"{name} {number}" for name, number in sorted(fuzzer.kinds.items()))
        print(f"requests: held, {count} mutated ({counts}), {fuzzer.uploads} valid segments beside them, answers {dict(sorted(fuzzer.statuses.items()))} "
              f"({time.monotonic() - begin:.1f} s, seed {options.seed}, count {count})")


if __name__ == "__main__":
    main()
