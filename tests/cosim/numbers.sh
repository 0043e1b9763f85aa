#!/bin/sh
# Numbers arrive at ports as they are: whole ones from 64 bits, all others from binary64, in 'run' and in
# 'verify'; and the float entry points of the emitted C take them so too.
set -u
export OPT=-O0 CFLAGS=-O1 CXXFLAGS=-O1
failed=0
say() { if [ "$2" = 0 ]; then echo "ok numbers_$1"; else echo "not ok numbers_$1: $3"; failed=1; fi; }

cat > "$WORK/wide.bxc" << 'END'
bxc graph 1
graph "wide"
%0 = input() "x" as "x" rounding=half_even overflow=saturate : [1,1] s40f0
%1 = relu(%0) "relu" : [1,1] u39f0
output "y" %1
END
"$BXC" compile -q "$WORK/wide.bxc" -o "$WORK/wide" 2> "$WORK/log" || { say compile 1 "$(head -n 1 "$WORK/log")"; exit 1; }

# An .npy of the bytes of standard input: NAME TYPE EVENTS.
npy() {
    printf "\223NUMPY\001\000v\000%-117s\n" "{'descr': '$2', 'fortran_order': False, 'shape': ($3, 1), }" > "$WORK/$1"
    cat >> "$WORK/$1"
}
# The outputs as binary64, in hexadecimal.
outputs() { # FILE ENGINE
    rm -f "$WORK/out.npy"
    "$BXC" run "$WORK/wide" "$1" -o "$WORK/out.npy" --engine "$2" -q > "$WORK/log" 2>&1
    tail -c +257 "$WORK/out.npy" | od -An -v -t x8 | tr -s ' \n' ' '
}
expect() { # NAME FILE ENGINE WANTED
    got=$(outputs "$WORK/$2" "$3")
    [ "$got" = " $4 " ]
    say "$1_$3" $? "the outputs are '$got', not '$4'"
}

printf '16777217\n549755813886\n' > "$WORK/a.csv"
printf '\001\000\000\001\000\000\000\000\376\377\377\377\177\000\000\000' | npy whole.npy '<i8' 2
printf '\000\000\000\020\000\000pA\000\200\377\377\377\377_B' | npy real.npy '<f8' 2
for engine in emulator c; do
    for file in a.csv whole.npy real.npy; do expect "${file%.*}" $file $engine '4170000010000000 425fffffffff8000'; done
done
exit $failed
