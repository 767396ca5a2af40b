"""Sessions and pages for tests: from the corpus, from raw 1080p recordings, and one with every kind of event."""
import hashlib
import json
import os
import random
import subprocess
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[2]
SCRIM = os.environ.get("SCRIM", str(ROOT / ".build/release/scrim"))


def scrim(*arguments, code=0, **options):
    done = subprocess.run([SCRIM, *map(str, arguments)], timeout=600, capture_output=True, **options)
    if code is not None and done.returncode != code:
        raise SystemExit(f"scrim {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr.decode()}")
    return done


def corpus():
    """The folder of captures; None if it is missing."""
    given = os.environ.get("SCRIM_CORPUS")
    for folder in ([Path(given)] if given else []) + [ROOT / "../shared/corpus"]:
        if folder.exists():
            return folder.resolve()
    return None


def raw_recordings():
    folder = corpus()
    beside = folder.parent / "sessions-1080p" if folder else None
    return beside if beside and beside.exists() else None


def record_capture(capture, out, policy="controls", *more):
    scrim("record", capture, "--out", out, "--policy", policy, "--quiet", *more, code=None)
    return out


def record_raw(name, out, *more):
    """A raw 1080p recording, decompressed by zstd during reading."""
    unpacked = subprocess.Popen(["zstd", "-dc", "--long=27", raw_recordings() / f"{name}.raw.zst"], stdout=subprocess.PIPE)
    scrim("record", "--raw", "-", "--size", "1920x1080", "--format", "bgrx", "--fps", "10", "--policy", "none", "--out", out,
          "--quiet", *more, stdin=unpacked.stdout)
    unpacked.wait(60)
    return out


def page(session, out, *more, code=0):
    scrim("export", session, "--to", "html", "--out", out, "--quiet", *more, code=code)
    return Path(out).resolve().as_uri()


def pictures(session, out):
    """The frames that `scrim export --to png` lists: seconds and the SHA-256 of the RGBA bytes."""
    scrim("export", session, "--to", "png", "--out", out, "--quiet")
    digests = {}
    frames = []
    for line in Path(out, "frames.jsonl").read_text().splitlines():
        frame = json.loads(line)
        name = frame["image"]
        if name not in digests:
            with Image.open(Path(out, name)) as image:
                digests[name] = hashlib.sha256(image.convert("RGBA").tobytes()).hexdigest()
        frames.append((frame["t_ms"] / 1000, digests[name], Path(out, name)))
    return frames


# The page of every test has links to a trace viewer.
TRACE_ARGUMENTS = ("--trace-url", "https://traces.example/{trace_id}")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

# Texts that would run as scripts if they were ever read as markup.
HOSTILE = "<img src=x onerror=\"window.broken=1\"><script>window.broken=1</script></script>"


def failing_capture(folder):
    """A capture of four pictures: after two of them come errors and log lines for seconds, without a frame."""
    folder = Path(folder)
    (folder / "frames").mkdir(parents=True)
    frames, events = [], []
    for index, moment in enumerate((500, 1000, 12000, 20000)):
        image = Image.new("RGB", (320, 200), "#f4f6f9")
        ImageDraw.Draw(image).rectangle((20, 20, 60 + index * 40, 60), fill="#22384f")
        image.save(folder / f"frames/{index}.png")
        frames.append({"index": index, "t_ms": moment, "image": f"frames/{index}.png",
                       "widgets": [{"id": "w", "role": "frame", "x": 0, "y": 0, "w": 320, "h": 200}]})
    for start in (2000, 13000):
        for step in range(5):
            events.append({"t_ms": start + step * 1200, "type": "error", "message": f"the {step}th failure", "id": f"{start}-{step}"})
            events.append({"t_ms": start + step * 1200 + 300, "type": "log", "level": "info", "message": "tried again"})
    (folder / "capture.json").write_text(json.dumps({"format": "capture-corpus/1", "width": 320, "height": 200, "fps": 2}))
    for name, items in (("frames", frames), ("events", events)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    return folder


def lively_capture(folder, seconds=20, seed=1):
    """A capture with every kind of event, an idle span, and texts that look like markup."""
    folder = Path(folder)
    (folder / "frames").mkdir(parents=True)
    chance = random.Random(seed)
    width, height = 960, 600
    frames = []
    image = Image.new("RGB", (width, height), "#f4f6f9")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, 56), fill="#22384f")
    for row in range(6):
        draw.rounded_rectangle((40, 90 + row * 80, 620, 150 + row * 80), 8, fill="white", outline="#cfd6df")
    name = None
    for index in range(seconds * 10):
        moment = 500 + index * 100
        # Idle from the eighth second to the fourteenth.
        if not 8000 <= moment < 14000 or name is None:
            x, y = 660 + chance.randrange(240), 90 + chance.randrange(440)
            colour = tuple(chance.randrange(60, 220) for _ in range(3))
            draw.rectangle((x, y, x + 40, y + 24), fill=colour)
            draw.rectangle((60, 110, 60 + index * 2, 130), fill="#3b76c4")
            name = f"frames/{index:04}.png"
            image.save(folder / name)
        frames.append({"index": index, "t_ms": moment, "image": name,
                       "widgets": [{"id": "w", "role": "frame", "x": 0, "y": 0, "w": width, "h": height}]})
    events = []
    for step in range(70):
        events.append({"t_ms": 600 + step * 100, "type": "move", "x": 100 + step * 8, "y": 80 + step * 5})
    events += [
        {"t_ms": 700, "type": "navigation", "url": "https://shop.example/checkout"},
        {"t_ms": 1500, "type": "button", "x": 150, "y": 125, "button": 1},
        {"t_ms": 2200, "type": "log", "level": "info", "message": "cart restored, 3 items"},
        {"t_ms": 2400, "type": "log", "level": "warning", "message": f"unusual {HOSTILE}"},
        {"t_ms": 3900, "type": "log", "level": "error", "message": "payment form is not ready"},
        {"t_ms": 5000, "type": "error", "name": "TypeError", "message": f"total is undefined {HOSTILE}", "trace_id": TRACE},
        {"t_ms": 15000, "type": "button-down", "x": 300, "y": 200, "button": 1},
        {"t_ms": 15300, "type": "button-up", "x": 300, "y": 200, "button": 1},
    ]
    for step in range(12):
        events.append({"t_ms": 2600 + step * 90, "type": "key"})
    for step, (method, path, status, took) in enumerate([
        ("GET", "/api/cart", 200, 84), ("GET", "/api/prices", 200, 210), ("POST", "/api/address", 204, 340),
        ("GET", "/img/hero.webp", 304, 21), ("POST", "/api/pay", 502, 1830), ("POST", "/api/pay", 200, 960)]):
        events.append({"t_ms": 1000 + step * 1700, "type": "network", "method": method,
                       "url": f"https://shop.example{path}", "status": status, "duration_ms": took})
    events.sort(key=lambda event: event["t_ms"])
    capture = {"format": "capture-corpus/1", "width": width, "height": height, "fps": 10}
    (folder / "capture.json").write_text(json.dumps(capture))
    (folder / "frames.jsonl").write_text("".join(json.dumps(frame) + "\n" for frame in frames))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder


