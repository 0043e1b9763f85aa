#!/bin/sh
# What is read many cycles later waits in block RAM: a network that passes over its items twice (delays/twice.bxc: the mean
# over all of them comes back to each), with none, one and plenty of block RAMs, its port at once and in beats. All engines
# agree, with events back to back, gaps and resets; what `bxc run` writes is the same file; as many block RAMs are told
# as there were, and Yosys, where it is there, takes as many. Then faults of the memories (delays/faults.txt), each caught
# and named.
set -u
here=$ROOT/tests/cosim/delays
. "$ROOT/tests/faults.sh"
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1

fail() { echo "not ok delays_$1: $2"; exit 0; }

compile() { # NAME OPTION...
    name=$1; shift
    "$BXC" compile "$here/twice.bxc" -o "$WORK/$name" --name twice --clock 200MHz -q "$@" 2> "$WORK/$name.err" ||
        fail "$name" "$(grep -m 1 error "$WORK/$name.err")"
}

run() { # NAME ENGINE
    "$BXC" run "$WORK/$1" "x=$WORK/x.csv" --engine "$2" -o "$WORK/$1.npy" -q || fail "$1" "it does not run"
}

# counted NAME DELAYS RAMS OPTION...
counted() {
    name=$1 delays=$2 rams=$3; shift 3
    compile "$name" --interval 24 "$@"
    there=$(grep -c ' = delay ' "$WORK/$name/design.bxd")
    [ "$there" = "$delays" ] || fail "$name" "$there delays, not $delays"
    there=$(cat "$WORK/$name"/rtl/*.v | grep -c 'ram_style = "block"')
    [ "$there" = "$rams" ] || fail "$name" "$there block RAMs, not $rams"
    grep -q "\"$delays delays of up to 22 cycles in $rams block RAM" "$WORK/$name/report/report.json" ||
        fail "$name" "the report does not tell $rams block RAMs"
}

# check NAME DELAYS RAMS OPTION...
check() (
    counted "$@"
    "$BXC" verify "$WORK/$name" -n 400 -j 1 > "$WORK/$name.out" 2>&1
    grep -q '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus' "$WORK/$name.out" ||
        fail "$name" "$(grep -h -m 1 -e '^verdict' -e 'error:' "$WORK/$name.out")"
    run "$name" rtl
    for output in y each; do
        cmp -s "$WORK/$name.$output.npy" "$WORK/whole.$output.npy" || fail "$name" "bxc run gives other numbers of $output"
    done
    echo "ok delays_$name"
)

# Block RAMs that Yosys takes.
mapped() ( # NAME RAMS
    command -v yosys > /dev/null || { echo "skip delays_mapped_$1: yosys is not there"; exit 0; }
    cd "$WORK/$1/rtl" || exit 0
    yosys -p "read_verilog $(tr '\n' ' ' < files.f); synth_xilinx -family xcup -top twice -flatten -noiopad -noclkbuf -run :map_ffs; tee -o ../stat.txt stat" > ../yosys.out 2>&1 ||
        fail "mapped_$1" "$(tail -n 1 ../yosys.out)"
    there=$(awk '$1 ~ /^RAMB18/ { n += $2 } $1 ~ /^RAMB36/ { n += 2 * $2 } END { print n + 0 }' ../stat.txt)
    [ "$there" = "$2" ] || fail "mapped_$1" "$there block RAMs, not $2"
    echo "ok delays_mapped_$1"
)

# 200 events in eighths.
awk 'BEGIN { s = 1; for (e = 0; e < 200; e++) for (i = 0; i < 72; i++) {
    s = (s * 1103 + 12345) % 1048576; printf "%g%s", int(s / 4096) / 8 - 16, i < 71 ? "," : "\n" } }' > "$WORK/x.csv"
compile whole
run whole emulator
compile none --interval 24
if grep -q ' = delay ' "$WORK/none/design.bxd" || cat "$WORK"/none/rtl/*.v | grep -q 'rst(rst)'; then
    echo "not ok delays_none: a memory where no block RAM was given"
else
    echo "ok delays_none"
fi
(counted one 4 1 --block-rams 1 && echo "ok delays_one")
check plenty 6 2 --block-rams 50
grep -q '; 1 more would be worth it"' "$WORK/one/report/report.json" && ! grep -q 'would be worth it' "$WORK/plenty/report/report.json" && echo "ok delays_more_are_told" || echo "not ok delays_more_are_told: $(grep 'delays of up to' "$WORK/one/report/report.json")"
check in_beats 6 2 --block-rams 2 --beats x=1
mapped one 1
mapped plenty 2
faults_caught delays "$here/faults.txt" "$WORK/plenty" -n 400 -j 1
