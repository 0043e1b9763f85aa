#!/bin/sh
# Whatever ends bxc, nothing that it started goes on, and what it leaves is removed by the next. Signals come while make
# compiles, and while a simulator runs; two verifications at once on one folder are both right.
set -u
model=$ROOT/tests/cosim/ops/matmul.bxc
"$BXC" compile -q "$model" -o "$WORK/first" > "$WORK/log" 2>&1 || { echo "not ok killed: $(head -n 1 "$WORK/log")"; exit 1; }

# A compiler that never ends, started through a shell as by a make inside a make; and a simulator that does not.
cat > "$WORK/slow" <<'END'
#!/bin/sh
case ${1-} in --version) echo slow; exit ;; esac
sh -c 'echo $$ > "$PIDS/compiler"; sleep 300; :'
END
chmod +x "$WORK/slow"
mkdir "$WORK/pids"; export PIDS="$WORK/pids"

wait_for() { # FILE: up to 20 seconds
    for _ in $(seq 200); do [ ! -s "$1" ] || return 0; sleep 0.1; done
    return 1
}
gone() { # PID: up to 5 seconds
    for _ in $(seq 50); do kill -0 "$1" 2> /dev/null || return 0; sleep 0.1; done
    return 1
}

kill_while_building() { # SIGNAL NUMBER
    rm -rf "$WORK/fw" && cp -r "$WORK/first" "$WORK/fw" && rm -f "$PIDS/compiler"
    # exec: the signal is for bxc; env: a shell's background jobs ignore INT and QUIT
    CC="$WORK/slow" env --default-signal=INT,QUIT,HUP "$BXC" verify "$WORK/fw" -n 50 --engines c > "$WORK/log" 2>&1 &
    bxc=$!
    wait_for "$PIDS/compiler" || { echo "not ok killed_$1: no compiler began"; kill -9 $bxc; return; }
    kill -"$1" $bxc
    wait $bxc 2> /dev/null
    code=$?
    gone "$(cat "$PIDS/compiler")" && echo "ok killed_$1" || { echo "not ok killed_$1: the compiler goes on"; kill -9 "$(cat "$PIDS/compiler")"; }
    [ $code = $((128 + $2)) ] && echo "ok killed_$1_exit_code" || echo "not ok killed_$1_exit_code: $code"
    if [ "$1" != KILL ]; then
        [ -z "$(find "$WORK/fw/verify" -name '*.new-*')" ] && echo "ok killed_$1_left_nothing" || echo "not ok killed_$1_left_nothing: $(find "$WORK/fw/verify" -name '*.new-*')"
    fi
    CFLAGS=-O0 "$BXC" verify "$WORK/fw" -n 50 --engines c > "$WORK/log" 2>&1 || echo "not ok killed_$1_then_verify: $(grep -m 1 error "$WORK/log")"
    left=$(find "$WORK/fw" -name '*.new*'; ls "$WORK/fw/verify/build" | grep -v '^c-[0-9a-f]*$')
    [ -z "$left" ] && echo "ok killed_$1_cleaned" || echo "not ok killed_$1_cleaned: $left"
}
kill_while_building HUP 1; kill_while_building INT 2; kill_while_building QUIT 3; kill_while_building KILL 9
kill_while_building TERM 15

# Ctrl-C ends each command with 130, the shells' code for it, is told once at most and leaves
# nothing. A model of 300,000 operators takes seconds, and a compiler that never ends longer.
awk 'BEGIN {
    print "bxc graph 1\ngraph \"chain\"\n%0 = input() \"x\" : [1,2] real"
    print "%1 = narrow(%0) \"q\" formats=s8f4 rounding=half_even overflow=saturate : [1,2] real"
    for (i = 2; i < 300000; i++) printf "%%%d = relu(%%%d) \"relu%d\" : [1,2] real\n", i, i - 1, i
    printf "output \"y\" %%%d\n", i - 1 }' > "$WORK/chain.bxc"
