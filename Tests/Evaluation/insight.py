#!/usr/bin/python3
"""Names the findings of `scrim inspect --insight` in the corpus, one by one.

    insight.py [--scrim PATH] [--corpus DIR] [--policy P…]

The sessions of the corpus are of applications that answered every press, and none of their presses was made in anger: each dead press,
rage and frozen screen is a false positive. Records each session with each policy (none, controls), and prints the verdicts of its presses and
each finding. Exits with 1 if there is one."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def insight(scrim, capture, policy):
    with tempfile.TemporaryDirectory() as folder:
        run = lambda *arguments: subprocess.run([scrim, *arguments], capture_output=True, text=True, timeout=600, check=True).stdout
        run("record", os.fspath(capture), "--policy", policy, "--out", f"{folder}/session", "--quiet")
        return json.loads(run("inspect", f"{folder}/session", "--insight", "--json"))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--scrim", default=os.fspath(ROOT / ".build/release/scrim"))
    parser.add_argument("--corpus", default=os.environ.get("SCRIM_CORPUS", ROOT.parent / "shared/corpus"))
    parser.add_argument("--policy", nargs="+", default=["none", "controls"])
    options = parser.parse_args()
    sessions = sorted(pathlib.Path(options.corpus, "sessions").glob("*/capture.json"))
    if not sessions:
        print(f"skipped: no sessions in {options.corpus}; set SCRIM_CORPUS")
        sys.exit(1 if os.environ.get("SCRIM_NO_SKIP") else 0)
    totals = {}
    findings = 0
    for policy in options.policy:
        for session in sessions:
            found = insight(options.scrim, session.parent, policy)
            verdicts = {}
            for press in found["presses"]:
                verdicts[press["verdict"]] = verdicts.get(press["verdict"], 0) + 1
                totals[policy, press["verdict"]] = totals.get((policy, press["verdict"]), 0) + 1
            print(f"{policy} {session.parent.name}: {len(found['presses'])} presses, " + (", ".join(f"{n} {v}" for v, n in sorted(verdicts.items())) or "none kept"))
            lines = [f"dead press at {p['tMs'] / 1000:.1f} s on {p.get('role', '?')}" for p in found["presses"] if p["verdict"] == "dead"]
            lines += [f"rage at {r['tMs'] / 1000:.1f} s, {r['presses']} presses on {r['role']}" for r in found["rages"]]
            lines += [f"frozen from {f['fromMs'] / 1000:.1f} to {f['untilMs'] / 1000:.1f} s, {f['inputs']} inputs" for f in found["frozen"]]
            findings += len(lines)
            for line in lines:
                print("   ", "false positive:", line)
    for policy in options.policy:
        print(f"{policy}: " + ", ".join(f"{totals.get((policy, verdict), 0)} {verdict}" for verdict in ("responded", "dead", "unobservable")))
    print(f"{findings} false positives")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
