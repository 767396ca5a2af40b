"""The page as a file: sandboxed, without scripts, from --from to --until; and how smoothly it plays."""
import functools
import http.server
import json
import re
import shutil
import threading
import time
from pathlib import Path

from pictures import DIGEST, check_exact
from sessions import ANNOYED, annoyed_capture, page, record_capture, scrim


class Sandbox(http.server.SimpleHTTPRequestHandler):
    """Serves files as hosts of build artefacts do: in a sandbox, with an origin of their own."""

    def end_headers(self):
        self.send_header("Content-Security-Policy", "sandbox allow-scripts")
        super().end_headers()

    def log_message(self, *_):
        pass


def check_sandboxed(browser, folder, frames):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Sandbox, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        browser.open_player(f"http://127.0.0.1:{server.server_port}/lively.html")
        browser.until("scrim.player.timeline.isWhole")
        check_exact(browser, frames, 3, 3)
        # A download is refused without a word, so the page doesn't say that there is one.
        browser.forget_saved()
        browser.key("d")
        browser.until("/^If no file comes.*right-click the picture/.test(document.getElementById('toast').textContent)")
        assert browser.saved(2) is None, f"{browser.name}: this sandbox allows downloads"
        return browser.evaluate("document.getElementById('badge-text').textContent")
    finally:
        server.shutdown()
        server.server_close()
        browser.console[:] = [line for line in browser.console if not any(word in line for word in ("favicon", "404", "ownload"))]


