#!/bin/sh
# Items served one after the other: one network (beats/sets.bxc: formats by position, a sum that comes back to every
# item, a maximum) at intervals that divide its six items and at others, its ports at once and in beats. All engines
# agree at each, with events back to back, gaps and resets in the middle of an event; what `bxc run` writes is the same
# file at all of them; the interval is the one told. Then faults of what is carried from beat to beat (beats/faults.txt),
# each caught and named.
set -u
here=$ROOT/tests/cosim/beats
. "$ROOT/tests/faults.sh"
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1

fail() { echo "not ok beats_$1: $2"; exit 0; }

compile() { # NAME OPTION...
    name=$1; shift
    "$BXC" compile "$here/sets.bxc" -o "$WORK/$name" --name sets --clock 200MHz -q "$@" 2> "$WORK/$name.err" ||
        fail "$name" "$(grep -m 1 error "$WORK/$name.err")"
}

run() { # NAME ENGINE
    "$BXC" run "$WORK/$1" "x=$WORK/x.csv" "weight=$WORK/weight.csv" --engine "$2" -o "$WORK/$1.npy" -q ||
        fail "$1" "it does not run"
}

# check NAME INTERVAL OPTION...
check() (
    name=$1 interval=$2; shift 2
    compile "$name" "$@"
    "$BXC" verify "$WORK/$name" -n 400 -j 1 > "$WORK/$name.out" 2>&1
    grep -q '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus' "$WORK/$name.out" ||
        fail "$name" "$(grep -h -m 1 -e '^verdict' -e 'error:' "$WORK/$name.out")"
    told=$(sed -n 's/.*"initiation_interval":[[:space:]]*\([0-9]*\).*/\1/p' "$WORK/$name/interface.json")
    [ "$told" = "$interval" ] || fail "$name" "interval $told, not $interval"
    run "$name" rtl
    for output in y each; do
        cmp -s "$WORK/$name.$output.npy" "$WORK/whole.$output.npy" || fail "$name" "bxc run gives other numbers of $output"
    done
    echo "ok beats_$name"
)

# 200 events in quarters.
events() { # SEED NUMBERS
    awk -v s="$1" -v n="$2" 'BEGIN { for (e = 0; e < 200; e++) for (i = 0; i < n; i++) {
        s = (s * 1103 + 12345) % 1048576; printf "%g%s", int(s / 16384) / 4 - 6, i < n - 1 ? "," : "\n" } }'
}

events 1 18 > "$WORK/x.csv"
events 7 6 > "$WORK/weight.csv"
compile whole
run whole emulator
check two 2 --interval 2
check three 3 --interval 3
check uneven 2 --interval 2 --beats 4
check six 6 --interval 9
check in_beats 3 --interval 3 --beats x=2
faults_caught beats "$here/faults.txt" "$WORK/three" --no-hash-check -n 400 -j 1
