#!/bin/sh
# Outputs of `bxc run` have the model's shapes, with as many events in place of the first axis, and
# each a file of its own, whatever the names.
cd "$WORK" || exit 1
cat > model.bxc << 'END'
bxc graph 1
graph "shapes"
%0 = input() "x" as "x" : [1,2,3] real
%1 = narrow(%0) "in" rounding=half_even overflow=saturate formats=s6f3 : [1,2,3] real
%2 = argmax(%1) "class" axis=2 : [1,2] real
%3 = reshape(%1) "flat" shape=[1,6] : [1,6] real
%4 = argmax(%3) "best" axis=1 : [1] real
output "same" %1
output "winner" %2
output "best" %4
output "be:st" %1
output "be/st" %3
END
printf '1,2,3,4,5,6\n7,5,3,1,-1,-2\n' > events.csv
shape() {
    got=$(head -c 128 "out.$1.npy" | LC_ALL=C sed -n "s/.*'shape': \(([^)]*)\).*/\1/p" | tr -d ' ')
    if [ "$got" = "$2" ]; then echo "ok shape_$1_$3"; else echo "not ok shape_$1_$3: $got, not $2"; fi
}
for engine in float emulator; do
    "$BXC" run model.bxc events.csv -o out.npy --engine $engine -q || echo "not ok run_$engine: exit code $?"
    shape same "(2,2,3)" $engine
    shape winner "(2,2)" $engine
    shape best "(2,)" $engine
    shape be_st "(2,2,3)" $engine
    shape be_st_2 "(2,6)" $engine
    rm out.*
done
