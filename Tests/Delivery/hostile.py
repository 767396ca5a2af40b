"""What a fuzzer sends to scrim-server: raw requests that are mutated from valid ones, chosen by a seeded generator."""
import base64
import copy
import hashlib
import json
import struct
import uuid
import zlib


from sessions import MAGIC, record, varint, zigzag

METHODS = [b"GET", b"PUT", b"DELETE", b"HEAD", b"POST", b"OPTIONS", b"TRACE", b"PATCH", b"CONNECT", b"PROPFIND", b"get", b"PUT\0", b"P" * 300,
           b"", b"G\xc3\x89T", b"PRI", b"MOVE", b"COPY", b"M-SEARCH"]
VERSIONS = [b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/9.9", b"http/1.1", b"HTTP/1.1 ", b"", b"HTTP/1.", b"ICY"]
# In a path: up, encoded up, overlong forms of / and ., ends of strings, other slashes, other digits.
PARTS = [b"..", b".", b"%2e%2e", b"%2E%2e%2F", b"..%2f", b"..%5c", b"..\\", b"%252e%252e%252f", b"%c0%ae%c0%ae", b"%c0%af", b"\xc0\xaf",
         b"%e0%80%af", b"%00", b"\x00", b"%0d%0a", b"\r", b"\x7f", b"%u002e", b"%", b"%zz", b"%ff%fe", b"\xff", "é".encode(), "／".encode(),
         "００００００００".encode(), "\u202e".encode(), b";a=b", b"?", b"?a=b&&=", b"#x", b"//", b"/", b"", b" ", b"\t", b"*", b"~root", b"CON", b"a" * 255,
         b"b" * 9000, b"../" * 400, b"audit.jsonl", b".index/sessions.sqlite", b"default", b"other", b"deleted", b".tmp", b"00000000.scrim",
         b"99999999", b"-0000001", b"4294967296", b"18446744073709551616"]
VALUES = [b"", b" ", b"\t", b"\x00", b"\xff\xfe", b"\x0b", b"a" * 17000, b",", b"," * 500, b"\"", b"=:", b"0", b"-1", b"1e9", b"0x10",
          b"99999999999999999999", "é".encode(), b"chunked, chunked", b"identity", b"gzip, chunked", b"xchunked", b"chunked;q=0", b"null", b"*"]
NUMBERS = [0, 1, 2, -1, 127, 128, 255, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**53 + 1, 2**61 - 1, 2**61, 2**63 - 1, -2**61, -2**63]
WORDS = ["", "\0", "a\0b", "\ud800", "\ufffe", "\u202e", "'; DROP TABLE session; --", "\" OR \"a", "NEAR(a b)", "*", "a" * 300, "é" * 150, "a\nb", "<script>",
         "../..", "%s%n", "0" * 32, "{}", "\x1b[2J"]
TYPES = ["error", "network", "navigation", "log", "span", "test", "mark", "key", "button", "touch-down", "", "x" * 999]
DEEP = b"[" * 50_000 + b"]" * 50_000
_deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
BOMB = _deflate.compress(bytes(100 << 20)) + _deflate.flush(zlib.Z_SYNC_FLUSH)


def digest(body):
    return b"sha-256=:%s:" % base64.b64encode(hashlib.sha256(body).digest())


class Ask:
    """A request that can be changed part by part before it is written as bytes."""

    def __init__(self, method, path, key, port, body=None):
        self.method, self.path, self.version = method, path, b"HTTP/1.1"
        self.key, self.body = key, body
        self.fields = [(b"Host", b"127.0.0.1:%d" % port)]
        if key:
            self.fields.append((b"Authorization", b"Bearer " + key.word))
        if body is not None:
            self.fields += [(b"Content-Digest", digest(body)), (b"Content-Length", b"%d" % len(body))]
        self.tail = body or b""

    def set(self, name, value):
        self.fields = [field for field in self.fields if field[0].lower() != name.lower()]
        if value is not None:
            self.fields.append((name, value))

    def chunked(self, sizes, extension=b"", trailer=b""):
        """Sends the body in chunks of these sizes, and then the rest."""
        self.set(b"Content-Length", None)
        self.fields.append((b"Transfer-Encoding", b"chunked"))
        self.tail, at = b"", 0
        for size in [*sizes, len(self.body)]:
            part = self.body[at:at + size]
            at += len(part)
            if part:
                self.tail += b"%x%s\r\n%s\r\n" % (len(part), extension, part)
        self.tail += b"0\r\n%s\r\n" % trailer

    def bytes(self, line=b"\r\n", colon=b": "):
        head = b" ".join((self.method, self.path, self.version)) + line
        return head + b"".join(name + colon + value + line for name, value in self.fields) + line + self.tail


def target(chance, session, index):
    """A path that is mutated from a valid one."""
    names = [b"", b"v1", b"sessions", session.encode(), b"segments", b"%08d" % index]
    if chance.random() < 0.2:
        names[4:] = [b"manifest"]
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(names))
        how = chance.randrange(5)
        if how == 0:
            names[place] = chance.choice(PARTS)
        elif how == 1:
            names.insert(place, chance.choice(PARTS))
        elif how == 2:
            names[place] += chance.choice(PARTS)
        elif how == 3 and len(names) > 1:
            del names[place]
        else:
            names[place] = chance.choice([names[place].upper(), b"".join(b"%%%02x" % byte for byte in names[place]), names[place] * 2])
    path = b"/".join(names)
    return chance.choice([path] * 8 + [b"http://127.0.0.1" + path, b"http://evil.example" + path, b"127.0.0.1:80", b"*", b"/" + path, path[1:], b""])


