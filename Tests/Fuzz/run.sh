#!/bin/sh
# Runs each fuzzer for SECONDS (60 by default), from small seeds and its earlier findings.
# Usage: Tests/Fuzz/run.sh [SECONDS [TARGET...]]     targets: segment widgets policy png boxes compositor bus answers
#        Tests/Fuzz/run.sh --build                   builds them only
# Exit status 1 if any fuzzer found something. Copy the finding to Tests/ScrimFormatTests/Regressions (segment-…), to
# Seeds/png (a whole file; a unit test reads all of them), or into a test of the reader.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
seconds=${1:-60}
[ $# -gt 0 ] && shift
targets=${*:-segment widgets policy png boxes compositor bus answers}
vectors="$here/../ScrimFormatTests/Vectors"
regressions="$here/../ScrimFormatTests/Regressions"
# The runtime's own crash handler would hide the crash from libFuzzer.
export SWIFT_BACKTRACE=enable=no

# png and boxes use internal decoders and readers of the libraries.
build() { swift build --package-path "$here" -c release --sanitize=fuzzer -Xswiftc -enable-testing "$@"; }
if [ "$seconds" = --build ]; then
  build
  exit
fi

status=0
for target in $targets; do
  case $target in
    segment) product=FuzzSegment seeds="$vectors $regressions" longest=4096 ;;
    widgets) product=FuzzWidgets seeds="$here/Seeds/widgets" longest=2048 ;;
    policy) product=FuzzPolicy seeds="$here/Seeds/policy" longest=2048 ;;
    boxes) product=FuzzBoxes seeds="$here/../ScrimScreenshotsTests/Boxes $here/Seeds/boxes" longest=4096 ;;
    png) product=FuzzPNG seeds="$here/Seeds/png" longest=2048 ;;
    compositor) product=FuzzCompositor seeds="$here/Seeds/compositor" longest=4096 ;;
    bus) product=FuzzBus seeds="$here/Seeds/bus" longest=4096 ;;
    answers) product=FuzzAnswers seeds="$here/Seeds/answers" longest=4096 ;;
    *) echo "run.sh: there is no target $target; there are segment, widgets, policy, png, boxes, compositor, bus and answers" >&2; exit 2 ;;
  esac
  build --product "$product"
  mkdir -p "$here/.build/corpus/$target" "$here/.build/found"
  # The fuzzer writes to the first folder only.
  # shellcheck disable=SC2086
  if "$here/.build/release/$product" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -max_len="$longest" -print_final_stats=1 -artifact_prefix="$here/.build/found/$target-" \
    "$here/.build/corpus/$target" $seeds
  then
    echo "$target: nothing found in $seconds s"
  else
    echo "$target: found something, see $here/.build/found" >&2
    status=1
  fi
done
exit $status