mkdir "$WORK/left"
"$BXC" compile -q "$ROOT/examples/jets/jets.onnx" -o "$WORK/jets" > "$WORK/log" 2>&1
catches() { # PID: bxc runs there and catches SIGINT, the second bit of the mask; up to 20 seconds
    for _ in $(seq 1000); do
        [ "$(cat "/proc/$1/comm" 2> /dev/null)" != bxc ] ||
            case $(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status") in *[2367abef]) return 0 ;; esac
        sleep 0.02
    done
    return 1
}
interrupt() { # NAME SECONDS ARGUMENT...: so many after it began to catch the signal
    name=$1 seconds=$2; shift 2
    CC="$WORK/slow" env --default-signal=INT "$BXC" "$@" > "$WORK/log" 2>&1 &
    bxc=$!
    catches $bxc || echo "not ok interrupted_$name: it never caught the signal"
    sleep "$seconds"
    kill -INT $bxc
    wait $bxc 2> /dev/null
    code=$?
    [ $code = 130 ] && [ "$(grep -c cancelled "$WORK/log")" -le 1 ] && ! grep -q -e refused -e help: "$WORK/log" && [ -z "$(ls -A "$WORK/left")" ] &&
        echo "ok interrupted_$name" || echo "not ok interrupted_$name: $code, $(tail -n 1 "$WORK/log"), $(ls -A "$WORK/left")"
}
for seconds in 0 0.5; do
    interrupt "compile_$seconds" $seconds compile "$WORK/chain.bxc" -o "$WORK/left/fw"
    interrupt "inspect_$seconds" $seconds inspect "$WORK/chain.bxc"
    interrupt "explain_$seconds" $seconds explain "$WORK/jets"
    interrupt "verify_$seconds" $seconds verify "$WORK/jets" --engines c -n 100
    interrupt "run_$seconds" $seconds run "$WORK/jets" "$ROOT/examples/jets/events.npy" -o "$WORK/left/y.npy" --engine c
done
interrupt convert 0 convert "$WORK/chain.bxc" "$WORK/left/chain.json"

# While an engine runs: one that hangs.
rm -rf "$WORK/fw" && cp -r "$WORK/first" "$WORK/fw"
sed -i 's|^int main(.*|static void hang(void) { FILE *f = fopen("'"$PIDS"'/engine", "w"); fprintf(f, "%d\\n", (int)getpid()); fclose(f); for (;;) pause(); }\n&|; s|    for (;;) {|    hang();\n&|; s|#include <stdio.h>|#include <unistd.h>\n&|' "$WORK/fw/c/main.c"
CFLAGS='-O0 -D_DEFAULT_SOURCE' "$BXC" verify "$WORK/fw" -n 50 -j 1 --engines c --no-hash-check > "$WORK/log" 2>&1 &
bxc=$!
if wait_for "$PIDS/engine"; then
    kill -KILL $bxc
    wait $bxc 2> /dev/null
    gone "$(cat "$PIDS/engine")" && echo "ok killed_engine" || { echo "not ok killed_engine: it goes on"; kill -9 "$(cat "$PIDS/engine")"; }
else
    echo "not ok killed_engine: it never ran: $(tail -n 2 "$WORK/log")"; kill -9 $bxc
fi

# compile
for try in 1 2 3 4 5 6; do
    "$BXC" compile -q "$ROOT/examples/jets/jets.onnx" -o "$WORK/compiled/fw" > /dev/null 2>&1 &
    bxc=$!
    sleep "0.0$try"
    kill -KILL $bxc 2> /dev/null
    wait $bxc 2> /dev/null
done
"$BXC" compile -q "$ROOT/examples/jets/jets.onnx" -o "$WORK/compiled/fw" > "$WORK/log" 2>&1
[ "$(ls -A "$WORK/compiled")" = fw ] && echo "ok killed_compile_cleaned" || echo "not ok killed_compile_cleaned: $(ls -A "$WORK/compiled")"

# ---- at once ----
export OPT=-O0 CFLAGS=-O0 CXXFLAGS=-O0
for try in 1 2; do
    rm -rf "$WORK/fw" && cp -r "$WORK/first" "$WORK/fw"
    for one in 1 2 3; do
        { "$BXC" verify "$WORK/fw" -n 200 -j 1 > "$WORK/log$one" 2>&1; echo $? > "$WORK/code$one"; } &
    done
    wait
    for one in 1 2 3; do
        [ "$(cat "$WORK/code$one")" = 0 ] && grep -q '^verdict: equal in every bit: emulator, datapath, c, hls, rtl, icarus$' "$WORK/log$one" &&
            echo "ok at_once_${try}_$one" || { echo "not ok at_once_${try}_$one: $(grep -m 1 -e error -e verdict: "$WORK/log$one")"; }
    done
    "$BXC" verify "$WORK/fw" -n 50 --engines c > "$WORK/log" 2>&1 || echo "not ok at_once_${try}_then: $(tail -n 2 "$WORK/log")"
done
# With other flags: one must not remove what the other runs.
rm -rf "$WORK/fw" && cp -r "$WORK/first" "$WORK/fw"
for one in 1 2 3; do
    { CFLAGS="-O0 -DX=$one" "$BXC" verify "$WORK/fw" -n 200000 -j 1 --engines c > "$WORK/log$one" 2>&1; echo $? > "$WORK/code$one"; } &
done
wait
for one in 1 2 3; do
    [ "$(cat "$WORK/code$one")" = 0 ] && echo "ok at_once_other_flags_$one" || echo "not ok at_once_other_flags_$one: $(grep -m 1 -e error -e verdict: "$WORK/log$one")"
done
