#!/usr/bin/env bash
# Tests the player in real browsers; see run.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -n "${SCRIM:-}" ] || swift build -c release --product scrim
exec /usr/bin/python3 Tests/Player/run.py "$@"
