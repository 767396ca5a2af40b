#!/usr/bin/python3
"""Attacks on scrim-server. Only content of a key's own project may be stored, read or deleted, and the server must continue to work.

    attacks.py [--seed N]
"""
import argparse
import base64
import glob
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zlib

from accounts import store_of_folder
from hostile import scramble
from sessions import Session
from tools import SCRIM, SERVER, Folder, Server, port, skip


def digest(body):
    return "sha-256=:%s:" % base64.b64encode(hashlib.sha256(body).digest()).decode()


class Client:
    """Sends bytes unchanged, and reads an answer's status."""

    def __init__(self, server, key=None):
        self.server, self.key = server, key

    def raw(self, data, wait=10):
        with socket.create_connection(("127.0.0.1", self.server.port), wait) as connection:
            connection.settimeout(wait)
            try:
                connection.sendall(data)
            except OSError:
                pass
            answer = b""
            try:
                while b"\r\n\r\n" not in answer:
                    part = connection.recv(65536)
                    if not part:
                        break
                    answer += part
                head, _, rest = answer.partition(b"\r\n\r\n")
                length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
                while length and len(rest) < length[0]:
                    part = connection.recv(65536)
                    if not part:
                        break
                    rest += part
            except OSError:
                return 0, b"", b""
            return (int(head.split()[1]) if head.startswith(b"HTTP/1.") else 0), head, rest

    def send(self, method, path, body=None, wait=10, key=None, **headers):
        fields = {"Host": f"127.0.0.1:{self.server.port}", "Connection": "close"}
        key = key if key is not None else self.key
        if key:
            fields["Authorization"] = "Bearer " + key
        if body is not None:
            fields["Content-Length"] = str(len(body))
            fields["Content-Digest"] = digest(body)
        for name, value in headers.items():
            fields[name.replace("_", "-")] = value
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
        return self.raw(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + (body or b""), wait)

    def put(self, session, index, body=None, **more):
        body = session.segments[index] if body is None else body
        return self.send("PUT", "/v1/sessions/%s/segments/%08d" % (session.id, index), body, **more)[0]


def session(seed, segments=3):
    made = Session(seed)
    for _ in range(segments):
        made.add()
    return made


def expect(got, *wanted):
    assert got in wanted, f"{got} instead of {wanted}"


def contract(client, folder):
    """Each answer of the interface, once."""
    made, other = session(1), session(2)
    expect(client.put(made, 0), 201)
    expect(client.put(made, 0), 200)
    expect(client.put(made, 2), 201)
    expect(client.put(made, 1), 201)
    path = f"/v1/sessions/{made.id}"
    status, head, body = client.send("GET", path + "/segments/00000001")
    expect(status, 200)
    assert body == made.segments[1] and digest(body).encode() in head
    for field, first, last in (("bytes=5-9", 5, 9), ("bytes=-7", len(body) - 7, len(body) - 1), ("bytes=100-", 100, len(body) - 1),
                               ("bytes=0-99999999999999999999", None, None)):
        status, head, part = client.send("GET", path + "/segments/00000001", Range=field)
        if first is None:
            expect(status, 200, 206)
        else:
            expect(status, 206)
            assert part == body[first:last + 1] and f"bytes {first}-{last}/{len(body)}".encode() in head
    expect(client.send("GET", path + "/segments/00000001", Range="bytes=99999-")[0], 416)
    expect(client.send("GET", path + "/segments/00000009")[0], 404)
    expect(client.send("GET", path + "/manifest")[0], 404)
    # A manifest may only grow.
    whole = made.listed
    made.listed = whole[:1]
    small = made.manifest("open")
    expect(client.send("PUT", path + "/manifest", small)[0], 201)
    made.listed = whole
    expect(client.send("PUT", path + "/manifest", made.manifest("open"))[0], 201)
    expect(client.send("PUT", path + "/manifest", small)[0], 409)
    expect(client.send("PUT", path + "/manifest", made.manifest(error_ids=["e1"], trace_ids=["a" * 32]))[0], 201)
    expect(client.send("PUT", path + "/manifest", made.manifest("open"))[0], 409)
    assert client.send("GET", path + "/manifest")[2] == made.manifest(error_ids=["e1"], trace_ids=["a" * 32])
    for query in ("error_id=e1", "trace_id=" + "a" * 32, "q=" + made.id[:5], "q=" + made.id[:2], "q=test%201"):
        found = json.loads(client.send("GET", "/v1/sessions?" + query)[2])["sessions"]
        assert made.id in [entry["session"] for entry in found], query
    assert not json.loads(client.send("GET", "/v1/sessions?trace_id=" + "b" * 32)[2])["sessions"]
    expect(client.put(other, 0), 201)
    expect(client.send("DELETE", path)[0], 200)
    for method, place, body in (("GET", "/manifest", None), ("GET", "/segments/00000000", None), ("DELETE", "", None),
                                ("PUT", "/segments/00000000", made.segments[0]), ("PUT", "/manifest", made.manifest())):
        expect(client.send(method, path + place, body)[0], 410)
    assert not [name for name, _, _ in os.walk(folder + "/store") if made.id in name]


