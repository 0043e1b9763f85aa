#!/bin/sh
# Published models, where ../shared is there: each compiles, and engines agree on EVENTS events (500);
# logits of the 6-bit tagger are the float ones to the last bit; cycles never fall as the clock rises.
# The Verilog of the large ones is simulated by tests/long/shared.sh, which sets ALL_ENGINES.
set -u
[ -n "${SHARED:-}" ] || { echo "skip shared_models: ../shared is not there"; exit 0; }
events=${EVENTS:-500}
[ -n "${ALL_ENGINES:-}" ] || export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1

say() { if [ "$2" = 0 ]; then echo "ok shared_$1"; else echo "not ok shared_$1: $3"; cat "$WORK/log" >&2; fi; }
why() { grep -m 1 -e '^verdict' -e error "$WORK/log"; }
number() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "$2"; }

# model ENGINES FILE OPTIONS...
model() {
    engines=${ALL_ENGINES:-$1} file=$2 name=$(basename "${2%.*}")
    shift 2
    "$BXC" compile -q "$SHARED/models/$file" -o "$WORK/$name" "$@" > "$WORK/log" 2>&1
    say "compile_$name" $? "$(why)"
    "$BXC" verify "$WORK/$name" -n "$events" --engines "$engines" > "$WORK/log" 2>&1 &&
        grep -q "^verdict: equal in every bit: emulator, $(echo "$engines" | sed 's/,/, /g')\$" "$WORK/log"
    say "verify_$name" $? "$(why)"
    [ -z "${ALL_ENGINES:-}" ] || { echo; echo "$name"; "$BXC" report "$WORK/$name"; cat "$WORK/log"; }
    cycles "$name" "$SHARED/models/$file" "$@"
    rm -rf "${WORK:?}/$name"
}

cycles() { # NAME FILE OPTIONS...
    name=$1 file=$2 before=0
    shift 2
    for clock in 200 360 480; do
        rm -rf "$WORK/clocked"
        "$BXC" compile -q "$file" -o "$WORK/clocked" --clock ${clock}MHz "$@" > "$WORK/log" 2>&1
        now=$(number latency "$WORK/clocked/interface.json")
        [ "${now:-0}" -ge "$before" ] && [ "${now:-0}" -gt 0 ] || { say "cycles_$name" 1 "${now:-no} cycles at $clock MHz after $before"; return; }
        before=$now
    done
    say "cycles_$name" 0
}

# No calibration: the port is fixed<16,6>; weights and quantisers are powers of two.
exact() {
    "$BXC" compile -q "$SHARED/models/qonnx/qkeras_jettagging.onnx" -o "$WORK/drop" --softmax drop > "$WORK/log" 2>&1
    "$BXC" verify "$WORK/drop" -n "$events" --engines c > "$WORK/log" 2>&1
    said=$?
    exact=$(number grid_exact "$WORK/drop/verify/verdict.json") all=$(number grid_outputs "$WORK/drop/verify/verdict.json")
    [ $said = 0 ] && [ "${all:-0}" -gt 0 ] && [ "$exact" = "$all" ]
    say exact_qkeras_jettagging $? "$exact of $all logits equal"
}

normal=$ROOT/tests/oracle/data
model datapath,c,hls,rtl,icarus hgq/jsc_openml_0.733.keras
model datapath,c,hls,rtl,icarus hgq/jsc_openml_0.758.keras
model datapath,c,hls,rtl hgq/jsc_openml_0.771.keras
model datapath,c,hls,rtl qonnx/qkeras_jettagging.onnx
exact
model datapath,c,hls onnx/three_layer_keras.onnx --calibrate "$normal/three_layer_keras-in.npy"
model datapath,c,hls onnx/three_layer_pytorch.onnx --calibrate "$normal/three_layer_pytorch-in.npy"
model datapath,c,hls qonnx/TFC_1W1A.onnx
