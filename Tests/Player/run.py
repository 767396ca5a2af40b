#!/usr/bin/python3
"""Tests the player from outside: real browsers on real sessions. Some three minutes; more with --moments, --mutants.

    Tests/Player/run.py [--moments N] [--mutants N] [--only PART …]

Parts: pictures controls damage playing films page network rrweb sentry types, and served, which needs scrim-server (SCRIM_SERVER, or
Server/.build). SCRIM is the path of the command, by default the release build's; PLAYER_BROWSER selects one
browser. Parts that need a missing program are skipped with a message, and fail if SCRIM_NO_SKIP is set.
"""
import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

try:
    import msgpack  # noqa: F401
    import sentry_sdk  # noqa: F401
    import websocket  # noqa: F401
    import zstandard  # noqa: F401
    from PIL import Image  # noqa: F401
except ImportError as error:
    if os.environ.get("SCRIM_NO_SKIP"):
        raise
    print(f"skipped: {error}; .ci/install test")
    sys.exit(0)

import browsers
import controls
import damage
import films
import network
import pages
import pictures
import replays
import rrweb
import scripts
import segments
import served
import sessions

CORPUS = ["chromium_checkout", "featherpad_notes", "gedit_letter", "gtk3_factory_and_animation", "thunar_photos", "zenity_yad_forms"]
RAW = ["typing", "idle", "scroll", "windows", "photo"]


def skip(what):
    if os.environ.get("SCRIM_NO_SKIP"):
        raise SystemExit(f"missing: {what}")
    print(f"skipped: {what}")


