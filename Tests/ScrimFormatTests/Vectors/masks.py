#!/usr/bin/python3
"""Writes masks-1.scrim and its listing from Format.md alone: python3 masks.py [FOLDER]. Shares no code with the Swift writer."""

import hashlib
import pathlib
import struct
import sys

ROLES = (pathlib.Path(__file__).resolve().parents[3] / "Sources/ScrimFormat/Format.md").read_text()
ROLES = ROLES[ROLES.index("\nRoles: ") + 8 :].split("\n\n")[0].rstrip(".").replace("\n", " ")
ROLES = {name: int(number) for number, name in (entry.strip().split(" ", 1) for entry in ROLES.split(","))}
KINDS = ["uncovered", "gap", "other", "image", "text", "input", "password"]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def zigzag(value):
    return 2 * value if value >= 0 else -2 * value - 1


def record(kind, payload, flags=0):
    head = struct.pack("<BBI", kind, flags, len(payload))
    return head + struct.pack("<I", crc32c(head + payload)) + payload


class Writer:
    """The bits of one record; the models live on in `state`."""

    def __init__(self, state):
        self.state, self.low, self.high, self.out = state, 0, 0xFFFFFFFF, bytearray()

    def split(self, bit, p):
        span = self.high - self.low
        middle = self.low + span // 65536 * p + span % 65536 * p // 65536
        if bit:
            self.high = middle
        else:
            self.low = middle + 1
        while self.low >> 24 == self.high >> 24:
            self.out.append(self.low >> 24)
            self.low = self.low << 8 & 0xFFFFFFFF
            self.high = self.high << 8 & 0xFFFFFFFF | 255

    def bit(self, bit, model):
        p, n = self.state.models.get(model, (32768, 0))
        self.split(bit, p)
        p += int((65536 * bit - p) * 2 / (2 * n + 5))
        self.state.models[model] = (min(max(p, 1024), 64512), min(n + 1, 30))

    def raw(self, value, bits):
        for place in reversed(range(bits)):
            self.split(value >> place & 1, 32768)

    def number(self, value):
        digits = (value + 1).bit_length() - 1
        for place in range(digits):
            self.bit(1, ("digits", place))
        self.bit(0, ("digits", digits))
        self.raw(value + 1 - (1 << digits), digits)

    def choice(self, value, candidates, field):
        for place, candidate in enumerate(candidates):
            self.bit(int(candidate == value), (field, "later" if place else "first"))
            if candidate == value:
                return True
        return False

    def end(self):
        return bytes(self.out) + (bytes([(self.low >> 24) + 1]) if self.low else b"")


class State:
    def __init__(self):
        self.models, self.recent = {}, {name: [] for name in ("style", "x", "y", "w", "h")}
        self.before, self.gap, self.newest = (0, 0, 0, 0), (0, 0), ("text", 1)

    def note(self, name, value):
        self.recent[name] = [value, *(other for other in self.recent[name] if other != value)][:16]

    @staticmethod
    def firsts(values):
        return list(dict.fromkeys(value for value in values if value >= 0))[:16]

    def mask(self, bits, mask):
        x, y, w, h, *style = mask
        style = tuple(style)
        if not bits.choice(style, self.recent["style"], "style"):
            kind, reason, role = style
            code = 0 if role is None else ROLES.get(role, 63)
            bits.raw(code, 6)
            if code == 63:
                bits.raw(len(role.encode()), 8)
                for byte in role.encode():
                    bits.raw(byte, 8)
            bits.bit(int(kind == self.newest[0]), "kind")
            if kind != self.newest[0]:
                bits.raw(KINDS.index(kind), 3)
            bits.bit(int(reason == self.newest[1]), "reason")
            if reason != self.newest[1]:
                bits.raw(reason, 5)
            self.newest = (kind, reason)
        x0, y0, w0, h0 = self.before
        if not bits.choice(x, self.firsts([x0, x0 + w0 + self.gap[0], *self.recent["x"]]), "x"):
            bits.number(zigzag(x - x0))
        rows = [y0, y0 + h0 + self.gap[1]]
        if not bits.choice(y, self.firsts((rows[::-1] if x == x0 else rows) + self.recent["y"]), "y"):
            bits.number(zigzag(y - y0))
        if not bits.choice(w, self.firsts([w0, *self.recent["w"]]), "w"):
            bits.number(w)
        if not bits.choice(h, self.firsts([h0, *self.recent["h"]]), "h"):
            bits.number(h)
        self.gap = (x - x0 - w0 if x > x0 else self.gap[0], y - y0 - h0 if y > y0 else self.gap[1])
        for name, value in (("style", style), ("x", x), ("y", y), ("w", w), ("h", h)):
            self.note(name, value)
        self.before = (x, y, w, h)


