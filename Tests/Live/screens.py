#!/usr/bin/python3
"""Records real screens and compares the recordings with grabs of other programs.

Starts its own Xvfb, and a headless sway if it is installed; ends only programs that it started. Missing requirements are skipped with a
message; with SCRIM_NO_SKIP set they fail.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import limits
import needs

if needs.skips("live screens", ["Xvfb", "xterm", "xdotool", "xwd", "xwininfo", "xsetroot", "xrandr", "import numpy", "import PIL"]):
    sys.exit(needs.failed)

import numpy as np  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Proofs"))
from proof import ROOT, Export, Report, pixels  # noqa: E402
from recording import share  # noqa: E402

NOBODY = 65534


class XServer:
    """An Xvfb of its own; `run` starts programs on it."""

    def __init__(self, work, size):
        self.folder = tempfile.mkdtemp(dir=work)
        read, write = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-noreset", "-screen", "0", size + "x24", "-fbdir", self.folder],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read, "rb", 0) as number:
            self.display = ":" + limits.line(number, "Xvfb")
        self.environment = dict(os.environ, DISPLAY=self.display)
        self.programs = []
        self.run("xsetroot", "-solid", "#336699")

    def start(self, *command):
        self.programs.append(
            subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        )
        return self.programs[-1]

    def run(self, *command, limit=30):
        done = limits.run(
            command, env=self.environment, check=True, capture_output=True, text=True, timeout=limit
        )
        return done.stdout

    def terminal(self, geometry):
        """A terminal under the pointer, which gets the keys: there is no window manager."""
        self.start("xterm", "-fa", "DejaVu Sans Mono", "-fs", "11", "-geometry", geometry, "-bg", "white", "-e", "cat")
        window = self.run("xdotool", "search", "--sync", "--onlyvisible", "--class", "xterm", limit=20).split()[-1]
        self.run("xdotool", "mousemove", "--window", window, "60", "60")
        time.sleep(1)
        return window

    def place(self, window):
        """Origin of a window's inner area: xwininfo gives that of its border."""
        lines = self.run("xwininfo", "-id", window).splitlines()
        border = next(int(line.split()[-1]) for line in lines if "Border width" in line)
        return [int(line.split()[-1]) + border for line in lines if "Absolute upper-left" in line]

    def grab(self):
        """The whole screen, grabbed by xwd, an independent implementation."""
        grabbed = limits.run(["xwd", "-root", "-silent"], env=self.environment, check=True, capture_output=True)
        data = np.frombuffer(grabbed.stdout, np.uint8)
        header = np.frombuffer(grabbed.stdout[:100], ">u4")
        start, width, height, stride = header[0] + header[19] * 12, header[4], header[5], header[12]
        rows = data[start : start + stride * height].reshape(height, stride)[:, : width * 4]
        return np.ascontiguousarray(rows).view("<u4") & 0xFFFFFF

    def close(self):
        for process in [*self.programs, self.process]:
            limits.end(process)


class Recording:
    """A recording that runs until its result is requested."""

    def __init__(self, options, work, *source, policy="none", environment=None):
        self.scrim = options.scrim
        self.out = tempfile.mkdtemp(dir=work)
        self.session = os.path.join(self.out, "session")
        command = [self.scrim, "record", *source, "--policy", policy, "--out", self.session]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        deadline = time.time() + 10
        manifest = os.path.join(self.session, "segments")
        while time.time() < deadline and self.process.poll() is None:
            if os.path.isdir(manifest) and os.listdir(manifest):
                break
            time.sleep(0.02)

    def wait(self):
        """Its exit code; its messages are in `words`. It has half a minute."""
        self.words = self.process.communicate(timeout=30)[1]
        return self.process.returncode

    def stop(self):
        time.sleep(0.4)
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def is_whole(self):
        return limits.run([self.scrim, "verify", "--quiet", self.session], check=False).returncode == 0

    def inspect(self):
        done = limits.run([self.scrim, "inspect", "--json", self.session], check=True, capture_output=True)
        return json.loads(done.stdout)

    def export(self):
        out = os.path.join(self.out, "png")
        limits.run([self.scrim, "export", self.session, "--to", "png", "--out", out, "--quiet"], check=True)
        return Export(out)


