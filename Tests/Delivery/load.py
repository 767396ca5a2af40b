#!/usr/bin/python3
"""Measures the segments per second that scrim-server stores, and those of nginx (WebDAV) with the same bytes, in one run; both under
eatmydata, and scrim-server with fsync as well. Only the ratio is meaningful: absolute times depend on the machine.

    load.py [--sessions N] [--segments N] [--kilobytes N] [--connections N] [--rounds N] [--least RATIO]
    load.py --minutes M [--most-megabytes MB]

With several rounds the programs take turns, and the ratio is the median of theirs. With --least it fails if scrim-server stores fewer than
that share of nginx's. With --minutes it measures the memory of scrim-server instead: new sessions arrive all the time, and in the last third
of it the memory must not be more than in the second. SCRIM_CONFIGURATION=release uses release builds.
"""
import argparse
import base64
import hashlib
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import time
import urllib.request

from peers import wait_for
from sessions import Session
from tools import SERVER, Folder, port, skip

NGINX = "/usr/sbin/nginx"


def make(arguments):
    seed, segments, size = arguments
    session = Session(seed)
    for _ in range(segments):
        session.add(size)
    return requests(session)


def requests(session):
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


def deliver(number, template, first, end, counter):
    """One connection that delivers session after session until a time."""
    seed = first
    while time.monotonic() < end:
        seed += 1
        results = multiprocessing.SimpleQueue()
        send(number, requests(template.again(seed)), results)
        times, bad = results.get()
        assert not bad, f"{bad} answers are not 201"
        with counter.get_lock():
            counter.value += len(times)


def long_run(options):
    """Memory over minutes, while sessions arrive and the pages are read."""
    template = Session(1)
    for _ in range(options.segments):
        template.add(options.kilobytes * 1000)
    with Folder() as folder:
        number = port()
        process = subprocess.Popen(
            [SERVER, "--store", folder + "/store", "--listen", f"127.0.0.1:{number}", "--rate", "1000000"], stderr=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{number}/healthz", process, 30)
            begin, counter = time.monotonic(), multiprocessing.Value("q", 0)
            end = begin + options.minutes * 60
            workers = [multiprocessing.Process(target=deliver, args=(number, template, (place + 1) * 10**9, end, counter)) for place in range(options.connections)]
            for worker in workers:
                worker.start()
            samples, said = [], 0
            while time.monotonic() < end:
                time.sleep(1)
                for path in ("/s", "/v1/sessions?limit=500", "/s?q=test"):
                    urllib.request.urlopen(f"http://127.0.0.1:{number}{path}", timeout=30).read()
                samples.append((time.monotonic() - begin, resident(process.pid)))
                if samples[-1][0] >= said:
                    print(f"{samples[-1][0]:6.0f} s {samples[-1][1]:6.0f} MB {counter.value:8} segments", flush=True)
                    said += max(10, options.minutes * 6)
            for worker in workers:
                worker.join(60)
                assert worker.exitcode == 0, "a connection failed"
            page = json.load(urllib.request.urlopen(f"http://127.0.0.1:{number}/v1/sessions?limit=1", timeout=30))
            assert page["sessions"]
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait(10)
    parts = [[megabytes for at, megabytes in samples if number <= at / (options.minutes * 20) < number + 1] for number in range(3)]
    middles = [statistics.median(part) for part in parts]
    print(f"{counter.value} segments of {options.kilobytes} KB in {options.minutes:g} minutes: {middles[0]:.0f}, {middles[1]:.0f}, {middles[2]:.0f} MB in the thirds of it, "
          f"at most {max(max(part) for part in parts):.0f} MB", flush=True)
    assert middles[2] <= middles[1] * 1.05 + 8, "the memory grows"
    assert max(parts[2]) <= options.most_megabytes, f"more than {options.most_megabytes} MB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=64)
    parser.add_argument("--segments", type=int, default=16)
    parser.add_argument("--kilobytes", type=int, default=48)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--least", type=float)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--most-megabytes", type=int, default=300)
    options = parser.parse_args()
    if options.minutes:
        return long_run(options)
    if not os.path.exists(NGINX):
        return skip("nginx is not installed")
    prefix = [shutil.which("eatmydata")] if shutil.which("eatmydata") else []
    if not prefix:
        skip("eatmydata is not installed, so ours is measured with fsync only")
    with multiprocessing.Pool(2) as pool:
        made = pool.map(make, [(5000 + seed, options.segments, options.kilobytes * 1000) for seed in range(options.sessions)])
    print(f"{options.sessions * options.segments} segments of {options.kilobytes} KB by {options.connections} connections", flush=True)
    ratios, synced = [], []
    for _ in range(options.rounds):
        with Folder() as folder:
            theirs = nginx(folder, made, options.connections, prefix)
            if prefix:
                ratios.append(ours("scrim-server", folder, made, options.connections, prefix) / theirs)
                shutil.rmtree(folder + "/store", ignore_errors=True)
            synced.append(ours("scrim-server with fsync", folder, made, options.connections, []) / theirs)
    for name, found in (("", ratios), (" with fsync", synced)):
        if found:
            print(f"scrim-server{name}: {statistics.median(found):.2f} x nginx ({min(found):.2f} to {max(found):.2f} in {len(found)} rounds)", flush=True)
    assert not options.least or statistics.median(ratios) >= options.least, f"less than {options.least} x nginx"


if __name__ == "__main__":
    main()
