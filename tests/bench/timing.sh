#!/bin/sh
# The delay model against mapped netlists: twenty generated networks of other sizes, widths, clocks and parts to which
# it was fitted, six more (n250 to n350) to which it was not, and five of examples/sets that serve items one after
# the other; each estimated by bxc and measured by the recipe (Yosys, and one model of mapped paths of UltraScale+ at
# -2; for other families and grades its result times the factor of target/technology.c). One table; the last line says
# how far they lie apart. Exit code 1 where one lies beyond 10 %, misses its clock, is refused or is not mapped.
#   timing.sh BXC [FILTER]     env: SYNTH=../shared/tools/synth/synth.sh, WORK (a folder to keep the firmware in)
set -u
bxc=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") filter=${2:-}
root=$(cd "$(dirname "$0")/../.." && pwd)
synth=${SYNTH:-$root/../shared/tools/synth/synth.sh}
[ -x "$synth" ] && command -v yosys > /dev/null || { echo "timing: skipped, there is no recipe for mapping: SYNTH=synth.sh"; exit 0; }
work=${WORK:-$(mktemp -d)}
[ -n "${WORK:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work"

# A dense network with ReLU and narrowing between the layers, as bxc's JSON; LAYERS as "8 8 4".
network() { # SEED LAYERS INPUT_BITS WEIGHT_BITS ACTIVATION_BITS SOFTMAX
    awk -v seed="$1" -v layers="$2" -v in_bits="$3" -v weight_bits="$4" -v bits="$5" -v softmax="$6" '
    function random(n) { state = (state * 16807) % 2147483647; return int(state / 2147483647 * n) }
    function node(text) { printf "%s{%s}", comma, text; comma = ",\n" }
    BEGIN {
        state = seed * 7919 + 1; count = split(layers, size, " "); top = 2 ^ (weight_bits - 1)
        print "{\"format\":\"bxc-graph\",\"version\":1,\"name\":\"network\",\"nodes\":["
        node("\"name\":\"x\",\"op\":\"input\",\"attributes\":{\"shape\":[1," size[1] "]}")
        node("\"name\":\"q\",\"op\":\"narrow\",\"inputs\":[\"x\"],\"attributes\":{\"formats\":\"s" in_bits "f" int(in_bits / 2) "\",\"rounding\":\"half_even\",\"overflow\":\"saturate\"}")
        last = "q"
        for (i = 1; i < count; i++) {
            numbers = ""
            for (k = 0; k < size[i] * size[i + 1]; k++)
                numbers = numbers (k ? "," : "") (random(10) < 3 ? 0 : (random(2 * top) - top) / top)
            node("\"name\":\"w" i "\",\"op\":\"constant\",\"attributes\":{\"value\":{\"kind\":\"real\",\"shape\":[" size[i] "," size[i + 1] "],\"numbers\":[" numbers "]}}")
            node("\"name\":\"dense" i "\",\"op\":\"matmul\",\"inputs\":[\"" last "\",\"w" i "\"]")
            last = "dense" i
            if (i + 1 == count && !softmax) break
            if (i + 1 < count) node("\"name\":\"relu" i "\",\"op\":\"relu\",\"inputs\":[\"" last "\"]")
            node("\"name\":\"act" i "\",\"op\":\"narrow\",\"inputs\":[\"" (i + 1 < count ? "relu" i : last) "\"],\"attributes\":{\"formats\":\"" (i + 1 < count ? "u" : "s") bits "f" (bits - 3) "\",\"rounding\":\"" (i % 2 ? "half_even" : "truncate") "\",\"overflow\":\"saturate\"}")
            last = "act" i
        }
        if (softmax) { node("\"name\":\"p\",\"op\":\"softmax\",\"inputs\":[\"" last "\"],\"attributes\":{\"axis\":1}"); last = "p" }
        print "],\"outputs\":[{\"name\":\"y\",\"node\":\"" last "\"}]}"
    }'
}

field() { sed -n "/\"$1\"/,\$s/.*\"$2\":[[:space:]]*\([0-9.]*\).*/\1/p" "$3" | head -n 1; }
of_synth() { sed -n "s/.*\"$1\": \([0-9.]*\).*/\1/p" "$2"; }

measure() { # NAME MODEL CLOCK PART PERCENT OPTION...
    name=$1 fw=$work/$1 model=$2 clock=$3 part=$4 percent=$5
    shift 5
    if ! "$bxc" compile -q "$model" -o "$fw" --clock "$clock" --part "$part" "$@" 2> "$work/$name.err"; then
        printf '%-10s %s\n' "$name" "$(grep -m 1 error "$work/$name.err")"
        echo "$name" >> "$work/missing"
        return
    fi
    (cd "$fw/rtl" && "$synth" - $(cat files.f)) > "$work/$name.synth" 2>&1
    report=$fw/report/report.json
    awk -v name="$name" -v part="$part" -v percent="$percent" -v period="$(field target clock_period_ns "$report")" \
        -v estimate="$(field latency stage_delay_ns "$report")" -v cycles="$(field name latency "$fw/interface.json")" \
        -v lut="$(field estimate lut "$report")" -v ff="$(field estimate ff "$report")" -v recipe="$(of_synth ns "$work/$name.synth")" \
        -v real_lut="$(of_synth lut "$work/$name.synth")" -v real_ff="$(of_synth ff "$work/$name.synth")" 'BEGIN {
        recipe *= percent / 100
        if (recipe == 0) { printf "%-10s the recipe failed\n", name; exit }
        printf "%-10s %-20s %7.3f %9.3f %8.3f %6.3f %5s %7d %6d / %-6d %6d / %d\n", name, part, period, estimate, recipe, estimate / recipe,
               recipe <= period ? "yes" : "NO", cycles, lut, real_lut, ff, real_ff }' > "$work/row"
    cat "$work/row"
    if grep -q failed "$work/row"; then echo "$name" >> "$work/missing"; else cat "$work/row" >> "$work/table"; fi
}

