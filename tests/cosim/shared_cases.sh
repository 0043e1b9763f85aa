#!/bin/sh
# Small inputs that once went wrong at the line, where ../shared is there: each compiles, engines agree, and the outputs
# are those of the reference tools, within what the formats or binary32's own rounding leave.
set -u
cases=${SHARED:+$SHARED/cases}
[ -d "${cases:-/nowhere}" ] || { echo "skip shared_cases: ../shared/cases is not there"; exit 0; }
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1
cc -std=c11 -O1 -o "$WORK/compare" "$ROOT/tests/cosim/npy_compare.c" -lm 2> "$WORK/log" || { echo "not ok shared_cases: $(head -n 1 "$WORK/log")"; exit 1; }

say() { if [ "$2" = 0 ]; then echo "ok shared_case_$1"; else echo "not ok shared_case_$1: $3"; cat "$WORK/log" >&2; fi; }

# NAME FILE OPTIONS...: compiles, and C and HLS C++ agree
agree() {
    name=$1 file=$2
    shift 2
    rm -rf "$WORK/fw"
    "$BXC" compile -q "$cases/$file" -o "$WORK/fw" "$@" > "$WORK/log" 2>&1 &&
        { "$BXC" verify "$WORK/fw" -n 2000 --engines c,hls > "$WORK/log" 2>&1; grep -q '^verdict: equal in every bit: emulator, c, hls' "$WORK/log"; }
    say "$name" $? "$(grep -m 1 -e error -e '^verdict' "$WORK/log")"
}

# FOLDER TOLERANCE [OPTIONS...]: and the emulator's outputs are the reference's
right() {
    folder=$1 tolerance=$2
    shift 2
    agree "$folder" "$folder/model.onnx" "$@"
    for reference in "$cases/$folder"/y_ref*.npy; do
        output=$(basename "$reference" .npy)
        output=${output#y_ref}
        "$BXC" run -q "$WORK/fw" "$cases/$folder/x.npy" --engine emulator -o "$WORK/y.npy" > "$WORK/log" 2>&1 &&
            "$WORK/compare" "$WORK/y$output.npy" "$reference" "$tolerance" >> "$WORK/log" 2>&1
        say "numbers_of_$folder$output" $? "$(tail -n 1 "$WORK/log")"
    done
}

agree b11 b11.json --input 'fixed<16,8>'
agree b8 b8.json
agree thr4 thr4.json
agree K K_bias_relu_no_quant.onnx
agree L L_perchannel_activation_into_matmul.onnx
agree M M_residual_relu_quant.onnx
right table_not_covered_residual 1e-6
right clip_one_sided_only 0
right flatten_batch1_axis2 0 --input 'fixed<8,8>'
right np2_pt_bq_softmax 0.0009765625 --calibrate "$cases/np2_pt_bq_softmax/x.npy"
right min_sigmoid 0.015625 --calibrate "$cases/min_sigmoid/x.npy"
