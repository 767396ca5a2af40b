#!/usr/bin/env python3
"""Runs the commands of the Kubernetes and Ray samples on this machine:  python3 samples/test_scale.py

Finds the program in $SCRIM, or the one in .build that was built last. Without PyYAML the Kubernetes tests are skipped, without Ray (pip install ray) that one.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SAMPLES = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(SAMPLES)
PICTURE = os.path.join(ROOT, "Tests", "ScrimScreenshotsTests", "Boxes", "words.png")
CANDIDATES = [os.path.join(ROOT, ".build", kind, "scrim") for kind in ("release", "debug")]
BUILT = sorted((path for path in CANDIDATES if os.path.exists(path)), key=os.path.getmtime)
SCRIM = os.environ.get("SCRIM") or (BUILT[-1] if BUILT else None)
IMAGES = 12


def missing(module):
    # The folder ray beside this file passes for a package without an origin.
    spec = importlib.util.find_spec(module)
    return spec is None or spec.origin is None


def make_folder(root, with_boxes=IMAGES):
    """Makes copies of one picture; the last ones have no boxes, and are refused."""
    folder = os.path.join(root, "in")
    os.makedirs(os.path.join(folder, "deep", "er"))
    widgets = [{"role": "label", "x": 16, "y": 60, "w": 200, "h": 30}]
    for number in range(IMAGES):
        place = os.path.join(folder, ["", "deep", "deep/er"][number % 3], f"shot {number}.png")
        shutil.copy(PICTURE, place)
        if number < with_boxes:
            with open(place + ".json", "w") as file:
                json.dump({"width": 400, "height": 120, "widgets": widgets}, file)
    return folder


def pictures(folder):
    return sorted(
        os.path.relpath(os.path.join(path, name), folder)
        for path, _, names in os.walk(folder) for name in names if name.endswith(".png"))


def lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


@unittest.skipIf(missing("yaml"), "PyYAML is not installed (apt install python3-yaml)")
class Kubernetes(unittest.TestCase):
    def setUp(self):
        import yaml
        with open(os.path.join(SAMPLES, "kubernetes", "redact-job.yaml")) as file:
            self.jobs = list(yaml.safe_load_all(file))

    def container(self, index):
        return self.jobs[index]["spec"]["template"]["spec"]["containers"][0]

    def environment(self, index):
        return {entry["name"]: entry["value"] for entry in self.container(index)["env"]}

    def run_container(self, index, root, **more):
        environment = self.environment(index) | {
            "PATH": os.path.dirname(SCRIM) + ":/usr/bin:/bin", "IN": root + "/in", "OUT": root + "/redacted",
            "REPORTS": root + "/reports", "WAIT": "0", "LOOKS": "3"} | more
        container = self.container(index)
        return subprocess.run(
            container["command"] + container["args"], env=environment, capture_output=True, text=True).returncode

    def test_every_index_has_a_shard(self):
        work, report = self.jobs
        self.assertEqual([job["kind"] for job in self.jobs], ["Job", "Job"])
        self.assertEqual(work["spec"]["completionMode"], "Indexed")
        count = work["spec"]["completions"]
        self.assertEqual({self.environment(0)["SHARDS"], self.environment(1)["SHARDS"]}, {str(count)})
        self.assertGreaterEqual(work["spec"]["maxFailedIndexes"], count)
        rule = work["spec"]["podFailurePolicy"]["rules"][0]
        self.assertEqual(rule["onExitCodes"]["containerName"], self.container(0)["name"])
        self.assertEqual(work["spec"]["template"]["spec"]["restartPolicy"], "Never")

    @unittest.skipIf(SCRIM is None, "scrim is not built (swift build)")
    def test_the_command_takes_its_options(self):
        command = " ".join(self.container(0)["args"][0].replace("\\\n", " ").split())
        options = set(re.findall(r"--[a-z-]+", re.search(r"scrim redact .*?(?= code=)", command)[0]))
        help_text = subprocess.run([SCRIM, "redact", "--help"], capture_output=True, text=True).stdout
        self.assertTrue(options)
        for option in options:
            self.assertIn(option, help_text)

    @unittest.skipIf(SCRIM is None, "scrim is not built (swift build)")
    def test_the_shards_do_it_all_once(self):
        for with_boxes, code in [(IMAGES, 0), (IMAGES - 1, 1)]:
            with tempfile.TemporaryDirectory() as root:
                folder = make_folder(root, with_boxes)
                codes = [self.run_container(0, root, SHARDS="3", JOB_COMPLETION_INDEX=str(i)) for i in (2, 0)]
                self.assertEqual(self.run_container(1, root, SHARDS="3"), 3, "a shard is missing")
                codes.append(self.run_container(0, root, SHARDS="3", JOB_COMPLETION_INDEX="1"))
                self.assertEqual(sorted(codes), [0, 0, code])
                self.assertEqual(self.run_container(1, root, SHARDS="3"), code)
                report = lines(root + "/reports/report.jsonl")
                self.assertEqual(sorted(line["image"] for line in report), pictures(folder))
                self.assertEqual(len(pictures(root + "/redacted")), with_boxes)


@unittest.skipIf(missing("ray"), "Ray is not installed (pip install ray)")
@unittest.skipIf(SCRIM is None, "scrim is not built (swift build)")
class Ray(unittest.TestCase):
    def redact(self, root, *options):
        return subprocess.run(
            [sys.executable, os.path.join(SAMPLES, "ray", "redact.py"), root + "/in", "--out", root + "/redacted",
             "--report", root + "/report.jsonl", "--shards", "4", "--scrim", SCRIM, *options],
            capture_output=True, text=True, timeout=300, env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0"})

    def test_one_machine(self):
        for with_boxes, code in [(IMAGES, 0), (IMAGES - 2, 1)]:
            with tempfile.TemporaryDirectory() as root:
                folder = make_folder(root, with_boxes)
                done = self.redact(root, "--policy", "strict")
                self.assertEqual(done.returncode, code, done.stderr)
                report = lines(root + "/report.jsonl")
                self.assertEqual([line["image"] for line in report], pictures(folder))
                self.assertEqual(sum(line["status"] == "refused" for line in report), IMAGES - with_boxes)
                self.assertEqual(len(pictures(root + "/redacted")), with_boxes)

    def test_wrong_usage(self):
        with tempfile.TemporaryDirectory() as root:
            make_folder(root)
            self.assertEqual(self.redact(root, "--no-such-option").returncode, 2)
            self.assertFalse(os.path.exists(root + "/redacted") and os.listdir(root + "/redacted"))


if __name__ == "__main__":
    unittest.main()
