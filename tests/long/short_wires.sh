#!/bin/sh
# How many wires can be one bit too short without being seen? In the Verilog of a tagger every wire of three bits
# or more gets a fault that a number in the file `fault` switches on: its highest bit is made from the one below.
# One build, then each fault runs the corner vectors and some random events. What is not seen is named: it is
# either never different (the interval has more room than the network can fill) or needs a proof.
#   short_wires.sh [MODEL]       env: EVENTS (random ones)
set -u
model=${1:-$ROOT/examples/jets/jets_hgq.keras}
events=${EVENTS:-20000}
fw=$WORK/fw
"$BXC" compile -q "$model" -o "$fw" --calibrate "$ROOT/examples/jets/events.npy" || exit 1
cp -r "$fw" "$WORK/plain" # whose files are as they were compiled
libraries="$(pkg-config --libs $(sed -n 's/^Requires: *//p' "$BUILD/bxc.pc")) -lm"
# shellcheck disable=SC2086
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -I"$ROOT" -O1 -fopenmp -o "$WORK/events" "$ROOT/tests/long/fault_events.c" "$BUILD/libbxc-all.a" $libraries || exit 2
number=0
for file in "$fw"/rtl/*_*.v; do
    awk -v base="$number" -v names="$WORK/names" '
        { text[NR] = $0; all = all $0 "\n" }
        END {
            for (i = 1; i <= NR; i++) {
                line = text[i]
                if (line ~ /^    wire /)
                    while (line !~ /;/) line = line "\n" text[++i] # a statement of several lines
                if (match(line, /^    wire \[[0-9]+:0\] [A-Za-z_0-9]+ = /)) {
                    split(line, word, /[^A-Za-z0-9_]+/)
                    top = word[3]; name = word[5]; rest = substr(line, RLENGTH + 1)
                    if (top >= 2) {
                        is_signed = index(all, "{" name "[" top "]")
                        high = is_signed ? name "_q[" top - 1 "]" : "1\047b0"
                        print "    wire [" top ":0] " name "_q = " rest
                        line = "    wire [" top ":0] " name " = fault == " ++base " ? {" high ", " name "_q[" top - 1 ":0]} : " name "_q;"
                        print base, name >> names
                    }
                }
                print line
                if (line ~ /^\);/) print "    integer fault, fault_file;\n    initial begin fault_file = $fopen(\"fault\", \"r\"); if ($fscanf(fault_file, \"%d\", fault) != 1) fault = 0; $fclose(fault_file); end"
            }
        }' "$file" > "$WORK/mutated.v" && mv "$WORK/mutated.v" "$file"
    number=$(wc -l < "$WORK/names")
done
make -s -C "$fw/sim" BUILD="$WORK/rtl" VERILATED="${VERILATED:-$WORK/verilated}" > "$WORK/log" 2>&1 &&
    make -s -C "$fw/c" BUILD="$WORK/c" CFLAGS=-O2 >> "$WORK/log" 2>&1 || { cat "$WORK/log"; exit 2; }
cd "$WORK" || exit 2
for kind in random all; do
    ./events "$WORK/plain" $kind "$events" > in.$kind && ./c/run < in.$kind > want.$kind
    echo 0 > fault
    ./rtl/run < in.$kind 2> /dev/null | cmp -s - want.$kind || { echo "not ok short_wires: unmutated they differ"; exit 1; }
    seen=0
    : > unseen.$kind
    while read -r fault name; do
        echo "$fault" > fault
        if ./rtl/run < in.$kind 2> /dev/null | cmp -s - want.$kind; then echo "$name" >> unseen.$kind; else seen=$((seen + 1)); fi
    done < names
    echo "# $kind: $seen of $number wires one bit short are seen"
    [ "$kind" = random ] || sed "s|^|#   not seen: |" unseen.$kind
    eval "seen_$kind=$seen"
done
# shellcheck disable=SC2154
if [ "$seen_all" -gt "$seen_random" ]; then echo "ok short_wires"; else echo "not ok short_wires: corner vectors find no more than random ones"; exit 1; fi
