"""Damaged and fabricated segments: each gives a visible error, never a hang, never a wrong picture."""
import base64
import hashlib
import json
import random
import re
import shutil
from pathlib import Path

from PIL import Image

from pictures import DIGEST, check_exact
from segments import Segment, read_varint, read_zigzag, recode_to_deflate, rewrite, varint, zigzag
from sessions import ROOT, page, scrim

VECTOR = ROOT / "Tests/ScrimRecorderTests/Vectors/letter-1"

DECODE = """(async () => {
  const { readSegment, FrameDecoder } = window.decoder;
  const found = [];
  for (const text of %s) {
    try {
      const { header, frames } = readSegment(Uint8Array.fromBase64(text));
      const decoder = new FrameDecoder(header.width, header.height, header.coding);
      for (const { coded, isKey } of frames) {
        await decoder.apply(coded, isKey);
        const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(decoder.pixels.buffer)));
        found.push([...hash].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
      }
    } catch (error) {
      found.push(error.constructor.name === "DamageError" ? "damaged" : String(error.stack));
      break;
    }
  }
  return found;
})()"""


def load_decoder(browser, html):
    """The page's own decoder, without the page."""
    text = re.search(r'<script type="text/plain" id="scrim-worker">(.*?)</script>', Path(html).read_text(), re.S)[1]
    text = text.rstrip().removesuffix("}") + "window.decoder = { readSegment, readNote, maskRecords, reasonsByCode, FrameDecoder };}"
    browser.open(Path(html).resolve().as_uri())
    browser.until("Boolean(window.scrim)")
    # The page's policy allows no other script, but the debugger may evaluate one.
    browser.evaluate_text(text + ";'loaded'")


def decode(browser, session):
    files = sorted(Path(session, "segments").glob("*.scrim"))
    return browser.evaluate(DECODE % json.dumps([base64.b64encode(file.read_bytes()).decode() for file in files]))


def decode_by_scrim(session, out):
    """The same list from the Swift decoder."""
    shutil.rmtree(out, ignore_errors=True)
    done = scrim("export", session, "--to", "png", "--out", out, "--quiet", code=None)
    assert done.returncode in (0, 1), done.stderr
    digests, found = {}, []
    for line in Path(out, "frames.jsonl").read_text().splitlines() if Path(out, "frames.jsonl").exists() else []:
        name = json.loads(line)["image"]
        if name not in digests:
            with Image.open(Path(out, name)) as image:
                digests[name] = hashlib.sha256(image.convert("RGBA").tobytes()).hexdigest()
        found.append(digests[name])
    return found + (["damaged"] if done.returncode else [])


def check_vectors(browser):
    """Golden vectors: stored segments, and their listings by another decoder."""
    folder = ROOT / "Tests/ScrimFormatTests/Vectors"
    script = """(async () => {
      const { readSegment, readNote, maskRecords, reasonsByCode } = window.decoder;
      const text = (bytes) => new TextDecoder().decode(bytes);
      const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      const segment = readSegment(Uint8Array.fromBase64(%s));
      const { header, frames, events, others, seal } = segment;
      const masks = [...maskRecords(segment)];
      const notes = others.filter(({ type }) => type === 4).map(({ payload }) => readNote(payload)).filter(Boolean);
      const unknown = others.filter(({ type }) => type !== 5).length - notes.length;
      const mask = (m) => `${m.width}x${m.height}+${m.x}+${m.y}:${m.kind}:${reasonsByCode.indexOf(m.reason)}:${m.role.replaceAll(" ", "_") || "-"}`;
      return [`header session=${header.session} start=${header.start} size=${header.width}x${header.height} coding=${header.coding} policy=${header.policy} producer=${header.producer}`,
        ...frames.flatMap((f, i) => [
          `frame time=${f.time} number=${f.number} key=${f.isKey ? 1 : 0} withheld=${f.withheld} status=${f.status} coded=${hex(f.coded)}`,
          ...masks.filter(({ frame }) => frame === i).map(({ masks }) => `masks ${masks.map(mask).join(" ")}`)]),
        ...events.map((e) => `event time=${e.time} json=${text(e.json)}`),
        ...notes.map(({ time, event }) => `note time=${time} kind=${event.type === "gap" ? 1 : 2}`), `unknown ${unknown}`,
        `seal index=${seal.index} previous=${seal.previous} content=${seal.content} frames=${frames.length} events=${events.length}`];
    })()"""
    for file in sorted(folder.glob("*.scrim")):
        listing = [line for line in file.with_suffix(".txt").read_text().splitlines() if not line.startswith("entry")]
        # The reader compares the times in the seal; offsets of notes become milliseconds.
        listing = [re.sub(r" times=.*| offset=.*", "", line) for line in listing]
        seen = browser.evaluate(script % json.dumps(base64.b64encode(file.read_bytes()).decode()))
        assert seen == listing, f"{file.name}: {[pair for pair in zip(seen, listing) if pair[0] != pair[1]][:2]}"
    for file in sorted((ROOT / "Tests/ScrimFormatTests/Regressions").glob("segment-*")):
        data = json.dumps(base64.b64encode(file.read_bytes()).decode())
        refusal = browser.evaluate(f"(() => {{ try {{ window.decoder.readSegment(Uint8Array.fromBase64({data})); return 'read'; }} catch (error) {{ return error.constructor.name; }} }})()")
        assert refusal == "DamageError", f"{file.name}: {refusal}"