def wrong_bodies(client, folder):
    made, other = session(10), session(11)
    before = len(store_of_folder(folder + "/store"))
    good = made.segments[0]
    expect(client.put(made, 0, Content_Digest=digest(b"other")), 400)
    expect(client.put(made, 0, Content_Digest=None), 400)
    expect(client.put(made, 0, Content_Digest="sha-256=:AAAA:"), 400)
    expect(client.put(made, 0, good[:-1]), 400)
    expect(client.put(made, 0, good + b"x"), 400)
    expect(client.put(made, 0, b""), 400)
    expect(client.put(made, 0, good[:50] + bytes([good[50] ^ 1]) + good[51:]), 400)
    # Swapped and replayed under other names.
    expect(client.put(made, 1, good), 400)
    expect(client.put(other, 0, good), 400)
    expect(client.put(made, 0, good, Content_Encoding="gzip"), 415)
    assert len(store_of_folder(folder + "/store")) == before
    # Another segment at an existing index, and a segment that contradicts the chain.
    expect(client.put(made, 0), 201)
    twin = Session(10)
    twin.add(333)
    twin.add(333)
    assert twin.id == made.id and twin.segments[0] != good
    expect(client.put(twin, 0), 409)
    expect(client.put(twin, 1), 409)
    thief = Session(10, producer="somebody else")
    for _ in range(6):
        thief.add()
    expect(client.put(thief, 5), 409)
    lying = made.manifest().replace(made.listed[0]["sha256"].encode(), b"0" * 64)
    expect(client.send("PUT", f"/v1/sessions/{made.id}/manifest", lying)[0], 409)
    for bad in (b"", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"format":"scrim-session/1"}', other.manifest()):
        expect(client.send("PUT", f"/v1/sessions/{made.id}/manifest", bad)[0], 400)


