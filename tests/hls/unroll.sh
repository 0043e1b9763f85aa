#!/bin/sh
# Every loop of the emitted HLS C++ is unrolled where the vendors' compilers look: AMD's first thing in its braces,
# Catapult before it. The vendors' headers are empty files here: nothing is compiled, only preprocessed.
set -u
mkdir "$WORK/empty" && : > "$WORK/empty/ap_fixed.h" && : > "$WORK/empty/ap_int.h" && : > "$WORK/empty/ac_fixed.h"

# preprocess MACRO FILE: without the lines of other headers' loops, which bxc has none of.
preprocess() { g++ -std=c++14 -E -P -D"$1" -I"$WORK/empty" "$2"; }

# Loops, and those of them that are unrolled.
inside() { awk '/for \(/ { loops++; open = /\{$/; next } NF && open { good += $0 ~ /^ *#pragma HLS UNROLL$/; open = 0 } END { print loops + 0, good + 0 }'; }
before() { awk '/for \(/ { loops++; good += last ~ /^ *#pragma hls_unroll yes$/ } NF { last = $0 } END { print loops + 0, good + 0 }'; }

check() { # NAME MACRO COUNTER FILES...
    name=$1 macro=$2 counter=$3
    shift 3
    loops=0
    for file; do
        # shellcheck disable=SC2046
        set -- $(preprocess "$macro" "$file" | $counter)
        loops=$((loops + $1))
        [ "$1" = "$2" ] || { echo "not ok $name: $2 of $1 loops of ${file##*/} are unrolled"; return; }
    done
    [ $loops -gt 40 ] && echo "ok $name" || echo "not ok $name: only $loops loops"
}

# What is synthesised, not what tests it.
emitted() { ls "$WORK"/*/hls/*.cpp | grep -v -e /main.cpp -e /testbench.cpp; }

for model in gather concat matmul_shapes transpose softmax degenerate; do
    "$BXC" compile "$ROOT/tests/cosim/ops/$model.bxc" -o "$WORK/$model" -q 2> /dev/null || echo "not ok unroll: $model does not compile"
done
check unroll_amd __VITIS_HLS__ inside $(emitted)
check unroll_catapult __CATAPULT__ before $(emitted)