def mutate_coded(chance):
    """Changes some bytes of the coded pictures; checksums and chain stay right."""
    def change(segment, _):
        for record in chance.sample(segment.frames, min(2, len(segment.frames))):
            front, coded = Segment.split(record[2])
            coded = bytearray(coded)
            kind = chance.randrange(4)
            for _ in range(chance.randrange(1, 4)):
                if not coded:
                    break
                place = chance.randrange(len(coded)) if chance.random() < 0.7 else chance.randrange(min(64, len(coded)))
                if kind == 0:
                    coded[place] = chance.randrange(256)
                elif kind == 1:
                    coded[place] ^= 1 << chance.randrange(8)
                elif kind == 2:
                    del coded[place:]
                else:
                    coded[place:place] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9)))
            record[2] = front + bytes(coded)
    return change


def mutate_operations(chance):
    """Changes operations themselves, in a session recoded with deflate."""
    def change_plain(plain, samples):
        plain, samples = bytearray(plain), bytearray(samples)
        if chance.random() < 0.06 and plain:
            length, start = read_varint(plain, 0)
            place = start + chance.randrange(max(1, length))
            kind = chance.randrange(5)
            if kind == 0 and place < len(plain):
                plain[place] = chance.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 63, 64, 65, 127, 128, 254, 255])
            elif kind == 1:
                plain[0:start] = varint(max(0, length + chance.randrange(-20, 21)))
            elif kind == 2:
                plain += bytes(chance.randrange(1, 5))
            elif kind == 3 and samples:
                del samples[-chance.randrange(1, len(samples) + 1):]
            elif plain:
                del plain[-chance.randrange(1, min(40, len(plain)) + 1):]
        return bytes(plain), bytes(samples)

    return lambda segment, _: recode_to_deflate(segment, change_plain)


def check_fuzzed(browser, folder, count, seed):
    """Both decoders agree on every frame of mutated sessions, and on the first frame that can't be shown."""
    chance = random.Random(seed)
    refused = 0
    for number in range(count):
        session = Path(folder) / "mutant"
        shutil.rmtree(session, ignore_errors=True)
        rewrite(VECTOR, session, (mutate_coded, mutate_operations)[number % 2](chance))
        here, there = decode(browser, session), decode_by_scrim(session, Path(folder) / "mutant-png")
        refused += "damaged" in there
        if here != there:
            first = next(i for i, pair in enumerate(zip(here + [None], there + [None])) if pair[0] != pair[1])
            raise AssertionError(f"{browser.name}: mutant {number} of seed {seed}: frame {first}: {here[first:first + 1]}, not {there[first:first + 1]}")
    assert count < 20 or refused > count / 5, f"only {refused} of {count} mutants were refused: the test tests nothing"
    return refused


