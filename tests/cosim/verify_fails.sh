#!/bin/sh
# Does verify say no? Exit code 1 and the reason, when a firmware lies about its latency or interval, when its files
# are of different makes, when an engine gives another bit, when a folder is none.
set -u
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1

# expect NAME CODE PATTERN VERIFY-OPTIONS...
expect() {
    name=$1 code=$2 pattern=$3
    shift 3
    "$BXC" verify "$WORK/fw" -n 200 -j 1 "$@" > "$WORK/log" 2>&1
    got=$?
    if [ $got = "$code" ] && grep -q -e "$pattern" "$WORK/log"; then echo "ok verify_$name"; else
        echo "not ok verify_$name: exit code $got, wanted $code and '$pattern'"; cat "$WORK/log" >&2; fi
}

# edit FILE SED-SCRIPT: a change that must change something.
edit() {
    cp "$WORK/fw/$1" "$WORK/before"
    sed "$2" "$WORK/before" > "$WORK/fw/$1"
    ! cmp -s "$WORK/before" "$WORK/fw/$1" || echo "not ok verify: nothing to edit in $1"
}
undo() { cp "$WORK/before" "$WORK/fw/$1"; }

"$BXC" compile -q tests/cosim/ops/matmul.bxc -o "$WORK/fw" || exit 1
latency=$(sed -n 's/.*"latency":[[:space:]]*\([0-9]*\).*/\1/p' "$WORK/fw/interface.json")
export CFLAGS='-O1 -DBXC_PROBES' # inner values would be taken for outputs, and a right event for a wrong one
expect probes_in_the_environment 1 "engine 'c' is not built: '-O1 -DBXC_PROBES' puts inner values among the outputs" --engines c
[ ! -e "$WORK/fw/verify/regression.npy" ] || echo "not ok verify_probes_in_the_environment: a regression vector is kept"
export CFLAGS=-O1
"$BXC" compile -q tests/cosim/mutants/model.bxc -o "$WORK/float" && # it has a float model
    "$BXC" verify "$WORK/float" -n 1 --engines float,c > "$WORK/log" 2>&1
if grep -q '^network: not compared: of the events none was held against the float model' "$WORK/log"; then echo "ok verify_one_event"; else
    echo "not ok verify_one_event"; cat "$WORK/log" >&2; fi
expect says_yes 0 '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus$'

edit interface.json "s/\"latency\":\([[:space:]]*\)$latency/\"latency\":\1$((latency + 1))/"
expect interface_edited 1 'interface.json: error: is not as bxc compiled it' --engines rtl
expect latency_too_long 1 '^verdict: wrong latency' --engines rtl --no-hash-check
undo interface.json
edit interface.json "s/\"latency\":\([[:space:]]*\)$latency/\"latency\":\1$((latency - 1))/"
expect latency_too_short 1 '^verdict: wrong latency' --engines rtl --no-hash-check
undo interface.json
edit interface.json 's/"initiation_interval":\([[:space:]]*\)1/"initiation_interval":\12/'
for engine in rtl icarus; do
    expect "interval_told_too_long_$engine" 1 '^verdict: wrong interval: interface.json tells 2 cycles from event to event$' \
        --engines $engine --no-hash-check
done
undo interface.json
edit sim/harness.cpp 's/interval = 1,/interval = 3,/'
expect interval_of_the_harness 1 '^verdict: wrong interval: interface.json tells 1 cycles' --engines rtl --no-hash-check
undo sim/harness.cpp
edit sim/testbench.v 's/INTERVAL = 1;/INTERVAL = 3;/'
expect interval_of_the_testbench 1 '^verdict: wrong interval: interface.json tells 1 cycles' --engines icarus --no-hash-check
undo sim/testbench.v

for engine in c/matmul.c hls/matmul.h rtl/matmul.v; do
    edit "$engine" "/content_hash\[65\]\|CONTENT_HASH = /s/[0-9a-f]\{8\}\([\";]*\)\$/00000000\1/"
    expect "stale_${engine%%/*}" 1 'stale' --engines "${engine%%/*}"
    expect "stale_${engine%%/*}_unchecked" 0 '^verdict: equal' --engines "${engine%%/*}" --no-hash-check
    undo "$engine"
done

edit c/matmul.c 's/out_y\[i\] = v_/out_y[i] = 1 ^ v_/'
expect ap_types_nowhere 1 'no such folder' --engines hls --ap-types "$WORK/nowhere"
expect other_bit 1 "MatMul_0" --engines c
undo c/matmul.c
mv "$WORK/fw/manifest.json" "$WORK/before"
expect no_manifest 1 'manifest.json'
mv "$WORK/before" "$WORK/fw/manifest.json"
expect says_yes_again 0 '^verdict: equal' --engines c
