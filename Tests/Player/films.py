"""apng, gif, mp4 and webm: decoded by ffmpeg and Pillow, and compared with a player's pictures."""
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from PIL import Image, ImageChops

from sessions import scrim, uneven_capture


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=300, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr.decode()[-400:]}"
    return done.stdout


def shown(frames):
    """The pictures that differ from the previous one, with their seconds: [(seconds, path)]."""
    kept = []
    for seconds, digest, path in frames:
        if not kept or digest != kept[-1][1]:
            kept.append((seconds, digest, path))
    return kept


def digest_of(image):
    return hashlib.sha256(image.convert("RGBA").tobytes()).hexdigest()


def pillow_frames(path):
    """Digests of the pictures, and the duration of each in milliseconds."""
    with Image.open(path) as image:
        found = []
        for index in range(image.n_frames):
            image.seek(index)
            found.append((digest_of(image), image.info["duration"]))
    return found


def ffmpeg_frames(path):
    out = run("ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "json", path)
    stream = json.loads(out)["streams"][0]
    size = stream["width"] * stream["height"] * 4
    data = run("ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    return [hashlib.sha256(data[at:at + size]).hexdigest() for at in range(0, len(data), size)]


def check_animation(session, kind, frames, out, least_ms):
    """Every picture is shown at its time: exactly for apng, and for gif with few enough colours. Returns the size in bytes."""
    path = Path(out) / f"film.{kind}"
    scrim("export", session, "--to", kind, "--out", path, "--quiet")
    expected = shown(frames)
    found = pillow_frames(path)
    start, moment = expected[0][0], 0.0
    for index, (digest, duration) in enumerate(found):
        # A picture shown for less than `least_ms` is replaced by the next.
        at = [frame for frame in expected if frame[0] - start <= moment / 1000 + least_ms / 2000 + 1e-6][-1]
        assert digest == at[1], f"{kind}: picture {index} at {moment} ms is not {at[2]}"
        moment += duration
    # Only pictures that are shown for less than the format's unit may be missing; times are rounded to it.
    short = sum(later[0] - earlier[0] < least_ms * 1.5 / 1000 for earlier, later in zip(expected, expected[1:]))
    assert len(found) >= len(expected) - (short if least_ms > 1 else 0), f"{kind}: {len(found)} pictures of {len(expected)}, {short} of them short"
    end = (frames[-1][0] - start) * 1000
    assert end - least_ms <= moment <= end + 2 * least_ms + 1000, f"{kind}: {moment} ms, the session has {end}"
    seen = ffmpeg_frames(path)
    assert seen[:len(found)] == [digest for digest, _ in found], f"{kind}: ffmpeg and Pillow disagree"
    return path.stat().st_size


def colours(frames):
    seen = set()
    for path in {path for _, _, path in frames}:
        with Image.open(path) as image:
            seen.update(colour for _, colour in image.convert("RGB").getcolors(1 << 24))
    return len(seen)


def palettegen(frames, out):
    """The size of ffmpeg's gif of the same pictures, with a palette of its own and without dithering."""
    kept = shown(frames)
    lines = []
    for index, (seconds, _, path) in enumerate(kept):
        until = kept[index + 1][0] if index + 1 < len(kept) else frames[-1][0] + 0.02
        lines += [f"file '{path.resolve()}'", f"duration {until - seconds:.6f}"]
    lines.append(f"file '{kept[-1][2].resolve()}'")
    script = Path(out) / "list.txt"
    script.write_text("\n".join(lines) + "\n")
    path = Path(out) / "ffmpeg.gif"
    run("ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", script, "-fps_mode", "passthrough", "-lavfi",
        "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none", path)
    return path.stat().st_size


def check_small(session, name, frames, folder):
    """The gif of a session of at most 255 colours is exact, and smaller than ffmpeg's."""
    count = colours(frames)
    if count > 255:
        return f"{name}: {count} colours, more than a gif has"
    out = Path(folder) / f"{name}-gif"
    out.mkdir()
    size, peer = check_animation(session, "gif", frames, out, 20), palettegen(frames, out)
    assert size < peer, f"{name}: the gif has {size} bytes, ffmpeg's {peer}"
    return f"{name}: {count} colours; gif {size} bytes, exact, ffmpeg's {peer}"


def check_video(session, kind, frames, out):
    """Each picture is similar to the one shown at its time; constant rate, and no drift to the end."""
    if not shutil.which("ffmpeg"):
        return None
    path = Path(out) / f"film.{kind}"
    scrim("export", session, "--to", kind, "--out", path, "--quiet")
    probe = json.loads(run("ffprobe", "-v", "error", "-count_packets", "-show_entries",
                           "stream=width,height,r_frame_rate,avg_frame_rate,nb_read_packets", "-of", "json", path))["streams"][0]
    rate = int(probe["r_frame_rate"].split("/")[0]) / int(probe["r_frame_rate"].split("/")[1])
    count = int(probe["nb_read_packets"])
    start, end = frames[0][0], frames[-1][0]
    assert abs(count / rate - (end - start)) <= 1.5 / rate, f"{kind}: {count} pictures at {rate} a second for {end - start} s"
    width, height = probe["width"], probe["height"]
    data = run("ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray",
               "-vf", "scale=160:100:flags=area", "-")
    worst = 0
    for index in range(0, count, max(1, count // 12)):
        moment = start + index / rate
        near = [frame for frame in frames if frame[0] <= moment + 1e-6][-1:] or frames[:1]
        expected = run("ffmpeg", "-v", "error", "-i", near[0][2], "-vf",
                       f"pad={width}:{height},format=yuv420p,scale=160:100:flags=area", "-f", "rawvideo", "-pix_fmt", "gray", "-")
        seen = data[index * 16000:(index + 1) * 16000]
        worst = max(worst, sum(abs(a - b) for a, b in zip(seen, expected)) / 16000)
    assert worst < 3, f"{kind}: a picture differs by {worst:.1f} of 255 in the mean"
    return path.stat().st_size


def check_without_ffmpeg(session, out):
    done = scrim("export", session, "--to", "mp4", "--out", Path(out) / "none.mp4", code=3, env={"PATH": "/nonexistent"})
    assert b"ffmpeg: is not installed" in done.stderr, done.stderr


def check_drift(folder, minutes):
    """A video of frames at uneven times: each of its pictures is the one shown at its time. Returns pictures and seconds."""
    if not shutil.which("ffmpeg"):
        return None
    folder = Path(folder)
    times, greys = uneven_capture(folder / f"uneven-{minutes}", minutes)
    session, path = folder / f"uneven-{minutes}-s", folder / f"uneven-{minutes}.mp4"
    scrim("record", folder / f"uneven-{minutes}", "--out", session, "--policy", "none", "--idle", "0", "--max-session", "7200", "--quiet")
    scrim("export", session, "--to", "mp4", "--out", path, "--quiet")
    probe = json.loads(run("ffprobe", "-v", "error", "-show_entries", "format=duration:stream=r_frame_rate", "-of", "json", path))
    rate = int(probe["streams"][0]["r_frame_rate"].split("/")[0])
    duration = float(probe["format"]["duration"])
    assert abs(duration - (times[-1] - times[0])) <= 1 / rate, f"{duration} s, the session has {times[-1] - times[0]}"
    data = run("ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-vf", "scale=1:1:flags=area", "-")
    at = 0
    for index, seen in enumerate(data):
        while at + 1 < len(times) and times[at + 1] - times[0] <= index / rate + 1e-6:
            at += 1
        assert abs(seen - greys[at]) <= 8, f"picture {index} of {len(data)} is {seen}, {greys[at]} is shown at {index / rate} s"
    return len(data), duration


def check_looks(session, frames, out):
    """Scale, pointer and wireframe: the size of pictures, and the drawings in them. Pictures without options equal the player's."""
    out = Path(out) / "looks"
    out.mkdir()
    scrim("export", session, "--to", "gif", "--out", out / "half.gif", "--scale", "0.5", "--style", "wireframe", "--quiet", "--until", "3")
    with Image.open(out / "half.gif") as half, Image.open(frames[0][2]) as whole:
        assert half.size == tuple((side + 1) // 2 for side in whole.size), half.size
    scrim("export", session, "--to", "png", "--out", out / "pointer", "--pointer", "on", "--quiet", "--from", "6", "--until", "7")
    scrim("export", session, "--to", "png", "--out", out / "plain", "--quiet", "--from", "6", "--until", "7")
    lines = [json.loads(line) for line in (out / "pointer/frames.jsonl").read_text().splitlines()]
    plain = {entry["index"]: entry["image"] for entry in map(json.loads, (out / "plain/frames.jsonl").read_text().splitlines())}
    assert lines and len(lines) == len(plain)
    for line in lines:
        with Image.open(out / "pointer" / line["image"]) as drawn, Image.open(out / "plain" / plain[line["index"]]) as bare:
            box = ImageChops.difference(drawn.convert("RGB"), bare.convert("RGB")).getbbox()
        # The pointer moves by 8 and 5 pixels each tenth of a second from 600 ms on; the arrow is 12 by 19 pixels.
        step = int((line["t_ms"] - 600) // 100)
        x, y = 100 + step * 8, 80 + step * 5
        assert box and x - 2 <= box[0] <= x + 1 and y - 2 <= box[1] <= y + 2 and box[2] <= x + 15 and box[3] <= y + 22, (box, x, y)
    scrim("export", session, "--to", "mp4", "--out", out / "pointer.mp4", "--pointer", "on", "--quiet", "--until", "3")
    rate = run("ffprobe", "-v", "error", "-show_entries", "stream=r_frame_rate", "-of", "csv=p=0", out / "pointer.mp4").decode().strip()
    assert rate == "25/1", rate


def check_all(session, name, frames, folder, forms):
    """The export formats of one session; prints their sizes."""
    out = Path(folder) / f"{name}-films"
    out.mkdir()
    said = [f"apng {check_animation(session, 'apng', frames, out, 1)} bytes, exact"] if "apng" in forms else []
    if "gif" in forms:
        assert colours(frames) <= 255
        size, peer = check_animation(session, "gif", frames, out, 20), palettegen(frames, out)
        assert size < peer, f"{name}: the gif has {size} bytes, ffmpeg's {peer}"
        said.append(f"gif {size} bytes, exact, ffmpeg's {peer}")
    for kind in set(forms) & {"mp4", "webm"}:
        said.append(f"{kind} {check_video(session, kind, frames, out)} bytes")
    check_without_ffmpeg(session, out)
    return f"{name}: " + "; ".join(said)