# What annoyed_capture has: by kind.
ANNOYED = {"errors": 2, "rage": 1, "dead": 5, "frozen": 1}


def annoyed_capture(folder):
    """A capture of 29 seconds with signs of frustration that are known by its making (ANNOYED).

    Four clicks within 0.6 s without an answer (rage, and each of them dead), two clicks with an answer, one of them half a second later
    across the tenth second, one dead click, and three keys over 2.5 s without a change.
    """
    folder = Path(folder)
    (folder / "frames").mkdir(parents=True)
    width, height = 320, 200
    button = {"id": "b", "parent": "w", "role": "push button", "name": "Save", "x": 20, "y": 20, "w": 60, "h": 24}
    widgets = [{"id": "w", "role": "frame", "x": 0, "y": 0, "w": width, "h": height}, button]
    # The picture changes at these times, in ms.
    answers = [6000, 8500, 10500, 19000, 24500]
    for number in range(len(answers) + 1):
        image = Image.new("RGB", (width, height), "#f4f6f9")
        draw = ImageDraw.Draw(image)
        draw.rectangle((20, 20, 79, 43), fill="#3b76c4")
        draw.rectangle((160, 100, 299, 179), fill=(40 * number, 200 - 30 * number, 90))
        image.save(folder / f"frames/{number}.png")
    frames = []
    for index in range(59):
        moment = index * 500
        frames.append({"index": index, "t_ms": moment, "image": f"frames/{sum(at <= moment for at in answers)}.png"})
        frames[-1].update({"widgets": widgets} if index == 0 else {"widgets_of_frame": 0})
    events = [{"t_ms": moment, "type": "button-down", "x": 40, "y": 30, "button": 1} for moment in (2000, 2200, 2400, 2600, 8000, 9900, 15000)]
    events += [{"t_ms": moment, "type": "key"} for moment in (21100, 22100, 23600)]
    events += [{"t_ms": moment, "type": "error", "name": "SaveError", "message": "the disk is full"} for moment in (5500, 27000)]
    events.sort(key=lambda event: event["t_ms"])
    (folder / "capture.json").write_text(json.dumps({"format": "capture-corpus/1", "width": width, "height": height, "fps": 2}))
    (folder / "frames.jsonl").write_text("".join(json.dumps(frame) + "\n" for frame in frames))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder


def uneven_capture(folder, minutes, seed=1):
    """A capture of small grey pictures at uneven times; successive greys differ by 40 or more. Returns seconds and greys."""
    folder = Path(folder)
    (folder / "frames").mkdir(parents=True)
    greys = list(range(20, 240, 20))
    for grey in greys:
        Image.new("RGB", (64, 48), (grey, grey, grey)).save(folder / f"frames/{grey}.png")
    chance = random.Random(seed)
    moment, shown, lines, times = 137.0, [20], [], []
    while not times or moment < minutes * 60_000:
        grey = chance.choice([grey for grey in greys if abs(grey - shown[-1]) >= 40])
        shown.append(grey)
        times.append(moment / 1000)
        lines.append({"index": len(lines), "t_ms": moment, "image": f"frames/{grey}.png", "widgets": []})
        moment += round(chance.choice([17, 40, 123, 333.3, 1000, 2777]) * chance.uniform(0.8, 1.2), 3)
    (folder / "capture.json").write_text(json.dumps({"format": "capture-corpus/1", "width": 64, "height": 48, "fps": 10}))
    (folder / "frames.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return times, shown[1:]
