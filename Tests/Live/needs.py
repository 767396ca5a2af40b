"""Requirements of tests: a missing one is printed, and is a failure if SCRIM_NO_SKIP is set, as in CI."""
import os
import shutil

import limits

PYTHON = "/usr/bin/python3"
# For a desktop: programs, files, and Python modules; elsewhere packages of pkg-config, with .pc.
DESKTOP = ["Xvfb", "openbox", "xdotool", "xsetroot", "dbus-daemon", "gdbus", "tesseract"]
DESKTOP += ["/usr/share/dbus-1/services/org.a11y.Bus.service", "import numpy", "import PIL", "import Xlib"]
SWAY = ["sway", "swaymsg", "grim", "wtype", "setpriv"]
GTK3 = "import gi; gi.require_version('Gtk', '3.0')"
APPLICATIONS = {
    "gtk3": [GTK3],
    "gtk4": ["import gi; gi.require_version('Gtk', '4.0')"],
    "qt": ["import PyQt5.QtWidgets"],
    "chromium": ["chromium"],
    "wayland": [GTK3, *SWAY],
    "flash": [GTK3],
    "hung": [GTK3],
}
failed = 0


def is_there(need):
    if need.startswith("import "):
        done = limits.run([PYTHON, "-c", need], capture_output=True)
        return done.returncode == 0
    if need.endswith(".pc"):
        return limits.run(["pkg-config", "--exists", need[:-3]]).returncode == 0
    return bool(shutil.which(need)) or os.path.exists(need)


def skips(what, needs):
    """Whether something in `needs` is missing; prints it."""
    global failed
    missing = [need for need in needs if not is_there(need)]
    if missing:
        must = bool(os.environ.get("SCRIM_NO_SKIP"))
        failed += must
        print("FAILED" if must else "skipped:", f"{what}, because of missing", "; ".join(missing), end="")
        print("; .ci/install test installs it", flush=True)
    return bool(missing)
