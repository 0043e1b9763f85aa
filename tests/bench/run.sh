#!/bin/sh
# How fast bxc is on the jet taggers; nothing is asserted. `make bench` calls it.
#   run.sh BUILD     env: RUNS (compiles of each model, 5), EVENTS (100000), SHARED (../shared),
#                    PEERS (a Python environment with onnxruntime: its events per second beside ours)
# Compile time is that of the whole process, the median of the runs. "float" is the model as trained and
# "emulator" the quantised graph, both by graph_run; c, hls, rtl are the emitted code, built and fed
# through pipes by as many processes as there are processors.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
bxc=$(cd "$1" && pwd)/bxc
runs=${RUNS:-5} events=${EVENTS:-100000} shared=${SHARED:-$root/../shared} peers=${PEERS:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/bxc-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
VERILATED=${VERILATED:-$work/verilated}
export VERILATED LC_ALL=C

median() { sort -n | awk '{line[NR] = $1} END {print line[int((NR + 1) / 2)]}'; }

compile_seconds() { # MODEL FOLDER [OPTION...]
    model=$1 folder=$2; shift 2
    for i in $(seq "$runs"); do
        start=$(date +%s%N)
        "$bxc" compile "$model" -o "$folder" -q "$@" > "$work/compile.log" 2>&1 || { echo 0; return; }
        echo "$(($(date +%s%N) - start))"
    done | median | awk '{printf "%.3f", $1 / 1e9}'
}

# The first row of an engine is the one without gaps or resets.
rate() { awk -v engine="$1" '$1 == engine && $2 ~ /^[0-9]/ {gsub(",", "", $3); print $3; exit}' "$work/verdict"; }
thousands() { awk -v n="${1:-0}" 'BEGIN {if (n + 0) printf "%.0fk", n / 1000; else printf "-"}'; }
ratio() { awk -v a="${1:-0}" -v b="${2:-0}" 'BEGIN {if (a && b) printf "%.2f", a / b; else printf "-"}'; }

row() { # NAME MODEL [OPTION...]
    name=$1 model=$2; shift 2
    [ -f "$model" ] || return 0
    seconds=$(compile_seconds "$model" "$work/fw" "$@")
    [ -f "$work/fw/manifest.json" ] || { echo "$name does not compile: $(head -n 1 "$work/compile.log")"; return 0; }
    "$bxc" verify "$work/fw" -n "$events" --engines float,emulator,c,hls,rtl > "$work/verdict" 2> "$work/verdict.err"
    printf '%-22s %9s %9s %9s %9s %9s %9s\n' "$name" "$seconds" "$(thousands "$(rate float)")" "$(thousands "$(rate emulator)")" \
        "$(thousands "$(rate c)")" "$(thousands "$(rate hls)")" "$(thousands "$(rate rtl)")"
    case $model in *.onnx) peer_row "$model" ;; esac
    rm -rf "$work/fw"
}

# onnxruntime on the same model in the same run, when the model is one it can run.
peer_row() { # MODEL
    [ -n "$peers" ] || return 0
    theirs=$("$peers/bin/python" "$root/tests/bench/onnxruntime_rate.py" "$1" "$events" 2> /dev/null) || return 0
    printf '  %-20s %9s %9s   float / onnxruntime %s, emulator / onnxruntime %s\n' onnxruntime - "$(thousands "$theirs")" \
        "$(ratio "$(rate float)" "$theirs")" "$(ratio "$(rate emulator)" "$theirs")"
}

echo "$(nproc) processors, $events events, $runs compiles each"
printf '%-22s %9s %9s %9s %9s %9s %9s\n' model 'compile s' float emulator c hls rtl
jets=$root/examples/jets
row jets "$jets/jets.onnx" --calibrate "$jets/events.npy"
row jets_6bit "$jets/jets_6bit.onnx" --calibrate "$jets/events.npy"
row jets_hgq "$jets/jets_hgq.keras"
row qkeras_jettagging "$shared/models/qonnx/qkeras_jettagging.onnx"
for accuracy in 0.733 0.758 0.771; do
    row jsc_openml_$accuracy "$shared/models/hgq/jsc_openml_$accuracy.keras"
done
exit 0
