"""Parses and rebuilds segments, from Format.md: to damage content while checksums stay right."""
import hashlib
import json
import sys
import zlib
from pathlib import Path

import zstandard

sys.path.append(str(Path(__file__).resolve().parents[1] / "Format"))
from records import record, varint, zigzag  # noqa: E402


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def read_zigzag(data, at):
    value, at = read_varint(data, at)
    return (value >> 1 if value % 2 == 0 else -(value + 1) >> 1), at


class Segment:
    """`header`: its payload; `records`: [type, isKey, payload]; frames' payloads as (front, coded)."""

    def __init__(self, data):
        at = 8
        self.records = []
        self.seal = None
        while at < len(data):
            kind, flags = data[at], data[at + 1]
            length = int.from_bytes(data[at + 2:at + 6], "little")
            payload = data[at + 10:at + 10 + length]
            if kind == 127:
                self.seal = payload
            else:
                self.records.append([kind, flags & 1, payload])
            at += 10 + length

    @property
    def frames(self):
        return [record for record in self.records if record[0] == 2]

    def drop(self, kind):
        """Removes all records of a type."""
        self.records = [record for record in self.records if record[0] != kind]

    @staticmethod
    def split(payload):
        """The front of a frame's payload, and its coded picture."""
        at = 0
        for _ in range(3):
            _, at = read_varint(payload, at)
        return payload[:at + 1], payload[at + 1:]

    def bytes(self, index, previous):
        """The file, with right checksums and a right seal."""
        data = bytearray(bytes.fromhex("9d534352494d010a"))
        table, times, counts = bytearray(), [], [0, 0]
        offset = time = 0
        for kind, is_key, payload in self.records:
            start = len(data)
            data += record(kind, is_key, payload)
            if kind not in (2, 3):
                continue
            moment, _ = read_zigzag(payload, 0)
            times.append(moment)
            counts[kind - 2] += 1
            if kind == 2:
                table += varint((start - offset) * 2 + is_key) + zigzag(moment - time)
                offset, time = start, moment
        seal = index.to_bytes(4, "little") + previous + hashlib.sha256(data).digest()
        seal += varint(counts[0]) + varint(counts[1]) + zigzag(min(times)) + zigzag(max(times)) + table
        seal += len(data).to_bytes(4, "little")
        data += record(127, 0, bytes(seal))
        return bytes(data)


def recode_to_deflate(segment, change=None):
    """The same pictures with deflate instead of zstd. `change` may modify a frame's plain operations and samples."""
    for record in segment.records:
        if record[0] == 1:
            record[2] = record[2][:32] + b"\x01" + record[2][33:]
    streams = None
    for record in segment.frames:
        front, coded = Segment.split(record[2])
        if record[1]:
            streams = [(zstandard.ZstdDecompressor().decompressobj(), zlib.compressobj(6, zlib.DEFLATED, -15)) for _ in range(2)]
        if not coded:
            continue
        at, plain = 0, []
        for reader, _ in streams:
            length, at = read_varint(coded, at)
            plain.append(reader.decompress(coded[at:at + length]) if length else b"")
            at += length
        if change:
            plain = change(*plain)
        out = b""
        for data, (_, writer) in zip(plain, streams):
            packed = writer.compress(data) + writer.flush(zlib.Z_SYNC_FLUSH) if data else b""
            out += varint(len(packed)) + packed
        record[2] = front + out + coded[at:]


def rewrite(session, out, change):
    """A session whose segments were modified by `change(segment, index)`, with a right chain and manifest."""
    session, out = Path(session), Path(out)
    manifest = json.loads((session / "manifest.json").read_text())
    (out / "segments").mkdir(parents=True)
    previous = bytes(32)
    for entry in manifest["segments"]:
        segment = Segment((session / entry["file"]).read_bytes())
        change(segment, entry["index"])
        data = segment.bytes(entry["index"], previous)
        previous = hashlib.sha256(data).digest()
        entry.update(bytes=len(data), sha256=previous.hex())
        (out / entry["file"]).write_bytes(data)
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True))
    return out
