#!/bin/sh
# Every operator of ir/ops.def has a small model in ops/, ops/OP.bxc, that all engines agree on bit for
# bit; an operator without one fails. Other models in ops/ show more of an operator: every rounding, wires
# times wires. ops/NAME.args has options for compile.
#   ops.sh [MODEL...]          env: ENGINES (default: all), EVENTS
set -u
models=$ROOT/tests/cosim/ops
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1

# OP ARITHMETIC of each line.
operators() { sed -n 's/^OP([A-Z_]*, "\([a-z_]*\)", [a-z]*, \([A-Z]*\),.*/\1 \2/p' "$ROOT/ir/ops.def"; }
fail() { echo "not ok op_$1: $2"; exit 0; }
number() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "$2"; }

# The numbers of quantised arithmetic are those of the float model: all but exponentials are exact.
check_exact() {
    grep -q -e '= softmax(' -e '= sigmoid(' -e '= tanh(' -e '= exp(' "$models/$1.bxc" && return
    [ "$(number grid_exact "$2")" = "$(number grid_outputs "$2")" ] || fail "$1" "the float model gives other numbers"
}

check_model() {
    folder=$WORK/$1
    # shellcheck disable=SC2046
    "$BXC" compile "$models/$1.bxc" -o "$folder" -q $(cat "$models/$1.args" 2> /dev/null) 2> "$folder.err" ||
        { cat "$folder.err" >&2; fail "$1" "$(grep -m 1 error "$folder.err")"; }
    case $(operators | grep "^$1 ") in
    *REAL | '') ;;
    *) grep -q "= $1(" "$folder/model.bxc" || fail "$1" "the quantised graph has no such operator: nothing was tested" ;;
    esac
    "$BXC" verify "$folder" -n "${EVENTS:-300}" -j 1 ${ENGINES:+--engines "$ENGINES"} > "$folder.out" 2> "$folder.err" ||
        { cat "$folder.out" "$folder.err" >&2; fail "$1" "$(grep -h -m 1 -e '^verdict' -e error "$folder.out" "$folder.err" | head -n 1)"; }
    wanted="emulator, $(echo "${ENGINES:-datapath,c,hls,rtl,icarus}" | sed 's/,/, /g')"
    grep -q "^verdict: equal in every bit: $wanted\$" "$folder.out" || fail "$1" "$(grep '^verdict' "$folder.out")"
    grep -q ' real$' "$models/$1.bxc" && check_exact "$1" "$folder/verify/verdict.json"
    rm -rf "$folder"
    echo "ok op_$1"
}

if [ $# -gt 0 ]; then
    for model; do (check_model "$(basename "$model" .bxc)"); done
    exit 0
fi
count=$(operators | wc -l)
[ "$count" = "$(grep -c '^OP(' "$ROOT/ir/ops.def")" ] || echo "not ok ops: lines of ir/ops.def that this script cannot read"
operators | while read -r op _; do
    grep -q "= $op(" "$models/$op.bxc" || echo "not ok op_$op: no small model: write tests/cosim/ops/$op.bxc"
done
ls "$models"/*.bxc | xargs -P "${JOBS:-2}" -n 1 "$0"
