#!/usr/bin/python3
"""Two inputs that differ only in masked content must give the same bytes everywhere.

A twin is made of each capture: noise in the pixels that the naive masks mask in every line that uses the
file, other words for every widget's name and text and every window's title (blank stays blank, and the
prefixes that rules read stay), other keys. Both are recorded; the session's files, the output and
messages of `record`, and `inspect --json` must be equal byte by byte. Corpus sessions under the default
policy, and random captures with and without tree times under random policies, including broken trees."""
import json
import os
import shutil
import sys
import tempfile

import numpy as np

import masks
import synthetic
from proof import (
    IDENTITY,
    QUICK_SESSIONS,
    CommandFailed,
    Report,
    arguments,
    files_of,
    pixels,
    run,
    save_pixels,
    session_folders,
    stop_without_command,
    without_timings,
    write_capture,
    write_json,
)


def other_words(rng, words, keep=0):
    """Other words of another length, blank where the old ones are blank."""
    if not words.replace("\ufffc", "").strip():
        return words
    letters = [chr(97 + c) for c in rng.integers(26, size=rng.integers(4, 24))]
    return words[:keep] + "".join(letters)


def twin_of_widget(rng, widget, keep):
    widget = dict(widget)
    for key in ("name", "text"):
        if isinstance(widget.get(key), str):
            widget[key] = other_words(rng, widget[key], keep if key == "name" else 0)
    return widget


def make_twin(rng, folder, target, rules, keep=0):
    """Writes the twin of a capture. Returns the number of changed pixels, and of all pixels."""
    capture = masks.Capture(folder)
    lines = json.loads(json.dumps(capture.lines))
    for line in lines:
        if isinstance(line.get("widgets"), list):
            line["widgets"] = [twin_of_widget(rng, widget, keep) for widget in line["widgets"]]
        for window in line.get("windows", []):
            window["title"] = other_words(rng, window.get("title") or "")
    with open(os.path.join(folder, "events.jsonl"), encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    for event in events:
        for kind in ("key", "char"):
            if event["type"] == kind:
                event[kind] = "qz"[event[kind] == "q"]
    write_capture(target, capture.head, lines, events)
    changed = total = 0
    for path, masked in capture.masked_by_image(rules).items():
        picture = pixels(os.path.join(folder, path))
        noise = rng.integers(1 << 24, size=picture.shape, dtype=np.uint32)
        save_pixels(os.path.join(target, path), np.where(masked, noise, picture))
        changed, total = changed + int(np.count_nonzero(masked)), total + picture.size
    return changed, total


def outcome(options, work, capture, policy):
    """All output of the command for a capture, by name. Run in a folder of its own, so paths are equal."""
    done = run(
        options, "record", capture, "--out", "session", "--policy", policy, *IDENTITY, cwd=work, codes=(0, 1)
    )
    inspected = run(options, "inspect", "session", "--json", cwd=work)
    return {
        **files_of(os.path.join(work, "session")),
        "(exit code)": done.returncode,
        "(stdout)": done.stdout,
        "(stderr)": without_timings(done.stderr),
        "(inspect)": inspected.stdout,
    }


def compare(report, options, title, work, policy, detail):
    """Records `capture` in the folders a and b of `work`."""
    try:
        a, b = (outcome(options, os.path.join(work, side), "capture", policy) for side in "ab")
    except CommandFailed as failure:
        return report.check(title, False, str(failure))
    differ = sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))
    return report.check(title, not differ, "differ: " + ", ".join(differ) if differ else detail)


def corpus(report, options):
    rng = np.random.default_rng(options.seed)
    for name, folder in session_folders(options, QUICK_SESSIONS[1:]):
        with tempfile.TemporaryDirectory() as work:
            for side in "ab":
                os.mkdir(os.path.join(work, side))
            os.symlink(folder, os.path.join(work, "a", "capture"))
            changed, total = make_twin(rng, folder, os.path.join(work, "b", "capture"), masks.policy())
            compare(report, options, name, work, "default", f"{changed / total:.0%} of the pixels changed")


def random_cases(report, options, count):
    changed_at_all = 0
    for case in range(count):
        rng = np.random.default_rng([options.seed, case, 7])
        settled, broken = case % 2 == 0, case % 5 == 4
        with tempfile.TemporaryDirectory() as work:
            first = os.path.join(work, "a", "capture")
            synthetic.random_capture(rng, first, settled, broken)
            given = synthetic.random_policy(rng, inside=case % 3 == 0)
            rules = masks.policy(given)
            changed, total = make_twin(rng, first, os.path.join(work, "b", "capture"), rules, keep=4)
            policy = write_json(os.path.join(work, "policy.json"), given)
            compare(
                report,
                options,
                f"random {case}{' settled' * settled}{' broken' * broken}",
                work,
                policy,
                f"{changed / total:.0%} of the pixels changed",
            )
            changed_at_all += changed
            if case == 1:
                rules = masks.policy("default")
                shutil.rmtree(os.path.join(work, "b"))
                make_twin(rng, first, os.path.join(work, "b", "capture"), rules)
                for side in "ab":
                    shutil.rmtree(os.path.join(work, side, "session"), ignore_errors=True)
                a, b = (outcome(options, os.path.join(work, side), "capture", "none") for side in "ab")
                report.check("the comparison works: under none the twins differ", a != b)
    report.check("twins differ from their captures", changed_at_all > 0, quiet=True)


def hidden_pointer(report, options):
    """Moves and clicks well inside a password field become moves elsewhere well inside it."""
    rng = np.random.default_rng(options.seed)
    keypad = {"id": "pw", "role": "password text", "x": 20, "y": 20, "w": 60, "h": 40}
    panel = {"id": "p", "role": "panel", "x": 0, "y": 0, "w": 120, "h": 80}
    lines = [
        {
            "index": i,
            "t_ms": 100.0 * i,
            "image": "frames/0000.png",
            **({"widgets_of_frame": 0} if i else {"widgets": [panel, dict(keypad, parent="p")]}),
        }
        for i in range(6)
    ]
    head = {"format": "capture-corpus/1", "width": 120, "height": 80, "fps": 10}
    with tempfile.TemporaryDirectory() as work:
        for side in "ab":
            kinds = ["move", "button", "move", "button-down", "button-up", "wheel"]
            events = [{"type": "move", "x": 5, "y": 5, "t_ms": 10.0}] + [
                {
                    "type": kind,
                    "x": int(rng.integers(30, 70)),
                    "y": int(rng.integers(30, 50)),
                    "t_ms": 150.0 + 40 * k,
                    **({} if kind == "move" else {"button": 1}),
                }
                for k, kind in enumerate(kinds)
            ]
            folder = os.path.join(work, side, "capture")
            write_capture(folder, head, lines, events)
            save_pixels(os.path.join(folder, "frames", "0000.png"), np.full((80, 120), 0xD0D0D0, np.uint32))
        compare(report, options, "pointer in a password field", work, "default", f"{len(kinds)} events")


def main():
    options = arguments(__doc__, cases=(60, "random captures"))
    stop_without_command(options)
    report = Report("non-interference")
    hidden_pointer(report, options)
    random_cases(report, options, 20 if options.quick else options.cases)
    corpus(report, options)
    sys.exit(report.close())


if __name__ == "__main__":
    main()