def dumps_nothing(process):
    """Whether a core file of a recorder has no picture: no core files, and its memory shared with the screen is excepted from them."""
    with open(f"/proc/{process.pid}/limits", encoding="ascii") as file:
        limit = next(line.split()[4] for line in file if line.startswith("Max core file size"))
    flags, is_shared = [], False
    with open(f"/proc/{process.pid}/smaps", encoding="utf-8") as file:
        for line in file:
            if not line.split()[0].endswith(":"):
                is_shared = "/memfd:scrim" in line
            elif is_shared and line.startswith("VmFlags:"):
                flags.append(line.split())
    return limit == "0" and bool(flags) and all("dd" in found for found in flags)


def same(a, b):
    return a.shape == b.shape and bool((a == b).all())


def last(recording):
    export = recording.export()
    return export.frame(len(export) - 1)


def x11(options, report, work):
    server = XServer(work, "1280x800")
    try:
        window = server.terminal("80x24+40+60")
        source = ["--x11", server.display]

        recording = Recording(options, work, *source)
        server.run("xdotool", "type", "--delay", "60", "what is typed is seen")
        report.check("x11: a core file has no picture", dumps_nothing(recording.process))
        code = recording.stop()
        frames = recording.inspect()["total"]["frames"]
        report.check("x11: an interrupt seals", code == 0 and recording.is_whole(), f"exit {code}, {frames} frames")
        report.check("x11: the last frame is what xwd grabs", same(last(recording), server.grab()))
        report.check("x11: typing is recorded, at most at the requested rate", 3 <= frames <= 25, f"{frames} frames")

        recording = Recording(options, work, *source, "--duration", "2", policy="default")
        server.run("xdotool", "type", "--delay", "60", "a secret")
        code = recording.wait()
        export = recording.export()
        masked = all((export.frame(i) == 0).all() for i in range(len(export)))
        report.check("x11: without trees the default policy masks everything", code == 0 and masked, f"{len(export)} frames")

        recording = Recording(options, work, *source, "--duration", "2")
        quiet = recording.inspect()["total"] if recording.wait() == 0 else {}
        report.check(
            "x11: an unchanged screen gives its first frame and its last",
            quiet.get("frames") == 2 and quiet["lastMs"] >= 2000, f"until {quiet.get('lastMs')} ms",
        )

        recording = Recording(options, work, *source)
        idle = share(recording.process.pid, lambda: time.sleep(options.idle))
        recording.stop()
        report.check("x11: idle costs at most 0.5 % of a core", idle <= 0.5, f"{idle:.3f} % over {options.idle} s")

        recording = Recording(options, work, *source, "--segment-seconds", "1")
        time.sleep(3.5)
        recording.process.kill()
        recording.wait()
        with open(os.path.join(recording.session, "segments.jsonl"), encoding="utf-8") as file:
            sealed = len(file.readlines())
        report.check("x11: killed while nothing happens it loses nothing", sealed == 1, f"{sealed} segments sealed")

        recording = Recording(options, work, *source, "--window", window)
        server.run("xdotool", "windowmove", window, "300", "200")
        server.run("xsetroot", "-solid", "#884422")
        server.run("xdotool", "mousemove", "--window", window, "80", "80", "type", "--delay", "60", "moved")
        recording.stop()
        shown = last(recording)
        x, y = server.place(window)
        height, width = shown.shape
        report.check("x11: a window that moves", same(shown, server.grab()[y : y + height, x : x + width]))
        recording = Recording(options, work, *source, "--window", window)
        server.run("xdotool", "windowmove", window, "1000", "-100")
        recording.stop()
        shown = last(recording)
        x, y = server.place(window)
        seen = server.grab()[0 : height + y, x:1280]
        report.check(
            "x11: of a window over the edge what can be seen",
            same(shown[-y:, : 1280 - x], seen) and not shown[:-y].any() and not shown[:, 1280 - x :].any(),
        )
        recording = Recording(options, work, *source, "--window", window)
        server.programs[-1].kill()
        code = recording.wait()
        report.check("x11: a window that is closed ends it", code == 0 and recording.is_whole(), f"exit {code}")

        recording = Recording(options, work, *source)
        server.run("xrandr", "--newmode", "small", *"0 1024 0 0 0 768 0 0 0".split())
        server.run("xrandr", "--addmode", "screen", "small")
        server.run("xrandr", "--output", "screen", "--mode", "small")
        server.run("xsetroot", "-solid", "#224488")
        recording.stop()
        sizes = [(part["width"], part["height"]) for part in recording.inspect()["segments"]]
        report.check("x11: another size is another segment", sizes == [(1280, 800), (1024, 768)], str(sizes))
        report.check("x11: after it the last frame is what xwd grabs", same(last(recording), server.grab()))
        report.check("x11: segments of two sizes are intact", recording.is_whole())

        recording = Recording(options, work, *source)
        server.process.kill()
        code = recording.wait()
        report.check(
            "x11: a server that is killed", code == 3 and recording.is_whole() and "sealed" in recording.words,
            recording.words.strip().splitlines()[-1],
        )
    finally:
        server.close()


