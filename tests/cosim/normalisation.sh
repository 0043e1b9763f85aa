#!/bin/sh
# What an event's own mean and variance normalise stays near the float model, of events that are alike and of events
# of sizes far apart; and all engines agree.
set -u
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1
failed=0
say() { if [ "$2" = 0 ]; then echo "ok normalisation_$1"; else echo "not ok normalisation_$1: $3"; failed=1; fi; }

cat > "$WORK/layer.bxc" << 'END'
bxc graph 1
graph "layer"
%0 = input() "x" as "x" : [1,8] real
%1 = reduce_sum(%0) "sum" axis=1 keep_dimensions=true : [1,1] real
%2 = constant() "eighth" : [] real {0x1p-3}
%3 = mul(%1, %2) "mean" : [1,1] real
%4 = sub(%0, %3) "centred" : [1,8] real
%5 = mul(%4, %4) "square" : [1,8] real
%6 = reduce_sum(%5) "squares" axis=1 keep_dimensions=true : [1,1] real
%7 = mul(%6, %2) "variance" : [1,1] real
%8 = constant() "epsilon" : [] real {0x1p-20}
%9 = add(%7, %8) "shifted" : [1,1] real
%10 = constant() "exponent" : [] real {-0x1p-1}
%11 = pow(%9, %10) "inverse" : [1,1] real
%12 = mul(%4, %11) "normalised" : [1,8] real
%13 = sqrt(%9) "deviation" : [1,1] real
%14 = reciprocal(%13) "inverse_deviation" : [1,1] real
%15 = mul(%4, %14) "by_deviation" : [1,8] real
output "y" %12
output "z" %15
END

# Two thousand events whose sizes are spread evenly over so many octaves.
events() {
    awk -v octaves="$1" 'BEGIN { srand(7); for (e = 0; e < 2000; e++) { size = 2 ^ (octaves * rand());
        for (i = 0; i < 8; i++) printf "%s%.6f", i ? "," : "", size * (2 * rand() - 1); print "" } }'
}

# The largest error on calibration events, in deviations: NAME OCTAVES BOUND.
check() {
    events "$2" > "$WORK/$1.csv"
    "$BXC" compile "$WORK/layer.bxc" --calibrate="$WORK/$1.csv" -o "$WORK/$1" > "$WORK/log" 2>&1
    error=$(sed -n 's/^network:.*largest error \([-0-9.e+]*[0-9]\).*/\1/p' "$WORK/log")
    awk -v error="${error:-none}" -v bound="$3" 'BEGIN { exit !(error ~ /^[0-9]/ && error + 0 <= bound) }'
    say "$1" $? "the largest error is '${error}', more than $3"
}
check alike 1 0.04
check octaves_3 3 0.005
check octaves_5 5 0.02

"$BXC" verify "$WORK/octaves_5" -n 200 -j 1 > "$WORK/log" 2>&1
grep -q '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus$' "$WORK/log"
say engines $? "$(grep '^verdict' "$WORK/log")"
exit $failed
