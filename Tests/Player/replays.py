"""`scrim export --to sentry` and `--to sentry-staging`: read by sentry_sdk and MessagePack, measured by ffprobe, sent to a server with failures."""
import email.utils
import http.server
import io
import json
import random
import subprocess
import threading
import time
from pathlib import Path

import msgpack
from PIL import Image, ImageChops, ImageStat
from sentry_sdk.envelope import Envelope

from pictures import shown_at
from sessions import SCRIM, TRACE, scrim

LIMIT = 10 << 20


def probe(video):
    """The pictures, their size and rate, and the duration in milliseconds, as ffprobe counts them."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-count_packets", "-show_entries", "format=duration:stream=codec_name,width,height,r_frame_rate,nb_read_packets,duration",
         "-of", "json", "-"], input=video, capture_output=True, timeout=60, check=True)
    stream = json.loads(done.stdout)["streams"][0]
    over, under = map(int, stream["r_frame_rate"].split("/"))
    return stream, int(stream["nb_read_packets"]), over / under


def agrees(video, about):
    """The recorded properties of a clip equal those that ffprobe finds."""
    stream, frames, rate = probe(video)
    assert stream["codec_name"] == "h264", stream
    assert (stream["width"], stream["height"]) == (about["width"], about["height"]), stream
    assert (frames, rate) == (about["frameCount"], about["frameRate"]), (frames, rate, about)
    milliseconds = about.get("duration", about.get("durationMs"))
    assert abs(frames * 1000 / rate - milliseconds) <= 1, (frames, rate, milliseconds)
    return frames / rate


def check_close(video, seconds, expected):
    """A picture of a clip is similar to the one that a player shows at that time."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-ss", f"{seconds:.3f}", "-i", "-", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-"],
                          input=video, capture_output=True, timeout=60, check=True)
    with Image.open(io.BytesIO(done.stdout)) as seen, Image.open(expected) as image:
        difference = ImageChops.difference(seen.convert("L").crop((0, 0, *image.size)), image.convert("L"))
        mean = ImageStat.Stat(difference).mean[0]
        assert mean < 3, f"{expected}: {mean:.1f} of 255 in the mean"


def read(path):
    """The parts of an envelope's single item."""
    envelope = Envelope.deserialize(path.read_bytes())
    assert len(envelope.items) == 1
    item = envelope.items[0]
    assert item.headers["type"] == "replay_video"
    payload = item.payload.get_bytes()
    assert len(payload) == item.headers["length"] <= LIMIT
    parts = msgpack.unpackb(payload)
    assert set(parts) == {"replay_event", "replay_recording", "replay_video"} and all(type(part) is bytes for part in parts.values())
    event = json.loads(parts["replay_event"])
    head, _, rest = parts["replay_recording"].partition(b"\n")
    return envelope.headers, event, json.loads(head), json.loads(rest), parts["replay_video"]


def check_replay(session, out, frames):
    """Exports all envelopes of a session. Returns their paths."""
    scrim("export", session, "--to", "sentry", "--out", out, "--quiet")
    manifest = json.loads((Path(session) / "manifest.json").read_text())
    paths = sorted(Path(out).iterdir())
    assert [path.name for path in paths] == [f"{index:04}.envelope" for index in range(len(paths))]
    end, kinds, first = None, set(), None
    for index, path in enumerate(paths):
        headers, event, head, recording, video = read(path)
        assert headers["event_id"] == event["replay_id"] == event["event_id"] == manifest["id"].replace("-", "")
        assert event["type"] == "replay_event" and event["replay_type"] == "session" and event["platform"] == "native"
        assert event["segment_id"] == head["segment_id"] == index
        assert head == {"segment_id": index}
        meta, about = recording[:2]
        assert meta["type"] == 4 and about["type"] == 5 and about["data"]["tag"] == "video"
        clip = about["data"]["payload"]
        assert clip["segmentId"] == index and clip["size"] == len(video) and clip["container"] == "mp4"
        assert (meta["data"]["width"], meta["data"]["height"]) == (clip["width"], clip["height"])
        seconds = agrees(video, clip)
        times = [entry["timestamp"] for entry in recording]
        assert times == sorted(times), "players of Sentry play in this order"
        start = about["timestamp"] / 1000
        first = first or start
        assert abs(event["replay_start_timestamp"] - first) < 0.002
        assert abs(event["timestamp"] - (start + seconds)) < 0.01
        # No gap and no overlap of a frame or more.
        assert end is None or abs(start - end) < 1 / clip["frameRate"], (start, end)
        end = start + seconds
        kinds |= {entry["data"].get("tag") or entry["data"].get("source") for entry in recording}
        # The only error comes in the fifth second.
        assert event["trace_ids"] == ([TRACE] if index == 0 else []), event
        began = frames[0][0] + (start - first)
        check_close(video, 2.25, shown_at(frames, began + 2.25)[2])
    assert abs(end - first - (frames[-1][0] - frames[0][0])) <= 0.11, (end - first, frames[-1][0] - frames[0][0])
    assert kinds == {None, "video", "breadcrumb", "performanceSpan", 2}, kinds
    return paths