class Masks:
    def __init__(self):
        self.state, self.list = State(), []

    def complete(self, masks):
        self.state, self.list = State(), list(masks)
        return self.close(Writer(self.state), masks, 1)

    def change(self, removed=(), moved=(), by=None, added=()):
        bits = Writer(self.state)
        bits.bit(int(by is not None), "movement")
        if by:
            bits.number(zigzag(by[0]))
            bits.number(zigzag(by[1]))
        gone = 0
        for place in range(len(self.list)):
            before, gone = gone, int(place in removed or place in moved)
            bits.bit(gone, ("gone", before))
            if gone and by:
                bits.bit(int(place in moved), "moves")
        kept = [mask for place, mask in enumerate(self.list) if place not in removed and place not in moved]
        shifted = [(x + by[0], y + by[1], *rest) for x, y, *rest in (self.list[place] for place in moved)]
        self.list = kept + shifted + list(added)
        return self.close(bits, added, 0)

    def close(self, bits, added, flags):
        bits.number(len(added))
        for mask in added:
            self.state.mask(bits, mask)
        return bytes([flags]) + bits.end()


def main(folder):
    session, start, width, height = bytes(range(16)), 1_700_000_000_123_456_789, 64, 48
    policy, producer = hashlib.sha256(b"{}").digest(), "a writer in Python"
    header = session + struct.pack("<qIIB", start, width, height, 1) + policy + varint(len(producer)) + producer.encode()
    data = bytearray(bytes.fromhex("9d534352494d010a") + record(1, header))
    masks, entries, lines, times = Masks(), [], [], []
    hexed = lambda data: data.hex()
    uuid = "-".join(session.hex()[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
    lines.append(f"header session={uuid} start={start} size={width}x{height} coding=1 policy={hexed(policy)} producer={producer}")

    def frame(time, is_key, listed):
        number = len(entries)
        entries.append((len(data), is_key, time))
        data.extend(record(2, varint(zigzag(time)) + varint(number) + varint(0) + b"\0", int(is_key)))
        times.append(time)
        lines.append(f"frame time={time} number={number} key={int(is_key)} withheld=0 status=0 coded=")
        if listed is None:
            return
        data.extend(record(5, listed))
        words = (f"{w}x{h}+{x}+{y}:{kind}:{reason}:{(role or '-').replace(' ', '_')}" for x, y, w, h, kind, reason, role in masks.list)
        lines.append("masks " + " ".join(words))

    label, entry = ("text", 1, "label"), ("input", 1, "entry")
    frame(0, True, masks.complete([
        (0, 0, 64, 3, "uncovered", 10, None), (2, 5, 20, 6, *label), (2, 15, 40, 8, *entry),
        (2, 30, 40, 8, "password", 3, "password text"), (30, 5, 9, 6, *label)]))
    frame(100_000_000, False, None)
    # A role that the table lacks, and a reason that a later version may have.
    frame(200_000_000, False, masks.change(removed=(0, 3), added=[(50, 40, 14, 8, "other", 6, "unknown"), (0, 0, 1, 1, "other", 0, "é")]))
    # All but the second move; one of those that moved comes back as it was.
    frame(300_000_000, False, masks.change(moved=(0, 2), by=(3, -1), added=[(2, 5, 20, 6, *label)]))
    grid = [(8 * column, 8 * row, 7, 7, *label) for row in range(5) for column in range(8)]
    frame(5_300_000_000, False, masks.complete(grid))
    frame(5_400_000_000, False, masks.change(removed=range(0, 40, 2)))
    frame(5_500_000_000, True, masks.complete([]))
    notes = [(5_300_000_000, 1, 5_000_000_001), (5_300_000_000, 2, -3_600_000_000_000)]
    for time, kind, offset in notes:
        data.extend(record(4, varint(zigzag(time)) + bytes([kind]) + varint(zigzag(offset))))
        lines.append(f"note time={time} kind={kind} offset={offset}")
    data.extend(record(99, b"for later"))
    lines.append("unknown 1")
    content = hashlib.sha256(data).digest()
    seal = struct.pack("<I", 0) + bytes(32) + content + varint(len(entries)) + varint(0)
    seal += varint(zigzag(min(times))) + varint(zigzag(max(times)))
    offset, time = 0, 0
    for place, is_key, at in entries:
        seal += varint((place - offset) << 1 | int(is_key)) + varint(zigzag(at - time))
        offset, time = place, at
    seal += struct.pack("<I", len(data))
    data.extend(record(127, seal))
    lines.append(f"seal index=0 previous={'0' * 64} content={hexed(content)} frames={len(entries)} events=0 times={min(times)}...{max(times)}")
    lines += [f"entry offset={place} key={int(is_key)} time={at}" for place, is_key, at in entries]
    (folder / "masks-1.scrim").write_bytes(data)
    (folder / "masks-1.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent))
