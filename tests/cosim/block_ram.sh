#!/bin/sh
# Tables in block RAM (block_ram/tables.bxc: six look-ups of one table, two of another; block_ram/common.bxc: nodes that
# look the same wire up, and one that looks it up as it is and mirrored): as many block RAMs as --block-rams allows,
# fewer LUT the more there are, the same outputs in all engines; Yosys makes as many of the Verilog as are told; and
# faults of the memories (block_ram/faults.txt), each caught and named. The files may be edited as others.
set -u
here=$ROOT/tests/cosim/block_ram
. "$ROOT/tests/faults.sh"
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1

fail() { echo "not ok block_ram_$1: $2"; exit 0; }

number() { sed -n "s/^[[:space:]]*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "$2/report/report.json" | head -n 1; }

compile() { # N
    "$BXC" compile "$here/tables.bxc" -o "$WORK/$1" --name tables -q --block-rams "$1" 2> "$WORK/$1.err" ||
        fail "$1" "$(grep -m 1 error "$WORK/$1.err")"
}

# check N BLOCK-RAMS: are used
check() (
    compile "$1"
    told=$(number bram18 "$WORK/$1")
    [ "$told" = "$2" ] || fail "$1" "$told block RAMs, not $2"
    "$BXC" verify "$WORK/$1" -n 2000 > "$WORK/$1.out" 2>&1
    grep -q '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus' "$WORK/$1.out" ||
        fail "$1" "$(grep -h -m 1 -e '^verdict' -e 'error:' "$WORK/$1.out")"
    cmp -s "$WORK/$1/model.bxc" "$WORK/0/model.bxc" || fail "$1" "another quantised graph"
    echo "ok block_ram_$1"
)

# Never more than there are, whatever look-ups have in common.
for n in 1 2 3 4; do
    "$BXC" compile "$here/common.bxc" -o "$WORK/common" -q --block-rams "$n" 2> "$WORK/common.err"
    told=$(number bram18 "$WORK/common")
    if [ "${told:-99}" -le "$n" ]; then echo "ok block_ram_common_$n"; else echo "not ok block_ram_common_$n: $told block RAMs"; fi
done

compile 0
check 1 1
check 4 3
check 100 8
before=$(number lut "$WORK/0")
for n in 1 4 100; do
    lut=$(number lut "$WORK/$n")
    if [ "$lut" -lt "$before" ]; then echo "ok block_ram_fewer_lut_$n"; else echo "not ok block_ram_fewer_lut_$n: $lut, were $before"; fi
    before=$lut
done

faults_caught block_ram "$here/faults.txt" "$WORK/100" -n 2000

# what an edit may hold: the tables as they are written, and nothing else that begins with them
edit() { # NAME SCRIPT CODE SAYS
    fw=$WORK/edit_$1
    cp -r "$WORK/100" "$fw"
    rm -rf "$fw/verify"
    sed -i "$2" "$fw/rtl/tables_bent.v"
    cmp -s "$fw/rtl/tables_bent.v" "$WORK/100/rtl/tables_bent.v" && fail "edit_$1" "nothing is edited"
    "$BXC" verify "$fw" --engines datapath -n 100 > "$fw.out" 2>&1
    code=$?
    [ $code = "$3" ] && grep -q "$4" "$fw.out" || fail "edit_$1" "verify ended with $code: $(head -n 1 "$fw.out")"
    echo "ok block_ram_edit_$1"
}
(edit comment '1s/$/ edited/' 0 'not as bxc compiled it: rtl/tables_bent.v$')
(edit other_initial 's/^endmodule/    initial bent_0 = 12;\n&/' 1 "error: .*'initial' of anything but")
(edit initial_of_register 's/^endmodule/    initial begin bent_0[0] = 1; end\n&/' 1 "error: .*'initial' of anything but")
(edit initial_delayed 's/bent_0_table.5. = /&#1 /' 1 "error: .*'initial' of anything but")
(edit other_attribute 's/rom_style = "block"/ram_init = "x"/' 1 'error: .*an attribute')

if command -v yosys > /dev/null; then
    cd "$WORK/100/rtl" || exit 1
    yosys -q -p "read_verilog $(tr '\n' ' ' < files.f); synth_xilinx -family xcup -flatten -noiopad -noclkbuf -run :map_ffs; tee -o $WORK/cells stat" > "$WORK/yosys" 2>&1
    made=$(awk '$1 == "RAMB18E2" { n += $2 } $1 == "RAMB36E2" { n += 2 * $2 } END { print n + 0 }' "$WORK/cells")
    if [ "$made" = 8 ]; then echo "ok block_ram_yosys"; else echo "not ok block_ram_yosys: $made block RAMs, not 8: $(tail -n 1 "$WORK/yosys")"; fi
else
    echo "skip block_ram_yosys: it is not there"
fi

# diff and explain tell them where they tell LUT
"$BXC" diff "$WORK/0" "$WORK/100" > "$WORK/diff.out"
if grep -Eq '^  bent  .* 0 LUT, .* FF, [0-9]+ block RAMs  ' "$WORK/diff.out"; then echo "ok block_ram_diff"; else echo "not ok block_ram_diff: $(grep bent "$WORK/diff.out")"; fi
"$BXC" explain "$WORK/100" --json > "$WORK/explain.json"
told=$(sed -n '/"logic"/,/\]/s/^.*"bram18":[[:space:]]*\([0-9]*\).*/\1/p' "$WORK/explain.json" | awk '{ n += $1 } END { print n }')
if [ "$told" = 8 ]; then echo "ok block_ram_explain"; else echo "not ok block_ram_explain: $told of 8"; fi

# what is worth no block RAM is told: no table, and one that would save 40 LUT by itself
for op in relu softmax; do
    "$BXC" compile "$ROOT/tests/cosim/ops/$op.bxc" -o "$WORK/$op" --block-rams 5 > "$WORK/$op.out" 2>&1
    if grep -q 'warning: --block-rams 5 does nothing' "$WORK/$op.out"; then echo "ok block_ram_nothing_for_$op"; else echo "not ok block_ram_nothing_for_$op: nothing is told"; fi
done

# as is what there are too few for, and how many it takes
"$BXC" compile "$ROOT/tests/cosim/ops/no_room.bxc" -o "$WORK/few" --block-rams 2 > "$WORK/few.out" 2>&1
if grep -q 'warning: --block-rams 2 does nothing: too few for any .* takes 8 in all' "$WORK/few.out"; then echo "ok block_ram_too_few"; else echo "not ok block_ram_too_few: $(grep warning "$WORK/few.out")"; fi

# one table of many in block RAM costs more registers, in which the others' results wait, than it saves
awk 'BEGIN {
    print "bxc graph 1\ngraph \"many\"\n%0 = input() \"x\" : [1,64] real"
    print "%1 = narrow(%0) \"in\" rounding=half_even overflow=saturate formats=s8f5 : [1,64] real"
    print "%2 = tanh(%1) \"bend\" : [1,64] real"
    print "%3 = narrow(%2) \"bent\" rounding=half_even overflow=saturate formats=s9f8 : [1,64] real\noutput \"y\" %3" }' > "$WORK/many.bxc"
for n in 1 32; do "$BXC" compile "$WORK/many.bxc" -o "$WORK/many" --block-rams $n > "$WORK/many_$n.out" 2>&1; done
if grep -q 'warning: --block-rams 1 does not make the circuit smaller: about 2,[0-9]* LUT and 2,[0-9]* FF, and 2,304 LUT' "$WORK/many_1.out" && ! grep -q 'warning: --block-rams' "$WORK/many_32.out"
then echo "ok block_ram_larger"; else echo "not ok block_ram_larger: $(grep -h 'warning: --block' "$WORK"/many_*.out)"; fi