def check_gap(folder):
    """A session with a gap of half a minute: clips in the gap show the last picture, for its whole length."""
    folder = Path(folder)
    gapped = folder / "gapped"
    (gapped / "frames").mkdir(parents=True)
    for name, colour in (("a", "#804020"), ("b", "#206080")):
        Image.new("RGB", (64, 48), colour).save(gapped / f"frames/{name}.png")
    times = [(0, "a"), (900, "b"), (34_000, "a"), (35_100, "b")]
    lines = [{"index": index, "t_ms": moment, "image": f"frames/{name}.png", "widgets": []} for index, (moment, name) in enumerate(times)]
    (gapped / "capture.json").write_text(json.dumps({"format": "capture-corpus/1", "width": 64, "height": 48, "fps": 10}))
    (gapped / "frames.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (gapped / "events.jsonl").write_text(json.dumps({"t_ms": 38_000, "type": "log", "message": "the end"}) + "\n")
    scrim("record", gapped, "--out", folder / "gapped-s", "--policy", "none", "--idle", "0", "--quiet")
    scrim("export", folder / "gapped-s", "--to", "sentry", "--out", folder / "gapped-e", "--quiet")
    clips = [read(path)[3][1] for path in sorted((folder / "gapped-e").iterdir())]
    starts = [clip["timestamp"] for clip in clips]
    lengths = [clip["data"]["payload"]["duration"] for clip in clips]
    assert starts == [starts[0] + index * 5000 for index in range(8)] and lengths[:7] == [5000] * 7, (starts, lengths)
    assert 2900 <= lengths[7] <= 3200, lengths
    check_close(read(folder / "gapped-e/0004.envelope")[4], 2, gapped / "frames/b.png")


def check_large(folder):
    """Noise, of which the best quality takes more than an item may have: a lower one is chosen, and the clip is whole."""
    folder = Path(folder)
    width, height, rate, seconds = 800, 600, 20, 4
    chance = random.Random(1)
    recorder = subprocess.Popen(
        [SCRIM, "record", "--raw", "-", "--size", f"{width}x{height}", "--format", "bgrx", "--fps", str(rate), "--policy", "none",
         "--out", str(folder / "noise-s"), "--quiet"], stdin=subprocess.PIPE)
    for _ in range(rate * seconds):
        recorder.stdin.write(chance.randbytes(width * height * 4))
    recorder.stdin.close()
    assert recorder.wait(120) == 0
    scrim("export", folder / "noise-s", "--to", "mp4", "--out", folder / "noise.mp4", "--quiet")
    best = (folder / "noise.mp4").stat().st_size
    assert best > LIMIT, f"the noise takes {best} bytes only, so that this tests nothing"
    scrim("export", folder / "noise-s", "--to", "sentry", "--out", folder / "noise-e", "--quiet")
    [path] = (folder / "noise-e").iterdir()
    _, _, _, recording, video = read(path)
    assert agrees(video, recording[1]["data"]["payload"]) >= seconds - 1 / rate
    return f"a clip of {best} bytes is sent with {len(video)}"


class Server(http.server.BaseHTTPRequestHandler):
    """A server that gives the listed answers, and keeps the requests with their times."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((time.monotonic(), self.path, dict(self.headers), body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (200, {})
        self.send_response(status)
        for name, value in {"Content-Length": "2", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def send(session, out, answers, code=0):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.came, server.answers = [], answers
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = scrim("export", session, "--to", "sentry", "--out", out, "--send", f"http://publickey:oldsecret@127.0.0.1:{server.server_port}/under/42", code=code)
    finally:
        server.shutdown()
        server.server_close()
    text = (done.stdout + done.stderr).decode()
    assert "publickey" not in text and "oldsecret" not in text, text
    return server.came, text


def check_sent(session, folder):
    """Each envelope is sent once and in order; the command obeys refusals and limits, and reports an error."""
    folder = Path(folder)
    came, text = send(session, folder / "sent", [
        (429, {"Retry-After": "2"}), (200, {}), (200, {"X-Sentry-Rate-Limits": "3:replay;error:organization, 60:transaction:key"}),
        (503, {}), (429, {"X-Sentry-Rate-Limits": "1::organization"})])
    files = [path.read_bytes() for path in sorted((folder / "sent").iterdir())]
    # The first and the third were sent again.
    expected = [files[0], files[0], files[1], files[2], files[2], files[2], *files[3:]]
    assert [body for *_, body in came] == expected, [len(body) for *_, body in came]
    assert all(path == "/under/api/42/envelope/" for _, path, *_ in came)
    headers = came[0][2]
    assert headers["X-Sentry-Auth" if "X-Sentry-Auth" in headers else "x-sentry-auth"].startswith("Sentry sentry_version=7, sentry_key=publickey,")
    waits = [later[0] - earlier[0] for earlier, later in zip(came, came[1:])]
    assert waits[0] >= 2 and waits[2] >= 3 and waits[4] >= 1, waits
    assert "the server asks to wait 2 s" in text, text
    # A date counts as seconds do; a server's header for replays goes before both.
    date, clock = int(time.time()) + 8, time.time() - time.monotonic()
    later = email.utils.formatdate(date, usegmt=True)
    came, text = send(session, folder / "dated", [
        (429, {"Retry-After": later}), (429, {"Retry-After": "60", "X-Sentry-Rate-Limits": "2:replay_video:organization"}),
        (200, {"X-Sentry-Rate-Limits": "600:error;transaction:organization"})])
    dated = [later[0] - earlier[0] for earlier, later in zip(came, came[1:])]
    assert date - 0.05 <= came[1][0] + clock < date + 5 and 2 <= dated[1] < 6 and all(wait < 60 for wait in dated[2:]), (date, clock, dated)
    came, text = send(session, folder / "far", [(429, {"Retry-After": email.utils.formatdate(time.time() + 3000, usegmt=True)})], code=3)
    assert len(came) == 1 and "takes no replays for 29" in text, text
    came, text = send(session, folder / "refused", [(403, {})], code=3)
    assert len(came) == 1 and "the server answered 403" in text and "DSN" in text, text
    came, text = send(session, folder / "limited", [(429, {"Retry-After": "7200"})], code=3)
    assert len(came) == 1 and "takes no replays for 7" in text, text
    return waits


def check_staged(session, folder, frames):
    """The last seconds, at the path where sentry-native looks for them, with properties that ffprobe confirms; replaced as a whole."""
    database = Path(folder) / "database"
    manifest = json.loads((Path(session) / "manifest.json").read_text())
    name = f"replay-{manifest['id'].replace('-', '')}"
    for seconds in (4, 6):
        scrim("export", session, "--to", "sentry-staging", "--last", seconds, "--out", database, "--quiet")
        assert sorted(path.name for path in (database / "replays").iterdir()) == [name + ".json", name + ".mp4"]
        about = json.loads((database / "replays" / (name + ".json")).read_text())
        video = (database / "replays" / (name + ".mp4")).read_bytes()
        assert set(about) == {"replayId", "replayType", "segmentId", "durationMs", "endTimestampSec", "width", "height", "frameCount", "frameRate"}
        assert about["replayId"] == name.split("-")[1] and about["replayType"] == "buffer" and len(video) < LIMIT
        length = agrees(video, about)
        assert abs(length - seconds) <= 1 / about["frameRate"], length
        check_close(video, 1.05, shown_at(frames, frames[-1][0] - length + 1.05)[2])
    return about


def check_followed(folder):
    """`--follow` while a session is recorded: the clip grows, and the last one ends with the session."""
    session, database = Path(folder) / "followed", Path(folder) / "kept"
    size = 64 * 48 * 4
    recorder = subprocess.Popen(
        [SCRIM, "record", "--raw", "-", "--size", "64x48", "--format", "bgrx", "--fps", "5", "--policy", "none", "--segment-seconds", "2",
         "--out", str(session), "--quiet"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    follower, lengths = None, set()
    try:
        for frame in range(55):
            recorder.stdin.write(bytes([frame * 4, 255 - frame * 4, 90, 0]) * (size // 4))
            recorder.stdin.flush()
            time.sleep(0.2)
            if frame == 10:
                follower = subprocess.Popen([SCRIM, "export", str(session), "--to", "sentry-staging", "--follow", "--out", str(database), "--quiet"])
            for about in database.glob("replays/replay-*.json"):
                lengths.add(json.loads(about.read_text())["durationMs"])
        recorder.stdin.close()
        assert recorder.wait(30) == 0
        assert follower.wait(60) == 0
    finally:
        recorder.kill()
        if follower:
            follower.kill()
    [about] = [json.loads(path.read_text()) for path in database.glob("replays/replay-*.json")]
    assert len(lengths) >= 2, lengths
    # 55 frames of 0.2 s, the last one shown for the time of one.
    assert 10_800 <= about["durationMs"] <= 11_200, about
    assert max(lengths) < about["durationMs"], (lengths, about)
    return sorted(lengths)
