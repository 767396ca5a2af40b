"""A private headless desktop: Xvfb, a session bus, the accessibility bus and a window manager, with functions to drive it."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from Xlib import X, display

import limits

CLIENTS, FRAME, SHADOW, PID, NAME = (
    "_NET_CLIENT_LIST_STACKING",
    "_NET_FRAME_EXTENTS",
    "_GTK_FRAME_EXTENTS",
    "_NET_WM_PID",
    "_NET_WM_NAME",
)


class Desktop:
    def __init__(self, width=1280, height=800, manager="openbox"):
        self.width, self.height = width, height
        self.processes = []
        self.folder = tempfile.mkdtemp(prefix="scrim-live-")
        for name in ("run", "home", "frames"):
            os.mkdir(f"{self.folder}/{name}", 0o700)
        self.log = open(f"{self.folder}/log", "ab")
        self.environment = dict(
            os.environ,
            HOME=f"{self.folder}/home",
            XDG_RUNTIME_DIR=f"{self.folder}/run",
            XDG_CONFIG_HOME=f"{self.folder}/home/.config",
            GTK_MODULES="gail:atk-bridge",
            NO_AT_BRIDGE="0",
            QT_ACCESSIBILITY="1",
            QT_LINUX_ACCESSIBILITY_ALWAYS_ON="1",
            GDK_BACKEND="x11",
            GSK_RENDERER="cairo",
            LIBGL_ALWAYS_SOFTWARE="1",
            QT_QPA_PLATFORM="xcb",
            LANG="C.UTF-8",
            LC_ALL="C.UTF-8",
            GSETTINGS_BACKEND="memory",
        )
        for name in ("WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "PYTHONPATH", "AT_SPI_BUS_ADDRESS"):
            self.environment.pop(name, None)
        try:
            self._start(manager)
        except BaseException:
            self.close()
            raise

    def _start(self, manager):
        read, write = os.pipe()
        screen = f"{self.width}x{self.height}x24"
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]
        self.spawn(command + ["-fbdir", f"{self.folder}/frames"], pass_fds=(write,))
        os.close(write)
        with os.fdopen(read, "rb", 0) as file:
            self.environment["DISPLAY"] = ":" + limits.line(file, "Xvfb")
        self.source = ["--x11", self.environment["DISPLAY"]]
        self._start_buses()
        self.run(["xsetroot", "-solid", "#d8d8d0"])
        with open(f"{self.folder}/i3.conf", "w", encoding="ascii") as file:
            file.write("font pango:DejaVu Sans 10\n")
        self.spawn(manager.format(folder=self.folder).split())
        self.screen = display.Display(self.environment["DISPLAY"])
        self.root = self.screen.screen().root
        self.lock = threading.Lock()
        end = time.time() + 10
        while self._property(self.root, "_NET_SUPPORTING_WM_CHECK") is None and time.time() < end:
            time.sleep(0.05)

    def _start_buses(self):
        bus = self.spawn(
            ["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE, bufsize=0
        )
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = limits.line(bus.stdout, "dbus-daemon")
        for name in ("IsEnabled", "ScreenReaderEnabled"):
            self.run(
                ["gdbus", "call", "--session", "-d", "org.a11y.Bus", "-o", "/org/a11y/bus", "-m"]
                + ["org.freedesktop.DBus.Properties.Set", "org.a11y.Status", name, "<true>"]
            )
        # Qt registers once, when it starts: the registry must be running by then.
        address = self.run(
            ["gdbus", "call", "--session", "-d", "org.a11y.Bus", "-o", "/org/a11y/bus", "-m"]
            + ["org.a11y.Bus.GetAddress"]
        ).split("'")[1]
        self.run(
            ["gdbus", "call", "--address", address, "-d", "org.a11y.atspi.Registry"]
            + ["-o", "/org/a11y/atspi/accessible/root", "-m", "org.a11y.atspi.Accessible.GetChildren"]
        )

    frame_file = property(lambda self: f"{self.folder}/frames/Xvfb_screen0")

    def spawn(self, command, **options):
        options.setdefault("env", self.environment)
        options.setdefault("stdout", subprocess.DEVNULL)
        options.setdefault("stderr", self.log)
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(
            command, cwd=f"{self.folder}/home", start_new_session=True, **options
        )
        self.processes.append(process)
        return process

    def run(self, command):
        done = limits.run(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=self.log,
            stdin=subprocess.DEVNULL,
            timeout=30,
            check=False,
        )
        return done.stdout.decode("utf-8", "replace")

    def end(self, process):
        for number in (signal.SIGCONT, signal.SIGTERM):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                pass

    def close(self):
        for process in reversed(self.processes):
            self.end(process)
        time.sleep(0.3)
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait(timeout=10)
        self.log.close()
        if os.environ.get("KEEP_DESKTOP"):
            print("the desktop's folder:", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Windows

    def _property(self, window, name):
        found = window.get_full_property(self.screen.intern_atom(name), X.AnyPropertyType)
        return found.value if found else None

    def _window(self, window, managed):
        size = window.get_geometry()
        place = window.translate_coords(self.root, 0, 0)
        title = self._property(window, NAME) or window.get_wm_name() or ""
        if isinstance(title, bytes):
            title = title.decode("utf-8", "replace")
        pid = self._property(window, PID)
        entry = {
            "xid": window.id,
            "title": title,
            "pid": int(pid[0]) if pid is not None and len(pid) else 0,
            "x": -place.x,
            "y": -place.y,
            "w": size.width,
            "h": size.height,
            "managed": managed,
        }
        for key, name in (("frame_extents", FRAME), ("gtk_frame_extents", SHADOW)):
            extents = self._property(window, name)
            if extents is not None and len(extents) == 4:
                entry[key] = [int(v) for v in extents]
        return entry

    def windows(self):
        """The visible windows, bottom to top, in the form of frames.jsonl."""
        with self.lock:
            found, known = [], set()
            for number in self._property(self.root, CLIENTS) or []:
                window = self.screen.create_resource_object("window", int(number))
                try:
                    if window.get_attributes().map_state == X.IsViewable:
                        found.append(self._window(window, True))
                        known.add(int(number))
                except Exception:
                    continue
            for window in self.root.query_tree().children:
                try:
                    attributes = window.get_attributes()
                    if attributes.map_state == X.IsViewable and attributes.override_redirect:
                        listed = self._window(window, False)
                        if window.id not in known and listed["w"] > 3 and listed["h"] > 3:
                            found.append(listed)
                except Exception:
                    continue
            return found

    def wait_for_window(self, part, seconds=30):
        """The window whose title contains `part`."""
        end = time.time() + seconds
        while time.time() < end:
            for window in reversed(self.windows()):
                if part.lower() in window["title"].lower():
                    return window
            time.sleep(0.1)
        raise RuntimeError(f"no window {part!r} within {seconds} s; the log ends: {self.tail()}")

    def tail(self):
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as file:
            return file.read()[-1500:]

    def windows_line(self):
        return (json.dumps(self.windows()) + "\n").encode()

    # Input

    def xdotool(self, *arguments):
        self.run(["xdotool", *map(str, arguments)])

    def place(self, window, x, y, width=None, height=None):
        if width:
            self.xdotool("windowsize", "--sync", window["xid"], width, height)
        self.xdotool("windowmove", window["xid"], x, y)
        self.xdotool("windowactivate", window["xid"])
        time.sleep(0.3)

    def click(self, x, y, button=1):
        self.xdotool("mousemove", int(x), int(y), "click", button)

    def key(self, *keys, pause=0.08):
        for key in keys:
            self.xdotool("key", "--clearmodifiers", key)
            time.sleep(pause)

    def type(self, text, pause=0.03):
        self.xdotool("type", "--delay", int(pause * 1000), text)

    def wheel(self, count, button=5, pause=0.07):
        for _ in range(count):
            self.xdotool("click", button)
            time.sleep(pause)

    def drag(self, x0, y0, x1, y1, steps=10):
        self.xdotool("mousemove", x0, y0, "mousedown", 1)
        for step in range(1, steps + 1):
            self.xdotool("mousemove", x0 + (x1 - x0) * step // steps, y0 + (y1 - y0) * step // steps)
            time.sleep(0.03)
        self.xdotool("mouseup", 1)
