#!/usr/bin/python3
"""Input on a live X screen, and its events in a recording.

    hands.py [--scrim PATH]

xdotool presses a button, turns the wheel, types into a field, types a password immediately after the press that gives its field the focus,
and immediately presses the other field; then another program takes the focus. The conditions:
  press    presses are recorded with their positions, the one on the button with its role
  wheel    each step is recorded with its direction
  key      keys in the field are recorded as "a key", and no record contains which ones
  password between the press on the password's field and the next one there is no key, and the press inside has no exact position
  focus    the other program is named, and no record contains the title of a window
  manifest it lists the types of events that could be observed
Exits with 0 only if all hold."""
import argparse
import json
import os
import re
import signal
import sys
import time

import limits
import needs

if needs.skips("hands on a live X screen", [*needs.DESKTOP, needs.GTK3, "xterm", "xwininfo"]):
    sys.exit(needs.failed)

from desktop import Desktop  # noqa: E402
from recording import ROOT, await_line, timeline  # noqa: E402

APPLICATION = """
import gi
gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk
window = Gtk.Window(title="TITLE-OF-A-SECRET")
window.set_default_size(500, 300)
fixed = Gtk.Fixed()
button, field, password = Gtk.Button(label="Save"), Gtk.Entry(), Gtk.Entry(visibility=False, input_purpose=Gtk.InputPurpose.PASSWORD)
for widget, x, y in ((button, 20, 20), (field, 20, 100), (password, 20, 180)):
    widget.set_size_request(300, 40)
    fixed.put(widget, x, y)
window.add(fixed)
window.show_all()
Gtk.main()
"""
BUTTON, FIELD, PASSWORD = (170, 40), (170, 120), (60, 200)


class Report:
    failed = 0

    def check(self, holds, words):
        self.failed += not holds
        print("ok    " if holds else "FAILED", words, flush=True)


def place(desktop):
    """The window's inside on the screen."""
    for _ in range(100):
        found = desktop.run(["xdotool", "search", "--name", "TITLE-OF-A-SECRET"]).split()
        if found:
            time.sleep(1)
            # xdotool itself counts a frame twice.
            words = desktop.run(["xwininfo", "-id", found[-1]])
            return tuple(int(re.search(f"Absolute upper-left {axis}: *(-?[0-9]+)", words)[1]) for axis in "XY")
        time.sleep(0.1)
    raise TimeoutError("the application has no window")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    options = parser.parse_args()
    report = Report()
    with Desktop() as desktop:
        with open(f"{desktop.folder}/application.py", "w", encoding="ascii") as file:
            file.write(APPLICATION)
        desktop.spawn([needs.PYTHON, f"{desktop.folder}/application.py"])
        left, top = place(desktop)
        out = f"{desktop.folder}/session"
        recorder = desktop.spawn([options.scrim, "record", *desktop.source, "--policy", "controls", "--out", out])
        end = time.monotonic() + 30
        while not os.path.exists(f"{out}/manifest.json") and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(4)

        def press(at, pause):
            desktop.run(["xdotool", "mousemove", str(left + at[0]), str(top + at[1]), "click", "1"])
            time.sleep(pause)

        press(BUTTON, 2)
        for button in ("5", "5", "4"):
            desktop.run(["xdotool", "click", button])
        time.sleep(1.5)
        press(FIELD, 2)
        desktop.run(["xdotool", "type", "--delay", "150", "hello world again"])
        time.sleep(2.5)
        # Faster than any reading of the tree.
        press(PASSWORD, 0)
        desktop.run(["xdotool", "type", "--delay", "60", "correct horse battery staple"])
        press(FIELD, 3)
        desktop.spawn(["xterm", "-T", "TITLE-OF-A-TERMINAL", "-e", "cat"])
        await_line(options.scrim, out, "goes to xterm", desktop)
        recorder.send_signal(signal.SIGINT)
        recorder.wait(timeout=30)
        shown = timeline(options.scrim, out, "--json")
        with open(f"{out}/manifest.json", encoding="utf-8") as file:
            manifest = json.load(file)
        check(report, [json.loads(line) for line in shown.splitlines()], shown, manifest, (left, top))
    sys.exit(min(report.failed, 1))


def check(report, events, text, manifest, origin):
    events = [event for event in events if event["type"] != "move"]
    presses = [index for index, event in enumerate(events) if event["type"] in ("button-down", "button")]
    words = [event["type"] + ":" + event.get("role", event.get("name", "")) for event in events]
    report.check(len(presses) == 4, f"press: four of them in {words}")
    if len(presses) != 4:
        return
    first = events[presses[0]]
    at = (first["x"] - origin[0], first["y"] - origin[1])
    report.check(at == BUTTON and first.get("role") == "push button", f"press: on the button, at {at}, {first.get('role')}")
    steps = [event["dy"] for event in events if event["type"] == "wheel"]
    report.check(sum(steps) == 1 and len(steps) in (1, 2, 3), f"wheel: {steps}")
    keys = [index for index, event in enumerate(events) if event["type"] == "key"]
    typed = [key for key in keys if presses[1] < key < presses[2]]
    report.check(1 <= len(typed) <= 5 and all(set(events[key]) == {"t_ms", "type"} for key in keys), f"key: {len(typed)} in the field")
    report.check([key for key in keys if key > presses[2]] == [], "password: no key behind the press on its field")
    hidden = events[presses[2]]
    inside = (hidden.get("x", 0) - origin[0], hidden.get("y", 0) - origin[1])
    # The visit leaves one event, in the middle of the field's 300 x 40 pixels.
    report.check(hidden["type"] == "button" and "role" not in hidden and inside == (170, 200), f"password: one press at {inside}")
    names = [event["name"] for event in events if event["type"] == "navigation"]
    report.check("xterm" in names and all("TITLE" not in name for name in names), f"focus: {names}")
    report.check("TITLE" not in text and "hello" not in text and "horse" not in text, "neither titles nor texts")
    observed = manifest.get("observed_events", [])
    report.check({"key", "move", "press", "wheel", "navigation"} <= set(observed), f"manifest: {observed}")


if __name__ == "__main__":
    main()
