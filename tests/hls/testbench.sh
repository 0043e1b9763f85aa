#!/bin/sh
# The testbench for the vendors' simulations, under an ordinary compiler: it passes as emitted, and fails when a
# vector, the network or the file's end is wrong. vitis.tcl, run by a Tcl that only prints, simulates before and after
# synthesis with files that exist. Ports are as wide as the widest element of the Verilog's.
set -u
export CXXFLAGS=-O0
check() { make -s -C "$1/hls" check BUILD="$WORK/build-$2" > "$WORK/log" 2>&1; }
fails() { # NAME FOLDER PATTERN
    if check "$2" "$1"; then echo "not ok $1: it passed"
    elif grep -q "$3" "$WORK/log"; then echo "ok $1"
    else
        cat "$WORK/log" >&2
        echo "not ok $1: says something else"
    fi
}

for model in tests/cosim/ops/input_names.bxc tests/cosim/ops/table_forms.bxc examples/jets/jets_hgq.keras; do
    name=$(basename "${model%.*}")
    "$BXC" compile "$ROOT/$model" -o "$WORK/$name" -q > "$WORK/log" 2>&1 && check "$WORK/$name" "$name" && grep -q "^$name: 200 events, 0 numbers differ$" "$WORK/log" &&
        echo "ok $name" || { cat "$WORK/log" >&2; echo "not ok $name: $(tail -n 1 "$WORK/log")"; }
done

fw=$WORK/jets_hgq
for fault in vector network end; do cp -r "$fw" "$WORK/$fault"; done
awk 'NR == 7 { $NF = $NF + 1 } 1' "$fw/hls/vectors.txt" > "$WORK/vector/hls/vectors.txt"
fails vector "$WORK/vector" '^event 6, output dense3, element 4: '
sed -i "s|c_dense3_kernel, y);|& y[0] = y[1];|" "$WORK/network/hls/jets_hgq.cpp"
fails network "$WORK/network" '^event 1, output dense3, element '
sed -i '$s/ [^ ]*$//' "$WORK/end/hls/vectors.txt"
fails end "$WORK/end" 'ends in the middle of an event'

# The top's ports: the widest element of each, as interface.json has them for the Verilog.
widest() { awk -F'[:,]' '/"direction"/ { if (w) print w; w = 1 } /"width":/ && in_elements { if ($2 + 0 > w) w = $2 + 0 } /"elements"/ { in_elements = 1 } /"name"/ { in_elements = 0 } END { print w }' "$1"; }
typedefs() { sed -n 's/^typedef bxc_u\{0,1\}fixed<\([0-9]*\),.*/\1/p' "$1"; }
if [ "$(widest "$fw/interface.json" | tr '\n' ' ')" = "$(typedefs "$fw/hls/jets_hgq.h" | tr '\n' ' ')" ]; then echo "ok ports"
else echo "not ok ports: $(typedefs "$fw/hls/jets_hgq.h" | tr '\n' ' ')for the Verilog's $(widest "$fw/interface.json" | tr '\n' ' ')"; fi

command -v tclsh > /dev/null || { echo "skip vitis_script: no tclsh"; exit 0; }
cat > "$WORK/stub.tcl" << 'END'
proc unknown {args} { puts [lindex $args 0]; if {[lindex $args 0] eq "add_files"} { foreach word [lrange $args 1 end] {
    if {[string match *.cpp $word] || [string match *.txt $word]} { if {![file exists $word]} { puts "missing $word" } } } } }
source vitis.tcl
END
(cd "$fw/hls" && tclsh "$WORK/stub.tcl") > "$WORK/steps" 2>&1
steps=$(grep -v -e add_files -e open_ -e set_ -e create_clock "$WORK/steps" | tr '\n' ' ')
[ "$steps" = "csim_design csynth_design cosim_design export_design " ] && echo "ok vitis_script" || echo "not ok vitis_script: $steps"