def check_deflate(browser, folder):
    """A session coded with deflate shows the same pictures."""
    session = Path(folder) / "deflated"
    shutil.rmtree(session, ignore_errors=True)
    rewrite(VECTOR, session, lambda segment, _: recode_to_deflate(segment))
    expected = decode_by_scrim(VECTOR, Path(folder) / "vector-png")
    page(VECTOR, Path(folder) / "vector.html")
    load_decoder(browser, Path(folder) / "vector.html")
    assert decode(browser, session) == expected and decode(browser, VECTOR) == expected
    url = page(session, Path(folder) / "deflated.html")
    browser.open_player(url)
    browser.until("scrim.player.timeline.isWhole && scrim.player.timeline.damaged.length === 0")


def check_end(browser, html, folder, last):
    """Playing ends at a last segment that is damaged, and asks for it once."""
    text = Path(html).read_text()
    path = Path(folder) / "end.html"
    path.write_text(re.sub(rf'(<script id="segment-{last}" type="[^"]*">)[^<]*(</script>)', r"\1\2", text))
    browser.open_player(path.resolve().as_uri())
    browser.until("scrim.player.timeline.isWhole")
    browser.evaluate("""void (() => {
      window.heard = []; window.stopped = false;
      scrim.player.addEventListener("error", (event) => heard.push(event.message));
      scrim.player.addEventListener("ended", () => { window.stopped = true; });
      scrim.player.speed = 16;
      scrim.player.seek(scrim.player.start).then(() => scrim.player.play());
    })()""")
    browser.until("window.stopped === true", 30)
    heard = browser.evaluate("heard.length")
    assert heard == 1, f"{browser.name}: {heard} errors at a damaged end"


def check_early_event(browser, session, folder):
    """A segment after a gap may begin with an event, some time before its first picture: steps, the button and playback reach the picture."""
    folder = Path(folder)
    early = folder / "early-s"
    shutil.rmtree(early, ignore_errors=True)
    added = {}

    def change(segment, index):
        if index != 2:
            return
        moment, _ = read_zigzag(segment.frames[0][2], 0)
        added[index] = moment - 90_000_000
        segment.records.insert(segment.records.index(segment.frames[0]) + 1, [3, 0, zigzag(added[index]) + b'{"type":"mark","name":"early"}'])

    rewrite(session, early, change)
    manifest = json.loads((early / "manifest.json").read_text())
    manifest["segments"][2]["first_t_ms"] = added[2] / 1e6
    manifest["segments"][2]["events"] += 1
    (early / "manifest.json").write_text(json.dumps(manifest))
    path = folder / "early.html"
    page(early, path)
    text = path.read_text()
    path.write_text(re.sub(r'(<script id="segment-1" type="[^"]*">)[^<]*(</script>)', r"\1\2", text))
    first, event, picture = manifest["segments"][1]["first_t_ms"] / 1e3, added[2] / 1e9, (added[2] + 90_000_000) / 1e9
    for way in ("step", "button", "play"):
        browser.open_player(path.resolve().as_uri())
        if way != "step":
            browser.until("scrim.player.timeline.isWhole")
        browser.evaluate(f"void (window.heard = [], scrim.player.addEventListener('error', () => heard.push(scrim.player.currentTime))), scrim.player.seek({first}).catch(() => {{}})")
        browser.until("scrim.player.gap !== null")
        if way == "step":
            browser.key(".")
        elif way == "button":
            browser.evaluate("document.querySelector('[data-action=after-gap]').click()")
        else:
            browser.evaluate("scrim.player.play()")
        browser.until(f"!scrim.player.gap && scrim.player.shown.time / 1e9 >= {picture} - 1e-6", 5)
        assert browser.evaluate("scrim.player.shown.segment") == 2
        heard = browser.evaluate("heard")
        assert len(heard) <= 2, f"{browser.name}: {way}: errors at {heard}"
    # The time between the event and the picture belongs to the gap.
    browser.evaluate("scrim.player.pause()")
    assert browser.evaluate(f"scrim.player.seek({event + 0.04}).then(() => 'shown', (error) => error.name)") == "Error"
    assert abs(browser.evaluate("scrim.player.gap.until / 1e9") - picture) < 1e-6