def query(chance, session):
    """The address of a list or a page, with parameters that are wrong or strange."""
    def value():
        word = chance.choice([*WORDS, session, str(chance.choice(NUMBERS)), "%d.%d" % (chance.choice(NUMBERS), chance.choice(NUMBERS))])
        data = word.encode(errors="surrogatepass")
        return b"".join(b"%%%02X" % byte for byte in data) if chance.random() < 0.8 else data.replace(b" ", b"+")
    names = [b"trace_id", b"error_id", b"q", b"after", b"limit", b"filter", b"sort", b"order", b"days", b"known", b"index", b"from", b"next", b"x"]
    text = b"&".join(chance.choice(names) + b"=" + value() for _ in range(chance.randint(0, 4)))
    place = session.encode()
    front = chance.choice([b"/v1/sessions", b"/s", b"/s/" + place, b"/s/%s/live" % place, b"/s/%s/open" % place, b"/s/%s/embed" % place,
                           b"/s/%s/thumbnail" % place, b"/sign-in", b"/metrics", b"/healthz", b"/"])
    return front + (b"?" + text if text else b"")


def headers(chance, ask):
    """Changes header fields of a request; returns what is written, which may not be HTTP any more."""
    line, colon = b"\r\n", b": "
    for _ in range(chance.randint(1, 3)):
        how = chance.randrange(12)
        name, value = chance.choice(ask.fields)
        if how == 0:
            other = {b"Host": b"evil.example", b"Content-Digest": digest(b"other"), b"Authorization": b"Bearer x", b"Content-Length": b"1"}
            ask.fields.insert(chance.randrange(len(ask.fields) + 1), (name, other.get(name, value)))
        elif how == 1:
            ask.fields.append((name, value))
        elif how == 2:
            ask.fields.append((chance.choice([b"Origin", b"Range", b"Content-Encoding", b"Transfer-Encoding", b"Content-Length", b"Expect", b"Upgrade", b"Cookie",
                                              b"If-None-Match", b"Connection", b"X-Forwarded-For", b"X-Forwarded-Host", b"TE", b"Trailer", b"Content-Digest",
                                              b"X-HTTP-Method-Override", b":path", b":authority"]),
                               chance.choice([*VALUES, b"http://evil.example", b"bytes=0-1,2-3", b"100-continue", b"h2c", b"close", b"bytes=-0"])))
        elif how == 3:
            ask.set(name, chance.choice(VALUES))
        elif how == 4:
            ask.set(name, None)
            ask.fields.append((name + chance.choice([b" ", b"\t", b"\0", b"\xe9"]), value))
        elif how == 5:
            # obs-fold
            ask.set(name, value[:len(value) // 2] + chance.choice([b"\r\n ", b"\r\n\t", b"\n ", b"\r "]) + value[len(value) // 2:])
        elif how == 6:
            line = chance.choice([b"\n", b"\r", b"\r\n\r\n", b"\r\r\n", b"\n\n"])
        elif how == 7:
            ask.fields += [(b"X-%d" % number, b"y" * chance.choice([0, 10, 300])) for number in range(chance.choice([50, 101, 3000]))]
        elif how == 8:
            colon = chance.choice([b":", b" : ", b"", b"=", b":\t", b"::"])
        elif how == 9:
            ask.version = chance.choice(VERSIONS)
        elif how == 10:
            ask.method = chance.choice(METHODS)
        else:
            chance.shuffle(ask.fields)
            if not ask.fields:
                ask.fields = [(b"Host", b"127.0.0.1")]
        if not ask.fields:
            break
    return ask.bytes(line, colon)


def framing(chance, ask):
    """Lengths and chunks that lie, contradict each other, or aren't any."""
    size = len(ask.body)
    how = chance.randrange(8)
    if how == 0:
        ask.set(b"Content-Length", chance.choice([b"%d" % (size + 1), b"%d" % (size - 1), b"0", b"-1", b"+%d" % size, b"0%d" % size, b" %d " % size, b"%d, %d" % (size, size),
                                                  b"%d,%d" % (size, 0), b"0x%x" % size, b"1e3", b"%d" % 2**63, b"9" * 40, b"", b"%d" % (2 << 20), b"%d" % ((2 << 20) + 1)]))
    elif how == 1:
        ask.fields.append((b"Content-Length", chance.choice([b"0", b"%d" % size, b"%d" % (size + 5)])))
    elif how == 2:
        ask.fields.append((b"Transfer-Encoding", chance.choice([b"chunked", b" chunked", b"chunked\x0b", b"identity", b"gzip", b"chunked, identity", b"\xff"])))
    elif how == 3:
        ask.chunked([chance.randint(1, 100) for _ in range(5)], b";" + chance.choice(VALUES[:6] + [b"a=b", b"a" * 20_000, b"a=\"\r\n\""]))
    elif how == 4:
        ask.chunked([chance.randint(1, 50)], trailer=chance.choice([b"", b"Content-Digest: " + digest(b"other") + b"\r\n", b"Authorization: x\r\n", b"X: y\r\n" * 5000, b"bad\r\n"]))
    elif how == 5:
        ask.chunked([10])
        ask.tail = ask.tail.replace(b"\r\n", chance.choice([b"\n", b"\r", b" \r\n", b"\r\n\r\n"]), chance.randint(1, 3))
    elif how == 6:
        ask.chunked([])
        ask.tail = chance.choice([b"F" * 16, b"-1", b"0x5", b"5_0", b"", b"1" * 40, b"\0", b"%x" % (4 << 20)]) + b"\r\n" + ask.tail
    else:
        ask.tail = ask.body[:chance.randrange(size)]
    return ask.bytes()


def forge(chance, base, index):
    """A segment with right checksums and a right seal, whose fields are at their limits and beyond, or whose pictures and events are bombs."""
    def number(most=2**64):
        return chance.choice([value for value in NUMBERS if value < most])

    def odd(share, value, other):
        return other() if chance.random() < share else value
    start = odd(0.1, base.start, number)
    width, height = odd(0.3, 64, lambda: number(2**32) % 2**32), odd(0.3, 48, lambda: number(2**32) % 2**32)
    text = odd(0.2, base.producer.encode(), lambda: chance.choice(WORDS).encode(errors="surrogatepass"))
    header = (uuid.UUID(base.id).bytes + struct.pack("<qIIB", start, width, height, odd(0.1, 1, lambda: chance.randrange(256)))
              + odd(0.1, base.policy, lambda: chance.randbytes(32)) + varint(odd(0.05, len(text), lambda: chance.randrange(400))) + text)
    data = MAGIC + record(1, 0, header)
    frames, times, place, before = b"", [], 0, 0
    count = events = 0
    for _ in range(chance.randint(1, 5)):
        t = odd(0.3, index * 5_000_000_000 + count, lambda: number(2**63))
        kind = 2 if not count else chance.choice([2, 3, 3, 3, 4, 5, chance.randrange(256)])
        if kind == 2:
            coded = chance.choice([b"", chance.randbytes(60), varint(len(BOMB)) + BOMB + b"\0", varint(2**34) + b"x", varint(3) + b"\0\0\0" + varint(0)])
            frames += varint((len(data) - place) << 1 | (not count)) + zigzag(t - before)
            place, before = len(data), t
            data += record(2, int(not count), zigzag(t) + varint(abs(odd(0.2, index + count, number)) % 2**64)
                           + varint(abs(odd(0.1, 0, number)) % 2**64) + bytes([chance.choice([0, 0, 1, 2, 255])]) + coded)
            count += 1
        elif kind == 3:
            events += 1
            data += record(3, 0, zigzag(t) + event(chance))
        elif kind == 4:
            data += record(4, 0, zigzag(t) + bytes([chance.randrange(4)]) + zigzag(number(2**63)))
            continue
        else:
            data += record(kind, 0, chance.randbytes(chance.randrange(60)))
            continue
        times.append(t)
    previous = base.listed[index - 1]["sha256"] if index else "00" * 32
    seal = (struct.pack("<I", odd(0.05, index, lambda: number(2**32) % 2**32)) + odd(0.1, bytes.fromhex(previous), lambda: chance.randbytes(32))
            + hashlib.sha256(data).digest() + varint(odd(0.05, count, lambda: 2**63)) + varint(events) + zigzag(min(times)) + zigzag(max(times)) + frames
            + struct.pack("<I", len(data)))
    return data + record(127, 0, seal)


def event(chance):
    if chance.random() < 0.2:
        return chance.choice([DEEP, b"{", b"", b"\xff", b"{}", b"[]", b"null", b"{\"type\":\"error\",\"type\":1}", b"{\"type\":" + DEEP + b"}", b"{\"type\":1e999}"])
    found = {"type": chance.choice(TYPES)}
    for key in ("id", "name", "message", "trace_id", "url", "phase", "x", "y", "handled", "status", "duration_ms", "span_id"):
        if chance.random() < 0.4:
            found[key] = chance.choice([*WORDS, *NUMBERS, None, True, {}, [], 1.5, "failed", "a" * 32])
    return json.dumps(found, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")


def segment(chance, base, index):
    """The bytes of a segment, mutated."""
    good = base.segments[index]
    how = chance.randrange(8)
    if how < 3:
        return forge(chance, base, index)
    data = bytearray(good)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data))
        if how == 3:
            data[place] ^= 1 << chance.randrange(8)
        elif how == 4:
            del data[place:]
            break
        elif how == 5:
            data[place:place] = chance.randbytes(chance.randint(1, 40))
        elif how == 6:
            del data[place:place + chance.randint(1, 40)]
        else:
            other = chance.choice(base.segments)
            data[place:] = other[chance.randrange(len(other)):]
        if not data:
            return b""
    return bytes(data)


def manifest(chance, base):
    """A manifest, mutated as JSON or as bytes."""
    whole = json.loads(base.manifest(chance.choice(["open", "sealed"])))
    if chance.random() < 0.3:
        return chance.choice([DEEP, b"", b"{}", b"null", b"\xff\xfe{}", json.dumps(whole).encode() + b"x", json.dumps(whole).encode()[:-3], json.dumps(whole).encode("utf-16"),
                              json.dumps({**whole, "error_ids": ["e%d" % number for number in range(20_000)]}).encode(),
                              json.dumps({**whole, "segments": whole["segments"] * 500}).encode(),
                              json.dumps(whole).encode()[:-1] + b',"x":' + DEEP + b"}", b'{"id":"x",' + json.dumps(whole).encode()[1:]])
    for _ in range(chance.randint(1, 3)):
        holder = chance.choice([whole, whole, *whole["segments"]]) if whole.get("segments") else whole
        key = chance.choice([*holder, "error_ids", "trace_ids", "kind", "ended", "envelope", "service", "x"])
        value = chance.choice([*WORDS, *NUMBERS, None, True, 1.5, 1e300, [], {}, [[]], copy.deepcopy(whole.get("segments")), chance.choice(WORDS[:4]) * 50,
                               [chance.choice(WORDS) for _ in range(3)], "crash", "buffer", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"])
        if holder is whole and key == "segments" and not isinstance(value, list):
            value = []
        holder[key] = value
        if any(not isinstance(entry, dict) for entry in whole.get("segments") or []):
            break
    return json.dumps(whole, ensure_ascii=chance.random() < 0.7).encode(errors="surrogatepass")


def scramble(chance, data):
    """Bytes of a whole connection, changed at random places."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(min(len(data), 600) if chance.random() < 0.7 else len(data))
        how = chance.randrange(3)
        if how == 0:
            data[place] = chance.randrange(256)
        elif how == 1:
            del data[place:place + chance.randint(1, 20)]
        else:
            data[place:place] = chance.randbytes(chance.randint(1, 20))
        if not data:
            return b"\n"
    return bytes(data)
