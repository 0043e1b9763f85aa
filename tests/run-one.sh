#!/bin/sh
# Runs one test for run.sh. A test that ends in another way than 0 or 1, or prints no line that
# counts, has failed. WORK is an empty folder of its own.
set -u
test=$1
name=$(echo "${test#"$BUILD"/}" | sed 's|^tests/||; s|[/.]|_|g')
log=$BUILD/test-results/$name.log
WORK=$(mktemp -d "${TMPDIR:-/tmp}/bxc-test.XXXXXX")
export WORK
(cd "$ROOT" && timeout "${TEST_SECONDS:-900}" "$test") > "$log" 2> "$log.err" < /dev/null
code=$?
rm -rf "$WORK"
case $code in 0 | 1) ;; *) echo "not ok $name: ended with code $code" >> "$log" ;; esac
[ "$code" != 1 ] || grep -q '^not ok' "$log" || echo "not ok $name: exit code 1" >> "$log"
grep -q -e '^ok ' -e '^not ok ' -e '^skip ' "$log" || echo "not ok $name: it tested nothing" >> "$log"
if [ -n "${V:-}" ]; then sed "s|^|$name: |" "$log"; else grep -e '^not ok ' -e '^skip ' "$log" | sed "s|^|$name: |"; fi
! grep -q '^not ok' "$log" || tail -n 15 "$log.err" | sed 's/^/    /'
# done / all and seconds: one line that is rewritten on a terminal, else a line a test
tell() {
    echo "$name" >> "$BUILD/test-results/done"
    count=$(wc -l < "$BUILD/test-results/done")
    left="[$count/$TESTS, $(($(date +%s) - BEGAN)) s]"
    if [ -t 1 ]; then printf '\r\033[K%s %s' "$left" "$name"; else echo "$left $name: $(grep -c '^ok ' "$log") passed"; fi
}
exec 9> "$BUILD/test-results/lock"
flock 9
tell
exit 0
