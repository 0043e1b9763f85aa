#!/bin/sh
# Values of up to 64 bits (63 unsigned) work in every engine. One bit more is refused by the node's name, and no folder
# is written; where it comes from operands whose points lie apart, the finer one is rounded, which is told.
set -u
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1
failed=0
say() { if [ "$2" = 0 ]; then echo "ok wide_$1"; else echo "not ok wide_$1: $3"; cat "$WORK/log" >&2; failed=1; fi; }

# Reads cases, "OP FORMAT FORMAT" or "narrow FROM ROUNDING OVERFLOW TO", and prints one graph of them all,
# each with inputs of its own; the nodes are named wide_0, wide_1, ...
graph() {
    awk 'BEGIN { print "bxc graph 1\ngraph \"wide\"" }
    function node(op, operands, name, details) { printf "%%%d = %s(%s) \"%s\" %s : [1,1] real\n", count, op, operands, name, details; return "%" count++ }
    function port(format, name) {
        return node("narrow", node("input", "", name, "as \"" name "\""), name "_port", "rounding=half_even overflow=wrap formats=" format)
    }
    $1 == "narrow" { results[NR] = node("narrow", port($2, "x" NR), "wide_" NR, "rounding=" $3 " overflow=" $4 " formats=" $5) }
    $1 == "reduce_max" || $1 == "argmax" || $1 == "reduce_sum" {
        joined = count + 4; a = port($2, "a" NR); b = port($3, "b" NR)
        printf "%%%d = concat(%s, %s) \"joined_%d\" axis=1 : [1,2] real\n", count++, a, b, NR
        results[NR] = node($1, "%" joined, "wide_" NR, "axis=1 keep_dimensions=true")
    }
    $1 == "add" || $1 == "sub" || $1 == "mul" || $1 == "matmul" { a = port($2, "a" NR); results[NR] = node($1, a ", " port($3, "b" NR), "wide_" NR) }
    END { for (i = 1; i <= NR; i++) printf "output \"y%d\" %s\n", i, results[i] }'
}

graph > "$WORK/works.bxc" << 'END'
mul s32f0 s32f0
mul u32f3 u31f8
matmul s32f40 s32f-2
add s63f0 s63f0
add u62f9 u62f9
add s32f31 s32f0
sub u63f0 u63f0
reduce_sum s63f2 s62f1
reduce_max s64f3 s63f2
argmax s32f31 s64f31
narrow s64f3 half_up saturate s61f0
narrow s64f0 half_up saturate s3f-64
narrow u63f3 half_even wrap u60f0
narrow s64f0 half_away saturate_symmetric s20f1
narrow s64f-5 ceiling wrap s64f-6
narrow s64f1 half_down saturate s64f0
narrow s64f0 toward_zero saturate_zero s63f1
narrow s40f0 truncate wrap s64f60
narrow s48f0 half_even saturate s16f24
END
"$BXC" compile -q "$WORK/works.bxc" -o "$WORK/works" > "$WORK/log" 2>&1 &&
    "$BXC" verify "$WORK/works" -n 1000 -j 1 > "$WORK/log" 2>&1 && grep -q 'emulator, datapath, c, hls, rtl, icarus$' "$WORK/log"
say boundary $? "$(grep -m 1 -e '^verdict' -e error "$WORK/log")"

graph > "$WORK/rounded.bxc" << 'END'
add s33f31 s33f0
reduce_sum s64f2 s63f1
reduce_max s64f3 s64f2
argmax s34f31 s64f0
END
"$BXC" compile -q "$WORK/rounded.bxc" -o "$WORK/rounded" > "$WORK/log" 2>&1 &&
    "$BXC" verify "$WORK/rounded" -n 1000 -j 1 > "$WORK/log" 2>&1 && grep -q 'emulator, datapath, c, hls, rtl, icarus$' "$WORK/log"
say rounded $? "$(grep -m 1 -e '^verdict' -e error "$WORK/log")"
for number in 1 2 3 4; do
    tr '\n' ' ' < "$WORK/rounded/report/report.json" | grep -q "\"subject\":[[:space:]]*\"wide_$number\",[^}]*round"
    say "rounded_is_told_$number" $? "no note names node 'wide_$number'"
done

number=0
while read -r case; do
    number=$((number + 1))
    rm -rf "$WORK/refused"
    echo "$case" | graph > "$WORK/refused.bxc"
    "$BXC" compile -q "$WORK/refused.bxc" -o "$WORK/refused" > "$WORK/log" 2>&1
    [ $? = 1 ] && grep -q 'error: .*64 bits' "$WORK/log" && grep -q "at: node 'wide_1'" "$WORK/log" && [ ! -e "$WORK/refused" ]
    say "refused_$number" $? "'$case' is not refused by name: $(grep -m 1 error "$WORK/log")"
done << 'END'
mul s33f0 s32f0
mul u32f3 u32f8
matmul s33f40 s32f-2
add s64f0 s63f0
add u63f9 u63f9
sub u1f0 s64f0
END
exit $failed