def followed(options, report, work):
    server = XServer(work, "800x600")
    try:
        server.terminal("60x20+20+20")
        file = os.path.join(server.folder, "Xvfb_screen0")
        recording = Recording(options, work, "--xwd", file, "--follow")
        server.run("xdotool", "type", "--delay", "60", "what is typed is seen")
        # The pointer is part of the file, but of no grab, so it is moved aside here.
        server.run("xdotool", "mousemove", "799", "599")
        time.sleep(1)
        recording.stop()
        shown, grabbed = last(recording), server.grab()
        shown[560:, 760:] = grabbed[560:, 760:]
        report.check("xwd: the last frame is what xwd grabs", same(shown, grabbed))

        drawing = "while :; do xsetroot -solid red; xsetroot -solid blue; done"
        recording = Recording(options, work, "--xwd", file, "--follow", "--duration", "3")
        server.start("sh", "-c", drawing)
        code = recording.wait()
        words = recording.words.strip().splitlines()[-1]
        report.check("xwd: a screen that never rests", code == 0 and recording.is_whole(), words)
        server.programs[-1].kill()

        recording = Recording(options, work, "--xwd", file, "--follow")
        server.process.terminate()
        code = recording.wait()
        report.check("xwd: a server that ends", code == 3 and recording.is_whole(), f"exit {code}")
    finally:
        server.close()


class Compositor:
    """A headless sway with a terminal; it refuses to run as root."""

    def __init__(self, work):
        self.folder = tempfile.mkdtemp(dir=work)
        self.runtime = os.path.join(self.folder, "run")
        os.mkdir(self.runtime, 0o700)
        config = os.path.join(self.folder, "config")
        with open(config, "w", encoding="ascii") as file:
            file.write("output HEADLESS-1 resolution 1280x800\noutput * bg #336699 solid_color\nexec foot cat\n")
        self.user = []
        if os.getuid() == 0:
            os.chmod(work, 0o755)
            for path in (self.folder, self.runtime, config):
                os.chown(path, NOBODY, NOBODY)
            self.user = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        self.environment = dict(
            os.environ, HOME=self.folder, XDG_RUNTIME_DIR=self.runtime, WAYLAND_DISPLAY="wayland-1",
            WLR_BACKENDS="headless", WLR_RENDERER="pixman", WLR_LIBINPUT_NO_DEVICES="1",
        )
        self.environment.pop("DISPLAY", None)
        environment = {k: v for k, v in self.environment.items() if k != "WAYLAND_DISPLAY"}
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen([*self.user, "sway", "-c", config], env=environment, stdout=log, stderr=log)
        deadline = time.time() + 15
        while time.time() < deadline and not os.path.exists(os.path.join(self.runtime, "wayland-1")):
            time.sleep(0.1)
        time.sleep(2)

    def run(self, *command):
        return limits.run(
            [*self.user, *command], env=self.environment, check=True, capture_output=True, cwd=self.folder
        ).stdout

    def message(self, *words):
        socket = next(name for name in os.listdir(self.runtime) if name.startswith("sway-ipc"))
        self.run("swaymsg", "-s", os.path.join(self.runtime, socket), *words)

    def grab(self, *which):
        path = os.path.join(self.folder, "grab.png")
        with open(path, "wb") as file:
            file.write(self.run("grim", *which, "-"))
        return pixels(path)

    def close(self):
        limits.end(self.process)


