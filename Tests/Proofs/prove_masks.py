#!/usr/bin/python3
"""Compares every exported frame with the naive masks: masked pixels must be fill, the others the source's.

Each corpus session is recorded five ways, with a fill that no frame contains:
  settled      as recorded. Masked pixels are fill; every shown pixel has the value that it had there in some
               earlier frame (or this one) whose own tree did not mask it: nothing is invented, no masked
               pixel is kept
  exact        without tree times and gaps kept: masked pixels are fill and all others equal the source
  guard        without tree times: gaps are fill or source, everything else as above
  controls     the preset, as `guard`
  strict       the preset: all fill
Random captures with random policies are checked as `exact`, with fills by kind."""
import os
import sys
import tempfile

import numpy as np

import masks
import synthetic
from proof import (
    ODD_FILL,
    QUICK_SESSIONS,
    CommandFailed,
    Pictures,
    Report,
    arguments,
    generation_copy,
    record_and_export,
    run,
    session_folders,
    stop_without_command,
)

FILL = f"#{ODD_FILL:06x}"


class Check:
    """The frames of one recording, checked one after another."""

    def __init__(self, name, capture, rules, export, pictures):
        self.name, self.capture, self.rules, self.export, self.pictures = (
            name,
            capture,
            rules,
            export,
            pictures,
        )
        self.bad, self.first, self.masked, self.shown, self.fill_pixels = {}, {}, 0, 0, 0
        self.valid = None

    def count(self, what, where, i):
        n = int(np.count_nonzero(where))
        if n:
            self.bad[what] = self.bad.get(what, 0) + n
            y, x = np.argwhere(where)[0]
            self.first.setdefault(what, f"first in frame {i} at {x},{y}")

    def frame(self, i, settled):
        plan, got = self.capture.plan(i, self.rules), self.export.frame(i)
        if got.shape != plan.kind.shape:
            self.count("wrong size", np.ones((1, 1)), i)
            return
        fills = plan.colours(self.rules["fill"])
        self.count("masked but not fill", plan.masked & (got != fills), i)
        self.masked += int(np.count_nonzero(plan.masked))
        if settled:
            self.moments(i, plan, got)
        elif settled is not None:
            differs = got != self.pictures[self.capture.image(i)]
            self.shown += int(np.count_nonzero(~plan.masked & ~differs))
            if self.rules["gaps"] == "guard":
                fill = self.rules["fill"]
                fill = int((fill["gap"] if isinstance(fill, dict) else fill)[1:], 16)
                self.count("a gap neither fill nor source", plan.gap & differs & (got != fill), i)
                differs &= ~plan.gap
            self.count("shown but not the source", ~plan.masked & differs, i)

    def moments(self, i, plan, got):
        """Finds for every shown pixel a frame at or before i that had it, unmasked by its own tree."""
        left = (got != ODD_FILL) & ~plan.masked
        self.shown += int(np.count_nonzero(left))
        if self.valid is not None:  # shown in the last frame already, and found there
            left &= ~((got == self.valid[0]) & self.valid[1])
        here = left & (got == self.pictures[self.capture.image(i)])
        unfound = left & ~here
        seen_masked = np.zeros_like(left)
        for j in range(i - 1, -1, -1):
            if not unfound.any():
                break
            equal = unfound & (got == self.pictures[self.capture.image(j)])
            masked = self.capture.plan(j, self.rules).masked
            seen_masked |= equal & masked
            unfound &= ~(equal & ~masked)
        self.count("shown from a moment at which it was masked", unfound & seen_masked, i)
        self.count("shown but never in the source", unfound & ~seen_masked, i)
        self.valid = got, (got != ODD_FILL) & ~plan.masked & ~unfound

    def summarize(self, report, want_shown=True):
        faults = [f"{n} px {what} ({self.first[what]})" for what, n in self.bad.items()]
        report.check(
            self.name,
            not faults,
            "; ".join(faults)
            or (
                f"{len(self.export)} frames, {self.masked / 1e6:.1f} Mpx masked, {self.shown / 1e6:.2f} shown"
            ),
        )
        if want_shown:
            report.check(self.name + ": something is shown", self.shown > 0, quiet=True)


def session(report, options, name, folder):
    with tempfile.TemporaryDirectory() as work:
        exact = generation_copy(folder, os.path.join(work, "generation"))
        capture, pictures = masks.Capture(folder), Pictures()
        ways = [  # name, capture, the command's policy, the oracle's, settled (None: masks only)
            ("settled", folder, {"fill": FILL}, masks.policy("default", fill=FILL), True),
            (
                "exact",
                exact,
                {"fill": FILL, "gaps": "keep"},
                masks.policy("default", fill=FILL, gaps="keep"),
                False,
            ),
            ("guard", exact, {"fill": FILL}, masks.policy("default", fill=FILL), False),
            ("controls", exact, "controls", masks.policy("controls"), False),
            ("strict", exact, "strict", masks.policy("strict"), None),
        ][: 2 if options.quick else 5]
        checks = []
        for way, source, policy, rules, settled in ways:
            try:
                made, export = record_and_export(options, work, source, way, policy)
                policy_file = policy if isinstance(policy, str) else os.path.join(work, way + ".policy.json")
                if way == "settled":
                    run(options, "verify", made, "--capture", source, "--policy", policy_file)
            except CommandFailed as failure:
                report.check(f"{name} {way}", False, str(failure))
                continue
            if export.lines_up(report, f"{name} {way}", [line["t_ms"] for line in capture.lines]):
                checks.append((Check(f"{name} {way}", capture, rules, export, pictures), settled))
        for i in range(len(capture.lines)):
            for check, settled in checks:
                check.frame(i, settled)
        for check, settled in checks:
            check.summarize(report, want_shown=settled is not None)


def random_cases(report, options, count):
    shown = 0
    for case in range(count):
        rng = np.random.default_rng([options.seed, case])
        inside, broken = case % 5 == 4, case % 7 == 6
        name = f"random {case}{' insideMasked' * inside}{' broken' * broken}"
        with tempfile.TemporaryDirectory() as work:
            folder = os.path.join(work, "capture")
            synthetic.random_capture(rng, folder, settled=False, broken=broken)
            given = synthetic.random_policy(rng, inside)
            capture = masks.Capture(folder)
            try:
                _, export = record_and_export(
                    options, work, folder, "s", given, codes=(1,) if broken else (0,)
                )
            except CommandFailed as failure:
                report.check(name, False, str(failure))
                continue
            if not export.lines_up(report, name, [line["t_ms"] for line in capture.lines]):
                continue
            check = Check(name, capture, masks.policy(given), export, Pictures())
            for i in range(len(capture.lines)):
                check.frame(i, False)
            check.summarize(report, want_shown=False)
            shown += check.shown
    report.check("random captures show something", shown > 0, f"{shown} px", quiet=True)


def main():
    options = arguments(__doc__, cases=(60, "random captures"))
    stop_without_command(options)
    report = Report("masks")
    random_cases(report, options, 20 if options.quick else options.cases)
    for name, folder in session_folders(options, QUICK_SESSIONS):
        session(report, options, name, folder)
    sys.exit(report.close())


if __name__ == "__main__":
    main()