def masks_session(folder):
    """A session of one picture and a frame a tenth of a second, with its masks record after each frame: complete records of long lists.

    Returns a function of the number of records, and the number of masks of each.
    """
    folder = Path(folder)
    if not (folder / "many-s").exists():
        (folder / "many/frames").mkdir(parents=True)
        Image.new("RGB", (1024, 512), "#808080").save(folder / "many/frames/0.png")
        widgets = [{"id": "w", "role": "frame", "x": 0, "y": 0, "w": 1024, "h": 512}]
        widgets += [{"id": f"{x},{y}", "parent": "w", "role": "label", "name": "a", "x": x, "y": y, "w": 1, "h": 1} for x in range(2, 1022, 6) for y in range(2, 510, 6)]
        frame = {"index": 0, "t_ms": 100, "image": "frames/0.png", "widgets": widgets}
        (folder / "many/frames.jsonl").write_text(json.dumps(frame) + "\n")
        (folder / "many/events.jsonl").write_text("")
        (folder / "many/capture.json").write_text(json.dumps({"format": "capture-corpus/1", "width": 1024, "height": 512, "fps": 10}))
        scrim("record", folder / "many", "--out", folder / "many-s", "--policy", "default", "--quiet")

    def build(count, out):
        def change(segment, _):
            key, masks = segment.frames[0], next(record for record in segment.records if record[0] == 5)
            moment, at = read_zigzag(key[2], 0)
            number, at = read_varint(key[2], at)
            records = [record for record in segment.records if record[0] not in (2, 5)] + [key, masks]
            for step in range(1, count):
                records += [[2, 0, zigzag(moment + step * 1_000_000) + varint(number + step) + b"\0\0"], masks]
            segment.records = records

        shutil.rmtree(out, ignore_errors=True)
        rewrite(folder / "many-s", out, change)
        manifest = json.loads((out / "manifest.json").read_text())
        [entry] = manifest["segments"]
        entry["frames"] = count
        entry["last_t_ms"] = entry["first_t_ms"] + count - 1
        (out / "manifest.json").write_text(json.dumps(manifest))
        return out
    return build


def check_many_masks(browser, folder):
    """Lists of masks that are long together are refused; below the limit the page holds none but the shown one. Returns records and masks."""
    folder = Path(folder)
    build = masks_session(folder)
    path = folder / "masks.html"
    page(folder / "many-s", path)
    text = path.read_text()
    browser.open_player(path.resolve().as_uri())
    browser.until("scrim.player.timeline.isWhole")
    length = browser.evaluate("scrim.player.timeline.masks.at(0, 0).length")
    assert length > 1000, length
    most = (1 << 21) // length
    used = []
    for count, is_whole in ((most, True), (most + 1, False)):
        session = build(count, folder / "masks-s")
        # The export would play the session for its pictures.
        [entry] = json.loads((session / "manifest.json").read_text())["segments"]
        data = (session / "segments/00000000.scrim").read_bytes()
        held = re.search(r'(<script type="application/json" id="scrim-session">)(.*?)</script>', text, re.S)
        description = json.loads(held[2])
        description["segments"][0].update(frames=count, bytes=len(data), sha256=entry["sha256"], last=description["segments"][0]["first"] + (count - 1) * 1_000_000)
        changed = text.replace(held[2], json.dumps(description).replace("<", "\\u003c"))
        path.write_text(re.sub(r'(<script id="segment-0" type="[^"]*">)[^<]*', lambda match: match[1] + base64.b64encode(data).decode(), changed))
        browser.open(path.resolve().as_uri())
        browser.until("Boolean(window.scrim?.player.timeline.isWhole)", 120)
        if is_whole:
            at = browser.evaluate(f"[scrim.player.timeline.masks.at(0, {count - 1}).length, scrim.player.timeline.masks.segments.get(0).records.length]")
            assert at == [length, count], (at, length, count)
            if browser.name == "chromium":
                browser.call("HeapProfiler.collectGarbage")
                used.append(browser.evaluate("performance.memory.usedJSHeapSize"))
        else:
            reason = browser.evaluate("scrim.player.timeline.damaged.map(({ reason }) => reason)")
            assert reason == ["a list of masks is beyond the limits"], reason
            browser.until("!document.getElementById('gap').hidden && document.getElementById('badge').dataset.state === 'bad'")
    assert not used or used[0] < 30e6, used
    return most, length


