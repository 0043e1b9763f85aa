#!/bin/sh
# 2,000 random networks through all passes (tests/prop/random_graphs.c), and every one of FIRMWARES (24) of them as a
# firmware that all engines run: shared values, residuals, heads, odd scales, clocks from 100 to 720 MHz. The seed is
# the day's, unless SEED says another, and is printed.
set -u
seed=${SEED:-$(date +%Y%m%d)}
echo "# seed $seed"
"$BUILD/tests/prop/random_graphs" "${GRAPHS:-2000}" "$seed" > "$WORK/log" 2>&1
grep '^#' "$WORK/log"
if grep -q '^ok' "$WORK/log"; then echo "ok long_random_graphs"; else echo "not ok long_random_graphs: $(grep -m 1 '^# seed' "$WORK/log")"; fi

mkdir "$WORK/networks"
WRITE=$WORK/networks "$BUILD/tests/prop/random_graphs" "${FIRMWARES:-24}" "$seed" > /dev/null 2>&1
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1
wrong=0 count=0
for network in "$WORK"/networks/*.bxc; do
    count=$((count + 1))
    clock=$((100 + 620 * count / ${FIRMWARES:-24}))MHz
    "$BXC" compile -q "$network" -o "$WORK/fw" --clock "$clock" > "$WORK/log" 2>&1 &&
        "$BXC" verify "$WORK/fw" -n 2000 --engines c,hls,rtl > "$WORK/log" 2>&1
    if ! grep -q '^verdict: equal in every bit: emulator, c, hls, rtl$' "$WORK/log" && ! grep -q 'and the clock leaves' "$WORK/log"; then
        wrong=$((wrong + 1))
        echo "# $(basename "$network") at $clock: $(grep -m 1 -e error -e '^verdict' "$WORK/log")"
    fi
    rm -rf "$WORK/fw"
done
if [ $wrong = 0 ] && [ $count -gt 0 ]; then echo "ok long_random_firmwares"; else echo "not ok long_random_firmwares: $wrong of $count"; fi
