"""Shared by the delivery tests: programs, folders, ports, waits with a limit."""
import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.dirname(__file__) + "/../..")
CONFIGURATION = os.environ.get("SCRIM_CONFIGURATION", "debug")
SCRIM = f"{ROOT}/.build/{CONFIGURATION}/scrim"
SERVER = f"{ROOT}/Server/.build/{CONFIGURATION}/scrim-server"
FIRST_PORT = int(os.environ.get("SCRIM_TEST_PORT", "9510"))
_next_port = [FIRST_PORT]


def port():
    while True:
        _next_port[0] += 1
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", _next_port[0]))
                return _next_port[0]
            except OSError:
                continue


def skip(what):
    if os.environ.get("SCRIM_NO_SKIP"):
        sys.exit(f"{what}, and nothing may be skipped here")
    print(f"skipped: {what}")


class Folder:
    """A temporary folder for a `with`."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="scrim-delivery-")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def upload(spool, to, *more, wait=120, check=True, env=None, prefix=()):
    """Runs `scrim upload` to its end; returns its exit code and messages."""
    try:
        done = subprocess.run(
            [*prefix, SCRIM, "upload", spool, "--to", to, "--retry-base", "0.02", *more], capture_output=True, text=True,
            timeout=wait, env={**os.environ, **(env or {})})
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"scrim upload took more than {wait} s: {(error.stderr or b'')[-2000:]}") from error
    if check and done.returncode:
        raise AssertionError(f"scrim upload ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.returncode, done.stderr


class Server:
    """scrim-server over a store; it may be killed and restarted at the same port."""

    def __init__(self, store, *arguments, at=None, env=None, errors=None):
        """`errors` is a file for its messages."""
        self.store, self.arguments, self.env, self.errors = store, arguments, env, errors
        self.port = at or port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [SERVER, "serve", "--store", self.store, "--listen", f"127.0.0.1:{self.port}", *self.arguments],
            stdout=subprocess.DEVNULL, stderr=self.errors or subprocess.PIPE, env={**os.environ, **(self.env or {})})
        self.wait()

    def wait(self):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if self.process.poll() is not None:
                words = self.process.stderr.read() if self.process.stderr else open(self.errors.name, "rb").read()
                raise AssertionError(f"the server ended: {words.decode()[-1000:]}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("the server doesn't listen")

    def resident(self):
        """Its memory in megabytes."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1_000_000

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.close()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(30)
        self.close()
        return code

    def close(self):
        if self.process.stderr:
            self.process.stderr.close()


def run(tests):
    """Runs tests of (full, seed), which return words for people, by the program's arguments."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    for test in [test for test in tests if not options.names or test.__name__ in options.names]:
        start = time.monotonic()
        words = test(options.full, options.seed)
        if words:
            print(f"{test.__name__}: {words} ({time.monotonic() - start:.1f} s, seed {options.seed})", flush=True)
