"""The pages of scrim-server in real browsers: signing in, list, player, frames on other origins, and sessions that are being recorded."""
import http.server
import json
import os
import shutil
import struct
import subprocess
import threading
import time
from pathlib import Path

from browsers import PageError
from controls import click, expect
from pictures import check_exact
from sessions import ANNOYED, ROOT, SCRIM, TRACE, annoyed_capture, lively_capture, pictures, record_capture, scrim

AXE = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html.slice(0, 200) + ' ' + nodes[0].failureSummary))"
MOMENTS = 10
# The maximum delay of a watching page behind the recording, in seconds.
BEHIND = 2.0


def program():
    """The path of scrim-server; None if it was not built."""
    given = os.environ.get("SCRIM_SERVER")
    for path in [given] if given else [ROOT / f"Server/.build/{kind}/scrim-server" for kind in ("release", "debug")]:
        if os.access(path, os.X_OK):
            return str(path)
    return None


class Served:
    """scrim-server with a store in a folder of its own, with keys, for a `with`."""

    def __init__(self, folder, *arguments):
        self.store = Path(folder) / "store"
        self.store.mkdir()
        self.keys = {}
        lines = []
        for role, project in (("reader", "default"), ("writer", "default"), ("reader", "other")):
            done = subprocess.run(
                [program(), "new-key", "--role", role, "--project", project, "--name", f"{role}-{project}"], capture_output=True,
                text=True, timeout=30, check=True)
            self.keys[role, project] = done.stdout.strip()
            lines.append(done.stderr.strip())
        keys = Path(folder) / "keys"
        keys.write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen(
            [program(), "--store", self.store, "--listen", "127.0.0.1:0", "--keys", keys, *arguments], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        assert "listening on port" in line, line + self.process.stderr.read()
        self.url = f"http://127.0.0.1:{int(line.split()[-1])}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            assert self.process.wait(20) == 0, "the server ended badly"
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.process.stderr.close()


class Holder(http.server.BaseHTTPRequestHandler):
    """A page of another origin that embeds the player in a frame."""

    def do_GET(self):
        body = f"<!doctype html><title>holder</title><iframe src='{self.server.inner}' width='900' height='600'></iframe>".encode()
        self.send_response(200 if self.path == "/" else 204)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body if self.path == "/" else b"")

    def log_message(self, *_):
        pass


def hold():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Holder)
    server.inner = "about:blank"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def type_words(browser, words):
    for letter in words:
        browser.key(letter)


def press(browser, selector):
    browser.until(f"document.readyState === 'complete' && document.querySelector({json.dumps(selector)}) !== null")
    click(browser, selector)


def session_of(folder):
    return json.loads((Path(folder) / "manifest.json").read_text())["id"]


def check_access(browser, axe, what):
    if not axe:
        return
    browser.evaluate_text(axe + ";'loaded'")
    for width, height, theme in ((1440, 900, "light"), (1440, 900, "dark"), (390, 844, "light")):
        browser.resize(width, height)
        browser.evaluate(f"void (document.documentElement.dataset.theme = '{theme}')")
        time.sleep(0.3)
        found = browser.evaluate(AXE)
        assert not found, f"{browser.name}, {what}, {theme}, {width}: " + "\n".join(found)
    browser.resize(1440, 900)


def check_sign_in(browser, served, axe):
    browser.open(f"{served.url}/s")
    browser.until("location.pathname === '/sign-in' && document.readyState === 'complete'")
    check_access(browser, axe, "sign-in")
    # The field has the focus, and Enter submits it.
    browser.until("document.activeElement.id === 'key'")
    type_words(browser, "scrim_wrong")
    browser.key("Enter")
    browser.until("document.querySelector('[role=alert]') !== null")
    # The refusal is expected.
    browser.console[:] = [line for line in browser.console if "403" not in line]
    browser.until("document.activeElement.id === 'key'")
    type_words(browser, served.keys["reader", "default"])
    browser.key("Enter")
    browser.until("location.pathname === '/s' && document.querySelectorAll('tbody tr').length > 0")
    assert browser.evaluate("document.cookie") == "", "scripts must not see the cookie"


def rows(browser):
    return browser.evaluate("[...document.querySelectorAll('tbody tr')].map((row) => row.querySelector('a').getAttribute('href').slice(3))")


