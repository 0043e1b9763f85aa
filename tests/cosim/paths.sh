#!/bin/sh
# Folders and files may be called anything: with blanks, quotes, what a shell or make would run, at every place where
# bxc takes a path. Everything works there, and nothing of a name is ever run.
set -u
export OPT=-O0 CFLAGS=-O0 CXXFLAGS=-O0
model=$ROOT/tests/cosim/ops/matmul.bxc
mkdir "$WORK/plain" && cd "$WORK/plain" || exit 1
"$BXC" compile -q "$model" -o fw --name matmul > log 2>&1 || { echo "not ok paths: $(head -n 1 log)"; exit 1; }
printf '1,2,3,4\n-1,0,1,2\n' > events.csv
"$BXC" run fw events.csv -o out.npy > log 2>&1 || { echo "not ok paths: $(head -n 1 log)"; exit 1; }
# Headers that only tell that they were found: what is behind them is tested elsewhere.
mkdir "$WORK/types" && for header in ap_fixed.h ap_int.h; do echo '#error these headers were found' > "$WORK/types/$header"; done

try() { # NAME STEP COMMAND...
    name=$1 step=$2; shift 2
    if "$@" > "$WORK/log" 2>&1; then echo "ok paths_${name}_$step"; else
        echo "not ok paths_${name}_$step: $(grep -m 1 error "$WORK/log")"; sed 's/^/    /' "$WORK/log" >&2; fi
}

check() { # NAME PATH
    name=$1 odd=$2
    mkdir -p "$WORK/$name/$odd/deep" && cd "$WORK/$name/$odd/deep" || { echo "not ok paths_$name: no folder"; return; }
    cp "$model" "./$odd.bxc" && cp "$WORK/plain/events.csv" "./$odd.csv"
    try "$name" compile "$BXC" compile -q "./$odd.bxc" -o "./$odd fw" --name matmul
    try "$name" compile_again "$BXC" compile -q "./$odd.bxc" -o "$PWD/$odd fw" --name matmul
    same "$name" "$odd"
    try "$name" verify "$BXC" verify "./$odd fw" -n 20 --events "x=./$odd.csv"
    grep -q '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus$' "$WORK/log" || echo "not ok paths_${name}_engines: $(tail -n 2 "$WORK/log" | head -n 1)"
    try "$name" report "$BXC" report "./$odd fw"
    for engine in c icarus; do
        try "$name" "run_$engine" "$BXC" run "./$odd.bxc" "x=./$odd.csv" -o "./$odd.npy" --engine $engine
        cmp -s "./$odd.npy" "$WORK/plain/out.npy" && echo "ok paths_${name}_${engine}_outputs" || echo "not ok paths_${name}_${engine}_outputs: others"
    done
    try "$name" by_hand make -C "./$odd fw/c"
    cp -r "$WORK/types" "./types $odd"
    "$BXC" verify "./$odd fw" -n 20 --engines hls --ap-types "types $odd" > "$WORK/log" 2>&1
    grep -q "not built: .*these headers were found" "$WORK/log" && echo "ok paths_${name}_ap_types" || echo "not ok paths_${name}_ap_types: $(tail -n 2 "$WORK/log")"
    ran=$(find "$WORK/$name" "$WORK/plain" -name 'ran*' | head -n 1)
    [ -z "$ran" ] && echo "ok paths_${name}_nothing_ran" || echo "not ok paths_${name}_nothing_ran: $ran"
}

same() { # the files do not depend on where they lie
    diff -r -x manifest.json -x verify "$WORK/plain/fw" "./$2 fw" > "$WORK/log" 2>&1 && echo "ok paths_$1_same" || echo "not ok paths_$1_same: $(head -n 1 "$WORK/log")"
}

check blanks 'a  b c'
check quotes "it's \"quoted\""
check dollar '$(touch ran1)${HOME}$(shell touch ran2)$$'
check backtick '`touch ran3`;touch ran4;'
check signs '&touch ran5& | x:y=z #%*?[a]{b}<c>~!\n\'
check dash '-n --help'