def neighbours(client, folder):
    """Segments that contradict each other or the stored manifest: never are both stored, also not at the same moment."""
    for seed in range(70_000, 70_020):
        made, twin = session(seed), Session(seed)
        for _ in range(3):
            twin.add(333)
        barrier, answers = threading.Barrier(2), [0, 0]

        def put(place, whose, index):
            barrier.wait(10)
            answers[place] = client.put(whose, index)
        threads = [threading.Thread(target=put, args=each) for each in ((0, made, 0), (1, twin, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(answers) in ([201, 409], [201, 503]), answers
        expect(client.put(made, 0), 200, 409)
        expect(client.put(twin, 1), 409 if answers[0] == 201 else 200)
    made, twin = session(70_100, 4), Session(70_100)
    for _ in range(4):
        twin.add(333)
    made.listed, whole = made.listed[:2], made.listed
    expect(client.send("PUT", f"/v1/sessions/{made.id}/manifest", made.manifest("open"))[0], 201)
    for index in (0, 1, 2):
        expect(client.put(twin, index), 409)
    expect(client.put(made, 2), 201)
    made.listed = [whole[0], twin.listed[1]]
    expect(client.send("PUT", f"/v1/sessions/{made.id}/manifest", made.manifest("open"))[0], 409)
    for index in (1, 0, 3):
        expect(client.put(made, index), 201)
    made.listed = whole
    expect(client.send("PUT", f"/v1/sessions/{made.id}/manifest", made.manifest())[0], 201)


def damaged(client, folder):
    """A stored segment of which the disk lost a part: the good one replaces it, no other does, and the remains stay."""
    made, twin = session(71), Session(71)
    for _ in range(3):
        twin.add(333)
    for index in range(3):
        expect(client.put(made, index), 201)
    path = glob.glob(f"{folder}/store/default/sessions/*/*/*/{made.id}/segments/00000001.scrim")[0]
    remains = made.segments[1][:-30] + bytes(20)
    with open(path, "wb") as file:
        file.write(remains)
    expect(client.put(twin, 1), 409)
    expect(client.put(made, 1), 201)
    assert open(path, "rb").read() == made.segments[1] and open(path + ".damaged", "rb").read() == remains
    expect(client.put(made, 1), 200)
    expect(client.send("DELETE", f"/v1/sessions/{made.id}")[0], 200)
    assert not os.path.exists(path + ".damaged")


def paths(client, folder):
    made = session(20)
    good = made.segments[0]
    outside = folder + "/outside"
    for place in ("../../outside", "..%2f..%2foutside", "%2e%2e/%2e%2e/outside", "....//outside", "a/../../../outside",
                  made.id + "/../../../outside", made.id.upper(), made.id + "%00", made.id + "\x01", "." * 5000, ""):
        for last in ("/segments/00000000", "/manifest", ""):
            for method in ("PUT", "GET", "DELETE"):
                expect(client.send(method, "/v1/sessions/" + place + last, good if method == "PUT" else None)[0], 0, 400, 404, 405, 414, 431)
    for index in ("0", "000000000", "0000000a", "-0000001", "+0000001", "00000000.scrim", "../00000000", "００００００００", "99999999"):
        expect(client.send("PUT", f"/v1/sessions/{made.id}/segments/{index}".encode().decode("latin-1"), good)[0], 0, 400, 404)
    assert not os.path.exists(outside)


def framing(client, folder):
    """Wrong and huge lengths, wrong chunks, requests within requests."""
    made = session(30)
    good = made.segments[0]
    path = f"/v1/sessions/{made.id}/segments/00000000"
    expect(client.send("PUT", path, good, Content_Length=str(1 << 40))[0], 413)
    expect(client.send("PUT", path, good, Content_Length="99999999999999999999999")[0], 0, 400, 413)
    expect(client.send("PUT", path, good, Content_Length="-5")[0], 0, 400)
    expect(client.send("PUT", path, good, Content_Length="12abc")[0], 0, 400)
    expect(client.send("PUT", path, good[:20], Content_Length=str(len(good)), wait=8)[0], 0)
    for chunks in (b"5\r\nhello\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\nx", b"zz\r\nx\r\n0\r\n\r\n", b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"):
        fields = f"Host: 127.0.0.1\r\nAuthorization: Bearer {client.key}\r\nContent-Digest: {digest(b'hello')}\r\n"
        expect(client.raw(f"PUT {path} HTTP/1.1\r\n{fields}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks, 4)[0], 0, 400)
    # Both lengths at once, as in request smuggling.
    fields = f"Host: 127.0.0.1\r\nAuthorization: Bearer {client.key}\r\nContent-Digest: {digest(good)}\r\n"
    expect(client.raw(f"PUT {path} HTTP/1.1\r\n{fields}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode())[0], 0, 400)
    # A body without an end, larger than any segment may be.
    body = b"%x\r\n" % (1 << 20) + bytes(1 << 20) + b"\r\n"
    expect(client.raw(f"PUT {path} HTTP/1.1\r\n{fields}Transfer-Encoding: chunked\r\n\r\n".encode() + body * 3)[0], 0, 413)
    # A bomb: the body claims to be compressed.
    bomb = zlib.compress(bytes(50 << 20))
    expect(client.put(made, 0, bomb, Content_Encoding="deflate"), 415)
    expect(client.put(made, 0, bomb), 400)
    # Floods of headers.
    expect(client.raw(b"GET /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n")[0], 0, 400, 431)
    expect(client.raw(b"GET /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: " + b"b" * 1_000_000 + b"\r\n\r\n")[0], 0, 400, 431)
    expect(client.raw(b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")[0], 0, 400, 414, 431)
    expect(client.raw(b"\x16\x03\x01\x02\x00\x01\x00" * 100)[0], 0, 400)
    expect(client.put(made, 0), 201)


def heads(client, folder):
    """HEAD has the header of GET and no body, which would be read as the next answer of the connection."""
    made = session(31)
    expect(client.put(made, 0), 201)
    for path, status in ((f"/v1/sessions/{made.id}/segments/00000000", 200), ("/v1/sessions?limit=500", 200), ("/healthz", 200), ("/v1/none", 404)):
        fields = f"Host: 127.0.0.1\r\nAuthorization: Bearer {client.key}\r\n"
        data = "".join(f"{method} {path} HTTP/1.1\r\n{fields}{more}\r\n" for method, more in (("HEAD", ""), ("HEAD", ""), ("GET", "Connection: close\r\n")))
        with socket.create_connection(("127.0.0.1", client.server.port), 10) as connection:
            connection.settimeout(10)
            connection.sendall(data.encode())
            got = b""
            while part := connection.recv(65536):
                got += part
        first, second, third, body = got.split(b"\r\n\r\n", 3)
        for head in (first, second, third):
            assert head.startswith(b"HTTP/1.1 %d " % status), head
            assert b"\r\ncontent-length: %d\r\n" % len(body) in head.lower() + b"\r\n", (path, head, len(body))


def doubles(client, folder):
    """Fields that may come once: which of two counts differs from program to program."""
    made = session(32)
    good = made.segments[0]
    path = f"/v1/sessions/{made.id}/segments/00000000"
    expect(client.send("GET", "/v1/sessions", Host=f"127.0.0.1\r\nHost: 127.0.0.1:{client.server.port}")[0], 400)
    expect(client.send("GET", "/v1/sessions", Host="127.0.0.1\r\nhOST: evil.example")[0], 400)
    expect(client.send("GET", "/v1/sessions", Authorization=f"Bearer {client.key}\r\nAuthorization: Bearer {client.key}")[0], 401)
    right, wrong = digest(good), digest(b"other")
    for value in (f"{right}, {wrong}", f"{wrong}, {right}", f"{right}\r\nContent-Digest: {wrong}", f"{right}, sha-256=:AAAA:", f"sha-256=1, {right}",
                  f"sha-512=:AAAA:, {wrong}"):
        expect(client.put(made, 0, Content_Digest=value), 400)
    expect(client.send("GET", path)[0], 404)
    expect(client.put(made, 0, Content_Digest=f"sha-512=:AAAA:, {right},{right}"), 201)


def slow(client, folder):
    """A header and a body at one byte per second: the connection is closed, and others are served in the meantime."""
    made = session(40)
    head = f"PUT /v1/sessions/{made.id}/segments/00000000 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {client.key}\r\n"
    for start in (b"GET /healthz HT", (head + f"Content-Digest: {digest(b'x')}\r\nContent-Length: 100000\r\n\r\n").encode()):
        with socket.create_connection(("127.0.0.1", client.server.port), 5) as connection:
            connection.sendall(start)
            begun, closed = time.monotonic(), False
            while time.monotonic() - begun < 15 and not closed:
                time.sleep(0.25)
                try:
                    connection.sendall(b"a")
                    connection.settimeout(0.01)
                    closed = connection.recv(1000) == b""
                except TimeoutError:
                    continue
                except OSError:
                    closed = True
            assert closed, "a slow request holds its connection"
            expect(client.send("GET", "/v1/sessions")[0], 200)


def readers(folder, *options):
    """Clients that read nothing of a large answer hold little memory, and are closed; one that reads slowly gets all of it."""
    server = Server(
        folder + "/large", "--max-segment-megabytes", "16", "--header-seconds", "2", "--body-seconds", "2", *options)
    client = Client(server)
    made = Session(80)
    made.add(15_000_000)
    expect(client.put(made, 0, wait=60), 201)
    body = made.segments[0]
    request = f"GET /v1/sessions/{made.id}/segments/00000000 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()
    assert client.send("GET", f"/v1/sessions/{made.id}/segments/00000000", wait=60)[2] == body
    before, most = server.resident(), 0

    def connect():
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(request)
        return connection

    silent = [connect() for _ in range(20)]
    slow, got = connect(), b""
    begin = time.monotonic()
    while time.monotonic() - begin < 10:
        time.sleep(0.05)
        part = slow.recv(4096)
        assert part, f"a slow reader is cut off after {time.monotonic() - begin:.1f} s, {len(got)} bytes"
        got += part
        most = max(most, server.resident())
    while len(got) < len(body) or not got.endswith(body[-1000:]):
        part = slow.recv(1 << 20)
        assert part, f"a slow reader is cut off after {len(got)} bytes"
        got += part
    assert got.split(b"\r\n\r\n", 1)[1] == body
    assert most - before < 100, f"20 clients that read nothing hold {most - before} MB"
    for connection in silent:
        count = 0
        try:
            while part := connection.recv(1 << 20):
                count += len(part)
        except ConnectionError:
            pass
        assert count < len(body), "a client that reads nothing keeps its connection"
        connection.close()
    slow.close()
    assert server.stop() == 0
    return f"at most {most - before} MB for 20 answers of 15 MB"


def keys(client, folder, others):
    """Missing, forged and other projects' keys, and roles."""
    made = session(50)
    path = f"/v1/sessions/{made.id}"
    for key in ("", "nonsense", client.key[:-1], client.key + "x", client.key.upper(), "x" * 10_000):
        expect(client.send("GET", "/v1/sessions", key=key or "-")[0], 401)
        expect(client.put(made, 0, key=key or "-"), 401)
    expect(client.send("GET", "/v1/sessions", Authorization=None)[0], 401)
    expect(client.send("GET", "/v1/sessions", Authorization="Basic " + client.key)[0], 401)
    expect(client.put(made, 0, key=others["writer"]), 201)
    expect(client.send("GET", path + "/segments/00000000", key=others["writer"])[0], 403)
    expect(client.send("GET", "/v1/sessions", key=others["writer"])[0], 403)
    expect(client.send("DELETE", path, key=others["writer"])[0], 403)
    expect(client.send("GET", path + "/segments/00000000", key=others["reader"])[0], 200)
    expect(client.put(made, 1, key=others["reader"]), 403)
    expect(client.send("DELETE", path, key=others["reader"])[0], 403)
    # Another project's admin sees no data of it, and may have its own session of the same name.
    foreign = others["foreign"]
    expect(client.send("GET", path + "/segments/00000000", key=foreign)[0], 404)
    expect(client.send("DELETE", path, key=foreign)[0], 404)
    assert made.id not in client.send("GET", "/v1/sessions?limit=500", key=foreign)[2].decode()
    twin = Session(50)
    twin.add(77)
    expect(client.put(twin, 0, key=foreign), 201)
    expect(client.send("DELETE", path, key=foreign)[0], 200)
    assert client.send("GET", path + "/segments/00000000", key=others["reader"])[2] == made.segments[0]
    # No key, and no part of one, is on the disk.
    for place, _, names in os.walk(folder + "/store"):
        for name in names:
            data = open(place + "/" + name, "rb").read()
            for key in [client.key, *others.values()]:
                assert key.encode() not in data, name


def rebinding(client, folder):
    """Pages of other sites: DNS rebinding and cross-site requests."""
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::2]", "127.0.0.2"):
        expect(client.send("GET", "/v1/sessions", Host=host)[0], 400, 421)
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80"):
        expect(client.send("GET", "/v1/sessions", Host=host)[0], 200)
    # Another port of this machine is another site too.
    for origin in ("http://evil.example", "null", "file://", "http://localhost.evil.example", "javascript:1", "http://127.0.0.1:1",
                   f"http://localhost:{client.server.port}"):
        for path in ("/v1/sessions", "/s", "/sign-in"):
            expect(client.send("GET", path, Origin=origin)[0], 403)
    expect(client.send("GET", "/v1/sessions", Origin=f"http://127.0.0.1:{client.server.port}")[0], 200)
    status, head, _ = client.send("GET", "/v1/sessions")
    assert b"Access-Control-Allow-Origin" not in head and b"nosniff" in head and b"default-src 'none'" in head


def pages(client, folder, found):
    """A signed-in browser can read, and a cookie gives no other right; no path leads out of the pages."""
    made = session(61)
    expect(client.put(made, 0), 201)
    # Without signing in.
    for path in ("/s", "/s/" + made.id, f"/s/{made.id}/embed"):
        status, head, _ = client.send("GET", path, key="")
        assert status == 303 and b"Location: /sign-in?next=" in head, (path, head)
    for path in (f"/s/{made.id}/live", f"/s/{made.id}/open?index=0", f"/s/{made.id}/thumbnail"):
        expect(client.send("GET", path, key="")[0], 401)
    for key in ("", "x" * 5000, found["writer"], "%00", found["reader"] + "0"):
        status, head, _ = client.send("POST", "/sign-in", b"key=" + key.encode(), key="")
        assert status == 403 and b"Set-Cookie" not in head, (key, head)
    expect(client.send("POST", "/sign-in", b"key=" + b"x" * 20_000, key="")[0], 413)
    for target in (b"//evil.example", b"https://evil.example", b"/s%0d%0aX-Evil:%201", b"/s/%0aX", b"%5Cevil"):
        head = client.send("POST", "/sign-in", b"key=%s&next=%s" % (found["reader"].encode(), target), key="")[1]
        assert b"\r\nLocation: /s\r\n" in head + b"\r\n" and b"X-Evil" not in head, head
    cookie = re.search(rb"Set-Cookie: ([^;]+); Path=/; Max-Age=43200; HttpOnly; SameSite=Lax", head)[1].decode()
    expect(client.send("GET", "/s/" + made.id, key="", Cookie=cookie)[0], 200)
    expect(client.send("GET", f"/v1/sessions/{made.id}/segments/00000000", key="", Cookie=cookie)[0], 200)
    # A form of any site can send a cookie, so a cookie never gives write access.
    expect(client.send("PUT", f"/v1/sessions/{made.id}/segments/00000001", made.segments[1], key="", Cookie=cookie)[0], 401)
    expect(client.send("DELETE", "/v1/sessions/" + made.id, key="", Cookie=cookie)[0], 401)
    for path in ("/s/../v1/sessions", "/s/..%2f..%2fetc", "/s/" + made.id.upper(), f"/s/{made.id}/..", "/assets/../audit.jsonl", "/assets/",
                 f"/s/{made.id}/segments.jsonl", "/s/" + "a" * 4000, "//s", "/s//"):
        expect(client.send("GET", path, key="", Cookie=cookie)[0], 400, 404)
    for query in ("filter=x", "sort=x", "after=x", "after=" + "9" * 60):
        expect(client.send("GET", "/s?" + query, key="", Cookie=cookie)[0], 400)
    for query in ("q=" + "%22" * 60, "q=%00%00%00%00", "q=" + "a" * 3000, "days=-1", "days=x", "q=%ff%fe%fd", "order=x", "x=y"):
        expect(client.send("GET", "/s?" + query, key="", Cookie=cookie)[0], 200)
    for query in ("index=-1", "index=99999999999999999999", "index=0&from=-1", "index=0&from=x"):
        expect(client.send("GET", f"/s/{made.id}/open?{query}", key="", Cookie=cookie)[0], 400)
    expect(client.send("POST", "/sign-out", b"", key="", Cookie=cookie)[0], 303)
    expect(client.send("GET", f"/v1/sessions/{made.id}/manifest", key="", Cookie=cookie)[0], 401)
    expect(client.send("DELETE", "/v1/sessions/" + made.id)[0], 200)


def encrypted(folder):
    """`scrim serve --tls` with a self-signed certificate: pages and delivery work over TLS, and not without it."""
    if not shutil.which("openssl"):
        return skip("openssl is not installed")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=replay.test", "-addext",
         "subjectAltName=DNS:replay.test,IP:127.0.0.1", "-keyout", folder + "/key.pem", "-out", folder + "/cert.pem"],
        capture_output=True, timeout=60, check=True)
    found = {}
    with open(folder + "/tls-keys", "w") as file:
        for role in ("reader", "writer"):
            done = subprocess.run([SERVER, "new-key", "--role", role, "--name", role], capture_output=True, text=True, timeout=20, check=True)
            found[role] = done.stdout.strip()
            file.write(done.stderr)
    at = port()
    process = subprocess.Popen(
        [SCRIM, "serve", "--store", folder + "/tls-store", "--listen", f"0.0.0.0:{at}", "--host", "replay.test", "--host", "127.0.0.1",
         "--keys", folder + "/tls-keys", "--tls", folder + "/cert.pem", folder + "/key.pem"], stderr=subprocess.PIPE)
    try:
        assert b"listening on port" in process.stderr.readline()
        context = ssl.create_default_context(cafile=folder + "/cert.pem")

        def ask(method, path, body=None, **headers):
            with socket.create_connection(("127.0.0.1", at), 10) as plain, context.wrap_socket(plain, server_hostname="replay.test") as tls:
                connection = http.client.HTTPConnection("replay.test", at)
                connection.sock = tls
                connection.request(method, path, body, {"Host": f"replay.test:{at}", **headers})
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read()

        assert ask("GET", "/healthz")[0] == 200
        assert ask("GET", "/s")[0] == 303
        status, head, _ = ask("POST", "/sign-in", "key=" + found["reader"], Origin=f"https://replay.test:{at}")
        cookie = head["Set-Cookie"]
        assert status == 303 and cookie.startswith("__Host-scrim=") and cookie.endswith("; HttpOnly; SameSite=Lax; Secure"), cookie
        assert ask("GET", "/s", Cookie=cookie.split(";")[0])[0] == 200
        assert ask("GET", "/s", Host="evil.example")[0] == 421
        made = session(62)
        body = made.segments[0]
        assert ask("PUT", f"/v1/sessions/{made.id}/segments/00000000", body, **{
            "Authorization": "Bearer " + found["writer"], "Content-Digest": digest(body)})[0] == 201
        # A client that doesn't trust the certificate doesn't connect, and a client without TLS gets no answer.
        try:
            with socket.create_connection(("127.0.0.1", at), 10) as plain:
                ssl.create_default_context().wrap_socket(plain, server_hostname="replay.test")
            raise AssertionError("an unknown certificate was believed")
        except ssl.SSLCertVerificationError:
            pass
        with socket.create_connection(("127.0.0.1", at), 10) as plain:
            plain.settimeout(10)
            plain.sendall(f"GET /s HTTP/1.1\r\nHost: replay.test:{at}\r\n\r\n".encode())
            try:
                assert not plain.recv(100).startswith(b"HTTP/"), "an answer without TLS"
            except ConnectionError:
                pass
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def fuzz(client, folder, seed):
    """Randomly mutated requests: no answer is 500, and the server continues to work."""
    chance = random.Random(seed)
    made = session(60)
    good = made.segments[0]
    base = (f"PUT /v1/sessions/{made.id}/segments/00000000 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Authorization: Bearer {client.key}\r\nContent-Digest: {digest(good)}\r\nContent-Length: {len(good)}\r\n\r\n").encode() + good
    statuses = {}
    for _ in range(400):
        data = scramble(chance, base)
        status = client.raw(data, 0.3)[0]
        statuses[status] = statuses.get(status, 0) + 1
        assert status < 500, (status, data)
    return statuses


def refuses_to_start(folder):
    for store in ("file://host/dir", "file://dir", "file://", "http://host/dir", ""):
        for command in (["serve"], ["reindex"]):
            done = subprocess.run([SERVER, *command, "--store", store], capture_output=True, timeout=20, cwd=folder)
            assert done.returncode == 64 and (b"names no folder" in done.stderr or b"--store takes" in done.stderr), (store, done)
    assert not [name for name in os.listdir(folder) if ":" in name], os.listdir(folder)
    done = subprocess.run([SERVER, "reindex", "--store", f"file://{folder}/by-url"], capture_output=True, timeout=20, cwd=folder)
    assert done.returncode == 0 and os.path.isdir(folder + "/by-url"), done
    for arguments in (
            ["--listen", ":9480"], ["--listen", "127.0.0.1"], ["--listen", "127.0.0.1:"], ["--listen", "127.0.0.1:+80"], ["--listen", "127.0.0.1:65536"],
            ["--listen", "127.0.0.1:-1"], ["--rate", "0"], ["--rate", "nan"], ["--rate", "inf"], ["--rate", "1e-300"], ["--day-megabytes", "0"],
            ["--day-megabytes", "-5"], ["--day-megabytes", str(1 << 60)], ["--header-seconds", "0"], ["--header-seconds", str(1 << 62)],
            ["--body-seconds", "-1"], ["--answer-seconds", "0"], ["--max-segment-megabytes", "0"], ["--max-segment-megabytes", str(1 << 62)],
            ["--host", ""], ["--host", "a:80"], ["--host", "https://a"], ["--refresh-seconds", "0"]):
        done = subprocess.run([SERVER, "--store", folder + "/none", "--listen", "127.0.0.1:0", *arguments], capture_output=True, timeout=20)
        assert done.returncode == 64 and arguments[0].encode() in done.stderr, (arguments, done)
    for arguments, words in (
            (["--listen", "0.0.0.0:%d" % port()], b"--keys"),
            (["--listen", "0.0.0.0:%d" % port(), "--keys", folder + "/keys"], b"--tls"),
            (["--listen", "0.0.0.0:%d" % port(), "--keys", folder + "/keys", "--behind-proxy"], b"--host")):
        done = subprocess.run([SERVER, "--store", folder + "/none", *arguments], capture_output=True, timeout=20)
        assert done.returncode != 0 and words in done.stderr, (arguments, done.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    with Folder() as folder:
        found = {}
        with open(folder + "/keys", "w") as file:
            for name, role, project in (("admin", "admin", "default"), ("writer", "writer", "default"),
                                        ("reader", "reader", "default"), ("foreign", "admin", "other")):
                done = subprocess.run([SERVER, "new-key", "--role", role, "--project", project, "--name", name],
                                      capture_output=True, text=True, timeout=20, check=True)
                found[name] = done.stdout.strip()
                file.write(done.stderr)
        server = Server(folder + "/store", "--keys", folder + "/keys", "--max-segment-megabytes", "2", "--header-seconds", "3",
                        "--body-seconds", "3", "--rate", "100000")
        client = Client(server, found["admin"])
        for attack in (contract, wrong_bodies, neighbours, damaged, paths, framing, heads, doubles, slow, rebinding):
            start = time.monotonic()
            attack(client, folder)
            print(f"{attack.__name__}: held ({time.monotonic() - start:.1f} s)", flush=True)
        keys(client, folder, found)
        print("keys: held", flush=True)
        pages(client, folder, found)
        print("pages: held", flush=True)
        print(f"readers: held, {readers(folder, '--answer-seconds', '3')}", flush=True)
        print(f"fuzz: held, answers {fuzz(client, folder, seed)} (seed {seed})", flush=True)
        expect(client.send("GET", "/healthz")[0], 200)
        assert server.stop() == 0
        refuses_to_start(folder)
        encrypted(folder)
        print("encrypted: held", flush=True)
        # The requests of one key are limited, those of another are not.
        server = Server(folder + "/store", "--keys", folder + "/keys", "--rate", "5")
        client = Client(server, found["reader"])
        answers = [client.send("GET", "/v1/sessions") for _ in range(15)]
        assert answers[-1][0] == 429 and b"Retry-After: 1" in answers[-1][1], answers[-1]
        expect(client.send("GET", "/v1/sessions", key=found["admin"])[0], 200)
        assert server.stop() == 0
        print("limits: held", flush=True)


if __name__ == "__main__":
    main()
