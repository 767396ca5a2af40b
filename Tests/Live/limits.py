"""Waits with time limits, so that no test waits for another program without a limit."""
import selectors
import subprocess
import time

# Default time limit of a program in seconds.
LIMIT = 60


def run(command, **options):
    """`subprocess.run`, which kills the program after a minute and raises TimeoutExpired."""
    options.setdefault("timeout", LIMIT)
    options.setdefault("check", False)
    return subprocess.run(command, **options)


def line(stream, what, seconds=LIMIT):
    """The next line that a program writes to a pipe; an error that names the program if none comes in time."""
    end, data = time.monotonic() + seconds, b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not data.endswith(b"\n"):
            if not selector.select(max(end - time.monotonic(), 0)):
                raise TimeoutError(f"{what} wrote nothing within {seconds} s")
            # Byte by byte, so that no byte of the next line is consumed.
            byte = stream.read(1)
            if not byte:
                raise EOFError(f"{what} ended without output")
            data += byte
    return data.decode().strip()


def end(process, seconds=10):
    """Kills a program and waits until it is gone."""
    process.kill()
    process.wait(timeout=seconds)