def check_parts(browser, session, folder, frames):
    """A page of a part contains only its segments, and says so."""
    until = frames[len(frames) // 3][0]
    browser.open_player(page(session, folder / "part.html", "--until", until))
    browser.until("scrim.player.timeline.isWhole")
    last = browser.evaluate("scrim.player.duration")
    assert until - 16 < last < frames[-1][0], f"{browser.name}: the part ends at {last}"
    assert browser.evaluate("document.getElementById('badge-text').textContent") == "Part verified"
    check_exact(browser, [frame for frame in frames if frame[0] <= last], 3, 4)


def check_losses(browser, session, folder):
    """What the recorder lost is in the badge, and in the list of what was verified."""
    lossy = folder / "losses-s"
    shutil.copytree(session, lossy)
    manifest = json.loads((lossy / "manifest.json").read_text())
    for counts, text, state in (
            ((0, 0), "Verified", "good"), ((12, 1), "Verified; 12 frames and 1 event lost", "warn"), ((0, 3), "Verified; 3 events lost", "warn")):
        (lossy / "manifest.json").write_text(json.dumps({**manifest, "dropped_frames": counts[0], "dropped_events": counts[1]}))
        browser.open_player(page(lossy, folder / "losses.html"))
        browser.until("scrim.player.timeline.isWhole")
        seen = browser.evaluate("[document.getElementById('badge-text').textContent, document.getElementById('badge').dataset.state, document.getElementById('about').textContent]")
        assert seen[:2] == [text, state], f"{browser.name}: {seen[:2]}"
        assert ("The recorder lost" in seen[2]) == (state == "warn"), seen[2]
    shutil.rmtree(lossy)


def check_findings(browser, folder):
    """A page in a file has the signs of frustration that `scrim inspect --insight` finds; a row leads to its moment."""
    session = record_capture(annoyed_capture(folder / f"annoyed-{browser.name}"), folder / f"annoyed-{browser.name}-s", "none", "--segment-seconds", "5")
    insight = json.loads(scrim("inspect", session, "--insight", "--json").stdout)
    expected = [["rage", rage["tMs"]] for rage in insight["rages"]] + [["frozen", span["fromMs"]] for span in insight["frozen"]]
    expected += [["dead", press["tMs"]] for press in insight["presses"] if press["verdict"] == "dead"]
    assert len(expected) == sum(ANNOYED[kind] for kind in ("rage", "dead", "frozen"))
    browser.open_player(page(session, folder / "annoyed.html"))
    browser.until("scrim.player.timeline.isWhole")
    seen = browser.evaluate("scrim.player.timeline.entries.filter(({ kind }) => kind === 'sign').map(({ time, event }) => [event.type, time / 1e6])")
    assert sorted(seen) == sorted(expected), f"{browser.name}: {seen}"
    browser.evaluate("document.querySelector('#list .is-sign').click()")
    browser.until(f"Math.abs(scrim.player.currentTime * 1000 - {min(time for _, time in expected)}) < 1")


def check_strip(folder):
    """Browsers without scripts show six pictures."""
    text = Path(folder, "lively.html").read_text()
    strip = re.search(r"<noscript>(.*?)</noscript>", text, re.S)[1]
    assert strip.count("data:image/jpeg;base64,") == 6


def check_page(browser, url, folder, frames):
    start = time.monotonic()
    browser.open_player(url)
    took = time.monotonic() - start
    check_strip(folder)
    badge = check_sandboxed(browser, folder, frames)
    check_parts(browser, folder / "lively-s", folder, frames)
    check_losses(browser, folder / "lively-s", folder)
    check_findings(browser, folder)
    return f"opens in {took:.2f} s; sandboxed: {badge}"


def check_repeats(browser, url):
    """A frame that later segments repeat for their events is one frame: for playing, and for steps in both directions."""
    browser.open_player(url)
    browser.until("scrim.player.timeline.isWhole")
    browser.evaluate("""void (() => {
      window.seen = []; window.stopped = false;
      scrim.player.addEventListener('frame', () => seen.push(scrim.player.shown?.number));
      scrim.player.addEventListener('ended', () => { window.stopped = true; });
      scrim.player.speed = 16;
      scrim.player.seek(scrim.player.start).then(() => scrim.player.play());
    })()""")
    browser.until("window.stopped === true", 60)
    assert browser.evaluate("[...new Set(seen)]") == [0, 1, 2, 3], browser.evaluate("seen")
    for count, numbers in ((-1, [2, 1, 0, 0]), (1, [1, 2, 3, 3])):
        for number in numbers:
            seen = browser.evaluate(f"scrim.player.step({count}).then(() => scrim.player.shown?.number)")
            assert seen == number, f"{browser.name}: a step of {count} leads to frame {seen}, not {number}"
    return "frames that segments repeat are one frame each"


def check_late(browser, url):
    """Pictures that take longer than they last are shown one after the other at 1 ×: none is passed over."""
    browser.open_player(url)
    browser.until("scrim.player.timeline.isWhole")
    browser.evaluate("""void (() => {
      const { player } = scrim, { worker } = player, post = worker.postMessage.bind(worker);
      window.seen = [];
      player.addEventListener('frame', () => seen.push(player.shown?.number));
      worker.postMessage = (message, transfer) => message.type === 'show' ? void setTimeout(() => post(message, transfer), 180) : post(message, transfer);
      player.seek(15).then(() => player.play());
    })()""")
    browser.until("window.seen.length >= 18", 30)
    browser.evaluate("scrim.player.pause()")
    seen = browser.evaluate("seen")
    assert all(later - earlier in (0, 1) for earlier, later in zip(seen, seen[1:])), f"{browser.name}: {seen}"
    behind = browser.evaluate("(scrim.player.position - scrim.player.shown.time) / 1e9")
    assert behind < 0.6, f"{browser.name}: {behind} s behind"
    return f"{len(set(seen))} late frames are shown one by one"


def check_smooth(browser, url, frames):
    """During playback of a 1080p scroll every recorded frame is shown, and the page responds."""
    browser.open_player(url)
    browser.until("scrim.player.timeline.isWhole")
    browser.evaluate("""void (() => {
      window.seen = new Set(); window.gaps = []; window.long = [];
      scrim.player.addEventListener('frame', () => seen.add(scrim.player.shown?.number));
      if (PerformanceObserver.supportedEntryTypes.includes('longtask')) {
        new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration))).observe({ entryTypes: ['longtask'] });
      }
      let last = performance.now();
      const tick = (now) => { gaps.push(now - last); last = now; if (!window.stopped) requestAnimationFrame(tick); };
      requestAnimationFrame(tick);
      scrim.player.addEventListener('ended', () => { window.stopped = true; });
      scrim.player.seek(scrim.player.start).then(() => scrim.player.play());
    })()""")
    browser.until("window.stopped === true", 60)
    seen, gaps, long = browser.evaluate("[seen.size, gaps.sort((a, b) => a - b), long]")
    p99 = gaps[int(len(gaps) * 0.99)]
    assert seen == len(frames), f"{browser.name}: {seen} of {len(frames)} frames were shown"
    assert browser.evaluate(DIGEST) == frames[-1][1]
    return f"scroll at 1 ×: {seen} of {len(frames)} frames shown, 99 of 100 animation frames within {p99:.0f} ms, {len(long)} long tasks"
