#!/usr/bin/python3
"""What the README asks of applications is enough on a desktop where accessibility is off, as it is after an installation.

    doctor.py [--scrim PATH] [--app NAME]

Starts each application as the README's table says, with nothing else set, and asks `scrim doctor` for its window: its tree has widgets, and
a Chromium without the table's options gets the advice of the table. Exits with 0 only if that holds for all."""
import argparse
import json
import sys
import time

import limits
import needs

if needs.skips("scrim doctor", needs.DESKTOP):
    sys.exit(needs.failed)

import desktop as desktops  # noqa: E402
from recording import HERE, ROOT  # noqa: E402

# As in the README's table: what each application needs.
CHROMIUM = ["ACCESSIBILITY_ENABLED=1"], ["--force-renderer-accessibility"]
APPS = {
    "gtk3": ([], []), "gtk4": ([], []), "qt": (["QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1"], []), "chromium": CHROMIUM, "firefox": (["GNOME_ACCESSIBILITY=1"], []),
}
ADVICE = {"chromium": " and ".join(CHROMIUM[0] + CHROMIUM[1]), "firefox": "Firefox with GNOME_ACCESSIBILITY=1"}


class PlainDesktop(desktops.Desktop):
    """A desktop whose session says that accessibility is off, which is the state without a screen reader."""

    def _start_buses(self):
        for name in ("GTK_MODULES", "NO_AT_BRIDGE", "QT_ACCESSIBILITY", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON", "ACCESSIBILITY_ENABLED"):
            self.environment.pop(name, None)
        bus = self.spawn(
            ["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=desktops.subprocess.PIPE, bufsize=0)
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = limits.line(bus.stdout, "dbus-daemon")

    def start(self, name, variables, options):
        path = f"{self.folder}/secrets.json"
        with open(path, "w", encoding="ascii") as file:
            json.dump(["a", "b", "c", "d", "e"], file)
        page = f"file://{HERE}/Apps/ledger.html#[]"
        command = {
            "chromium": ["chromium", f"--user-data-dir={self.folder}/chromium", "--no-sandbox", "--test-type", "--disable-gpu",
                         "--no-first-run", "--password-store=basic", "--no-default-browser-check", *options, page],
            "firefox": ["firefox-esr", "-no-remote", "-profile", f"{self.folder}/home", page],
        }.get(name, ["/usr/bin/python3", f"{HERE}/Apps/{name}_ledger.py", path])
        self.spawn(command, env={**self.environment, **dict(pair.split("=") for pair in variables)})
        self.wait_for_window("Ledger", 60)

    def report(self, scrim):
        done = limits.run([scrim, "doctor", "--json"], env=self.environment, capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)

    def words(self, scrim):
        return limits.run([scrim, "doctor"], env=self.environment, capture_output=True, text=True, timeout=60).stdout


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    parser.add_argument("--app", choices=APPS)
    options = parser.parse_args()
    failed = 0

    def check(holds, words):
        nonlocal failed
        failed += not holds
        print("ok    " if holds else "FAILED", words, flush=True)

    for name, (variables, switches) in APPS.items():
        programs = {"firefox": ["firefox-esr"]}.get(name) or needs.APPLICATIONS[name]
        if (options.app and name != options.app) or needs.skips(f"scrim doctor: {name}", programs):
            continue
        with PlainDesktop() as desktop:
            desktop.start(name, variables, switches)
            # A browser builds its tree after the window is there.
            end = time.monotonic() + 30
            while True:
                windows = desktop.report(options.scrim)["windows"]
                read = [window for window in windows if window.get("maskedWhole") is None and window["nodes"] > 3]
                if read or time.monotonic() > end:
                    break
            check(bool(read), f"{name}: {[(window.get('program'), window['nodes'], window.get('maskedWhole')) for window in windows]}")
        if name in ADVICE:
            with PlainDesktop() as desktop:
                desktop.start(name, [], [])
                words = desktop.words(options.scrim)
                check(ADVICE[name] in words, f"{name} without them: {words.strip().splitlines()[-1:]}")
    sys.exit(min(failed + needs.failed, 1))


if __name__ == "__main__":
    main()
