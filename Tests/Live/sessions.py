#!/usr/bin/python3
"""Buffered sessions of a live screen: which data leave the recorder, when, and which remain after a crash.

    sessions.py [--scrim PATH] [--seconds N]

An application on a desktop of its own changes its window four times a second and reports an error after N seconds (20; the buffer
holds two thirds of that: 60 s of --seconds 90, which takes five minutes). The conditions:
  quiet   before the error the session's folder doesn't exist, and strace shows that the recorder opens no file for writing, and
          connects and sends to Unix sockets only
  replay  after the error there is a complete session that begins at least 2 N / 3 seconds before it
  address with --out URL no connection is made either before the error, and the spool has no session; then the server gets the replay
  crash   a recorder with --crash-buffer that is killed by SIGKILL leaves only a file of mode 0600 in memory; the next recorder turns it
          into a complete session that ended by a crash; an application that links libscrim and is killed does the same
A recorder that records every session shows that `quiet` can fail: its folder exists at once. Exits with 0 only if all hold."""
import argparse
import http.server
import json
import os
import re
import shutil
import signal
import stat
import sys
import tempfile
import threading
import time

import limits
import needs

if needs.skips("sessions of live applications", [*needs.DESKTOP, needs.GTK3, "strace"]):
    sys.exit(needs.failed)

from desktop import Desktop  # noqa: E402
from recording import ROOT  # noqa: E402

APPLICATION = """
import gi, json, sys, time
gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk
window = Gtk.Window(title="an application")
window.set_default_size(400, 200)
area = Gtk.Label()
window.add(area)
count = 0
def change():
    global count
    count += 1
    area.set_text("x" * (count % 40))
    window.set_opacity(1)
    return True
def report():
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w") as fifo:
            fifo.write(json.dumps({"t_ms": 0, "type": "error", "name": "TypeError", "message": "it broke", "id": "e-1"}) + "\\n")
            fifo.flush()
    return False
GLib.timeout_add(250, change)
GLib.timeout_add(int(float(sys.argv[1]) * 1000), report)
window.show_all()
Gtk.main()
"""
# Everything is shown, so each change of the application is a frame.
POLICY = {
    "maskAllText": False, "maskAllInputs": False, "maskAllImages": False, "unknown": "keep", "uncovered": "keep",
    "titleBars": "keep", "treelessWindows": "keep", "gaps": "keep", "clearance": "latest",
}


class Report:
    failed = 0

    def check(self, holds, words):
        self.failed += not holds
        print("ok    " if holds else "FAILED", words, flush=True)


