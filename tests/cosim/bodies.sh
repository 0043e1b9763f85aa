#!/bin/sh
# A recurrent network in floating point, its body a scan's, through every command: written out, calibrated, pruned and
# quantised by trip, equal in all engines, told by names that say which trip.
set -u
cd "$WORK" || exit 1
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1
check() { if eval "$2"; then echo "ok $1"; else echo "not ok $1"; fi; }

cat > rnn.bxc << 'END'
bxc graph 1
graph "rnn"
%0 = input() "x" : [1,3,3] real
%1 = constant() "start" : [1,2] real {0, 0}
%2 = constant() "w_out" : [2,2] real {0.5, -0.75, 0.3, 0.9}
%3, %4 = scan(%1, %0) "cell" as "last", "all" trips=3 carried=1 sliced=1 axes={1, 1} : [1,2] real, [1,3,2] real body "step" {
    %0 = input() "h" : [1,2] real
    %1 = input() "item" : [1,3] real
    %2 = constant() "W" : [3,2] real {0.3, -0.4, 0.7, 0.1, -0.9, 0.25}
    %3 = constant() "U" : [2,2] real {0.6, -0.2, 0.35, 0.45}
    %4 = matmul(%1, %2) "dense" : [1,2] real
    %5 = matmul(%0, %3) "back" : [1,2] real
    %6 = add(%4, %5) "sum" : [1,2] real
    %7 = tanh(%6) "act" : [1,2] real
    output "h" %7
    output "y" %7
}
%5 = map(%4) "each" trips=3 sliced=1 axes={1, 1} : [1,3] real body "one" {
    %0 = input() "i" : [1,2] real
    %1 = relu(%0) "r" : [1,2] real
    %2 = reduce_sum(%1) "s" axis=1 : [1] real
    output "o" %2
}
%6 = matmul(%3, %2) "head" : [1,2] real
output "p" %6
output "q" %5
END
awk 'BEGIN { for (e = 0; e < 200; e++) { for (k = 0; k < 9; k++) printf "%s%g", k ? "," : "", ((e * 37 + k * 61) % 101 - 50) / 25; print "" } }' > events.csv

"$BXC" compile rnn.bxc -o fw --calibrate events.csv > compile.txt 2> compile.err
check "a real scan compiles as the trained network" "grep -q '^network: as trained: 0 of .*most of it at layer .cell' compile.txt"
"$BXC" verify fw --events events.csv -n 200 > verify.txt 2>&1
check "all engines are equal" "grep -q '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus' verify.txt"
"$BXC" report fw > report.txt
check "writing out is exact" "grep -Eq '^ *unroll +above +yes +0 +0 ' report.txt"
check "layers are told by trip" "grep -q 'cell.0.dense' report.txt && grep -q 'cell.2.dense' report.txt && grep -q 'each.1.s' report.txt"
"$BXC" explain fw > explain.txt
check "explain goes by trip, each of which adds cycles" "[ \$(grep -Ec '^ *cell[.][012][.]dense +matmul +[0-9]+-[0-9]+ +[1-9] ' explain.txt) = 3 ]"
"$BXC" run fw events.csv -o fixed.csv -q --engine c > /dev/null 2>&1
"$BXC" run rnn.bxc events.csv -o float.csv -q --engine float > /dev/null 2>&1
check "the float model runs as it stands" "[ \$(wc -l < float.csv) = \$(wc -l < fixed.csv) ]"
"$BXC" convert -q rnn.bxc rnn.json && "$BXC" compile -q rnn.json -o json --name rnn --calibrate events.csv 2> /dev/null
check "bxc's JSON gives the same firmware" "cmp -s fw/model.bxc json/model.bxc && cmp -s fw/reference.bxc json/reference.bxc"

"$BXC" inspect rnn.bxc > inspect.txt 2> /dev/null
check "inspect counts what stands in bodies" "grep -q '16 parameters, .*; 34 products' inspect.txt && grep -Eq '^ *cell[.][*][.]dense +matmul' inspect.txt"

# options
cat > config.json << 'END'
{"layers": {"cell.*.back": {"weights": 4}, "cell.1.dense": {"weights": 6}, "cell.*.none": {"weights": 4}}}
END
"$BXC" compile rnn.bxc -o asked --config config.json --calibrate events.csv > /dev/null 2> asked.err
check "a layer that no body has is told, and only that" "grep -q \"no node is called 'cell.[*].none'\" asked.err && ! grep -q 'cell.*does nothing: no' asked.err"
check "weights by name, in all trips and in one" "[ \$(grep -c 'cell.U.quantised. : .*[su]1*[0-4]f' asked/model.bxc) -ge 1 ] && [ \$(grep -o 'cell.W.quantised. : [^}]*}' asked/model.bxc | sort -u | wc -l) = 2 ]"
"$BXC" compile rnn.bxc -o pruned --prune 0.5 --calibrate events.csv > /dev/null 2>&1
check "a weight is pruned in all trips or in none" "grep -q 'sparsity of the network: 7 of 14 weights are zero' pruned/report/report.json"

# a difference is told by result and trip
"$BXC" compile -q "$ROOT/tests/cosim/ops/scan_more.bxc" -o more
check "each result has a number of its own among Verilog's inner values" \
    "[ \$(grep -c '\"value\": ' more/sim/probes.json) = \$(grep -o '\"value\": [0-9]*' more/sim/probes.json | sort -u | wc -l) ]"
sed -i 's/\(y2\[.*= (int32_t)v_[a-z0-9_]*\[i\]\);/\1 ^ (trip == 1);/' more/c/scan_more.c
"$BXC" verify more -n 50 --engines c > more.txt 2>&1
check "a difference in a further result names it and the trip" "grep -q \"it begins in layer 'fibonacci:2', element 1, .* at trip 1 of its body\" more.txt"