def make(folder, wants_raw):
    """Sessions by name, with their page and the frames that export lists."""
    made = {}

    def add(name, session):
        made[name] = (session, sessions.page(session, folder / f"{name}.html", *sessions.TRACE_ARGUMENTS), sessions.pictures(session, folder / f"{name}-png"))

    # As an older version wrote it, without masks records.
    recorded = sessions.record_capture(sessions.lively_capture(folder / "lively"), folder / "recorded", "none")
    add("lively", segments.rewrite(recorded, folder / "lively-s", lambda segment, _: segment.drop(5)))
    # Its segments begin with a frame that the one before ended with.
    failing = sessions.failing_capture(folder / "failing")
    add("failing", sessions.record_capture(failing, folder / "failing-s", "none", "--session-sample", "0", "--error-sample", "1"))
    if sessions.corpus():
        for name in CORPUS:
            add(name, sessions.record_capture(sessions.corpus() / "sessions" / name, folder / f"{name}-s"))
    else:
        skip("../shared/corpus, or SCRIM_CORPUS")
    if wants_raw and sessions.raw_recordings():
        for name in RAW:
            add(name, sessions.record_raw(name, folder / f"{name}-s"))
        add("lossy", sessions.record_raw("photo", folder / "lossy-s", "--quality", "85"))
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=8)
    parser.add_argument("--mutants", type=int, default=30)
    parser.add_argument("--only", nargs="*", default=["pictures", "controls", "damage", "playing", "films", "page", "network", "rrweb", "sentry", "types"])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - started:5.0f} s  {text}", flush=True)

    with tempfile.TemporaryDirectory(prefix="player-") as name:
        folder = Path(name)
        if "types" in options.only:
            checked = scripts.check_types(folder)
            say(f"{checked} scripts of the page have the types that they say") if checked else skip("tsc of node-typescript")
            if options.only == ["types"]:
                return
        axe = controls.axe_source(folder) if {"controls", "served"} & set(options.only) else None
        if "controls" in options.only and not axe:
            skip("axe-core: axe-playwright-python can't be installed")
        if "served" in options.only:
            if served.program():
                served.check_all(browsers.available(), folder, axe, say)
            else:
                skip("scrim-server: swift build --package-path Server")
            if options.only == ["served"]:
                return say("all holds")
        made = make(folder, {"pictures", "playing"} & set(options.only))
        say(f"{len(made)} sessions")
        if "films" in options.only:
            for name, forms in (("lively", ("apng", "gif", "mp4")), ("gedit_letter", ("apng", "webm"))):
                if name in made:
                    session, _, frames = made[name]
                    say(films.check_all(session, name, frames, folder, forms))
            say(f"a film of a minute of uneven times: {films.check_drift(folder, 1)}")
            for name in [name for name in CORPUS if name in made]:
                say(films.check_small(made[name][0], name, made[name][2], folder))
            films.check_looks(made["lively"][0], made["lively"][2], folder)
        if "sentry" in options.only:
            session, _, frames = made["lively"]
            replays.check_gap(folder)
            say(f"sentry: {replays.check_large(folder)}")
            say(f"sentry: {len(replays.check_replay(session, folder / 'envelopes', frames))} envelopes, as ffprobe has them; "
                f"waits of {[round(wait, 1) for wait in replays.check_sent(session, folder)]} s; staged {replays.check_staged(session, folder, frames)}; "
                f"followed {replays.check_followed(folder)} ms")
        players = rrweb.players(folder) if "rrweb" in options.only else None
        if "rrweb" in options.only and not players:
            skip("rrweb's players: django-rrweb and oss-clarity can't be installed")
        replayed = {name: rrweb.export(made[name][0], folder / f"{name}.json") for name in ("lively", "gedit_letter", "chromium_checkout") if players and name in made}
        url = made["lively"][1]
        for browser_type in browsers.available():
            with browser_type() as browser:
                if "page" in options.only:
                    say(f"{browser.name}: {pages.check_page(browser, url, folder, made['lively'][2])}")
                if "network" in options.only:
                    say(f"{browser.name}: {network.check_all(browser, folder)}")
                for player in players or []:
                    for name, path in replayed.items():
                        seeks, most = rrweb.check_played(browser, player, path, made[name][2], options.moments, 1)
                        say(f"{browser.name}: {player[0]}: {name}: exact at {seeks} moments, {most} pictures over each other at most")
                if players:
                    browser.resize(1440, 900)
                if "controls" in options.only:
                    controls.check_all(browser, url, made["lively"][2], axe)
                    say(f"{browser.name}: every key and button, masks, access")
                    browser.resize(1440, 900)
                    if "chromium_checkout" in made:
                        controls.check_recorded_masks(browser, made["chromium_checkout"][1])
                if "pictures" in options.only:
                    for name, (_, address, frames) in made.items():
                        browser.open_player(address)
                        browser.until("scrim.player.timeline.isWhole")
                        if name == "lossy":
                            worst = pictures.check_close(browser, frames, 1, name)
                            say(f"{browser.name}: {name}: a channel differs by {worst} at most")
                            continue
                        took = pictures.check_exact(browser, frames, options.moments, name)
                        say(f"{browser.name}: {name}: exact at {len(took)} moments, a seek {sorted(took)[len(took) // 2]:.0f} ms, 95 of 100 within {pictures.p95(took):.0f}")
                if "playing" in options.only:
                    say(f"{browser.name}: {pages.check_repeats(browser, made['failing'][1])}")
                    say(f"{browser.name}: {pages.check_late(browser, made['lively'][1])}")
                if "playing" in options.only and "scroll" in made:
                    say(f"{browser.name}: {pages.check_smooth(browser, made['scroll'][1], made['scroll'][2])}")
                if "damage" in options.only:
                    damage.check_gaps(browser, folder / "lively.html", folder, made["lively"][2], 1)
                    damage.check_early_event(browser, made["lively"][0], folder)
                    damage.check_end(browser, folder / "failing.html", folder, 10)
                    most, length = damage.check_many_masks(browser, folder)
                    if browser_type is browsers.available()[0]:
                        damage.check_many_masks_by_scrim(folder, most)
                    say(f"{browser.name}: {most} lists of {length} masks are read, one more is refused")
                    damage.check_deflate(browser, folder)
                    damage.load_decoder(browser, folder / "vector.html")
                    damage.check_vectors(browser)
                    refused = damage.check_fuzzed(browser, folder, options.mutants, options.seed)
                    say(f"{browser.name}: damage costs its segment only; {options.mutants} mutants, {refused} refused, both decoders agree")
                assert not browser.console, f"{browser.name}: {browser.console[:5]}"
                outside = [address for address in browser.requests if not address.startswith(("file:", "blob:", "data:", "about:", "http://127.0.0.1"))]
                assert not outside, f"{browser.name}: {outside[:5]}"
    say("all holds")


if __name__ == "__main__":
    main()
