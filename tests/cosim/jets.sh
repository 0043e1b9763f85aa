#!/bin/sh
# The jet taggers of examples/jets: every engine gives the same bits on jets and on corner and random
# events; the numbers are those of the trainers' own tools (examples/jets/reference).
set -u
jets=$ROOT/examples/jets
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1
failed=0

say() { # NAME CODE WHY
    if [ "$2" = 0 ]; then echo "ok jets_$1"; else echo "not ok jets_$1: $3"; cat "$WORK/log" >&2; failed=1; fi
}
number() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "$2"; }

# compile NAME MODEL OPTIONS...
compile() {
    name=$1 model=$2
    shift 2
    "$BXC" compile -q "$jets/$model" -o "$WORK/$name" --calibrate "$jets/events.npy" "$@" > "$WORK/log" 2>&1
    code=$?
    [ $code = 0 ] || say "compile_$name" $code "$(head -n 1 "$WORK/log")"
    return $code
}

verify() { # NAME EVENTS
    "$BXC" verify "$WORK/$1" --events "$jets/events.npy" --labels "$jets/labels.npy" -n "$2" > "$WORK/log" 2>&1 &&
        grep -q '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus$' "$WORK/log"
    say "verify_$1" $? "$(grep -m 1 -e '^verdict' -e error "$WORK/log")"
    "$BXC" report "$WORK/$1" > "$WORK/log" 2>&1 && grep -q 'verdict' "$WORK/log"
    say "report_$1" $? "no report with a verdict"
}

reference() { # NAME MODEL-or-fw ENGINE EVENTS REFERENCE TOLERANCE
    "$BXC" run "$2" "$4" -o "$WORK/out.npy" --engine "$3" -n 1000 -q > "$WORK/log" 2>&1 &&
        "$WORK/compare" "$WORK/out.npy" "$jets/reference/$5" "$6" > "$WORK/log" 2>&1
    say "reference_$1" $? "$(head -n 1 "$WORK/log")"
}

# With the softmax dropped, all 6-bit arithmetic is exact for events on the port's grid.
check_exact() {
    "$BXC" verify "$WORK/drop" -n 2000 --engines c --json > "$WORK/log" 2>&1
    say verify_drop $? "$(grep -m 1 error "$WORK/log")"
    [ "$(number grid_outputs "$WORK/log")" -ge 5000 ] && [ "$(number grid_outputs "$WORK/log")" = "$(number grid_exact "$WORK/log")" ]
    say drop_is_exact $? "$(number grid_exact "$WORK/log") of $(number grid_outputs "$WORK/log") logits on the grid equal the float ones"
}

# gate NAME CODE PATTERN OPTIONS...: the second question's answer and its limits, on jets
gate() {
    name=$1 code=$2 pattern=$3
    shift 3
    "$BXC" verify "$WORK/raw" --events "$jets/events.npy" --labels "$jets/labels.npy" --engines c "$@" > "$WORK/log" 2>&1
    [ $? = "$code" ] && grep -q -e "$pattern" "$WORK/log"
    say "gate_$name" $? "it does not say '$pattern' or does not end with $code"
}

"${CC:-cc}" -std=c11 -O1 -o "$WORK/compare" tests/cosim/npy_compare.c -lm || exit 2
reference jets "$jets/jets.onnx" float "$jets/events.npy" jets.npy 1e-5
reference jets_6bit "$jets/jets_6bit.onnx" float "$jets/events.npy" jets_6bit.npy 1e-5
if compile jets_hgq jets_hgq.keras; then
    reference jets_hgq "$WORK/jets_hgq" emulator "$jets/events.npy" jets_hgq.npy 0
    reference jets_hgq_wraps "$WORK/jets_hgq" emulator "$jets/reference/wide_events.npy" jets_hgq_wide.npy 0
    reference jets_hgq_float "$jets/jets_hgq.keras" float "$jets/reference/wide_events.npy" jets_hgq_wide.npy 0
    verify jets_hgq 2000
fi
compile drop jets_6bit.onnx --softmax drop && check_exact
if compile jets_6bit jets_6bit.onnx; then
    verify jets_6bit 2000
fi
# The port carries the codes of the model's first quantiser: nothing is lost at it. Plain numbers tip its ties.
if compile raw jets_6bit.onnx --input 'fixed<20,12>'; then
    gate flips_are_the_ports 0 'decisions flipped: 325 of 10,000: 325 by the port.s rounding$'
    gate worst_event_has_its_cause 0 "the largest: event 3828 of the files: .* the port's rounding tips quantiser 'quant_input': element 1 "
    gate passes 0 '^network: as trained' --max-flips 4% --max-error 0.5 --max-loss 0.1%
    gate of_flips 1 '^network: NOT as trained' --max-flips 3%
    gate of_error 1 'largest error: 0.3243, and --max-error lets it be 0.1' --max-error 0.1
fi
compile jets jets.onnx && verify jets 2000
exit $failed
