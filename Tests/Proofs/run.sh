#!/bin/bash
# Every proof from outside: run.sh [--quick] [--scrim PATH] [--corpus DIR] [SESSION…]
# Needs the command built for release, and Debian's python3-pil, python3-numpy, tesseract-ocr, ffmpeg.
# Exits with 0 only if all pass. A proof that ends without its count (a crash) counts as a failure.
here=$(dirname "$0")
export PYTHONDONTWRITEBYTECODE=1
log=$(mktemp) && trap 'rm -f "$log"' EXIT || exit 2
passed=0 failed=0 summary=
for proof in masks_test prove_masks prove_roundtrip prove_noninterference prove_ocr prove_redact; do
  options=("$@")
  [ $proof = masks_test ] && options=()
  /usr/bin/python3 "$here/$proof.py" "${options[@]}" 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  count=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -1)
  [ -n "$count" ] || count="0 passed, 1 failed (ended with $code)"
  read -r p _ f _ <<<"$count"
  [ "$code" -ne 0 ] && [ "$f" -eq 0 ] && f=1
  passed=$((passed + p)) failed=$((failed + f))
  summary+=$(printf '%-22s %s' $proof "$count")$'\n'
done
printf '\n%s%d passed, %d failed\n' "$summary" $passed $failed
[ $failed -eq 0 ]
