#!/bin/sh
# 2,000 random networks (tests/prop/network.h) with random options, each from the model's text to firmware, run by the
# emitted C, HLS C++ and Verilog and held against the emulator, bit by bit, and against the network as it was read.
# BATCH of them share one build (random_firmwares.c), JOBS batches run side by side. What was done stands in the log as it
# is done, and at the end a census. A network that is wrong is told with the command that repeats it; every refusal is
# counted by its reason. The seed is the day's, unless SEED says another.
#   env: GRAPHS (2000), SEED, BATCH (50), JOBS (processors), FIRMWARES (8: that many of them by 'bxc verify'),
#        KEEP=FOLDER (firmwares and census stay there), V=1 (each network as it was read)
set -u
batch_size=${BATCH:-50} graphs=${GRAPHS:-2000} seed=${SEED:-$(date +%Y%m%d)} jobs=${JOBS:-$(nproc)}
place=${PLACE:-${KEEP:-$WORK}}

# ---- one batch: FIRST COUNT ----

verilate() { # in the batch's folder
    files=$(while read -r name; do sed "s|^|$name/rtl/|" "$name/rtl/files.f"; done < c.list)
    # shellcheck disable=SC2086
    verilator --cc -O3 -Wno-lint -Wno-fatal -Werror-UNOPTFLAT -Werror-MULTIDRIVEN --output-split 20000 --output-split-cfuncs 500 \
        --x-assign fast --x-initial fast --noassert --top-module batch --prefix Vbatch --Mdir model $files batch.v || return 1
    for file in model/*.cpp; do echo "#include \"${file##*/}\""; done > model/all.unit
}

