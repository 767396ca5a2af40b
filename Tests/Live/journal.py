#!/usr/bin/python3
"""The timeline of a headless sway: the program that gets the focus, log lines of a journal, and the attributes of the manifest.

    journal.py [--scrim PATH]

A terminal opens while scrim records with --journal; systemd-journal-remote writes entries before and after the start. Exits with 0 only
if the timeline has the terminal's program, the later entry without its mail address, and nothing of the title or the earlier entry."""
import argparse
import json
import os
import signal
import sys
import time

import limits
import needs

FOCUS, ENTRY = "goes to foot", "warning: mail from [mail]"
REMOTE = "/lib/systemd/systemd-journal-remote"
if needs.skips("the timeline of sway", [*needs.DESKTOP, *needs.SWAY, "foot", REMOTE]):
    sys.exit(needs.failed)

from recording import ROOT, await_frame, await_line, timeline  # noqa: E402
from sway_desktop import SwayDesktop  # noqa: E402


def write(folder, message):
    """Appends an entry of shop.service to the journal."""
    now = int(time.time() * 1e6)
    entry = {
        "__REALTIME_TIMESTAMP": now, "__MONOTONIC_TIMESTAMP": now % 10**9, "_BOOT_ID": "0123456789abcdef0123456789abcdef",
        "_SYSTEMD_UNIT": "shop.service", "PRIORITY": 4, "MESSAGE": message,
    }
    with open(f"{folder}/export", "w", encoding="ascii") as file:
        file.write("".join(f"{key}={value}\n" for key, value in entry.items()) + "\n")
    limits.run([REMOTE, "-o", f"{folder}/shop.journal", f"{folder}/export"], check=True, capture_output=True)
    os.chmod(f"{folder}/shop.journal", 0o644)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    scrim = parser.parse_args().scrim
    failed = 0

    def check(holds, words):
        nonlocal failed
        failed += not holds
        print("ok    " if holds else "FAILED", words, flush=True)

    with SwayDesktop() as desktop:
        folder = f"{desktop.folder}/timeline"
        os.makedirs(f"{folder}/journal")
        os.chmod(folder, 0o777)
        write(f"{folder}/journal", "an EARLIER entry")
        desktop.environment["OTEL_SERVICE_NAME"] = "shop"
        out = f"{folder}/session"
        recorder = desktop.spawn(
            [scrim, "record", *desktop.source, "--out", out, "--journal", "shop", "--journal-directory", f"{folder}/journal"])
        await_frame(out)
        # The login shell of the user may be nologin, which would end the terminal at once.
        desktop.spawn(["foot", "-T", "TITLE-OF-A-TERMINAL", "cat"])
        desktop.window("TITLE-OF-A-TERMINAL")
        await_line(scrim, out, FOCUS, desktop)
        write(f"{folder}/journal", "mail from ann@example.com")
        await_line(scrim, out, ENTRY, desktop)
        recorder.send_signal(signal.SIGINT)
        recorder.wait(timeout=30)
        shown = timeline(scrim, out)
        with open(f"{out}/manifest.json", encoding="utf-8") as file:
            manifest = json.load(file)
    check(FOCUS in shown, "focus: the terminal's program")
    check(ENTRY in shown, "journal: the entry, scrubbed")
    check(not any(word in shown for word in ("TITLE", "EARLIER", "ann@")), "neither titles, earlier entries nor addresses")
    check({"log", "navigation"} <= set(manifest.get("observed_events", [])), f"manifest: {manifest.get('observed_events')}")
    check(manifest.get("attributes", {}).get("service.name") == "shop", "manifest: service.name of the environment")
    sys.exit(min(failed, 1))


if __name__ == "__main__":
    main()
