#!/usr/bin/env python3
"""Opens a session that is sealed to a public key, from Format.md alone, with Debian's python3-nacl.

    sealed.py SESSION KEY_FILE [OUT]

Prints a line a segment: index, messages, bytes of the segment inside. With OUT, writes the segments there.
"""
import hashlib
import json
import os
import struct
import sys

from nacl import bindings
from nacl.public import PrivateKey, SealedBox

MAGIC = {bytes([0x9D, 0x53, 0x43, 0x52, 0x49, 0x4D, version, 0x0A]): version for version in (129, 130)}
HEADER = struct.Struct("<8s16sqI32s8s80s24s")
COMPLETE, CUT = {129: 0, 130: 0xFFFFFFFE}, 0xFFFFFFFF
FINAL = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL


class Refused(Exception):
    pass


def expect(condition, why):
    if not condition:
        raise Refused(why)


def read_key(path, kind="private"):
    """The 32 bytes of a key's file."""
    word = open(path).read().strip()
    front = f"scrim-{kind}-key-1:"
    expect(word.startswith(front) and len(word) == len(front) + 72, f"{path}: not a {kind} key")
    data = bytes.fromhex(word[len(front):])
    expect(hashlib.sha256(data[:32]).digest()[:4] == data[32:], f"{path}: mistyped")
    return data[:32]


def derive(key, number):
    """crypto_kdf_derive_from_key of 32 bytes."""
    return hashlib.blake2b(
        b"", digest_size=32, key=key, salt=struct.pack("<QQ", number, 0), person=b"scrimseg" + bytes(8)).digest()


def pull(key, header, messages, also):
    """The contents of a stream's messages, and whether the last one is FINAL."""
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
    contents, is_final = [], False
    for message in messages:
        expect(not is_final, "a message follows the last one")
        content, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, message, also)
        contents.append(content)
        is_final = tag == FINAL
    return contents, is_final


class Envelope:
    """What can be read without the key."""

    def __init__(self, data):
        expect(len(data) >= HEADER.size, "the header is cut off")
        (magic, self.session, self.start, self.index, self.previous, self.key, self.secret, self.stream) = (
            HEADER.unpack_from(data))
        expect(magic in MAGIC, "not an envelope")
        self.complete = COMPLETE[MAGIC[magic]]
        expect((self.index == 0) == (self.previous == bytes(32)), "index and chain disagree")
        self.also = data[:HEADER.size]
        self.messages, self.ending, self.whole = [], None, HEADER.size
        place = HEADER.size
        while place + 4 <= len(data):
            (length,) = struct.unpack_from("<I", data, place)
            if length in (self.complete, CUT):
                self.ending, self.whole = length, place + 4
                break
            expect(length > 17, "a message is too short")
            if place + 4 + length > len(data):
                break
            if not any(data[place + 4 + length - 16:place + 4 + length]):
                break
            self.messages.append(data[place + 4:place + 4 + length])
            place += 4 + length
            self.whole = place


def open_session(folder, key_file):
    """The plain segments of a session, its manifest, and its description (None after a crash)."""
    private = PrivateKey(read_key(key_file))
    manifest = json.load(open(os.path.join(folder, "manifest.json")))
    expect(manifest["format"] == "scrim-sealed-session/1", "not a sealed session")
    name = hashlib.sha256(bytes(private.public_key)).digest()[:8]
    expect(manifest["sealed_to"] == name.hex(), "sealed to another key")
    secret = first = SealedBox(private).decrypt(bytes.fromhex(manifest["sealed_key"]))
    previous, segments = bytes(32), []
    for index, listed in enumerate(manifest["segments"]):
        data = open(os.path.join(folder, "segments", f"{index:08}.scrim"), "rb").read()
        digest = hashlib.sha256(data).digest()
        expect(listed["index"] == index and listed["bytes"] == len(data), "the list is wrong")
        expect(listed["sha256"] == digest.hex(), "the file was changed")
        expect(listed["previous_sha256"] == previous.hex(), "the list's chain is broken")
        envelope = Envelope(data)
        expect(envelope.index == index and envelope.previous == previous, "the chain is broken")
        expect(envelope.session.hex() == manifest["id"].replace("-", ""), "another session")
        expect(envelope.secret.hex() == manifest["sealed_key"], "another secret")
        expect(envelope.ending is not None and envelope.whole == len(data), "not ended")
        contents, is_final = pull(derive(secret, 1), envelope.stream, envelope.messages, envelope.also)
        if envelope.ending == envelope.complete:
            expect(is_final, "the last message is missing")
        else:
            expect(index == len(manifest["segments"]) - 1, "cut, and not the last")
        segments.append(contents)
        secret, previous = derive(secret, 2), digest
    about = None
    if "sealed_about" in manifest:
        data = bytes.fromhex(manifest["sealed_about"])
        also = (bytes.fromhex(manifest["id"].replace("-", "")) + manifest["started_at"].encode()
                + bytes.fromhex(manifest["sealed_key"]))
        contents, is_final = pull(derive(first, 3), data[:24], [data[24:]], also)
        expect(is_final and len(contents[0]) % 512 == 0, "the description is not whole")
        about = json.loads(contents[0])
        expect(about["segments"] == len(segments) and about["last_sha256"] == previous.hex(), "segments are missing")
    return segments, manifest, about


def main():
    segments, _, about = open_session(sys.argv[1], sys.argv[2])
    for index, contents in enumerate(segments):
        data = b"".join(contents)
        print(index, len(contents), len(data))
        if len(sys.argv) > 3:
            with open(os.path.join(sys.argv[3], f"{index:08}.scrim"), "wb") as file:
                file.write(data)
    print(json.dumps(about, sort_keys=True))


if __name__ == "__main__":
    main()
