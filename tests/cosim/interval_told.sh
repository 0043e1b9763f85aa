#!/bin/sh
# The interval that is asked for is the one that everybody tells and obeys: report.json, the page, the terminal, HLS,
# the verdict, a comparison of two; and where fewer cycles are enough that is said. A latency of more than 1,024 cycles
# is one like any other.
set -u
export OPT=-O0 CFLAGS=-O0 CXXFLAGS=-O0
cd "$WORK" || exit 1
check() { name=$1; shift; if eval "$*"; then echo "ok $name"; else echo "not ok $name: $*"; fi; }
number() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9.]*\).*/\1/p" "$2" | head -n 1; }

cat > items.bxc << 'END'
bxc graph 1
graph "items"
%0 = input() "x" : [1,4,3] real
%1 = constant() "w" : [3,2] real {0x1.2p-2, -0x1.7p-1, 0x1.8p+0, 0x1.4p-2, 0x1.1p+0, -0x1p-3}
%2 = matmul(%0, %1) "dense" : [1,4,2] real
%3 = relu(%2) "relu" : [1,4,2] real
%4 = reduce_sum(%3) "sum" axis=1 : [1,2] real
output "y" %4
END
for interval in 1 2 32; do # 4 items: 32 cycles are 4
    "$BXC" compile items.bxc -o fw$interval --clock 200MHz --interval $interval > log$interval 2>&1 || cat log$interval >&2
done
timing() { echo "$(number initiation_interval "$1") $(number beats "$1") $(number nanoseconds_between_events "$1") $(number events_per_second "$1")"; }
check "an event a cycle" '[ "$(timing fw1/report/report.json)" = "1 1 5 200000000" ]'
check "an event every second cycle" '[ "$(timing fw2/report/report.json)" = "2 2 10 100000000" ]'
check "fewer cycles are enough" '[ "$(number initiation_interval fw32/interface.json)" = 4 ] && grep -q "note: an interval of 4 cycles is enough, not the 32 asked for" log32'
check "nothing is said of intervals that are used" '! grep -q "is enough\|does nothing" log1 log2'
check "HLS C++ obeys" 'grep -q "^#pragma HLS PIPELINE II=1$" fw1/hls/items.cpp && grep -q "^#pragma HLS PIPELINE II=2$" fw2/hls/items.cpp && grep -q "every 2 clock cycles" fw2/hls/items.h'
"$BXC" report fw2 > report.txt
check "the terminal tells it" 'grep -q "^  interval  2: a new event every 2 cycles, 10 ns: 100,000,000 events/s$" report.txt && grep -q "^            2 events fit in a bunch crossing" report.txt && grep -q "^  beats     2:" report.txt'
check "blocks, a line each" 'grep -Eq "^ +2  item by item, with state +2  .*  block 1: [0-9]+ bits, " report.txt'
check "the page has them too" 'grep -q "<h2>Blocks</h2>" fw2/report/report.html && grep -q "a new event every 2 cycles, 10 ns" fw2/report/report.html'
"$BXC" report fw1 > report.txt
check "one block is not worth a table" '! grep -q "^blocks" report.txt && ! grep -q "<h2>Blocks</h2>" fw1/report/report.html'
"$BXC" diff fw1 fw2 > diff.txt
check "two intervals side by side" 'grep -Eq "^  initiation interval +1 +2 +\+100.0 %" diff.txt && grep -Eq "^  events/s, million +200 +100 +-50.0 %" diff.txt'
"$BXC" verify fw2 -n 500 > verify.txt 2>&1
code=$?
check "measured is told" '[ $code = 0 ] && grep -Eq "\"interval_right\":[[:space:]]*true" fw2/verify/verdict.json && [ "$(number interval fw2/verify/verdict.json)" = 2 ]'
sed -i 's/interval = 2, /interval = 3, /' fw2/sim/harness.cpp
"$BXC" verify fw2 -n 500 --engines rtl --no-hash-check > verify.txt 2>&1
code=$?
check "another interval is no verdict of equality" '[ $code = 1 ] && grep -q "^verdict: wrong interval: interface.json tells 2 cycles from event to event$" verify.txt'

