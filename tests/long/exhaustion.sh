#!/bin/sh
# Every allocation fails in turn while small models are compiled (tests/unit/exhaustion_readers.c).
set -u
cd "$ROOT" || exit 1
COMPILED=${COMPILED:-0} "$BUILD/tests/unit/exhaustion_readers"
