#!/bin/sh
# The particle taggers of examples/sets: they are what their trainers' own tools compute (examples/sets/reference), and
# have the same bits at every interval.
set -u
sets=$ROOT/examples/sets
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1
say() { # NAME CODE WHY
    if [ "$2" = 0 ]; then echo "ok sets_$1"; else echo "not ok sets_$1: $3"; cat "$WORK/log" >&2; failed=1; fi
}
outputs() { # MODEL-or-fw ENGINE COUNT OUT
    "$BXC" run -q "$1" "$sets/events.npy" --engine "$2" -n "$3" -o "$4" > "$WORK/log" 2>&1
}
reference() { # MODEL REFERENCE TOLERANCE
    outputs "$sets/$1" float 1000 "$WORK/out.npy" &&
        "$WORK/compare" "$WORK/out.npy" "$sets/reference/$2.npy" "$3" > "$WORK/log" 2>&1
    say "reference_$2" $? "$(head -n 1 "$WORK/log")"
}
intervals() { # MODEL INTERVAL...
    name=${1%.*} model=$1
    shift
    for interval; do
        "$BXC" compile -q "$sets/$model" -o "$WORK/$name$interval" --interval "$interval" --calibrate "$sets/events.npy" > "$WORK/log" 2>&1 &&
            outputs "$WORK/$name$interval" datapath 1000 "$WORK/$name$interval.npy" && cmp -s "$WORK/$name$1.npy" "$WORK/$name$interval.npy"
        say "${name}_interval_$interval" $? "other outputs than at interval $1: $(head -n 1 "$WORK/log")"
    done
}
failed=0
"${CC:-cc}" -std=c11 -O1 -o "$WORK/compare" tests/cosim/npy_compare.c -lm || exit 2
reference sets.onnx sets 1e-5
reference sets_6bit.onnx sets_6bit 1e-5
reference sets_hgq.keras sets_hgq 0
reference sets_hgq_positions.keras sets_hgq_positions 0
intervals sets_6bit.onnx 1 4 32
intervals sets_hgq.keras 1 4 32
intervals sets_hgq_positions.keras 1 8
verified() { # FIRMWARE ENGINES OPTION...
    name=$1 engines=$2
    shift 2
    "$BXC" verify "$WORK/$name" --events "$sets/events.npy" --labels "$sets/labels.npy" -n 1000 "$@" > "$WORK/log" 2>&1 &&
        grep -q "^verdict: equal in every bit: $engines$" "$WORK/log"
    say "verify_$name" $? "$(grep -m 1 -e '^verdict' -e error "$WORK/log")"
}
verified sets_hgq4 'emulator, datapath, c, hls, rtl, icarus'
verified sets_hgq32 'emulator, datapath, rtl' --engines emulator,datapath,rtl
exit $failed
