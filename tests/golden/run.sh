#!/bin/sh
# A pass at a time: tests/golden/<pass>/<case>.bxc goes through bxc up to the pass, and the program
# after it must be <case>.out, byte for byte. <case>.args holds further options, with paths from this
# folder. Dumps that are graphs must come back the same when they are read and printed. UPDATE=1
# rewrites the .out files: review the diff.
set -u
cd "$(dirname "$0")" || exit 1

# print, parse, print: the dump without its comment
check_identity() {
    sed '/^# after /d' "$1" > "$WORK/printed.bxc"
    head -n 1 "$WORK/printed.bxc" | grep -q '^bxc graph' || return 0
    "$BXC" convert "$WORK/printed.bxc" "$WORK/again.bxc" && cmp -s "$WORK/printed.bxc" "$WORK/again.bxc"
}

run_case() {
    pass=$1 case=$2 name=$1_$2 expected=$1/$2.out
    options=$(cat "$pass/$case.args" 2> /dev/null)
    # shellcheck disable=SC2086 # options are words
    if ! "$BXC" compile "$pass/$case.bxc" $options --stop-after "$pass" --dump-after "$pass" > "$WORK/got" 2> "$WORK/said"; then
        echo "not ok $name: $(head -n 1 "$WORK/said")"
        return
    fi
    [ -z "${UPDATE:-}" ] || cp "$WORK/got" "$expected"
    if ! diff -u "$expected" "$WORK/got" > "$WORK/difference" 2>&1; then
        echo "not ok $name: differs from $expected"
        cat "$WORK/difference" >&2
    elif ! check_identity "$WORK/got"; then echo "not ok $name: reads back as something else"
    else echo "ok $name"
    fi
}

for file in */*.bxc; do
    run_case "$(dirname "$file")" "$(basename "$file" .bxc)"
done
for pass in $("$BXC" compile --list-passes | cut -d ' ' -f 1); do
    [ -d "$pass" ] || echo "not ok $pass: no golden case"
done
