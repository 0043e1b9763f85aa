#!/bin/sh
# Are inner values right for every operator, in every engine? The programs around the network are made to give a
# wrong output, and nothing inside is wrong: the verdict must say that the difference begins behind the layers.
set -u
export OPT=-O0 CFLAGS=-O0 CXXFLAGS=-O0

only_output() { grep -c '"only_output":[[:space:]]*true' "$1"; }

one() { # MODEL
    name=$(basename "$1" .bxc) fw=$WORK/$(basename "$1" .bxc)
    "$BXC" compile -q "$1" -o "$fw" || { echo "not ok inner_$name: does not compile"; return; }
    sed -i 's/store(to + 8 \* i, out\[i\])/store(to + 8 * i, out[i] ^ (i == 0))/' "$fw/c/main.c"
    sed -i '0,/store(to + 8 \* (0 + i), /s//store(to + 8 * (0 + i), (long long)(i == 0) ^ /' "$fw/hls/main.cpp"
    sed -i 's/        give(row.data(), sizeof row\[0\], row.size());/        row[0] ^= 1;\n&/' "$fw/sim/harness.cpp"
    "$BXC" verify "$fw" --engines emulator,c,hls,rtl -n 300 -j 1 --json --no-hash-check > "$fw.json" 2> "$fw.err"
    wrong=$(grep -c '"difference":' "$fw.json") behind=$(only_output "$fw.json")
    if [ "$wrong" -ge 3 ] && [ "$wrong" = "$behind" ]; then echo "ok inner_$name"; else
        echo "not ok inner_$name: $wrong differences, $behind of them behind the layers"
        grep -e '"layer"' -e '"layer_element"' -e not_narrowed "$fw.json" >&2; head -n 3 "$fw.err" >&2; fi
    rm -rf "$fw"
}

for model in ${INNER_MODELS-tests/cosim/ops/*.bxc}; do one "$model"; done