def wait(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


class Server(http.server.ThreadingHTTPServer):
    """Takes every segment and manifest, and notes when and where."""

    def __init__(self):
        requests = self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                requests.append((time.monotonic(), self.path))
                self.send_response(201)
                # A success counts only with the digest of what was stored.
                self.send_header("Content-Digest", self.headers["Content-Digest"])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Sessions:
    def __init__(self, desktop, scrim, seconds, report):
        self.desktop, self.scrim, self.seconds, self.report = desktop, scrim, seconds, report
        self.buffer = seconds * 2 / 3
        self.policy = f"{desktop.folder}/policy.json"
        with open(self.policy, "w", encoding="ascii") as file:
            json.dump(POLICY, file)
        self.application = f"{desktop.folder}/application.py"
        with open(self.application, "w", encoding="ascii") as file:
            file.write(APPLICATION)

    def start(self, name, *options, before=(), environment=None, to=None):
        out = to or f"{self.desktop.folder}/{name}"
        command = [*before, self.scrim, "record", *self.desktop.source, "--policy", self.policy, "--out", out]
        command += ["--error-buffer", str(self.buffer), *options]
        env = dict(self.desktop.environment, **(environment or {}))
        return out, self.desktop.spawn(command, env=env)

    def application_for(self, seconds, fifo=None):
        command = [needs.PYTHON, self.application, str(seconds), *([fifo] if fifo else [])]
        return self.desktop.spawn(command)

    def inspect(self, out, *options):
        return limits.run([self.scrim, "inspect", out, *options], capture_output=True, text=True).stdout

    def is_whole(self, out):
        return limits.run([self.scrim, "verify", out, "--quiet"], capture_output=True).returncode == 0

    def manifest(self, out):
        with open(f"{out}/manifest.json", encoding="utf-8") as file:
            return json.load(file)

    def stop(self, process):
        # strace doesn't pass its own signals to the traced process, so the recorder, its child, is signalled too.
        for pid in [process.pid, *children(process.pid)]:
            try:
                os.kill(pid, signal.SIGINT)
            except ProcessLookupError:
                pass
        process.wait(timeout=30)

    def an_error(self):
        """No data leaves the recorder before the error; then the seconds before it are in the session."""
        fifo, trace = f"{self.desktop.folder}/events", f"{self.desktop.folder}/trace"
        os.mkfifo(fifo, 0o600)
        out, recorder = self.start("replay", "--session-sample", "0", "--error-sample", "1", "--events", fifo, before=strace(trace))
        application = self.application_for(self.seconds, fifo)
        end = time.monotonic() + self.seconds - 1
        is_quiet = True
        while time.monotonic() < end:
            is_quiet = is_quiet and not os.path.exists(out) and recorder.poll() is None
            time.sleep(0.2)
        self.report.check(is_quiet, "no folder before the error, and a recorder that lives")
        self.report.check(wait(30, lambda: os.path.exists(f"{out}/manifest.json")), "a folder behind the error")
        time.sleep(2)
        self.stop(recorder)
        self.desktop.end(application)
        # The folder is made under a temporary name, and locked, before it gets its own.
        leaks = written_before(trace, [f'"{out}', f'"{os.path.dirname(out)}/.{os.path.basename(out)}.tmp'])
        self.report.check(leaks == [], f"strace: before it nothing is opened for writing, connected to or sent {leaks[:3]}")
        self.report.check(self.is_whole(out), "the replay is whole")
        about = self.manifest(out)
        self.report.check(about.get("kind") == "buffer" and about.get("error_ids") == ["e-1"], "its manifest names the error")
        events = [json.loads(line) for line in self.inspect(out, "--timeline", "--json").splitlines()]
        errors = [event["t_ms"] for event in events if event["type"] == "error"]
        total = json.loads(self.inspect(out, "--json"))["total"]
        before = (errors[0] - total["firstMs"]) / 1000 if errors else 0
        self.report.check(before >= self.buffer, f"it begins {before:.1f} s before the error, {total['frames']} frames")
        self.report.check("error TypeError: it broke" in self.inspect(out, "--timeline"), "inspect says so in words")

    def an_error_and_an_address(self):
        """The same with a spool and a server: the destination hears of a session only after its error."""
        fifo, trace, spool = (f"{self.desktop.folder}/{name}" for name in ("more-events", "more-trace", "spool"))
        os.mkfifo(fifo, 0o600)
        with Server() as server:
            options = ["--session-sample", "0", "--error-sample", "1", "--events", fifo, "--spool", spool]
            _, recorder = self.start("", *options, before=strace(trace), to=server.url)
            application = self.application_for(self.seconds, fifo)
            end = time.monotonic() + self.seconds - 1
            is_quiet = True
            while time.monotonic() < end:
                names = os.listdir(spool) if os.path.exists(spool) else []
                is_quiet = is_quiet and recorder.poll() is None and not any(re.match(r"\.?[0-9a-f-]{36}", name) for name in names)
                time.sleep(0.2)
            self.report.check(is_quiet and server.requests == [], "--out URL: no session in the spool and no request before the error")
            self.report.check(wait(30, lambda: any("segments" in path for _, path in server.requests)), "--out URL: the server gets the replay")
            self.stop(recorder)
            self.desktop.end(application)
            leaks = written_before(trace, [f'"{spool}/'], allowed=[f'"{spool}"', f'"{spool}/destination.json', f'"{spool}/.'])
            self.report.check(leaks == [], f"--out URL, strace: before it nothing but the spool's destination is written {leaks[:3]}")
            with open(trace, encoding="utf-8", errors="replace") as file:
                connected = any("connect(" in line and "AF_INET" in line for line in file)
            self.report.check(connected, "--out URL, strace: the connection behind the error is seen")
            server.shutdown()

    def can_fail(self):
        out, recorder = self.start("full", "--session-sample", "1")
        self.report.check(wait(20, lambda: os.path.exists(out)), "a session that is taken has its folder at once")
        self.stop(recorder)

    def a_crash(self):
        memory = tempfile.mkdtemp(prefix="scrim-live-", dir="/dev/shm")
        try:
            options = ["--session-sample", "0", "--error-sample", "1", "--crash-buffer"]
            environment = {"XDG_RUNTIME_DIR": memory}
            application = self.application_for(1e6)
            out, recorder = self.start("crashed", *options, environment=environment)
            time.sleep(self.seconds * 0.75 + 3)
            recorder.kill()
            recorder.wait(timeout=10)
            files = [os.path.join(folder, name) for folder, _, names in os.walk(memory) for name in names]
            modes = [stat.S_IMODE(os.stat(file).st_mode) for file in files]
            self.report.check(modes == [0o600] and not os.path.exists(out), "killed, it leaves one file in memory alone")
            out, recorder = self.start("crashed", *options, environment=environment)
            self.report.check(wait(20, lambda: os.path.exists(f"{out}/manifest.json")), "the next one makes a session of it")
            time.sleep(1)
            self.stop(recorder)
            self.desktop.end(application)
            about, total = self.manifest(out), json.loads(self.inspect(out, "--json"))["total"]
            self.report.check(self.is_whole(out) and about.get("ended") == "crash", "which is whole and says so")
            length = (total["lastMs"] - total["firstMs"]) / 1000
            self.report.check(length >= self.buffer, f"of {length:.1f} s, {total['frames']} frames")
            left = [name for _, _, names in os.walk(memory) for name in names]
            self.report.check(left == [], "and nothing is left in memory")
        finally:
            shutil.rmtree(memory, ignore_errors=True)


    def an_application_that_is_killed(self):
        """An application that records itself (libscrim.so) is killed while it is buffered; its next start has the seconds before."""
        library = f"{ROOT}/.build/release/libScrimC.a"
        if needs.skips("an application with libscrim", ["cc", "pkg-config", library]):
            return
        prefix, program = f"{self.desktop.folder}/prefix", f"{self.desktop.folder}/crashing"
        limits.run([f"{ROOT}/Sources/ScrimC/make", os.path.dirname(library), prefix], check=True, timeout=300)
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Apps", "crashing.c")
        flags = ["-D_DEFAULT_SOURCE", "-I", f"{prefix}/include", "-L", f"{prefix}/lib", "-lscrim", f"-Wl,-rpath,{prefix}/lib"]
        limits.run(["cc", source, *flags, "-o", program], check=True)
        memory = tempfile.mkdtemp(prefix="scrim-live-", dir="/dev/shm")
        out = f"{self.desktop.folder}/self"
        try:
            environment = dict(os.environ, XDG_RUNTIME_DIR=memory)
            for seconds in (self.seconds * 0.75, 2):
                application = self.desktop.spawn([program, out], env=environment)
                if seconds == 2:
                    self.report.check(wait(20, lambda: os.path.exists(f"{out}/manifest.json")), "libscrim: its next start has a session")
                time.sleep(seconds)
                application.kill()
                application.wait(timeout=10)
                if seconds != 2:
                    self.report.check(not os.path.exists(out), "libscrim: killed, it leaves no folder")
            about, total = self.manifest(out), json.loads(self.inspect(out, "--json"))["total"]
            self.report.check(self.is_whole(out) and about.get("ended") == "crash", "libscrim: which is whole and says so")
            length = (total["lastMs"] - total["firstMs"]) / 1000
            self.report.check(length >= 5, f"libscrim: of {length:.1f} s, {total['frames']} frames")
        finally:
            shutil.rmtree(memory, ignore_errors=True)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def strace(trace):
    calls = "open,openat,openat2,creat,mkdir,mkdirat,connect,bind,sendto,sendmsg,sendmmsg"
    return ["strace", "-f", "-qq", "-yy", "-o", trace, "-e", f"trace={calls}"]


def written_before(trace, places, allowed=()):
    """Calls before a folder was made in one of the places that open a file for writing, or connect or send to anything but a Unix
    socket; except lines with one of the texts that are allowed."""
    found = []
    with open(trace, encoding="utf-8", errors="replace") as file:
        for line in file:
            if re.search(r"mkdir(at)?\(", line) and any(place in line for place in places):
                break
            if any(text in line for text in allowed):
                continue
            if re.search(r"O_WRONLY|O_RDWR|O_CREAT|creat\(|mkdir(at)?\(", line) and not re.search(r'"/dev/(null|shm/)', line):
                found.append(line.strip())
            if re.search(r"(connect|bind|sendto|sendm?msg)\(", line) and "UNIX" not in line and "resumed" not in line:
                found.append(line.strip())
    return found


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--scrim", default=f"{ROOT}/.build/release/scrim")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    report = Report()
    with Desktop() as desktop:
        sessions = Sessions(desktop, options.scrim, options.seconds, report)
        sessions.an_error()
        sessions.an_error_and_an_address()
        sessions.can_fail()
        sessions.a_crash()
        sessions.an_application_that_is_killed()
    sys.exit(min(report.failed, 1))


if __name__ == "__main__":
    main()