# cycles are those of all beats: in explain they have a row of their own, and with it all that is added is the latency
sum() { # FILE FROM KEY: the numbers behind a key in the list FROM
    sed -n "/^[[:space:]]*\"$2\":[[:space:]]*\[/,/\]/s/^[[:space:]]*\"$3\":[[:space:]]*\([-0-9.]*\),*\$/\1/p" "$1" |
        awk '{ total += $1 } END { print total }'
}
"$BXC" compile items.bxc -q -o fw4 --clock 200MHz --interval 4 > log4 2>&1
for interval in 1 2 4; do
    "$BXC" explain fw$interval --json > explain$interval.json
    "$BXC" explain fw$interval > explain$interval.txt
    check "the cycles of $interval beats" '[ "$(number beat_cycles explain$interval.json)" = $((interval - 1)) ]'
    check "... with those that modules add are the latency" '[ $(($(sum explain$interval.json layers adds) + $(number beat_cycles explain$interval.json) + $(number boundary_cycles explain$interval.json))) = "$(number cycles fw$interval/report/report.json)" ]'
done
check "the beats are a row, and none at interval 1" 'grep -Eq "^  \(beats\) .* 3 .* an event.s items come in 4 cycles in a row$" explain4.txt && ! grep -q beats explain1.txt'
check "an input is shifted out in all beats" 'grep -Eq "^  x +input +0-3 " explain4.txt && grep -Eq "^  x +input +0 " explain1.txt'
check "blocks and headers tell all beats" 'grep -q "one after the other, in 4 clock cycles in a row" fw4/rtl/items_dense.v && ! grep -q "in a row" fw1/rtl/*.v && grep -Eq "^// Computes in cycles 0 to [3-9] of an event" fw4/rtl/items_dense.v && "$BXC" report fw4 | grep -Eq "^ +2  item by item, with state +4  +0-[3-9] "'

# each item has weights of its own: nothing to share, and each clock chooses
cat > own.bxc << 'END'
bxc graph 1
graph "own"
%0 = input() "x" : [1,4,1,3] real
%1 = constant() "w" : [4,3,2] real {0x1.2p-2, -0x1.7p-1, 0x1.8p+0, 0x1.4p-2, 0x1.1p+0, -0x1.3p-3, 0x1.9p-1, 0x1.5p-2, -0x1.bp-1, 0x1.ep-2, 0x1.7p+0, -0x1.dp-2, -0x1.6p-1, 0x1.fp-1, 0x1.1p-2, -0x1.9p-2, 0x1.3p+0, 0x1.5p-1, 0x1.dp-1, -0x1.1p-1, 0x1.9p-3, 0x1.7p-2, -0x1.fp-2, 0x1.5p+0}
%2 = matmul(%0, %1) "dense" : [1,4,1,2] real
%3 = relu(%2) "relu" : [1,4,1,2] real
%4 = reduce_sum(%3) "sum" axis=1 : [1,1,2] real
output "y" %4
END
lut() { number lut "$1/report/report.json"; }
"$BXC" compile own.bxc -o own1 --clock 200MHz --input "x=fixed<8,3>" > log1 2>&1
"$BXC" compile own.bxc -o own2 --clock 200MHz --input "x=fixed<8,3>" --interval 2 > log2 2>&1
check "a larger circuit is told, with both numbers" '[ "$(lut own2)" -gt "$(lut own1)" ] && grep -q "warning: --interval 2 does not make the circuit smaller: about $(lut own2) LUT, and $(lut own1) at interval 1;" log2'
check "... in the report too" 'grep -q "does not make the circuit smaller" own2/report/report.json'
check "a smaller one is not" '[ "$(lut fw2)" -lt "$(lut fw1)" ] && ! grep -q "smaller" fw2/report/report.json'

# a chain of small layers at a fast clock
awk 'BEGIN { print "bxc graph 1\ngraph \"long\"\n%0 = input() \"x\" : [1,2] real"
    for (i = 0; i < 300; i++) {
        printf "%%%d = constant() \"w%d\" : [2,2] real {0x1.9p-1, 0x1.3p-1, -0x1.3p-1, 0x1.9p-1}\n", 2 * i + 1, i
        printf "%%%d = matmul(%%%d, %%%d) \"dense%d\" : [1,2] real\n", 2 * i + 2, 2 * i, 2 * i + 1, i
    }
    print "output \"y\" %600" }' > long.bxc
"$BXC" compile -q long.bxc -o long --clock 600MHz --precision 6,8 > log 2>&1 || cat log >&2
cycles=$(number cycles long/report/report.json)
check "more than 1,024 cycles" '[ "$cycles" -gt 1024 ]'
"$BXC" verify long -n 200 --engines rtl,icarus > verify.txt 2>&1
code=$?
check "... verified" '[ $code = 0 ] && grep -q "^verdict: equal in every bit: emulator, rtl, icarus$" verify.txt'
for engine in rtl 'rtl, in a row' 'rtl, gaps' 'rtl, reset' icarus; do
    check "... and measured in $engine" 'grep -Eq "^  $engine  .* $cycles  .*equal$" verify.txt'
done
[ $code = 0 ] || cat verify.txt >&2
