#!/bin/bash
# The gallery of codes, words, charts and marks in gaps: see gallery.py.
export PYTHONDONTWRITEBYTECODE=1 OMP_THREAD_LIMIT=1
exec /usr/bin/python3 "$(dirname "$0")/gallery.py" "$@"
