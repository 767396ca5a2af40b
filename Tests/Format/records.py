"""The bytes of records, from Format.md alone: shared by the tests in Python that write segments without Scrim."""
import struct

_TABLE = []
for _value in range(256):
    for _ in range(8):
        _value = _value >> 1 ^ (0x82F63B78 if _value & 1 else 0)
    _TABLE.append(_value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    """A varint whose lowest bit is the sign."""
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def record(kind, flags, payload):
    head = struct.pack("<BBI", kind, flags, len(payload))
    return head + struct.pack("<I", crc32c(head + payload)) + payload
