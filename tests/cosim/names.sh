#!/bin/sh
# Every word of codegen/reserved.def, of our own templates, and of the headers that emitted files include, as the
# name of a port, a node and a constant at once; names that are equal, empty, or in another script; and names made
# to meet those that the emitters make. Each model is verified in all engines, so that all of it compiles and gives
# the right numbers. A sample of the words names the firmware itself; NAMES=all takes them all.
set -u
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O0
cd "$WORK" || exit 1

table_words() { sed 's|/\*.*\*/||' "$ROOT/codegen/reserved.def" | sed -n 's/^ *"\([^"]*\)".*/\1/p' | tr ' ' '\n'; }
template_words() { sed -n '/template_words/,$s/^ *"\(.*\)",$/\1/p' "$BUILD/generated/templates.c"; }
# Macros that begin with a letter, functions and types, as the compiler itself knows them.
header_words() {
    printf '#include <%s>\n' cstdio cstring cmath cstdint climits cinttypes cstdlib > headers.cpp
    g++ -std=gnu++17 -E -dM headers.cpp | sed -n 's/^#define \([A-Za-z][A-Za-z0-9_]*\)[ (].*/\1/p'
    g++ -std=gnu++17 -E headers.cpp | grep -o '\b[a-z][a-z0-9_]* (' | tr -d ' ('
    g++ -std=gnu++17 -E headers.cpp | grep -o '\b[a-z][a-z0-9_]*_t\b'
}
{ table_words; template_words; header_words; } | grep . | sort -u > words

# A model of the words in a file: each names a sum and its constant, some name inputs, the others outputs. A maximum, since
# the Verilog has functions for it.
model_of() {
    awk -v inputs="$2" '
        { word[NR] = $0 }
        END {
            print "bxc graph 1\ngraph \"functional\""
            for (; n < NR && n < inputs; n++) printf "%%%d = input() \"%s\" rounding=half_even overflow=wrap : [1,2] s4f1\n", n, word[n + 1]
            for (i = 1; i <= NR; i++) {
                printf "%%%d = constant() \"%s\" : [1,2] [1,2]{s3f1, s4f2} {%d, %d}\n", n++, word[i], i % 3 + 1, -(i % 5) - 2
                printf "%%%d = add(%%%d, %%%d) \"%s\" : [1,2] [1,2]{s5f1, s6f2}\n", sum[i] = n++, i % inputs, n - 2, word[i]
            }
            printf "%%%d = reduce_max(%%0) \"largest\" axis=1 keep_dimensions=true : [1,1] s4f1\noutput \"largest\" %%%d\n", n, n
            for (i = inputs < NR ? inputs + 1 : 1; i <= NR; i++) printf "output \"%s\" %%%d\n", word[i], sum[i]
        }' "$1"
}
# Whether everything in FOLDER compiles without a warning.
compiles() {
    name=$(sed -n 's/.*"name":[[:space:]]*"\([^"]*\)".*/\1/p' "$1/interface.json" | head -n 1)
    (
        cd "$1" && gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only c/*.c &&
            g++ -std=c++14 -Wall -Wextra -Werror -Wno-unknown-pragmas -fsyntax-only hls/*.cpp &&
            verilator --lint-only -Wall --top-module "$name" rtl/*.v && iverilog -g2005 -Wall -s testbench -o icarus rtl/*.v sim/testbench.v
    ) > log 2>&1
}
check_compiles() { # NAME MODEL
    "$BXC" compile "$2" -o "$1.fw" -q --clock 500MHz 2> log && compiles "$1.fw" && echo "ok $1" && rm -rf "$1.fw" && return
    cat log >&2
    echo "not ok $1: $(grep -m 1 -i error log)"
}
check_verify() { # NAME MODEL
    if ! "$BXC" compile "$2" -o "$1.fw" -q --clock 500MHz 2> log; then
        cat log >&2
        echo "not ok $1: $(grep -m 1 error log)"
    elif ! compiles "$1.fw"; then
        cat log >&2
        echo "not ok $1: $(grep -m 1 -i -e warning -e error log)"
    elif ! "$BXC" verify "$1.fw" -n 100 > log 2> err || ! grep -q '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus$' log; then
        cat log err >&2
        echo "not ok $1: $(grep -h -m 1 -e '^verdict' -e error log err | head -n 1)"
    else
        echo "ok $1"
    fi
}

# Each word is a port; more than 250 inputs are no network.
model_of words 250 > every_word.bxc
check_compiles every_word every_word.bxc
tac words > drow
model_of drow 250 > every_word.bxc
check_compiles every_word_backwards every_word.bxc

# What the emitters make of a port 'x', a node 'n' and the firmware's name, as names of the model.
for word in x x_0 x_0_d1 x_0_s1 x_0_s1_d1 x_register x_t x_2 X n n_0 n_1 n_0_d1 n_0_d2 n_0_s1 n_0_2 layer_n v_n c_n c_n_shift type_n type_v_n \
            met met_layers met_n met_x_t met_x_fraction met_content_hash met_run met_in_x_width met_out_n_width m_x in_x out_n port_x \
            port_x_integer lookup_0 less_4 less_digit left right below equal bxc_left bxc_unused shared dut value clk rst valid unused i j y a b '' '' é ü 漢字 'a b' a-b a.b 'a*/b' 'a/*b' 'a//b' 'a%sb' \
            "a'b" '$(date)' '`a`' '@{name}' "$(printf '%0200d' 0)" "$(printf '%0200d' 0)"; do
    printf '%s\n' "$word"
done > made
model_of made 40 > met.bxc
check_verify met met.bxc

# The firmware's own name.
case ${NAMES:-} in
all) cat words ;;
*) printf '%s\n' using bxc_copy main load float entity y0 value layers testbench store string vl_in signal off64_t ;;
esac > firmware_words
bad=0
while read -r word; do
    sed "s/\"module\"/\"$word\"/" "$ROOT/tests/cosim/ops/input_names.bxc" > "$word.bxc"
    "$BXC" compile "$word.bxc" -o one.fw -q 2> log && compiles one.fw || { bad=1; cat log >&2; echo "not ok firmware_$word: $(grep -m 1 -i error log)"; }
    rm -rf one.fw "$word.bxc"
done < firmware_words
[ $bad = 1 ] || echo "ok firmware"

# Two exporters' graphs of one name are two firmwares; the file names them.
mkdir here && cp "$ROOT/tests/cosim/ops/input_names.bxc" here/tagger.v2.bxc
"$BXC" compile here/tagger.v2.bxc -o two -q && grep -q '^module tagger_v2 ' two/rtl/tagger_v2.v && echo "ok named_by_the_file" || echo "not ok named_by_the_file"
