#!/bin/sh
# Runs test programs and scripts, several at a time, and counts what they print: lines "ok NAME",
# "not ok NAME: why", "skip NAME: why" (run-one.sh).
#   run.sh BUILD TEST...       env: JOBS (default: processors), V=1 (print every line)
set -u
build=$1; shift
BUILD=$(cd "$build" && pwd); BXC=$BUILD/bxc
ROOT=$(cd "$(dirname "$0")/.." && pwd)
SHARED=; [ ! -d "$ROOT/../shared/models" ] || SHARED=$(cd "$ROOT/../shared" && pwd)
VERILATED=$BUILD/verilated
LSAN_OPTIONS=suppressions=$ROOT/tests/leaks.supp:print_suppressions=0
export LSAN_OPTIONS BUILD BXC ROOT SHARED VERILATED LC_ALL=C
rm -rf "$BUILD/test-results"
mkdir -p "$BUILD/test-results" "$VERILATED"
TESTS=$#; BEGAN=$(date +%s)
export TESTS BEGAN
[ -n "$SHARED" ] || echo "../shared/models is not there: tests of published models are skipped"
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -n 1 "$ROOT/tests/run-one.sh"
count() { cat "$BUILD"/test-results/*.log 2> /dev/null | grep -c "^$1 " || true; }
passed=$(count ok); failed=$(count 'not ok'); skipped=$(count skip)
[ ! -t 1 ] || printf '\r\033[K'
[ "$failed" = 0 ] || { echo "failed:"; grep -H '^not ok ' "$BUILD"/test-results/*.log | sed 's|^.*/\([^/]*\)\.log:not ok|    \1:|'; }
echo "$TESTS tests in $(($(date +%s) - BEGAN)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
