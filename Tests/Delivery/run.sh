#!/usr/bin/env bash
# Delivery, from outside: faults, power loss, third-party servers, attacks on scrim-server, mutated requests, many recorders, and
# sealed sessions (also cut off, garbled and forged). Some ten minutes on a busy machine.
#   Tests/Delivery/run.sh            the part for every change
#   Tests/Delivery/run.sh --full     300 kills of each program, a kill at every call, 100,100 waiting segments, 30,000 mutated requests,
#                                    64 recorders for a minute: three quarters of an hour
# By itself: load.py, which compares with nginx, and measures the memory over minutes.
# SCRIM_CONFIGURATION=release uses release builds; scrim-server is built if it is missing. Missing requirements are skipped with a
# message, and fail if SCRIM_NO_SKIP is set.
set -euo pipefail
cd "$(dirname "$0")/../.."
configuration=${SCRIM_CONFIGURATION:-debug}
export SCRIM_CONFIGURATION=$configuration
[ -x ".build/$configuration/scrim" ] || swift build -c "$configuration" --product scrim
swift build -c "$configuration" --package-path Server
seed=$(date +%j)
# moto and botocore come from PyPI; without them these servers are skipped.
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python=/usr/bin/python3
if python3 -m venv "$venv" 2> /dev/null && timeout 300 "$venv/bin/pip" install -q 'moto[server]' schemathesis 2> /dev/null; then
  python=$venv/bin/python
else
  echo "moto could not be installed"
fi
if command -v systemd-analyze > /dev/null; then
  # With a program that exists.
  sed 's#/usr/bin/scrim#/bin/true#' samples/systemd/scrim-upload.service > "$venv/scrim-upload.service"
  systemd-analyze verify "$venv/scrim-upload.service"
fi
cd Tests/Delivery
timeout 1800 /usr/bin/python3 faults.py --seed "$seed" "$@"
timeout 1800 /usr/bin/python3 power.py --seed "$seed" "$@"
timeout 300 /usr/bin/python3 attacks.py --seed "$seed"
timeout 600 /usr/bin/python3 sealing.py --seed "$seed" "$@"
timeout 3600 /usr/bin/python3 fuzz_requests.py --seed "$seed" "$@"
case " $* " in
  *" --full "*) timeout 600 /usr/bin/python3 recorders.py --recorders 64 --seconds 60 ;;
  *) timeout 300 /usr/bin/python3 recorders.py ;;
esac
timeout 200 /usr/bin/python3 sealed_sessions.py --seed "$seed"
timeout 400 "$python" peers.py --seed "$seed"
timeout 200 "$python" interface.py
