#!/usr/bin/python3
"""Measures the segments per second that scrim-server stores, and those of nginx (WebDAV) with the same bytes, in one run; both under
eatmydata, and scrim-server with fsync as well. Only the ratio is meaningful: absolute times depend on the machine.

    load.py [--sessions N] [--segments N] [--kilobytes N] [--connections N] [--least RATIO]

With --least it fails if scrim-server stores fewer than that share of nginx's. SCRIM_CONFIGURATION=release uses release builds.
"""
import argparse
import base64
import hashlib
import multiprocessing
import os
import shutil
import socket
import subprocess
import time

from peers import wait_for
from sessions import Session
from tools import SERVER, Folder, port, skip

NGINX = "/usr/sbin/nginx"


def make(arguments):
    seed, segments, size = arguments
    session = Session(seed)
    for _ in range(segments):
        session.add(size)
    return [
        (f"/v1/sessions/{session.id}/segments/{index:08}", base64.b64encode(hashlib.sha256(data).digest()).decode(), data)
        for index, data in enumerate(session.segments)]


def send(number, requests, results):
    """One connection: each request is sent when the previous one is answered."""
    times, bad = [], 0
    with socket.create_connection(("127.0.0.1", number), 60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for path, digest, data in requests:
            head = (f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{number}\r\nContent-Digest: sha-256=:{digest}:\r\n"
                    f"Content-Type: application/vnd.scrim.segment\r\nContent-Length: {len(data)}\r\n\r\n").encode()
            start = time.perf_counter()
            connection.sendall(head + data)
            answer = b""
            while b"\r\n\r\n" not in answer:
                part = connection.recv(65536)
                if not part:
                    raise SystemExit("the server closed the connection")
                answer += part
            fields, _, rest = answer.partition(b"\r\n\r\n")
            length = [int(line.split(b":")[1]) for line in fields.split(b"\r\n") if line.lower().startswith(b"content-length")]
            left = (length[0] if length else 0) - len(rest)
            while left > 0:
                left -= len(connection.recv(65536))
            times.append(time.perf_counter() - start)
            bad += not answer.startswith(b"HTTP/1.1 201")
    results.put((times, bad))


def resident(pid):
    """The memory of a program and its children, in megabytes."""
    pages = 0
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    for each in [str(pid), *children]:
        try:
            with open(f"/proc/{each}/statm") as file:
                pages += int(file.read().split()[1])
        except OSError:
            pass
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(name, number, made, connections, pid):
    results = multiprocessing.Queue()
    parts = [[request for session in made[place::connections] for request in session] for place in range(connections)]
    workers = [multiprocessing.Process(target=send, args=(number, part, results)) for part in parts if part]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    answers = [results.get(timeout=600) for _ in workers]
    took = time.perf_counter() - start
    for worker in workers:
        worker.join(30)
    times = sorted(time for part, _ in answers for time in part)
    bad = sum(bad for _, bad in answers)
    assert not bad, f"{name}: {bad} answers are not 201"
    rate = len(times) / took
    print(f"{name:24} {rate:8.0f} segments/s   p50 {times[len(times) // 2] * 1e3:6.1f} ms   p99 {times[int(len(times) * 0.99)] * 1e3:6.1f} ms   {resident(pid):5.0f} MB",
          flush=True)
    return rate


def nginx(folder, made, connections, prefix):
    number = port()
    os.makedirs(folder + "/data")
    os.chmod(folder, 0o755)
    with open(folder + "/nginx.conf", "w") as file:
        file.write(f"""
            user root; daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 2;
            events {{ worker_connections 256; }}
            http {{
              access_log off; client_body_temp_path {folder}/temp; client_max_body_size 64m; keepalive_requests 1000000;
              server {{
                listen 127.0.0.1:{number}; root {folder}/data;
                location / {{ dav_methods PUT; create_full_put_path on; }}
              }}
            }}""")
    process = subprocess.Popen([*prefix, NGINX, "-e", folder + "/error.log", "-c", folder + "/nginx.conf"])
    try:
        wait_for(f"http://127.0.0.1:{number}/", process, 20)
        return measure("nginx", number, made, connections, process.pid)
    finally:
        process.terminate()
        process.wait(10)


def ours(name, folder, made, connections, prefix):
    number = port()
    process = subprocess.Popen(
        [*prefix, SERVER, "--store", folder + "/store", "--listen", f"127.0.0.1:{number}", "--rate", "1000000"], stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{number}/healthz", process, 30)
        rate = measure(name, number, made, connections, process.pid)
        process.terminate()
        assert process.wait(30) == 0
        return rate
    finally:
        process.kill()
        process.wait(10)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=64)
    parser.add_argument("--segments", type=int, default=16)
    parser.add_argument("--kilobytes", type=int, default=48)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--least", type=float)
    options = parser.parse_args()
    if not os.path.exists(NGINX):
        return skip("nginx is not installed")
    prefix = [shutil.which("eatmydata")] if shutil.which("eatmydata") else []
    if not prefix:
        skip("eatmydata is not installed, so ours is measured with fsync only")
    with multiprocessing.Pool(2) as pool:
        made = pool.map(make, [(5000 + seed, options.segments, options.kilobytes * 1000) for seed in range(options.sessions)])
    print(f"{options.sessions * options.segments} segments of {options.kilobytes} KB by {options.connections} connections", flush=True)
    with Folder() as folder:
        theirs = nginx(folder, made, options.connections, prefix)
        fast = ours("scrim-server", folder, made, options.connections, prefix) if prefix else None
        shutil.rmtree(folder + "/store", ignore_errors=True)
        ours("scrim-server with fsync", folder, made, options.connections, [])
    if fast:
        print(f"{fast / theirs:.2f} x nginx", flush=True)
        assert not options.least or fast >= options.least * theirs, f"less than {options.least} x nginx"


if __name__ == "__main__":
    main()