build() { # in the batch's folder
    include=$(verilator --getenv VERILATOR_ROOT)/include
    flags="-std=gnu++17 -w -fwrapv -pthread -O0 -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0 -isystem $include -isystem $include/vltstd"
    quick=$(command -v clang++ || echo "${CXX:-g++}") # twice as quick without optimisation
    while read -r name; do ${CC:-cc} -std=c99 -w -O0 -c -o "$name/unit.o" "$name/unit.c" || return 1; done < c.list
    # shellcheck disable=SC2046,SC2086
    verilate && $quick $flags -Imodel -x c++ -c -o model/all.o model/all.unit &&
        ${CXX:-g++} $flags -I. -Imodel -c -o run.o "$ROOT/tests/long/random_firmwares.cpp" &&
        ${CXX:-g++} -pthread -o run run.o model/all.o $(sed 's|$|/unit.o|' c.list) "$place"/verilated/*.o -latomic
}

run_batch() {
    began=$(date +%s) folder=$place/$1
    rm -rf "$folder" && mkdir "$folder" && cd "$folder" || exit 1
    "$place/random_firmwares" . "$1" "$2" > networks.log 2>&1 || echo "$1 wrong: the batch cannot be made" > different
    [ ! -s c.list ] || { build > build.log 2>&1 && ./run . > different 2>&1; } || [ -s different ] ||
        echo "$1 build: $(grep -m 1 -i error build.log)" > different
    touch census different
    [ -z "${V:-}" ] || cat networks.log
    echo "# seeds $1 to $(($1 + $2 - 1)): $(grep -c '	compiled	' census) compiled, $(grep -c '	refused	' census) refused," \
        "$(awk -F'\t' '$2 == "wrong" || $2 == "defect"' census | wc -l) wrong as graphs, $(cut -f1 different | sort -u | wc -l) as firmware," \
        "$(($(date +%s) - began)) s"
    [ -n "${KEEP:-}" ] || rm -rf n* model run run.o
}
if [ "${1:-}" = batch ]; then run_batch "$2" "$3"; exit 0; fi

# ---- all of them ----

echo "# $graphs networks from seed $seed"
libraries="$(pkg-config --libs $(sed -n 's/^Requires: *//p' "$BUILD/bxc.pc")) -lm"
mkdir -p "$place/verilated"
# shellcheck disable=SC2086
${CC:-cc} -std=c11 -D_DEFAULT_SOURCE -I"$ROOT" -O1 -fopenmp -o "$place/random_firmwares" "$ROOT/tests/long/random_firmwares.c" \
    "$BUILD/libbxc-all.a" $libraries || exit 2
include=$(verilator --getenv VERILATOR_ROOT)/include
for unit in verilated verilated_threads; do
    ${CXX:-g++} -std=gnu++17 -w -O1 -pthread -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0 -isystem "$include" -isystem "$include/vltstd" \
        -c -o "$place/verilated/$unit.o" "$include/$unit.cpp" || exit 2
done
export WORK PLACE="$place"
at=0
while [ $at -lt "$graphs" ]; do
    count=$((graphs - at < batch_size ? graphs - at : batch_size))
    echo "batch $((seed + at)) $count"
    at=$((at + count))
done | CCACHE_DISABLE=1 xargs -P "$jobs" -L 1 "$0"

cat "$place"/*/census > "$place/census.all"
cat "$place"/*/different > "$place/different.all"
awk -F'\t' '
    { outcome[$2]++; n = split($3, kinds, ","); for (i = 1; i <= n; i++) { all[kinds[i]]++; if ($2 == "compiled") made[kinds[i]]++ } }
    { n = split($4, words, " "); for (i = 1; i <= n; i++) if (words[i] ~ /^--/ && words[i] != "--name") { given[words[i]]++; if ($2 == "compiled") obeyed[words[i]]++ } }
    $2 == "refused" { reason = $5; gsub(/\047[^\047]*\047/, "X", reason); gsub(/[0-9]+/, "N", reason); refused[reason]++; if (!(reason in first)) first[reason] = $1 }
    END {
        printf "# %d networks: %d compiled, %d refused, %d wrong, %d defects\n", NR, outcome["compiled"], outcome["refused"], outcome["wrong"], outcome["defect"]
        for (kind in all) printf "# with %s: %d, compiled %d\n", kind, all[kind], made[kind] | "sort"
        close("sort")
        for (option in given) printf "# with %s: %d, compiled %d\n", option, given[option], obeyed[option] | "sort"
        close("sort")
        for (reason in refused) printf "# refused %d, the first of seed %d: %s\n", refused[reason], first[reason], reason | "sort -k 3nr"
    }' "$place/census.all"
repeat() { echo "# repeat: V=1 GRAPHS=1 SEED=$1 tests/run.sh build/release tests/long/random_graphs.sh"; }
awk -F'\t' '$2 == "wrong" || $2 == "defect" { print $1 "\t" $2 ": " $5 }' "$place/census.all" | cat - "$place/different.all" | sort -n > "$place/faults"
while IFS='	' read -r number what; do echo "# seed $number: $what"; repeat "$number"; done < "$place/faults"
wrong=$(cut -f1 "$place/faults" | sort -u | wc -l) compiled=$(grep -c '	compiled	' "$place/census.all")
if [ "$wrong" = 0 ] && [ "$compiled" -gt 0 ]; then echo "ok long_random_graphs"; else echo "not ok long_random_graphs: $wrong of $graphs are wrong, $compiled compiled"; fi

# ---- some of them by the harness that every firmware has ----

export OPT=-O0 CFLAGS=-O0 CXXFLAGS=-O0
wrong=0 count=0
[ -x "$BUILD/tests/prop/random_graphs" ] || { echo "not ok long_random_firmwares: make $BUILD/tests/prop/random_graphs first"; exit 0; }
mkdir -p "$place/networks"
WRITE=$place/networks "$BUILD/tests/prop/random_graphs" "${FIRMWARES:-8}" "$seed" > /dev/null 2>&1
for network in "$place"/networks/*.bxc; do
    [ -e "$network" ] || break
    count=$((count + 1))
    clock=$((100 + 500 * count / ${FIRMWARES:-8}))MHz
    "$BXC" compile -q "$network" -o "$place/fw" --clock "$clock" > "$place/log" 2>&1 &&
        "$BXC" verify "$place/fw" -n 2000 --engines c,hls,rtl > "$place/log" 2>&1
    if ! grep -q '^verdict: equal in every bit: emulator, c, hls, rtl$' "$place/log" && ! grep -q 'and the clock leaves' "$place/log"; then
        wrong=$((wrong + 1))
        echo "# $(basename "$network") at $clock: $(grep -m 1 -e error -e '^verdict' "$place/log")"
    fi
    rm -rf "$place/fw"
done
if [ $wrong = 0 ] && [ $count -gt 0 ]; then echo "ok long_random_firmwares"; else echo "not ok long_random_firmwares: $wrong of $count"; fi
