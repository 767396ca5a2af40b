#!/usr/bin/env python3
"""Redacts a folder of screenshots on a Ray cluster: one task per shard, one merged report.

    pip install ray
    python3 redact.py /shared/in --out /shared/redacted --report report.jsonl --shards 64 --policy controls

Input and output are on a file system that all nodes share, and `scrim` is installed on each. Unknown options are
passed to `scrim redact`. Exit codes are scrim's: 0 done, 1 some images were refused (the report says which), 2 usage,
3 environment error.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import ray


def redact(scrim, folder, out, shard, shards, options):
    """Redacts one shard; returns its exit code, its report and its messages."""
    with tempfile.TemporaryDirectory() as temporary:
        report = os.path.join(temporary, "report.jsonl")
        command = [scrim, "redact", "--out", out, "--shard", f"{shard}/{shards}", "--report", report]
        # A task that Ray restarts elsewhere continues where the lost one stopped.
        command += ["--resume", "--quiet", *options, "--", folder]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        lines = []
        if os.path.exists(report):
            with open(report, encoding="utf-8") as file:
                lines = [line for line in file if line.strip()]
        return done.returncode, lines, done.stderr


def main():
    parser = argparse.ArgumentParser(description="Redact screenshots on a Ray cluster.")
    parser.add_argument("folder")
    parser.add_argument("--out", required=True)
    parser.add_argument("--report", required=True, help="the merged report, JSON Lines in the order of the images")
    parser.add_argument("--shards", type=int, help="twice the cluster's CPUs by default")
    parser.add_argument("--scrim", default="scrim", help="the program, on every node")
    parser.add_argument("--address", help="of the cluster; without it Ray's own rules, and else this machine")
    arguments, options = parser.parse_known_args()
    if arguments.shards is not None and arguments.shards < 1:
        parser.error("--shards takes a number from 1")

    ray.init(address=arguments.address, log_to_driver=False)
    shards = arguments.shards or 2 * int(ray.cluster_resources().get("CPU", 1))
    # A shard uses one core: Ray runs as many at once as there are cores.
    task = ray.remote(num_cpus=1, max_retries=3)(redact)
    folder, out = os.path.abspath(arguments.folder), os.path.abspath(arguments.out)
    waiting = {
        task.remote(arguments.scrim, folder, out, shard, shards, ["--jobs", "1", *options]): shard
        for shard in range(1, shards + 1)
    }
    lines, codes = [], []
    while waiting:
        (done,), _ = ray.wait(list(waiting), num_returns=1)
        shard = waiting.pop(done)
        try:
            code, report, words = ray.get(done)
        except ray.exceptions.RayError as error:
            code, report, words = 3, [], f"{type(error).__name__}\n"
        codes.append(code)
        lines += report
        sys.stderr.write(words)
        print(f"shard {shard} of {shards}: exit code {code}, {len(report)} images", file=sys.stderr)

    lines.sort(key=lambda line: json.loads(line)["image"])
    with open(arguments.report + ".tmp", "w", encoding="utf-8") as file:
        file.writelines(lines)
    os.replace(arguments.report + ".tmp", arguments.report)
    refused = sum(json.loads(line)["status"] == "refused" for line in lines)
    print(f"{len(lines)} images, {refused} refused", file=sys.stderr)
    # The worst code of all: a shard that ended with another code than 0 or 1 is incomplete.
    unfinished = [code for code in codes if code not in (0, 1)]
    if unfinished:
        return 2 if set(unfinished) == {2} else 3
    return 1 if refused or 1 in codes else 0


if __name__ == "__main__":
    sys.exit(main())