def wayland(options, report, work):
    if needs.skips("Wayland", [*needs.SWAY, "foot"]):
        report.failed += needs.failed
        return
    server = Compositor(work)
    try:
        source = {"environment": server.environment}
        recording = Recording(options, work, "--wayland", **source)
        server.run("wtype", "-d", "60", "what is typed is seen")
        time.sleep(1)
        report.check("wayland: a core file has no picture", dumps_nothing(recording.process))
        code = recording.stop()
        frames = recording.inspect()["total"]["frames"]
        report.check("wayland: an interrupt seals", code == 0 and recording.is_whole(), f"{frames} frames")
        report.check("wayland: the last frame is what grim grabs", same(last(recording), server.grab()))
        report.check("wayland: typing is recorded", 3 <= frames <= 40, f"{frames} frames")

        recording = Recording(options, work, "--wayland", **source)
        time.sleep(1)
        idle = share(recording.process.pid, lambda: time.sleep(options.idle))
        recording.stop()
        report.check("wayland: idle costs at most 0.5 % of a core", idle <= 0.5, f"{idle:.3f} % over {options.idle} s")

        recording = Recording(options, work, "--wayland", **source)
        server.message("output", "HEADLESS-1", "resolution", "1024x768")
        time.sleep(1.5)
        recording.stop()
        sizes = [(part["width"], part["height"]) for part in recording.inspect()["segments"]]
        report.check("wayland: another size is another segment", sizes == [(1280, 800), (1024, 768)], str(sizes))
        report.check("wayland: after it the last frame is what grim grabs", same(last(recording), server.grab()))

        server.message("create_output")
        server.message("output", "HEADLESS-2", "resolution", "800x600")
        server.message("focus", "output", "HEADLESS-2")
        server.message("exec", "foot", "cat")
        time.sleep(1.5)
        recording = Recording(options, work, "--wayland", **source)
        code = recording.wait()
        names = all(name in recording.words for name in ("HEADLESS-1", "HEADLESS-2", "--output"))
        report.check("wayland: one of several outputs must be named", code == 3 and names)
        recording = Recording(options, work, "--wayland", "--output", "HEADLESS-3", **source)
        code = recording.wait()
        report.check("wayland: an output that is not there", code == 3 and "HEADLESS-2" in recording.words)
        for name in ("HEADLESS-2", "HEADLESS-1"):
            recording = Recording(options, work, "--wayland", "--output", name, **source)
            server.run("wtype", "-d", "60", "what is typed is seen")
            time.sleep(1)
            recording.stop()
            shown = last(recording)
            report.check(f"wayland: the last frame of {name} is what grim grabs", same(shown, server.grab("-o", name)))
            server.message("focus", "output", "HEADLESS-1")

        recording = Recording(options, work, "--wayland", "--output", "HEADLESS-1", **source)
        server.process.kill()
        code = recording.wait()
        report.check(
            "wayland: a compositor that is killed", code == 3 and recording.is_whole(),
            recording.words.strip().splitlines()[-1],
        )
    finally:
        server.close()


def without_headers(report, work):
    """The C code for X11, built without its headers, reports that."""
    sources = os.path.join(ROOT, "Sources", "C", "CScrimX11")
    main = os.path.join(work, "main.c")
    with open(main, "w", encoding="ascii") as file:
        file.write(
            '#include "scrim_x11.h"\nint main(void) { scrim_x11 *x; char d[8];'
            "return scrim_x11_open(0, &x, d, 8) == SCRIM_X11_NOT_BUILT && !x ? 0 : 1; }\n"
        )
    program = os.path.join(work, "main")
    files = [os.path.join(sources, name) for name in os.listdir(sources) if name.endswith(".c")]
    flags = ["-Wall", "-Wextra", "-Werror", "-DSCRIM_NO_X11", "-I", os.path.join(sources, "include")]
    built = limits.run(["clang", *flags, main, *files, "-o", program], check=False)
    holds = built.returncode == 0 and limits.run([program], check=False).returncode == 0
    report.check("x11: a build without its headers reports that", holds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scrim", default=os.path.join(ROOT, ".build", "release", "scrim"), help="the command")
    parser.add_argument("--idle", type=float, default=20, help="seconds over which idling is measured")
    options = parser.parse_args()
    options.scrim = os.path.abspath(options.scrim)
    with tempfile.TemporaryDirectory() as work:
        report = Report("live screens")
        without_headers(report, work)
        x11(options, report, work)
        followed(options, report, work)
        wayland(options, report, work)
        return report.close()


if __name__ == "__main__":
    sys.exit(main())
