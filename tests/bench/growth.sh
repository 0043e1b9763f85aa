#!/bin/sh
# How time and memory of `bxc compile` grow with the model: chains of operators, numbers that pass through, numbers that
# are rounded, weights of a layer, and outputs, from 10^2 to 10^5 of them. One table; "growth" is the exponent between a row and
# the one above (1: in proportion), of time and of memory. Seconds are the processors', so that what else runs does not
# count. Memory is the most that the process had, looked at twenty times a second.
#   growth.sh BXC [FILTER]     env: SIZES ("100 1000 10000 100000"), SECONDS_MAX (600, of one compilation)
set -u
bxc=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") filter=${2:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/bxc-growth.XXXXXX")
trap 'rm -rf "$work"' EXIT

relu_chain() {
    awk -v n="$1" 'BEGIN {
        print "bxc graph 1\ngraph \"chain\"\n%0 = input() \"x\" : [1,2] real"
        print "%1 = narrow(%0) \"q\" formats=s8f4 rounding=half_even overflow=saturate : [1,2] real"
        for (i = 2; i < n + 2; i++) printf "%%%d = relu(%%%d) \"relu%d\" : [1,2] real\n", i, i - 1, i
        printf "output \"y\" %%%d\n", n + 1 }'
}
pass_through() {
    printf 'bxc graph 1\ngraph "pass"\n%%0 = input() "x" : [1,%d] real\n%%1 = narrow(%%0) "q" formats=s8f4 rounding=half_even overflow=saturate : [1,%d] real\noutput "y" %%1\n' "$1" "$1"
}
roundings() {
    printf 'bxc graph 1\ngraph "roundings"\n%%0 = input() "x" : [1,%d] real\n%%1 = narrow(%%0) "q" formats=s12f6 rounding=half_even overflow=saturate : [1,%d] real\n%%2 = narrow(%%1) "rounded" formats=s8f3 rounding=half_even overflow=saturate : [1,%d] real\noutput "y" %%2\n' "$1" "$1" "$1"
}
# As many weights as that, in a square.
weights() {
    awk -v n="$1" 'BEGIN {
        side = int(sqrt(n) + 0.5)
        printf "bxc graph 1\ngraph \"weights\"\n%%0 = input() \"x\" : [1,%d] real\n", side
        printf "%%1 = narrow(%%0) \"q\" formats=s8f4 rounding=half_even overflow=saturate : [1,%d] real\n", side
        printf "%%2 = constant() \"w\" : [%d,%d] real {", side, side
        for (i = 0; i < side * side; i++) { state = (state * 16807 + 12345) % 2147483647; printf "%s%g", i ? ", " : "", (int(state / 2147483647 * 63) - 31) / 16 }
        printf "}\n%%3 = matmul(%%1, %%2) \"dense\" : [1,%d] real\noutput \"y\" %%3\n", side }'
}

outputs() {
    awk -v n="$1" 'BEGIN {
        print "bxc graph 1\ngraph \"outputs\"\n%0 = input() \"x\" : [1,2] real"
        print "%1 = narrow(%0) \"q\" formats=s8f4 rounding=half_even overflow=saturate : [1,2] real"
        for (i = 2; i < n + 2; i++) printf "%%%d = clip(%%1) \"c%d\" alpha=%d beta=%d : [1,2] real\n", i, i, -2 - i % 3, 2 + i % 5
        for (i = 2; i < n + 2; i++) printf "output \"y%d\" %%%d\n", i, i }'
}

# Of all that this shell has waited for.
processor_seconds() {
    times > "$work/times"
    awk 'NR == 2 { gsub("s", ""); split($1, user, "m"); split($2, kernel, "m"); print 60 * (user[1] + kernel[1]) + user[2] + kernel[2] }' "$work/times"
}

# Seconds and MB of one compilation, or what it said; in $got.
measure() { # MODEL
    processor_seconds > "$work/before"
    most=0
    timeout "${SECONDS_MAX:-600}" "$bxc" compile -q "$1" -o "$work/fw" > "$work/log" 2>&1 &
    job=$!
    while kill -0 $job 2> /dev/null; do
        for process in $(cat "/proc/$job/task/$job/children" 2> /dev/null); do
            now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$process/status" 2> /dev/null)
            [ "${now:-0}" -le "$most" ] || most=$now
        done
        sleep 0.05
    done
    wait $job
    code=$?
    processor_seconds > "$work/after"
    seconds=$(paste "$work/before" "$work/after" | awk '{printf "%.2f", $2 - $1}')
    if [ $code = 0 ]; then got="$seconds $((most / 1024))"
    elif [ $code = 124 ]; then got="- more than ${SECONDS_MAX:-600} s"
    else got="- $(grep -m 1 -o 'error.*' "$work/log" | cut -c 1-70)"
    fi
}

exponent() { # SIZE VALUE SIZE_BEFORE VALUE_BEFORE LEAST
    awk -v n="$1" -v t="$2" -v m="$3" -v u="$4" -v least="$5" \
        'BEGIN { if (m && t > 0 && u >= least) printf "%.2f", log(t / u) / log(n / m); else printf "-" }'
}

printf '%-14s %9s %10s %8s %8s %8s\n' model size seconds growth MB growth
for family in relu_chain pass_through roundings weights outputs; do
    case $family in *"$filter"*) ;; *) continue ;; esac
    size_before=0 seconds_before=0 megabytes_before=0
    for size in ${SIZES:-100 1000 10000 100000}; do
        $family "$size" > "$work/$family.bxc"
        measure "$work/$family.bxc"
        case $got in -*) printf '%-14s %9d  %s\n' "$family" "$size" "${got#- }"; break ;; esac
        seconds=${got% *} megabytes=${got#* }
        printf '%-14s %9d %10s %8s %8d %8s\n' "$family" "$size" "$seconds" \
            "$(exponent "$size" "$seconds" "$size_before" "$seconds_before" 0.05)" "$megabytes" \
            "$(exponent "$size" "$megabytes" "$size_before" "$megabytes_before" 1)"
        size_before=$size seconds_before=$seconds megabytes_before=$megabytes
    done
done
