"""Sessions made without Scrim, from Format.md alone: any number of segments of any size, within milliseconds."""
import hashlib
import json
import os
import random
import struct
import sys
import uuid
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "Format"))
from records import record, varint, zigzag  # noqa: E402

MAGIC = b"\x9dSCRIM\x01\n"


class Session:
    """One session; `segments` are the bytes of its files."""

    def __init__(self, seed, start=1_764_000_000_000_000_000, producer="test 1", policy=b"\xcd" * 32, width=64, height=48):
        self.random = random.Random(seed)
        self.id = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        self.start, self.producer, self.policy = start, producer, policy
        self.width, self.height = width, height
        self.segments, self.listed = [], []
        self.previous = bytes(32)

    def add(self, size=200, events=()):
        """A segment of one keyframe whose operations are noise: delivery doesn't read them."""
        t = len(self.segments) * 5_000_000_000
        content = record(2, 1, zigzag(t) + varint(len(self.segments)) + varint(0) + b"\0" + self.random.randbytes(size))
        for event in events:
            content += record(3, 0, zigzag(t) + json.dumps(event, separators=(",", ":")).encode())
        return self.seal(content, events)

    def seal(self, content, events=()):
        """A segment of these records."""
        index = len(self.segments)
        t = index * 5_000_000_000
        text = self.producer.encode()
        header = (uuid.UUID(self.id).bytes + struct.pack("<qIIB", self.start, self.width, self.height, 1) + self.policy
                  + varint(len(text)) + text)
        data = MAGIC + record(1, 0, header)
        offset = len(data)
        data += content
        place = len(data)
        seal = (struct.pack("<I", index) + self.previous + hashlib.sha256(data).digest() + varint(1) + varint(len(events))
                + zigzag(t) + zigzag(t) + varint(offset << 1 | 1) + zigzag(t) + struct.pack("<I", place))
        data += record(127, 0, seal)
        self.previous = hashlib.sha256(data).digest()
        self.segments.append(data)
        self.listed.append({
            "index": index, "file": "segments/%08d.scrim" % index, "bytes": len(data),
            "sha256": self.previous.hex(), "width": self.width, "height": self.height, "frames": 1, "events": len(events),
            "first_t_ms": t // 10**6, "last_t_ms": t // 10**6})
        return data

    def again(self, seed):
        """Another session of the same pictures without events, in a fraction of the time: most of it goes into checksums of records."""
        made = Session(seed, self.start, self.producer, self.policy, self.width, self.height)
        for data in self.segments:
            first = len(MAGIC) + 10 + struct.unpack("<I", data[len(MAGIC) + 2:len(MAGIC) + 6])[0]
            made.seal(data[first:struct.unpack("<I", data[-4:])[0]])
        return made

    def manifest(self, state="sealed", **more):
        from datetime import datetime, timezone
        started = datetime.fromtimestamp(self.start // 10**9, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return json.dumps({
            "format": "scrim-session/1", "id": self.id, "started_at": started, "width": self.width, "height": self.height,
            "policy_sha256": self.policy.hex(), "producer": self.producer, "state": state, "segments": self.listed,
            **more}, sort_keys=True).encode()

    def write(self, folder):
        """Writes the session as a recorder does."""
        os.makedirs(folder + "/segments")
        for index, data in enumerate(self.segments):
            with open(folder + "/segments/%08d.scrim" % index, "wb") as file:
                file.write(data)
        with open(folder + "/manifest.json", "wb") as file:
            file.write(self.manifest())


def spool(folder, seed, sessions, segments, size=200):
    """Makes a spool of `count` sessions; returns its content: {(session, index): bytes}."""
    made = {}
    for number in range(sessions):
        session = Session(seed * 1000 + number)
        for _ in range(segments):
            session.add(size)
        session.write(folder + "/" + session.id)
        made.update({(session.id, index): data for index, data in enumerate(session.segments)})
    return made