def check_list(browser, served, lively, count, axe):
    browser.until(f"document.querySelectorAll('tbody tr').length === {count}")
    browser.until("[...document.images].every(({ complete, naturalWidth }) => complete && naturalWidth > 0)", 30)
    check_access(browser, axe, "list")
    assert browser.evaluate("window.broken === undefined && document.body.textContent.includes('<img src=x')"), "words of a recording"
    browser.key("/")
    browser.until("document.activeElement.id === 'search'")
    type_words(browser, "typeerror undefined")
    browser.key("Enter")
    browser.until("location.search.includes('typeerror') && document.querySelectorAll('tbody tr').length === 1")
    assert rows(browser) == [lively]
    browser.evaluate("void document.querySelector('.filters a[href*=failed]').focus()")
    browser.key("Enter")
    browser.until("location.search.includes('filter=failed') && document.querySelector('.empty') !== null")
    browser.open(f"{served.url}/s")
    browser.until(f"document.querySelectorAll('tbody tr').length === {count}")
    sizes = []
    for _ in range(2):
        press(browser, "th.size a")
        browser.until(f"document.querySelector('th.size')?.ariaSort === '{'ascending' if sizes else 'descending'}'")
        sizes.append(rows(browser))
    assert sizes[0] == sizes[1][::-1] and len(set(sizes[0])) == count, "sorting"


