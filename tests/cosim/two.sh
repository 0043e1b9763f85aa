#!/bin/sh
# Two networks in one FPGA and one program: two firmwares whose nodes, ports and layers have the same
# names, made with --name alpha and --name beta, are built into one Verilator model, one C program and
# one HLS C++ program (two/), and each gives what `bxc run` says.
set -u
here=$ROOT/tests/cosim/two
failed=0

# model WEIGHTS SLOPE
model() {
    cat << END
bxc graph 1
graph "network"
%0 = input() "x" as "x" : [1,4] real
%1 = narrow(%0) "in" rounding=half_even overflow=saturate formats=s8f0 : [1,4] real
%2 = constant() "w" : [4,3] real {$1}
%3 = matmul(%1, %2) "layer" : [1,3] real
%4 = narrow(%3) "hidden" rounding=half_even overflow=saturate formats=s7f-1 : [1,3] real
%5 = leaky_relu(%4) "bend" alpha=$2 : [1,3] real
%6 = narrow(%5) "out" rounding=half_up overflow=wrap formats=s8f0 : [1,3] real
output "y" %6
END
}

# 500 events of four whole numbers in -128 .. 127, from a small generator.
events() {
    awk 'BEGIN { s = 1; for (e = 0; e < 500; e++) for (i = 0; i < 4; i++) {
        s = (s * 1103 + 12345) % 1048576; printf "%d%s", int(s / 4096) - 128, i < 3 ? "," : "\n" } }'
}

# The emulator's outputs as lines of numbers: the array stands at the end of the .npy.
expected() {
    "$BXC" run "$WORK/$1" "$WORK/events.csv" -o "$WORK/$1.npy" --engine emulator -q || return 1
    tail -c $((500 * 3 * 8)) "$WORK/$1.npy" | od -An -v -t f8 -w24 | awk '{ printf "%d %d %d\n", $1, $2, $3 }' > "$WORK/$1.expected"
}

# check ENGINE: its program wrote ENGINE.alpha and ENGINE.beta.
check() {
    for network in alpha beta; do
        if cmp "$WORK/$network.expected" "$WORK/$1.$network" >&2; then echo "ok two_$1_$network"; else
            echo "not ok two_$1_$network: other numbers than the emulator's"; failed=1; fi
    done
}

# run ENGINE PROGRAM
run() { (cd "$WORK" && tr ',' ' ' < events.csv | "$2" "$1.alpha" "$1.beta"); check "$1"; }

build_rtl() {
    root=$(verilator --getenv VERILATOR_ROOT)
    make -s -C "$WORK/alpha/sim" "$VERILATED/verilated.o" "$VERILATED/verilated_threads.o" || return 1
    # shellcheck disable=SC2046
    verilator --cc -Wno-lint -Wno-fatal --top-module both --prefix Vboth --Mdir "$WORK/model" "$here/both.v" \
        $(for network in alpha beta; do sed "s|^|$WORK/$network/rtl/|" "$WORK/$network/rtl/files.f"; done) || return 1
    for file in "$WORK"/model/*.cpp; do echo "#include \"$file\""; done > "$WORK/model/all.h"
    "${CXX:-g++}" -std=gnu++17 -w -O0 -pthread -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0 -isystem "$root/include" -isystem "$root/include/vltstd" \
        -I"$WORK/model" -include "$WORK/model/all.h" -o "$WORK/rtl" "$here/rtl.cpp" "$VERILATED/verilated.o" "$VERILATED/verilated_threads.o" -latomic
}

build_c() { "${CC:-cc}" -std=c99 -Wall -Wextra -Werror -I"$WORK/alpha/c" -I"$WORK/beta/c" -o "$WORK/c" "$here/c.c" "$WORK/alpha/c/alpha.c" "$WORK/beta/c/beta.c"; }
build_hls() {
    "${CXX:-c++}" -std=c++14 -Wall -Wextra -Wno-unknown-pragmas -Werror -I"$WORK/alpha/hls" -I"$WORK/beta/hls" -o "$WORK/hls" \
        "$here/hls.cpp" "$WORK/alpha/hls/alpha.cpp" "$WORK/beta/hls/beta.cpp"
}

model "1,-3,0.5, 2,0.25,-1, -0.5,4,1, 3,0,-2" 0.125 > "$WORK/alpha.bxc"
model "-2,1,3, 0.75,-1,0.5, 5,2,-0.25, 0,-1,6" 0.25 > "$WORK/beta.bxc"
events > "$WORK/events.csv"
for network in alpha beta; do
    "$BXC" compile -q "$WORK/$network.bxc" -o "$WORK/$network" --name $network && expected $network ||
        { echo "not ok two: $network does not compile or run"; exit 1; }
done
! cmp -s "$WORK/alpha.expected" "$WORK/beta.expected" || { echo "not ok two: both networks give the same numbers"; exit 1; }
for engine in rtl c hls; do
    if build_$engine >&2; then run $engine "$WORK/$engine"; else echo "not ok two_$engine: does not build"; failed=1; fi
done
exit $failed
