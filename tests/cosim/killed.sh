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

kill_while_building() { # SIGNAL
    rm -rf "$WORK/fw" && cp -r "$WORK/first" "$WORK/fw" && rm -f "$PIDS/compiler"
    # exec: the signal is for bxc; env: a shell's background jobs ignore INT and QUIT
    CC="$WORK/slow" env --default-signal=INT,QUIT,HUP "$BXC" verify "$WORK/fw" -n 50 --engines c > "$WORK/log" 2>&1 &
    bxc=$!
    wait_for "$PIDS/compiler" || { echo "not ok killed_$1: no compiler began"; kill -9 $bxc; return; }
    kill -"$1" $bxc
    wait $bxc 2> /dev/null
    code=$?
    gone "$(cat "$PIDS/compiler")" && echo "ok killed_$1" || { echo "not ok killed_$1: the compiler goes on"; kill -9 "$(cat "$PIDS/compiler")"; }
    [ $code != 0 ] || echo "not ok killed_$1: exit code 0"
    if [ "$1" != KILL ]; then
        [ -z "$(find "$WORK/fw/verify" -name '*.new-*')" ] && echo "ok killed_$1_left_nothing" || echo "not ok killed_$1_left_nothing: $(find "$WORK/fw/verify" -name '*.new-*')"
    fi
    CFLAGS=-O0 "$BXC" verify "$WORK/fw" -n 50 --engines c > "$WORK/log" 2>&1 || echo "not ok killed_$1_then_verify: $(grep -m 1 error "$WORK/log")"
    left=$(find "$WORK/fw" -name '*.new*'; ls "$WORK/fw/verify/build" | grep -v '^c-[0-9a-f]*$')
    [ -z "$left" ] && echo "ok killed_$1_cleaned" || echo "not ok killed_$1_cleaned: $left"
}
for signal in HUP INT QUIT TERM KILL; do kill_while_building $signal; done

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
        [ "$(cat "$WORK/code$one")" = 0 ] && grep -q '^verdict: equal in every bit: emulator, c, hls, rtl, icarus$' "$WORK/log$one" &&
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