def check_player(browser, served, session, frames, axe):
    """By keyboard from the list; then the canvas has exactly the pixels that `scrim export --to png` writes."""
    browser.open(f"{served.url}/s")
    browser.until(f"document.querySelector('a[href=\"/s/{session}\"]') !== null")
    browser.evaluate(f"void document.querySelector('a[href=\"/s/{session}\"]').focus()")
    browser.key("Enter")
    browser.until("Boolean(window.scrim)")
    assert browser.evaluate("scrim.player.ready.then(() => true)")
    browser.until("scrim.player.timeline.isWhole")
    expect(browser, "document.getElementById('badge-text').textContent === 'Verified'", "the badge")
    took = check_exact(browser, frames, MOMENTS, session)
    browser.evaluate("scrim.player.seek(scrim.player.start)")
    browser.key(" ")
    expect(browser, "!scrim.player.paused && scrim.player.currentTime > scrim.player.start + 0.3", "Space plays")
    browser.key(" ")
    expect(browser, "scrim.player.paused", "Space pauses")
    assert browser.evaluate("window.broken === undefined")
    check_access(browser, axe, "player")
    return sorted(took)[len(took) // 2]


def check_findings(browser, served, session, folder):
    """The list, the page and `scrim inspect --insight` give the same signs of frustration: those that the session was made with."""
    insight = json.loads(scrim("inspect", folder, "--insight", "--json").stdout)
    dead = [press for press in insight["presses"] if press["verdict"] == "dead"]
    assert {"rage": len(insight["rages"]), "dead": len(dead), "frozen": len(insight["frozen"])} == {kind: ANNOYED[kind] for kind in ("rage", "dead", "frozen")}
    cell = f"document.querySelector('a[href=\"/s/{session}\"]')?.closest('tr').querySelector"
    deadline = time.monotonic() + 30
    while True:
        browser.open(f"{served.url}/s")
        browser.until("document.querySelectorAll('tbody tr').length > 0")
        counts = {kind: browser.evaluate(f"{cell}('td.{kind}')?.textContent") for kind in ANNOYED}
        if counts == {kind: str(count) for kind, count in ANNOYED.items()}:
            break
        assert time.monotonic() < deadline, f"{browser.name}: the list shows {counts}"
        time.sleep(0.3)
    for kind in ("rage", "dead", "frozen"):
        press(browser, f".filters a[href*={kind}]")
        browser.until(f"location.search.includes('filter={kind}') && document.querySelector('.filters [aria-current]')?.href.includes('{kind}')")
        assert rows(browser) == [session], f"{browser.name}: the filter {kind}"
        press(browser, f"th.{kind} a")
        browser.until(f"document.querySelector('th.{kind}')?.ariaSort === 'descending'")
        assert rows(browser) == [session]
    keep_shot(browser, "list")
    browser.open_player(f"{served.url}/s/{session}")
    browser.until("scrim.player.timeline.isWhole")
    shown = browser.evaluate("scrim.player.timeline.entries.filter(({ kind }) => kind === 'sign').map(({ time, event }) => [event.type, time / 1e6])")
    expected = [["rage", rage["tMs"]] for rage in insight["rages"]] + [["dead", press["tMs"]] for press in dead] + [["frozen", span["fromMs"]] for span in insight["frozen"]]
    assert sorted(map(tuple, shown)) == sorted(map(tuple, expected)), f"{browser.name}: {shown}"
    # By its chip, the list has only them; a row leads to its moment.
    browser.until("document.querySelector('#filters [data-kind=sign]')?.hidden === false")
    for kind in ("input", "error", "other"):
        if browser.evaluate(f"!document.querySelector('#filters [data-kind={kind}]').hidden"):
            click(browser, f"#filters [data-kind={kind}]")
    browser.until(f"document.querySelectorAll('#list .is-sign').length === {len(expected)} && document.querySelectorAll('#list .row').length === {len(expected)}")
    click(browser, "#list .row:last-child")
    expect(browser, f"Math.abs(scrim.player.currentTime * 1000 - {insight['frozen'][0]['fromMs']}) < 1", "a row leads to its moment")
    expect(browser, "document.getElementById('detail').textContent.includes('inputs')", "the details of a frozen screen")
    keep_shot(browser, "player")
    browser.resize(390, 844)
    browser.open(f"{served.url}/s")
    browser.until("document.querySelectorAll('tbody tr').length > 0")
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the list fits a phone"
    keep_shot(browser, "phone")
    browser.resize(1440, 900)


def keep_shot(browser, name):
    """Keeps a picture of the page for people, in the folder PLAYER_SHOTS if it is set."""
    folder = os.environ.get("PLAYER_SHOTS")
    if folder:
        time.sleep(0.3)
        browser.screenshot(Path(folder, f"{browser.name}-{name}.png"))


def check_delivered(browser, served, seconds=14):
    """Watches a session whose segments are delivered: the page follows each new one without being loaded again. Returns their number."""
    browser.open(f"{served.url}/s")
    browser.until("document.querySelectorAll('tbody tr').length > 0")
    known = set(rows(browser))
    width, height = 320, 200
    process = subprocess.Popen(
        [SCRIM, "record", "--raw", "-", "--size", f"{width}x{height}", "--format", "bgrx", "--fps", "10", "--policy", "none",
         "--segment-seconds", "2", "--out", served.url, "--quiet"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "SCRIM_KEY": served.keys["writer", "default"]})

    def feed():
        start = time.monotonic()
        for number in range(seconds * 10):
            time.sleep(max(0, start + number / 10 - time.monotonic()))
            process.stdin.write(bytes([number % 256, 5, 99, 0]) * (width * height))
            process.stdin.flush()
        process.stdin.close()

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    deadline = time.monotonic() + 30
    while True:
        browser.open(f"{served.url}/s")
        browser.until("document.querySelectorAll('tbody tr').length > 0")
        new = [session for session in rows(browser) if session not in known]
        if new:
            break
        assert time.monotonic() < deadline, f"{browser.name}: nothing was delivered"
        time.sleep(0.2)
    browser.open_player(f"{served.url}/s/{new[0]}")
    browser.evaluate("void (window.sameDocument = true)")
    expect(browser, "!document.getElementById('live').hidden && document.getElementById('live').ariaPressed === 'true'", "Live is on")
    first = browser.evaluate("scrim.player.info.segments.length")
    blue = "scrim.player.canvas.getContext('2d').getImageData(9, 9, 1, 1).data[2]"
    # Frames of later segments are shown while the recording goes on.
    browser.until(f"scrim.player.isGrowing && scrim.player.info.segments.length >= {first + 2} && {blue} > {20 * (first + 1)}", 30)
    feeder.join(60)
    assert process.wait(60) == 0
    browser.until("document.getElementById('live').hidden && scrim.player.timeline.isWhole && window.sameDocument", 30)
    expect(browser, "document.getElementById('badge-text').textContent === 'Verified'", "the badge at the end")
    browser.evaluate("scrim.player.seek(scrim.player.duration)")
    assert browser.evaluate(blue) == seconds * 10 - 1, "the last picture"
    return browser.evaluate("scrim.player.info.segments.length")


def check_links(browser, served, lively):
    browser.open(f"{served.url}/s?trace_id={TRACE}")
    browser.until("Boolean(window.scrim)")
    assert browser.evaluate("scrim.player.ready.then(() => location.pathname)") == f"/s/{lively}"
    assert browser.evaluate("Math.abs(scrim.player.currentTime - 5) < 1e-6"), "a trace leads to its moment"


def check_frame(browser, served, session, allowed, refused):
    for holder in (allowed, refused):
        holder.inner = f"{served.url}/s/{session}/embed"
    browser.open(f"http://127.0.0.1:{allowed.server_port}/")
    deadline = time.monotonic() + 20
    while (browser.evaluate_in_frame("document.getElementById('picture')?.width ?? 0") or 0) < 2:
        assert time.monotonic() < deadline, f"{browser.name}: the player is not in the frame"
        time.sleep(0.1)
    assert browser.evaluate_in_frame("getComputedStyle(document.querySelector('header')).display") == "none"
    mark = len(browser.console)
    try:
        browser.open(f"http://127.0.0.1:{refused.server_port}/")
    except PageError:
        # Firefox reports that a frame was refused.
        pass
    time.sleep(1.5)
    try:
        seen = browser.evaluate_in_frame("document.getElementById('picture')?.width ?? 0") or 0
    except PageError:
        # The page shown instead belongs to the browser.
        seen = 0
    assert seen == 0, f"{browser.name}: a page that is not allowed holds the player"
    # The browser reports it.
    del browser.console[mark:]
    browser.open(f"{served.url}/s")


def frames_in(data):
    """The complete frame records in a segment's bytes."""
    count, place = 0, 8
    while place + 10 <= len(data):
        kind, _, length, _ = struct.unpack_from("<BBII", data, place)
        place += 10 + length
        count += kind == 2 and place <= len(data)
    return count


class Recording(threading.Thread):
    """Runs `scrim record` on numbered frames, ten per second, in real time; notes the time at which each is in the session's files."""

    def __init__(self, out, seconds):
        super().__init__(daemon=True)
        self.out, self.count, self.recorded, self.code = out, int(seconds * 10), [], None

    def watch(self):
        sealed = {}
        while self.code is None:
            for path in sorted((self.out / "segments").glob("*.scrim")):
                if path.name not in sealed:
                    sealed[path.name] = frames_in(path.read_bytes())
            total = sum(sealed.values())
            for part in (self.out / "segments").glob("*.part"):
                try:
                    total += frames_in(part.read_bytes()) if part.stem not in sealed else 0
                except FileNotFoundError:
                    pass
            now = time.monotonic()
            self.recorded += [now] * (total - len(self.recorded))
            time.sleep(0.05)

    def run(self):
        width, height = 320, 200
        process = subprocess.Popen(
            [SCRIM, "record", "--raw", "-", "--size", f"{width}x{height}", "--format", "bgrx", "--fps", "10", "--policy", "none",
             "--segment-seconds", "4", "--out", str(self.out), "--quiet"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        threading.Thread(target=self.watch, daemon=True).start()
        start = time.monotonic()
        for number in range(self.count):
            time.sleep(max(0, start + number / 10 - time.monotonic()))
            pixel = bytes([number % 256, number // 256, 77, 0])
            process.stdin.write(pixel * (width * height))
            process.stdin.flush()
        process.stdin.close()
        self.code = process.wait(60)


def check_live(browser, served, seconds=12):
    """Watches a recording from its third second to its end; returns the largest delay of the picture."""
    out = served.store / f"now-{browser.name}"
    recording = Recording(out, seconds)
    recording.start()
    deadline = time.monotonic() + 20
    while not (out / "manifest.json").exists() or len(recording.recorded) < 20:
        assert time.monotonic() < deadline, "the recording doesn't begin"
        time.sleep(0.05)
    session = session_of(out)
    browser.open(f"{served.url}/s")
    browser.until(f"document.querySelector('a[href=\"/s/{session}\"]')?.closest('tr').textContent.includes('Recording')")
    browser.open_player(f"{served.url}/s/{session}")
    expect(browser, "!document.getElementById('live').hidden && document.getElementById('live').ariaPressed === 'true'", "Live is on")
    time.sleep(1)
    behind = []
    while len(recording.recorded) < recording.count - 10:
        before = time.monotonic()
        blue, green = browser.evaluate("(() => { const { canvas } = scrim.player; const [, g, b] = canvas.getContext('2d').getImageData(9, 9, 1, 1).data; return [b, g]; })()")
        # The time of the request, since the answer takes time too.
        number = blue + green * 256
        # A frame that is shown before the files were read again has no delay.
        behind.append(before - recording.recorded[number] if number < len(recording.recorded) else 0)
        time.sleep(0.05)
    assert len(behind) > 20 and max(behind) <= BEHIND, f"{browser.name}: {max(behind):.2f} s behind"
    # After a seek backwards the player doesn't follow the end; the button resumes it.
    browser.evaluate("scrim.player.seek(scrim.player.start + 1)")
    expect(browser, "document.getElementById('live').ariaPressed === 'false'", "Live is off after a seek")
    for name, follow in (("the button", lambda: click(browser, "#live")), ("the key U", lambda: browser.key("u"))):
        follow()
        expect(browser, "document.getElementById('live').ariaPressed === 'true' || document.getElementById('live').hidden", f"Live is on again by {name}")
        browser.evaluate("void (document.getElementById('live').hidden || scrim.player.seek(scrim.player.start + 1))")
        expect(browser, "document.getElementById('live').ariaPressed === 'false' || document.getElementById('live').hidden", f"Live is off after {name}")
    browser.key("u")
    assert browser.evaluate("[...document.querySelectorAll('#help-keys kbd')].some(({ textContent }) => textContent === 'U')"), "the help sheet names U"
    recording.join(60)
    assert recording.code == 0
    browser.until("document.getElementById('live').hidden && scrim.player.timeline.isWhole", 20)
    expect(browser, "document.getElementById('badge-text').textContent === 'Verified'", "the badge at the end")
    browser.evaluate("scrim.player.seek(scrim.player.duration)")
    check_exact(browser, pictures(out, f"{out}-png"), 4, 5)
    shutil.rmtree(f"{out}-png")
    return max(behind), sorted(behind)[len(behind) // 2]


def check_sign_out(browser, served):
    browser.open(f"{served.url}/s")
    press(browser, "form[action='/sign-out'] button")
    browser.until("location.pathname === '/sign-in'")
    browser.open(f"{served.url}/s")
    browser.until("location.pathname === '/sign-in' && location.search === '?next=%2Fs'")


def check_arguments(folder):
    """The server refuses addresses of traces that `scrim export` refuses."""
    for address in ("javascript:{trace_id}", "https://x/", "https://a@x/{trace_id}", "https://{trace_id}.x/"):
        done = subprocess.run(
            [program(), "--store", folder / "refused", "--listen", "127.0.0.1:0", "--trace-url", address], capture_output=True, timeout=30)
        assert done.returncode == 64 and b"--trace-url takes an address" in done.stderr, (address, done.stderr)


def check_all(browsers, folder, axe, say):
    check_arguments(folder)
    allowed, refused = hold(), hold()
    with Served(folder, "--embed", f"http://127.0.0.1:{allowed.server_port}") as served:
        # One session that a recorder wrote beside the projects, and one that was delivered.
        record_capture(lively_capture(folder / "capture"), served.store / "lively", "none")
        quiet = lively_capture(folder / "quiet", seconds=6, seed=2)
        events = [line for line in (quiet / "events.jsonl").read_text().splitlines() if '"error"' not in line]
        (quiet / "events.jsonl").write_text("\n".join(events) + "\n")
        record_capture(quiet, folder / "second", "none")
        record_capture(annoyed_capture(folder / "annoyed-capture"), folder / "annoyed", "none", "--segment-seconds", "5")
        lively, second = session_of(served.store / "lively"), session_of(folder / "second")
        frames = {lively: pictures(served.store / "lively", folder / "lively-png"), second: pictures(folder / "second", folder / "second-png")}
        scrim("upload", folder / "second", "--to", served.url, "--quiet", env={**os.environ, "SCRIM_KEY": served.keys["writer", "default"]})
        scrim("upload", folder / "annoyed", "--to", served.url, "--quiet", env={**os.environ, "SCRIM_KEY": served.keys["writer", "default"]})
        for number, browser_type in enumerate(browsers):
            with browser_type() as browser:
                check_sign_in(browser, served, axe)
                # Each earlier browser left two recordings.
                check_list(browser, served, lively, 3 + 2 * number, axe)
                check_findings(browser, served, session_of(folder / "annoyed"), folder / "annoyed")
                took = [check_player(browser, served, session, frames[session], axe) for session in (lively, second)]
                check_links(browser, served, lively)
                check_frame(browser, served, lively, allowed, refused)
                most, median = check_live(browser, served)
                delivered = check_delivered(browser, served)
                check_sign_out(browser, served)
                assert not browser.console, f"{browser.name}: {browser.console[:5]}"
                own = (served.url + "/", f"http://127.0.0.1:{allowed.server_port}/", f"http://127.0.0.1:{refused.server_port}/", "blob:", "data:", "about:")
                outside = [address for address in browser.requests if not address.startswith(own)]
                assert not outside, f"{browser.name}: {outside[:5]}"
                say(f"{browser.name}: served: exact at {2 * MOMENTS} moments, a seek {max(took):.0f} ms; live: {most:.2f} s behind at most, {median:.2f} mostly; {delivered} delivered segments followed")
    for holder in (allowed, refused):
        holder.shutdown()
