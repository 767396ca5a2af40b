#!/usr/bin/env python3
"""Switches off each principle and each rule of the guard once, and checks that a test fails.

    Tests/Mutations/mutate.py [--work DIR] [--list] [NAME ...]

Copies the package without what these modules don't need, puts a switch into every decision of mutants.py, builds the tests of ScrimRedact
and ScrimCapture once, and runs them with each switch off (the environment variable SCRIM_OFF). A rule that can be switched off without
any test failing is not guarded by a test: that is a failure of this program. Without a switch all of those tests must pass.

Needs what the unit tests need. 4 minutes to build, and some seconds for each rule."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from mutants import MUTANTS, SUITES

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ["ScrimRedact", "ScrimCapture"]
TARGETS = ["ScrimRedactTests", "ScrimCaptureTests"]
SWITCH = """import Foundation

private let off = ProcessInfo.processInfo.environment["SCRIM_OFF"]

func isOff(_ name: String) -> Bool { off == name }
"""


def manifest():
    """Package.swift with the tests' targets and those they depend on, in which a warning is no error."""
    text = (ROOT / "Package.swift").read_text()
    text = text.replace("  .treatAllWarnings(as: .error),\n", "").replace("  .strictMemorySafety(),\n", "")
    text = re.sub(r"  products: \[.*?\n  \],\n", "  products: [],\n", text, flags=re.S)
    text = re.sub(r"  dependencies: \[\n    \.package.*?\n  \],\n", "", text, flags=re.S)
    head, rest = text.split("  targets: [\n", 1)
    body, tail = rest.rsplit("\n  ]", 1)
    parts = re.split(r"(?m)^(?=    \.(?:systemLibrary|target|executableTarget|testTarget)\()", body)
    names = {name[1]: part for part in parts if (name := re.search(r'name: "(\w+)"', part))}
    wanted, open_ones = set(), list(TARGETS)
    while open_ones:
        name = open_ones.pop()
        if name in names and name not in wanted:
            wanted.add(name)
            open_ones += re.findall(r'"(\w+)"', names[name])
    kept = [part for name, part in names.items() if name in wanted]
    return head + "  targets: [\n" + "".join(kept) + "\n  ]" + tail


def copy(work):
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "Sources", "Tests"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    for name in filter(None, names):
        source, target = ROOT / name, work / name
        if not source.is_file():
            continue
        data = source.read_bytes()
        if target.exists() and target.read_bytes() == data:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    write(work / "Package.swift", manifest())


def write(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def mutated(work):
    """Puts the switches into the copy."""
    texts, faults = {}, []
    for name, (suite, path, before, after) in MUTANTS.items():
        file = ROOT / "Sources" / path
        text = texts.setdefault(path, file.read_text())
        if suite not in SUITES or text.count(before) != 1:
            faults.append(f"{name}: {text.count(before)} places in {path} have the text that is to be replaced")
            continue
        texts[path] = text.replace(before, after.replace("OFF", f'isOff("{name}")'))
    for path, text in texts.items():
        write(work / "Sources" / path, text)
    for module in MODULES:
        write(work / "Sources" / module / "Switch.swift", SWITCH)
    return faults


def failing(work, suite, name):
    """The first failing tests with a rule switched off; None if all pass."""
    environment = dict(os.environ, SCRIM_OFF=name, SCRIM_CORPUS=os.environ.get("SCRIM_CORPUS", str(ROOT.parent / "shared/corpus")))
    command = ["swift", "test", "--skip-build", "--filter", SUITES[suite] if suite else "ScrimRedactTests|DesktopAssembly|LiveBoxes"]
    try:
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=900)
    except subprocess.TimeoutExpired:
        return ["no end within 15 minutes"]
    if done.returncode == 0:
        return None
    found = re.findall(r"(?:Test|test case) \"?([\w(): ]+?)\"? (?:recorded an issue|failed|with \d+ test cases failed)", done.stdout + done.stderr)
    return list(dict.fromkeys(found)) or [done.stderr.strip()[-200:] or "the process ended"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--work", help="a folder for the copy, kept for the next run")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print("\n".join(MUTANTS))
        return 0
    work = pathlib.Path(options.work or tempfile.mkdtemp())
    copy(work)
    faults = mutated(work)
    for fault in faults:
        print("FAILED", fault)
    if faults:
        return 1
    build = subprocess.run(["swift", "build", "--build-tests"], cwd=work, capture_output=True, text=True, timeout=3600)
    if build.returncode:
        print(build.stdout[-4000:], build.stderr[-2000:])
        return 1
    passed = failed = 0
    if not options.names:
        found = failing(work, None, "")
        print("ok     all pass with every rule on" if found is None else f"FAILED with every rule on: {found[:3]}", flush=True)
        passed, failed = passed + (found is None), failed + (found is not None)
    for name in options.names or MUTANTS:
        found = failing(work, MUTANTS[name][0], name)
        print(f"ok     {name}: {', '.join(found[:3])}" if found else f"FAILED {name}: no test fails without it", flush=True)
        passed, failed = passed + bool(found), failed + (not found)
    if not options.work:
        shutil.rmtree(work)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
