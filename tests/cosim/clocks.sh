#!/bin/sh
# Random networks at random clocks on parts of every family: bxc compiles them or says why not, and the
# Verilog gives the emulator's bits after as many cycles as it tells.
# 655 and 730: look-ups that take longer than a stage, near 600 MHz; 20: equality, 95 and 1380: clamps, 171: a sum.
#   clocks.sh     env: SEEDS (default "3 4 20 95 171 283 286 655 730 1380"), EVENTS
set -u
graphs=$BUILD/tests/unit/clocks
parts="xcvu13p-flga2577-2-e xcku115-flvb2104-2-e xc7vx690tffg1927-2 xcvu9p-flga2104-1-e xcvu9p-flga2104-3-e"
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1

part_of() { set -- $(($1 % 5)) $parts; shift "$1"; echo "$2"; }

check_seed() { # SEED: 50 to 1,200 MHz
    seed=$1 folder=$WORK/$1 clock=$(($1 * 7919 % 1151 + 50))MHz part=$(part_of "$1")
    "$graphs" --graph "$seed" > "$folder.bxc"
    if ! "$BXC" compile -q "$folder.bxc" -o "$folder" --clock "$clock" --part "$part" 2> "$folder.err"; then
        if grep -q 'help:' "$folder.err" && ! grep -q defect "$folder.err"; then echo "ok clock_$seed"; return; fi
        echo "not ok clock_$seed: $clock $part: $(grep -m 1 error "$folder.err")"
        return
    fi
    if "$BXC" verify "$folder" -n "${EVENTS:-300}" -j 1 --engines rtl > "$folder.out" 2>&1 && grep -q '^verdict: equal in every bit' "$folder.out"; then
        echo "ok clock_$seed"
    else
        cat "$folder.out" >&2
        echo "not ok clock_$seed: $clock $part: $(grep -m 1 -e '^verdict' -e error "$folder.out")"
    fi
    rm -rf "$folder"
}

if [ $# -gt 0 ]; then
    for seed; do check_seed "$seed"; done
    exit 0
fi
# shellcheck disable=SC2086
printf '%s\n' ${SEEDS:-3 4 20 95 171 283 286 655 730 1380} | xargs -P "${JOBS:-2}" -n 1 "$0"
