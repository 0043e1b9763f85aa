#!/bin/sh
# The header of each Verilog file explains the names and formats that the file has, all of them and no others, and each
# port of a module has its format beside it.
cd "$WORK" || exit 1
check() { if eval "$2"; then echo "ok $1"; else echo "not ok $1"; fi; }

# agree FILE PATTERN REGEX: the legend has a row of this pattern if and only if something else in the file matches.
agree() {
    grep -q "^//   $2" "$1" && told=1 || told=0
    sed '/^\/\//d' "$1" | grep -Eq -e "$3" && there=1 || there=0
    [ $told = $there ] || { echo "$1: '$2' told $told, there $there" >&2; return 1; }
}
explains() { # FILE
    agree "$1" 'NODE_E_sK ' '_[0-9]+_s[0-9]+(_m[0-9]+)?(_d[0-9]+)?\>' && agree "$1" 'SIGNAL_dK ' '_d[0-9]+\>' &&
        agree "$1" 'lookup_K(i) ' '\<lookup_[0-9]' && agree "$1" 'less_N(a, b) ' '\<less_[0-9]' &&
        agree "$1" 'SIGNAL_mK ' '_m[0-9]+(_d[0-9]+)?\>' && agree "$1" 'delay_L ' '\<delay_[0-9]' &&
        agree "$1" 'SIGNAL_table' '_table \[' &&
        agree "$1" 'NAME_2, NAME_3 ' '\<(lookup|less|delay)_[0-9]+_[0-9]+\>|\<less_digit_[0-9]' &&
        agree "$1" 'unused ' '^    wire unused' && agree "$1" 'PORT_register ' '_register;$' &&
        agree "$1" 'layer_NAME ' '^    [a-z0-9_]+ layer_' && agree "$1" 'shared_E ' '\<shared_[0-9]' &&
        agree "$1" 'low N of ' '// low [0-9]' && agree "$1" 'sW, uW ' '// (low [0-9]+ of )?[su][0-9]+$'
}
tells_formats() { # FILE
    ! sed '1,/^module/d; /^);$/,$d' "$1" | grep -Ev ' (clk|rst),$' | grep -Evq ' // (low [0-9]+ of )?[su][0-9]+(f-?[0-9]+)?$'
}
all() { # COMMAND FILE...
    command=$1; shift
    for file in "$@"; do $command "$file" || return 1; done
}

for model in examples/jets/jets_6bit.onnx examples/jets/jets_hgq.keras tests/cosim/ops/argmax.bxc tests/cosim/ops/table_forms.bxc \
    tests/cosim/delays/twice.bxc; do
    name=$(basename "${model%.*}")
    case $model in *jets*) set -- --calibrate "$ROOT/examples/jets/events.npy" ;; *) set -- ;; esac
    case $model in *delays*) set -- --interval 24 --beats 1 --block-rams 9 ;; esac
    "$BXC" compile -q "$ROOT/$model" -o "$name" "$@" > /dev/null 2>&1 || echo "not ok $name compiles"
    check "$name: headers explain what the files have, and no more" "all explains $name/rtl/*.v"
    check "$name: ports of modules have their formats" "all tells_formats $name/rtl/${name}_*.v"
    check "$name: comparisons say what they are" \
        "[ \$(cat $name/rtl/*.v | grep -c '^    function less_[0-9]') = \$(cat $name/rtl/*.v | grep -c '^    // a < b of [0-9]* bits') ]"
done
check "a legend has suffixes of functions in other modules" "grep -q '^//   NAME_2' jets_6bit/rtl/*.v"
check "the top lists formats by element" "grep -q '^//  *elements 0 [su][0-9]' jets_hgq/rtl/jets_hgq.v"
