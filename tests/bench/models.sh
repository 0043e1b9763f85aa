#!/bin/sh
# One table of what bxc makes of the models: formats, cycles, resources as estimated and as Yosys counts
# them, time to compile, events a second in every engine.
#   models.sh BXC [FILTER]     env: SYNTH=../shared/tools/synth/synth.sh (leave out: no synthesis),
#                              EVENTS (100000), WORK (a folder to keep the firmware in)
set -u
bxc=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") filter=${2:-}
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=$root/../shared/models
work=${WORK:-$(mktemp -d)}
mkdir -p "$work"

seconds() { start=$(date +%s%N); "$@" > /dev/null 2>&1; echo "$(($(date +%s%N) - start))" | awk '{printf "%.2f", $1 / 1e9}'; }
field() { sed -n "/\"$1\"/,\$s/.*\"$2\":[[:space:]]*\([0-9.]*\).*/\1/p" "$3" | head -n 1; }
speed() { awk -v engine="$1" '$1 == engine && $2 != "gaps" {gsub(",", "", $3); printf "%s", $3; exit}' "$2"; }

row() { # NAME MODEL OPTIONS...
    name=$1 model=$2
    shift 2
    case $name in *"$filter"*) ;; *) return ;; esac
    [ -f "$model" ] || return
    fw=$work/$name
    time=$(seconds "$bxc" compile -q "$model" -o "$fw" "$@")
    "$bxc" verify "$fw" -n "${EVENTS:-100000}" > "$work/$name.verdict" 2>&1
    verdict=$(grep '^verdict' "$work/$name.verdict" | sed 's/verdict: //')
    lut=$(field estimate lut "$fw/report/report.json") ff=$(field estimate ff "$fw/report/report.json")
    real=- ratio=- real_ff=-
    if [ -n "${SYNTH:-}" ]; then
        (cd "$fw/rtl" && "$SYNTH" - $(cat files.f)) > "$work/$name.synth" 2>&1
        real=$(sed -n 's/.*"lut": \([0-9]*\).*/\1/p' "$work/$name.synth") real_ff=$(sed -n 's/.*"ff": \([0-9]*\).*/\1/p' "$work/$name.synth")
        ratio=$(awk -v a="$lut" -v b="${real:-0}" 'BEGIN {if (b > 0) printf "%.2f", a / b; else printf "-"}')
    fi
    widths=$(sed -n 's/.*"width":[[:space:]]*\([0-9]*\).*/\1/p' "$fw/interface.json" | sort -n | uniq | tr '\n' ' ' | sed 's/ $//')
    printf '| %s | %s | %s | %s / %s / %s | %s / %s | %s | %s | %s | %s | %s | %s | %s |\n' "$name" "$widths" "$(field name latency "$fw/interface.json")" \
        "$lut" "$real" "$ratio" "$ff" "$real_ff" "$time" "$(speed float "$work/$name.verdict")" "$(speed emulator "$work/$name.verdict")" "$(speed c "$work/$name.verdict")" \
        "$(speed hls "$work/$name.verdict")" "$(speed rtl "$work/$name.verdict")" "$verdict"
}

echo '| model | widths at ports | cycles | LUT estimated / Yosys / ratio | FF estimated / Yosys | compile s | float ev/s | emulator | c | hls | rtl | verdict |'
echo '|---|---|---|---|---|---|---|---|---|---|---|---|'
row qkeras_jettagging "$shared/qonnx/qkeras_jettagging.onnx" --clock 360MHz --part xcvu13p-flga2577-2-e
row hgq_0.733 "$shared/hgq/jsc_openml_0.733.keras" --clock 200MHz
row hgq_0.758 "$shared/hgq/jsc_openml_0.758.keras" --clock 200MHz
row hgq_0.771 "$shared/hgq/jsc_openml_0.771.keras" --clock 200MHz
row jets_6bit "$root/examples/jets/jets_6bit.onnx" --calibrate "$root/examples/jets/events.npy"
row jets_hgq "$root/examples/jets/jets_hgq.keras"
row jets_pruned "$root/examples/jets/jets.onnx" --calibrate "$root/examples/jets/events.npy" --precision 10 --prune 0.5
row jets "$root/examples/jets/jets.onnx" --calibrate "$root/examples/jets/events.npy" --precision 10
row three_layer_keras "$shared/onnx/three_layer_keras.onnx" --calibrate "$root/tests/oracle/data/three_layer_keras-in.npy" --precision 10
row three_layer_pytorch "$shared/onnx/three_layer_pytorch.onnx" --calibrate "$root/tests/oracle/data/three_layer_pytorch-in.npy" --precision 10
row TFC_1W1A "$shared/qonnx/TFC_1W1A.onnx"
