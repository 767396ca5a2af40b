"""`scrim export --to rrweb`, played by two public versions of rrweb: their pictures equal those of `scrim export --to png`."""
import base64
import io
import json
import random
import subprocess
import sys
from pathlib import Path

from PIL import Image

from pictures import shown_at
from sessions import scrim

# Wheels that contain a built player.
WHEELS = ["django-rrweb==4.0.5", "oss-clarity==0.1.2"]

# Composes the pictures of the player's page on a canvas, after each is decoded.
COMPOSED = """(async () => {
  const root = document.querySelector("iframe").contentDocument;
  const images = [...root.body.querySelectorAll("img")];
  for (const image of images) await image.decode();
  const canvas = new OffscreenCanvas(images[0].naturalWidth, images[0].naturalHeight);
  const context = canvas.getContext("2d");
  for (const image of images) context.drawImage(image, parseInt(image.style.left), parseInt(image.style.top));
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return [[...hash].map((byte) => byte.toString(16).padStart(2, "0")).join(""), images.length];
})()"""

FIRST = """<!doctype html><meta charset="utf-8"><style>%(css)s body { margin: 0 }</style><div id="place"></div>
<script type="application/json" id="events">%(events)s</script><script>%(js)s</script><script>
const events = JSON.parse(document.getElementById("events").textContent);
const player = new rrwebPlayer({ target: document.getElementById("place"), props: {
  events, width: %(width)d, height: %(height)d, autoPlay: false, skipInactive: false, mouseTail: false } });
globalThis.seek = (ms) => { player.goto(ms); player.pause(); };
globalThis.isReady = () => Boolean(document.querySelector("iframe"));
globalThis.meta = () => player.getMetaData().totalTime;
globalThis.playOn = () => player.play();
</script>"""

# This viewer's page fetches its recording, so the test provides it.
SECOND = """<!doctype html><meta charset="utf-8"><style>%(css)s body { margin: 0 }</style>
<div style="width: %(width)dpx" data-oss-clarity-replay="replay"></div>
<script type="application/json" id="events">%(events)s</script><script>
const events = JSON.parse(document.getElementById("events").textContent);
globalThis.fetch = async (url) => ({ ok: true, json: async () => String(url) === "replay"
  ? { pages: [{ events_url: "events", url: "x", path: "x" }], markers: [], mask_mode: "x" } : { events } });
const scrubber = () => document.querySelector(".oc-scrubber");
globalThis.isReady = () => Boolean(scrubber() && document.querySelector("iframe"));
globalThis.seek = (ms) => { const s = scrubber(); s.step = "1"; s.value = String(ms); s.dispatchEvent(new Event("input")); };
globalThis.meta = () => Number(scrubber().max);
globalThis.playOn = () => document.querySelector(".oc-play").click();
</script><script>%(js)s</script>"""


def players(cache):
    """Name, template, script and style of each player; None if they are not available."""
    target = Path(cache) / "rrweb"
    if not target.exists():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target), *WHEELS]
        for more in ([], ["--break-system-packages"]):
            if subprocess.run(command + more, capture_output=True, timeout=180).returncode == 0:
                break
    first = list(target.rglob("rrweb-player-0-7-14.js"))
    second = list(target.rglob("oss_clarity/player.js"))
    if not first or not second:
        return None
    return [
        ("rrweb-player 0.7.14", FIRST, first[0].read_text(), first[0].with_name("rrweb-player-0-7-14-style.css").read_text()),
        ("oss-clarity 0.1.2", SECOND, second[0].read_text(), second[0].with_name("player.css").read_text()),
    ]


def check_file(path, frames):
    """Ascending times, a page as the first event, no external address, the session's length."""
    events = json.loads(Path(path).read_text())
    times = [event["timestamp"] for event in events]
    assert times == sorted(times) and all(isinstance(time, int) for time in times)
    assert [event["type"] for event in events[:2]] == [4, 2]
    length = (frames[-1][0] - frames[0][0]) * 1000
    assert abs(times[-1] - times[0] - length) <= 2, (times[-1] - times[0], length)
    assert "http" not in "".join(json.dumps(event["data"]) for event in events if event["type"] in (2, 3))
    return events


def check_played(browser, player, path, frames, count, seed):
    """Forwards, backwards and at random: the pictures at each time, and on Chromium the screen's pixels too. Returns their number."""
    name, template, script, style = player
    events = check_file(path, frames)
    width, height = events[0]["data"]["width"], events[0]["data"]["height"]
    text = json.dumps(events).replace("<", "\\u003c")
    page = Path(path).with_suffix(f".{name.split()[0]}.html")
    page.write_text(template % {"css": style, "js": script.replace("</script", "<\\/script"), "events": text, "width": width, "height": height})
    browser.resize(width + 40, height + 400)
    browser.open(page.resolve().as_uri())
    browser.until("globalThis.isReady?.()", 30)
    # The pointer lies over the picture, and a frame with round corners.
    browser.evaluate("(document.head.append(Object.assign(document.createElement('style'), "
                     "{ textContent: '.replayer-mouse, .replayer-mouse-tail { display: none !important } .oc-stage { border-radius: 0 !important }' })), 1)")
    start = frames[0][0]
    # A time some milliseconds after a frame, if the next frame is not near.
    moments = [index for index in range(len(frames) - 1) if frames[index + 1][0] - frames[index][0] > 0.008]
    chance = random.Random(seed)
    picked = sorted(chance.sample(moments, min(count, len(moments))))
    picked = [moments[0], *picked, *reversed(picked[::3]), *chance.sample(moments, min(count, len(moments)))]
    most = 0
    for index in picked:
        moment = frames[index][0] - start + 0.004
        browser.evaluate(f"(seek({round(moment * 1000)}), 1)")
        expected = shown_at(frames, frames[index][0])
        seen, images = browser.evaluate(COMPOSED)
        assert seen == expected[1], f"{browser.name}, {name}: at {moment} s it shows something else than {expected[2]}"
        most = max(most, images)
        if browser.name == "chromium":
            check_screen(browser, name, expected[2])
    assert abs(browser.evaluate("meta()") - (frames[-1][0] - start) * 1000) <= 2
    # Played from near the end, it reaches the last picture.
    browser.evaluate(f"(seek({max(0, round((frames[-1][0] - start) * 1000) - 700)}), playOn(), 1)")
    browser.until(f"{COMPOSED}.then(([digest]) => digest === '{frames[-1][1]}')", 20)
    assert not [line for line in browser.console if line.startswith("error")], browser.console[:3]
    return len(picked), most


def check_screen(browser, name, path):
    """The painted pixels of the browser in the area of the player's page."""
    box = browser.evaluate("(({ x, y, width, height }) => [x, y, width, height])(document.querySelector('iframe').getBoundingClientRect())")
    with Image.open(path) as image:
        expected = image.convert("RGB")
        assert [round(box[2]), round(box[3])] == list(image.size), f"{name}: the page is {box} large"
        data = browser.call("Page.captureScreenshot", clip={"x": box[0], "y": box[1], "width": box[2], "height": box[3], "scale": 1})["data"]
        with Image.open(io.BytesIO(base64.b64decode(data))) as seen:
            assert seen.convert("RGB").tobytes() == expected.tobytes(), f"{browser.name}, {name}: the screen shows something else than {path}"


def export(session, out, *more):
    scrim("export", session, "--to", "rrweb", "--out", out, "--quiet", *more)
    return out
