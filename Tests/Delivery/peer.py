"""A server with Scrim's delivery interface that fails in ways chosen by a seed."""
import base64
import hashlib
import random
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TROUBLES = ["reset early", "reset after storing", "503", "500", "408", "429", "says yes, stores nothing", "stores other bytes",
            "cut answer", "garbage", "endless answer", "portal", "slow", "silent close", "huge header", "wrong digest"]


class Peer:
    """Stores in memory. A fault of `troubles` is picked with probability `rate` until `limit` of them happened."""

    def __init__(self, port, seed=0, rate=0.0, troubles=TROUBLES, limit=10**9, address="127.0.0.1"):
        self.random, self.rate, self.troubles, self.limit = random.Random(seed), rate, troubles, limit
        self.store, self.manifests, self.lock = {}, {}, threading.Lock()
        self.counts, self.puts, self.port, self.delay = {}, 0, port, 0.2
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def reset(self):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            def key(self):
                parts = self.path.split("/")
                return (parts[3], int(parts[5])) if len(parts) == 6 else parts[3]

            def do_GET(self):
                with peer.lock:
                    body = peer.store.get(self.key(), peer.manifests.get(self.key()))
                if peer.portal:
                    return self.answer(200, b"<html>please sign in</html>")
                self.answer(404) if body is None else self.answer(200, body)

            def do_PUT(self):
                trouble = peer.pick()
                size = int(self.headers["Content-Length"])
                if trouble == "reset early":
                    self.rfile.read(size // 2)
                    return self.reset()
                body = self.rfile.read(size)
                key = self.key()
                where = peer.store if isinstance(key, tuple) else peer.manifests
                digest = "sha-256=:%s:" % base64.b64encode(hashlib.sha256(body).digest()).decode()
                if trouble in ("503", "500", "408"):
                    return self.answer(int(trouble), b"not now")
                if trouble == "429":
                    return self.answer(429, b"slowly", Retry_After="0")
                if trouble == "says yes, stores nothing":
                    return self.answer(200)
                if trouble == "stores other bytes":
                    with peer.lock:
                        if key not in where:
                            where[key] = body[:-1] + b"x"
                    return self.answer(201)
                if trouble == "wrong digest":
                    return self.answer(201, Content_Digest="sha-256=:%s:" % base64.b64encode(bytes(32)).decode())
                if trouble == "cut answer":
                    self.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Le")
                    return self.reset()
                if trouble == "garbage":
                    self.wfile.write(peer.random.randbytes(300))
                    return self.reset()
                if trouble == "huge header":
                    self.wfile.write(b"HTTP/1.1 201 Created\r\nX: " + b"y" * (1 << 20))
                    return self.reset()
                if trouble == "endless answer":
                    self.wfile.write(b"HTTP/1.1 201 Created\r\n\r\n")
                    try:
                        for _ in range(200):
                            self.wfile.write(b"z" * 4096)
                    except OSError:
                        pass
                    return self.reset()
                if trouble == "portal":
                    return self.answer(200, b"<html>please sign in</html>", Content_Type="text/html")
                if trouble == "silent close":
                    return self.reset()
                with peer.lock:
                    peer.puts += 1
                    old = where.get(key)
                    # The server repairs data that it damaged itself.
                    where[key] = body
                if trouble == "reset after storing":
                    return self.reset()
                self.answer(200 if old == body else 201, Content_Digest=digest)

        class Quiet(ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_):
                """Ignores killed clients, which are part of these tests."""

        self.portal = False
        self.server = Quiet((address, port), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pick(self):
        with self.lock:
            if self.limit <= 0 or self.random.random() >= self.rate:
                return None
            self.limit -= 1
            trouble = self.random.choice(self.troubles)
            self.counts[trouble] = self.counts.get(trouble, 0) + 1
        if trouble == "slow":
            threading.Event().wait(self.delay)
        return trouble

    def close(self):
        self.server.shutdown()
        self.server.server_close()
