#!/bin/sh
# Ctrl-C acts within a second wherever a compilation of a large model stands, ends it with 130 and leaves nothing: at
# moments spread over the whole of it. The second is the processor's, so that what else runs here does not count.
set -u
OMP_NUM_THREADS=1; export OMP_NUM_THREADS
awk 'BEGIN {
    print "bxc graph 1\ngraph \"many\"\n%0 = input() \"x\" : [1,2] real"
    print "%1 = narrow(%0) \"q\" formats=s8f4 rounding=half_even overflow=saturate : [1,2] real"
    for (i = 2; i < 3002; i++) printf "%%%d = clip(%%1) \"c%d\" alpha=%d beta=%d : [1,2] real\n", i, i, -2 - i % 3, 2 + i % 5
    for (i = 2; i < 3002; i++) printf "output \"y%d\" %%%d\n", i, i }' > "$WORK/many.bxc"
awk 'BEGIN {
    print "bxc graph 1\ngraph \"ladder\"\n%0 = input() \"x\" : [1,2] real"
    print "%1 = narrow(%0) \"q\" formats=s8f4 rounding=half_even overflow=saturate : [1,2] real"
    print "%2 = relu(%1) \"first\" : [1,2] real"
    for (i = 3; i < 6003; i += 2) {
        printf "%%%d = sub(%%%d, %%%d) \"s%d\" : [1,2] real\n", i, (i > 3 ? i - 3 : 1), i - 1, i
        printf "%%%d = clip(%%%d) \"c%d\" alpha=-2 beta=2 : [1,2] real\n", i + 1, i, i }
    printf "output \"y\" %%%d\n", i - 1 }' > "$WORK/ladder.bxc"
mkdir "$WORK/left"
"${CC:-cc}" -std=c11 -O1 -o "$WORK/interrupt" "$ROOT/tests/cosim/interrupt.c" 2> "$WORK/log" ||
    { echo "not ok interrupted: $(head -n 1 "$WORK/log")"; exit 1; }

# MODEL HUNDREDTHS: sets code, after, all
interrupt() {
    set -- $("$WORK/interrupt" "$2" "$BXC" compile -q "$1" -o "$WORK/left/fw" 2> "$WORK/log") 0 0 0
    code=$1 after=$2 all=$3
}
for model in many ladder; do
    interrupt "$WORK/$model.bxc" 100000
    [ "$code" = 0 ] || echo "not ok interrupted_$model: $(head -n 1 "$WORK/log")"
    rm -rf "$WORK/left/fw"
    whole=$all slow='' caught=0
    for share in 10 30 50 70 80 90; do
        at=$((whole * share / 100)) code=0
        for _ in 1 2 3 4 5 6; do # a run may be faster than the whole one was: it is through, and another is stopped sooner
            interrupt "$WORK/$model.bxc" $at
            [ "$code" = 0 ] || break
            rm -rf "$WORK/left/fw"
            at=$((at * 85 / 100))
        done
        [ "$code" = 0 ] && continue
        [ "$code" = 130 ] && [ -z "$(ls -A "$WORK/left")" ] || echo "not ok interrupted_$model: at $share %, $code, $(ls -A "$WORK/left")"
        [ "$after" -le 100 ] || slow="$slow $share % ($after)"
        caught=$((caught + 1))
    done
    [ -z "$slow" ] && [ $caught = 6 ] && echo "ok interrupted_$model" || echo "not ok interrupted_$model: caught $caught of 6, slow at$slow"
done
