"""The player before a server that doesn't answer, or ends connections: time limits, aborts, and attempts that come again."""
import http.server
import json
import re
import select
import threading
import time
from pathlib import Path

from controls import expect
from pictures import DIGEST, shown_at
from sessions import annoyed_capture, page, pictures, record_capture


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves a page that requests its segments, as scrim-server does. `silent` segments get no answer, `broken` ones a closed connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        if not self.path.startswith("/segments/"):
            text, kind = {"/": (server.page, "text/html"), "/worker.js": (server.worker, "text/javascript")}.get(self.path, ("", "text/plain"))
            return self.answer(text.encode(), kind)
        index = int(self.path.removeprefix("/segments/"))
        server.asked.append(index)
        # Until the fault is over, or the browser ends the request.
        while index in server.silent:
            if select.select([self.connection], [], [], 0.05)[0]:
                server.ended.append(index)
                self.close_connection = True
                return
        if index in server.broken:
            self.close_connection = True
            return
        self.answer((server.session / f"segments/{index:08}.scrim").read_bytes(), "application/vnd.scrim.segment")

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            pass

    def log_message(self, *_):
        pass


def serve(session, html):
    """Serves the session of an exported page; its scripts are those of the export."""
    text = Path(html).read_text()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.session = Path(session)
    server.worker = re.search(r'<script type="text/plain" id="scrim-worker">(.*?)</script>', text, re.S)[1]
    text = re.sub(r"<meta http-equiv[^>]*>", "<link rel=icon href=data:,>", text)
    text = re.sub(r'<script (?:type="text/plain" id="scrim-worker"|id="segment-\d+")[^>]*>.*?</script>', "", text, flags=re.S)
    held = re.search(r'(<script type="application/json" id="scrim-session">)(.*?)</script>', text, re.S)
    data = json.loads(held[2])
    data["server"] = {"segments": "/segments/", "worker": "/worker.js", "live": "/live", "open": "/open", "interval": 500, "isRecording": False, "isEmbedded": False}
    server.page = text.replace(held[2], json.dumps(data).replace("<", "\\u003c"))
    server.silent, server.broken, server.asked, server.ended = set(), set(), [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def outcome(browser, seconds):
    """The result of a seek, and the milliseconds that it took."""
    return browser.evaluate(f"""(async () => {{
      const start = performance.now();
      const result = await scrim.player.seek({seconds}).then(() => 'shown', ({{ name, message }}) => name + ': ' + message);
      return [result, performance.now() - start];
    }})()""")


def leave(browser, frames, segments, index):
    """Seeks to other segments, so that the decoder no longer holds this one."""
    for other in [other for other in range(len(segments)) if other != index][-3:]:
        browser.evaluate(f"scrim.player.seek({segments[other] / 1e9})")


def check_silent(browser, server, frames):
    """A segment without an answer: an error after the time limit, and the picture with the next seek."""
    segments = browser.evaluate("scrim.player.info.segments.map(({ first }) => first)")
    assert len(segments) > 4, segments
    browser.evaluate("void (scrim.player.source.patience = 1200)")
    moment = next(frame[0] for frame in frames if frame[0] > segments[1] / 1e9 + 0.3)
    leave(browser, frames, segments, 1)
    server.silent.add(1)
    result, took = outcome(browser, moment)
    assert result.startswith("Error: the server sent nothing for 1.2 s") and 1100 < took < 4000, (result, took)
    expect(browser, "!document.getElementById('gap').hidden && document.getElementById('toast').textContent.includes('sent nothing')", "the error is shown")
    server.silent.clear()
    result, took = outcome(browser, moment)
    assert result == "shown" and browser.evaluate(DIGEST) == shown_at(frames, moment)[1], (result, took)


def check_abort(browser, server, frames):
    """A seek elsewhere ends the request of a segment that is no longer needed, and doesn't wait for it."""
    segments = browser.evaluate("scrim.player.info.segments.map(({ first }) => first)")
    browser.evaluate("void (scrim.player.source.patience = 30000)")
    leave(browser, frames, segments, 1)
    server.silent.add(1)
    server.ended.clear()
    server.asked.clear()
    browser.evaluate(f"void (window.first = scrim.player.seek({segments[1] / 1e9 + 0.3}).catch(({{ name }}) => name))")
    deadline = time.monotonic() + 10
    while 1 not in server.asked:
        assert time.monotonic() < deadline, f"{browser.name}: the segment was not requested"
        time.sleep(0.02)
    moment = frames[-1][0]
    result, took = outcome(browser, moment)
    assert result == "shown" and took < 1500, (result, took)
    assert browser.evaluate("window.first") == "AbortError"
    while 1 not in server.ended:
        assert time.monotonic() < deadline, f"{browser.name}: the request was not ended"
        time.sleep(0.02)
    expect(browser, "scrim.player.loading.size === 0", "nothing is loading")
    server.silent.clear()
    result, took = outcome(browser, segments[1] / 1e9 + 0.3)
    assert result == "shown" and browser.evaluate(DIGEST) == shown_at(frames, segments[1] / 1e9 + 0.3)[1], (result, took)


def check_scan(browser, server, url):
    """A segment that can't be loaded for the lists is tried again: after a while, and as soon as another can be loaded."""
    badge = "document.getElementById('badge')"
    for way in ("wait", "seek"):
        server.broken.add(2)
        browser.open_player(url)
        browser.until(f"scrim.player.timeline.isWhole && {badge}.textContent.includes('not loaded')", 60)
        assert browser.evaluate(f"[{badge}.dataset.state, scrim.player.timeline.damaged.length]") == ["warn", 1]
        before = browser.evaluate("scrim.player.timeline.entries.length")
        refusal, _ = outcome(browser, browser.evaluate("scrim.player.info.segments[2].first / 1e9"))
        assert "can't be reached" in refusal, refusal
        server.broken.clear()
        if way == "seek":
            browser.evaluate("void scrim.player.seek(scrim.player.start)")
            browser.evaluate("void scrim.player.seek(scrim.player.duration)")
        browser.until(f"{badge}.textContent === 'Verified' && {badge}.dataset.state === 'good'", 40)
        assert browser.evaluate("scrim.player.timeline.entries.length") > before, "its events are in the lists"
        if way == "wait":
            # The picture of the gap comes by itself.
            expect(browser, "!scrim.player.gap && scrim.player.shown !== null", "the picture")


def check_all(browser, folder):
    folder = Path(folder) / f"network-{browser.name}"
    session = record_capture(annoyed_capture(folder / "capture"), folder / "s", "none", "--segment-seconds", "5")
    page(session, folder / "page.html")
    frames = pictures(session, folder / "png")
    server = serve(session, folder / "page.html")
    url = f"http://127.0.0.1:{server.server_port}/"
    mark = len(browser.console)
    try:
        browser.open_player(url)
        browser.until("scrim.player.timeline.isWhole")
        check_silent(browser, server, frames)
        check_abort(browser, server, frames)
        check_scan(browser, server, url)
    finally:
        server.silent.clear()
        server.shutdown()
        server.server_close()
    # The browser reports each failed request.
    del browser.console[mark:]
    return "silent segments are given up, aborted where not needed, and loaded later"
