#!/bin/sh
# A network that the part cannot hold is told before the long work, with numbers and the interval at which it would fit,
# and refused once its size is known; at that interval it fits. One that fits hears nothing of it.
check() { if eval "$2"; then echo "ok $1"; else echo "not ok $1: $2"; fi; }
cd "$WORK" || exit 1
model() { # SIDE ITEMS: weights of 6 bits
    awk -v side="$1" -v items="$2" 'BEGIN {
        shape = items "," side
        printf "bxc graph 1\ngraph \"large\"\n%%0 = input() \"x\" : [%s] real\n", shape
        printf "%%1 = narrow(%%0) \"q\" formats=s8f4 rounding=half_even overflow=saturate : [%s] real\n", shape
        printf "%%2 = constant() \"w\" : [%d,%d] real {", side, side
        for (i = 0; i < side * side; i++) { state = (state * 16807 + 12345) % 2147483647; printf "%s%g", i ? ", " : "", (int(state / 2147483647 * 63) - 31) / 16 }
        printf "}\n%%3 = matmul(%%1, %%2) \"dense\" : [%s] real\n", shape
        printf "%%4 = reduce_sum(%%3) \"sum\" axis=0 : [%d] real\noutput \"y\" %%4\n", side }'
}
small="--part xc7z020clg400-1 --clock 50MHz"
model 128 1 > large.bxc
"$BXC" compile large.bxc -o large $small > out 2> err
code=$?
check "what cannot fit is refused with what it needs and what there is" "[ $code = 1 ] && grep -Eq 'large.bxc: error: the estimate of [0-9]+ LUT exceeds the 53200 of part xc7z020' err"
check "and with the layer, and that no interval would do" "grep -q \"layer 'dense' is the largest; nothing in it .* is done item by item\" err"
check "it was told before" "grep -Eq 'warning: about 1[0-9]0,000 LUT are to be expected, [0-9.]+ times the 53,200 of part xc7z020.*: it (may|will) not fit; nothing in it' out"
"$BXC" compile large.bxc -o large $small -v > both 2>&1
check "before its circuit was made" "sed -n 's/.*: warning: about .*/told/p; s/.* s  lower$/lower/p' both | tr '\\n' ' ' | grep -qx 'told lower '"
check "quiet is quiet, and the error stays" "! \"\$BXC\" compile -q large.bxc -o large $small > out 2> err && [ ! -s out ] && grep -q error: err"
model 220 1 > huge.bxc
"$BXC" compile huge.bxc -o huge $small -v > out 2>&1
check "what is far too large is refused before its circuit is made" "grep -Eq 'error: about [0-9,]+ LUT are to be expected, [0-9.]+ times' out && ! grep -q ' lower$' out"
check "with the node, and no folder is left" "grep -q \"node 'dense' is the largest; nothing in it\" out && [ ! -e huge ]"
model 40 8 > items.bxc
"$BXC" compile items.bxc -o items $small > out 2> err
interval=$(sed -n 's/.*it would fit from about --interval \([0-9]*\) on$/\1/p' out | head -n 1)
check "a network of items is told its interval" "[ -n '$interval' ]"
check "and fits at it" "\"\$BXC\" compile items.bxc -o items $small --interval ${interval:-1} > out 2> err && ! grep -q 'to be expected' out"
model 16 1 > little.bxc
check "what fits hears nothing" "\"\$BXC\" compile little.bxc -o little $small > out 2> err && ! grep -q -e 'to be expected' -e warning out err"