def check_many_masks_by_scrim(folder, most):
    """The command refuses the same record."""
    build = masks_session(folder)
    assert scrim("verify", build(most, Path(folder) / "masks-s")).returncode == 0
    done = scrim("verify", build(most + 1, Path(folder) / "masks-s"), code=1)
    assert b"masks in all lists" in done.stderr + done.stdout, done.stderr + done.stdout


def check_gaps(browser, html, folder, frames, segment):
    """A segment that is damaged in the page, or missing, is shown as a gap and affects no other segment."""
    text = Path(html).read_text()
    pattern = re.compile(rf'(<script id="segment-{segment}" type="[^"]*">)([^<]*)(</script>)')
    held = pattern.search(text)[2]
    place = len(held) // 2 // 4 * 4
    other = "A" if held[place] != "A" else "B"
    damages = {
        "a changed byte": held[:place] + other + held[place + 1:], "cut off": held[:place], "empty": "",
        "not base64": held[:place] + "!" + held[place + 1:],
    }
    for name, damaged in damages.items():
        path = Path(folder) / "gap.html"
        path.write_text(pattern.sub(lambda match: match[1] + damaged + match[3], text))
        browser.open_player(path.resolve().as_uri())
        browser.until("scrim.player.timeline.isWhole")
        (first, until), = browser.evaluate("scrim.player.timeline.damaged.map(({ from, until }) => [from / 1e9, until / 1e9])")
        assert browser.evaluate("document.getElementById('badge').dataset.state") == "bad", name
        check_exact(browser, [frame for frame in frames if not first <= frame[0] < until], 0, 1)
        inside = [frame for frame in frames if first <= frame[0] < until]
        browser.evaluate("void (window.heard = [], scrim.player.addEventListener('error', (event) => heard.push(event.message)))")
        refusal = browser.evaluate(f"scrim.player.seek({inside[len(inside) // 2][0]}).then(() => 'shown', (error) => error.name)")
        assert refusal == "Error", f"{name}: {refusal}"
        gap, heard = browser.evaluate("[!document.getElementById('gap').hidden, heard.length]")
        assert gap and heard == 1, name
        # Steps lead out of it on both sides, and so does its button.
        before, after = [frame for frame in frames if frame[0] < first][-1:], [frame for frame in frames if frame[0] >= until][:1]
        middle = inside[len(inside) // 2][0]
        for way, (target,) in [(way, target) for way, target in (("key .", after), ("button", after), ("key ,", before)) if target]:
            browser.evaluate(f"scrim.player.seek({middle}).catch(() => {{}})")
            if way == "button":
                browser.evaluate("document.querySelector('[data-action=after-gap]').click()")
            else:
                browser.key(way[-1])
            browser.until(f"!scrim.player.gap && Math.abs(scrim.player.shown.time / 1e9 - {target[0]}) < 1e-6")
            assert browser.evaluate(DIGEST) == target[1], f"{browser.name}: {way} leaves the gap to another picture"
        browser.evaluate(f"scrim.player.seek({middle}).catch(() => {{}})")
        blank = browser.evaluate("(() => { const { canvas } = scrim.player; return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.every((value, i) => value === 0 || i % 4 === 3); })()")
        assert blank, f"{name}: a picture is shown in a gap"
        if until < frames[-1][0]:
            # Playback skips it.
            browser.evaluate("scrim.player.play()")
            browser.until(f"scrim.player.currentTime >= {until} && !scrim.player.gap")
            browser.evaluate("scrim.player.pause()")
            after = next(frame for frame in frames if frame[0] >= until)
            browser.evaluate(f"scrim.player.seek({after[0]})")
            assert browser.evaluate(DIGEST) == after[1]
