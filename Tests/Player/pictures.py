"""The canvas has exactly the pixels that `scrim export --to png` writes, at random times of real sessions."""
import base64
import bisect
import io
import random

from PIL import Image, ImageChops

DIGEST = """(async () => {
  const { canvas } = scrim.player;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
})()"""


def shown_at(frames, moment):
    """The frame that a player shows at a given time: the last one not after it; before the first, the first."""
    index = bisect.bisect_right([frame[0] for frame in frames], moment + 4e-7) - 1
    return frames[max(0, index)]


def moments(frames, count, seed):
    chance = random.Random(seed)
    first, last = frames[0][0], frames[-1][0]
    picked = [frames[0][0], frames[-1][0]]
    for _ in range(count):
        picked.append(chance.choice(frames)[0] if chance.random() < 0.4 else chance.uniform(first - 0.3, last + 0.3))
    return picked


def check_exact(browser, frames, count, seed):
    """Seeks to given times and compares digests. Returns the page's own duration of each seek in milliseconds."""
    took = []
    for moment in moments(frames, count, seed):
        start = browser.evaluate(f"""(async () => {{
          const start = performance.now();
          await scrim.player.seek({moment!r});
          return performance.now() - start;
        }})()""")
        took.append(start)
        seen = browser.evaluate(DIGEST)
        expected = shown_at(frames, moment)
        assert seen == expected[1], f"{browser.name}: at {moment} s the canvas is not {expected[2]}"
    return took


def check_close(browser, frames, count, seed, limit=2):
    """As above for sessions with JPEG areas: each channel may differ by 2."""
    worst = 0
    for moment in moments(frames, count, seed):
        url = browser.evaluate(f"scrim.player.seek({moment!r}).then(() => scrim.player.canvas.toDataURL('image/png'))")
        with Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1]))) as seen, Image.open(shown_at(frames, moment)[2]) as expected:
            difference = ImageChops.difference(seen.convert("RGB"), expected.convert("RGB"))
            worst = max(worst, *(high for _, high in difference.getextrema()))
        assert worst <= limit, f"{browser.name}: at {moment} s a channel differs by {worst}"
    return worst


def p95(values):
    return sorted(values)[int(len(values) * 0.95)] if values else 0
