"""Locates every sealed segment: at the destination, in the spool, or counted as dropped. No other case is allowed."""
import json
import os
import re

NAME = re.compile(r"^(\d{8})\.scrim$")
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def store_of_folder(root, project="default"):
    """{(session, index): bytes} of a folder with a store's layout."""
    found = {}
    for folder, _, names in os.walk(f"{root}/{project}/sessions"):
        for name in names:
            match = NAME.match(name)
            if match and folder.endswith("/segments"):
                key = (folder.split("/")[-2], int(match[1]))
                assert key not in found, f"{key} is stored twice"
                found[key] = open(folder + "/" + name, "rb").read()
    return found


def in_spool(root):
    """{(session, index): (state, bytes)} of a spool, without the emptied ones."""
    found = {}
    if not os.path.isdir(root):
        return found
    for session in os.listdir(root):
        if not UUID.match(session):
            continue
        for state in ("segments", "rejected", "damaged", "dropping"):
            folder = f"{root}/{session}/{state}"
            for name in os.listdir(folder) if os.path.isdir(folder) else ():
                match = NAME.match(name)
                if match:
                    key = (session, int(match[1]))
                    assert key not in found, f"{key} is in the spool twice: {found[key][0]}, {state}"
                    found[key] = (state, open(folder + "/" + name, "rb").read())
    return found


def dropped(root):
    counted = set()
    path = root + "/dropped.jsonl"
    for line in open(path, "rb").read().split(b"\n") if os.path.exists(path) else ():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        counted.add((entry["session"], entry["index"]))
    return counted


def settle(made, spool, store, allow_waiting=True):
    """Raises if a segment is missing, or differs from the recorded one. Returns counts."""
    waiting, gone = in_spool(spool), dropped(spool)
    counts = {"stored": 0, "waiting": 0, "dropped": 0, "both": 0}
    for key, data in made.items():
        places = 0
        # A peer that stored other bytes than were sent is detected, and receives them again.
        if key in store and store[key] != data:
            assert key in waiting and waiting[key][0] == "segments", f"{key} is stored with other bytes"
        elif key in store:
            counts["stored"] += 1
            places += 1
        if key in waiting:
            state, there = waiting[key]
            assert there == data or state == "damaged", f"{key} in the spool ({state}) has other bytes"
            counts["waiting"] += 1
            # Stored, but not noted yet: it is sent again, and is already there.
            counts["both"] += key in store
            places += 1
        if key in gone:
            assert places == 0 or key in waiting, f"{key} is counted as given up, and stored"
            counts["dropped"] += 1
            places += 1
        assert places, f"{key} is nowhere"
    if not allow_waiting:
        assert not counts["waiting"], f"{counts['waiting']} segments still wait"
    for key in store:
        assert key in made, f"{key} was never recorded"
    return counts
