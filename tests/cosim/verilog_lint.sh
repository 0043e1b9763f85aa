#!/bin/sh
# Is the Verilog of whole models clean? verilator -Wall and iverilog -Wall say nothing, Yosys reads it
# and finds no latch, no loop and no undriven wire. Can a person read it? No line beyond 119 columns, in the C and
# the HLS C++ neither; each module says in which cycles it computes and what its names mean.
set -u
for tool in verilator iverilog yosys; do
    command -v $tool > /dev/null || { echo "skip verilog_lint: $tool is not there"; exit 0; }
done
failed=0

# check NAME COMMAND...: the command must succeed and print nothing.
check() {
    name=$1; shift
    if "$@" > "$WORK/log" 2>&1 && [ ! -s "$WORK/log" ]; then
        echo "ok $name"
    else
        echo "not ok $name: $(head -n 1 "$WORK/log")"
        head -n 20 "$WORK/log" >&2
        failed=1
    fi
}

lint() { # MODEL OPTIONS...
    model=$1; shift
    base=$(basename "$model" | sed 's/\.[a-z]*$//')
    if ! "$BXC" compile -q "$model" -o "$WORK/$base" --name lint --clock 360MHz --part xcvu13p-flga2577-2-e "$@" > "$WORK/log" 2>&1; then
        echo "not ok compile_$base: $(head -n 1 "$WORK/log")"
        failed=1
        return
    fi
    cd "$WORK/$base/rtl" || exit 1
    latency=$(sed -n 's/.*"latency":[[:space:]]*\([0-9]*\).*/\1/p' ../interface.json)
    check "verilator_$base" verilator --lint-only -Wall --top-module lint -F files.f
    check "iverilog_$base" iverilog -Wall -g2005 -o /dev/null -s lint -c files.f
    check "yosys_$base" yosys -q -p "read_verilog -noautowire $(tr '\n' ' ' < files.f); hierarchy -check -top lint; proc; select -assert-none t:\$dlatch*; check -assert"
    check "columns_$base" awk 'length > 119 { print FILENAME ": a line of " length " columns" }' ./*.v ../hls/*.cpp ../hls/*.h ../c/*.[ch] ../sim/*.v ../sim/*.cpp
    check "headers_$base" explained
    cd "$ROOT" || exit 1
}

explained() {
    for file in lint_*.v; do
        grep -q '^// Layer .* of lint, made by bxc\.$' "$file" || echo "$file: names no layer"
        grep -q '^// Computes in cycles\{0,1\} [0-9]' "$file" || echo "$file: has no cycles"
        grep -q '^// Names and formats:$' "$file" || echo "$file: does not explain names"
        module=$(sed -n 's/^module \([a-z0-9_A-Z]*\).*/\1/p' "$file")
        [ "$module.v" = "$file" ] || echo "$file: is module $module"
        # every NODE of a wire stands in the header
        sed -n 's/^    wire \(\[[0-9:]*\] \)\{0,1\}\([A-Za-z0-9_]*\)_[0-9][0-9]*\(_s[0-9]*\)\{0,1\} = .*/\2/p' "$file" | sort -u |
            while read -r node; do grep -q "^//   $node " "$file" || [ "$node" = shared ] || echo "$file: $node is not explained"; done
    done
    sed -n 's|^// ||p' lint.v | tr '\n' ' ' | grep -q "out_valid marks at the $latency[a-z]" || echo "lint.v: another latency than $latency"
}

for model in examples/jets/*.onnx examples/jets/*.keras ${SHARED:+"$SHARED"/models/qonnx/qkeras_jettagging.onnx "$SHARED"/models/hgq/jsc_openml_0.733.keras}; do
    [ ! -f "$model" ] || lint "$(cd "$(dirname "$model")" && pwd)/$(basename "$model")"
done
lint "$ROOT/tests/cosim/delays/twice.bxc" --interval 24 --beats 1 --block-rams 9
[ -f "$WORK/log" ] || echo "skip verilog_lint: no model is there"
exit $failed