is_asked_for() { case $1 in *"$filter"*) ;; *) false ;; esac; }

row() { # NAME "SEED LAYERS..." INPUT WEIGHT ACTIVATION SOFTMAX CLOCK PART PERCENT
    is_asked_for "$1" || return
    network "$2" "$3" "$4" "$5" "$6" "$7" > "$work/$1.json"
    measure "$1" "$work/$1.json" "$8" "$9" "${10}"
}

# Items one after the other.
folded() { # NAME MODEL INTERVAL CLOCK
    is_asked_for "$1" || return
    measure "$1" "$root/examples/sets/$2" "$4" $usp 100 --interval "$3"
}

: > "$work/table"
: > "$work/missing"
printf '%-10s %-20s %7s %9s %8s %6s %5s %7s %15s %s\n' design part 'clock ns' estimate recipe ratio fits cycles 'LUT est./mapped' 'FF est./mapped'
usp=xcvu13p-flga2577-2-e
row a100 1 '8 8 4' 6 4 5 0 100MHz $usp 100
row a200 1 '8 8 4' 6 4 5 0 200MHz $usp 100
row a360 1 '8 8 4' 6 4 5 0 360MHz $usp 100
row a500 1 '8 8 4' 6 4 5 0 500MHz $usp 100
row a700 1 '8 8 4' 6 4 5 0 700MHz $usp 100
row b160 2 '10 6 6 3' 8 5 6 0 160MHz $usp 100
row b320 2 '10 6 6 3' 8 5 6 0 320MHz $usp 100
row b640 2 '10 6 6 3' 8 5 6 0 640MHz $usp 100
row c240 3 '4 3' 16 10 8 0 240MHz $usp 100
row c400 3 '4 3' 16 10 8 0 400MHz $usp 100
row c600 3 '4 3' 16 10 8 0 600MHz $usp 100
row d280 4 '24 6 3' 4 3 4 0 280MHz $usp 100
row d550 4 '24 6 3' 4 3 4 0 550MHz $usp 100
row e200 5 '5 4' 7 4 6 1 200MHz $usp 100
row e360 5 '5 4' 7 4 6 1 360MHz $usp 100
row f360 6 '6 6 5' 9 6 9 0 360MHz $usp 100
row g300 7 '8 6 4' 6 4 5 0 300MHz xcvu9p-flga2104-1-e 121
row g450 7 '8 6 4' 6 4 5 0 450MHz xcvu9p-flga2104-3-e 85
row h240 8 '8 6 4' 6 4 5 0 240MHz xcku115-flvb2104-2-e 148
row h200 8 '8 6 4' 6 4 5 0 200MHz xc7vx690tffg1927-2 171
row n250 11 '12 10 5' 7 5 6 0 250MHz $usp 100
row n480 12 '16 6 6 4' 5 4 7 0 480MHz $usp 100
row n620 13 '9 5 3' 10 6 8 0 620MHz $usp 100
row n400 14 '6 5' 8 5 7 1 400MHz $usp 100
row s360 16 '6 5' 8 5 9 1 360MHz $usp 100
row n350 15 '14 8 3' 6 3 6 0 350MHz xczu9eg-ffvb1156-1-e 121
folded sets4 sets_hgq.keras 4 360MHz
folded sets8 sets_hgq.keras 8 240MHz
folded sets32 sets_hgq.keras 32 360MHz
folded position8 sets_hgq_positions.keras 8 360MHz
folded qonnx32 sets_6bit.onnx 32 360MHz
awk -v missing="$(grep -c . "$work/missing")" '
    { d = $6 > 1 ? $6 - 1 : 1 - $6; sum += d; if (d > worst) worst = d; if (d > 0.1) far++; if ($7 != "yes") slow++ }
    END { printf "%d designs: the estimate lies %.1f %% from the recipe on average, %.1f %% at most, beyond 10 %% in %d; the recipe does not fit the clock in %d, gives nothing in %d\n",
                 NR, 100 * sum / (NR ? NR : 1), 100 * worst, far, slow, missing
          exit far + slow + missing > 0 || NR == 0 }' "$work/table"
