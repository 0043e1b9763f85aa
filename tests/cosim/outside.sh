#!/bin/sh
# Events that the input port cannot hold are told, and others are not.
cd "$WORK" || exit 1
export CFLAGS=-O1
cat > model.bxc << 'END'
bxc graph 1
graph "outside"
%0 = input() "x" as "x" : [1,2] real
%1 = relu(%0) "r" : [1,2] real
output "y" %1
END
printf '1,2\n-7.97,7.9\n' > inside.csv
printf '1,2\n-7,20\n' > outside.csv
"$BXC" compile model.bxc -o fw -q --input 'fixed<8,4>' || echo "not ok outside: it does not compile"
for events in inside outside; do
    "$BXC" verify fw --events $events.csv --engines c > out 2> $events.err || echo "not ok $events: exit code $?"
done
if [ -s inside.err ]; then echo "not ok inside: $(head -n 1 inside.err)"; else echo "ok inside"; fi
if grep -q "^outside.csv: note: 25.0 % of the numbers are outside the format of input 'x'" outside.err; then echo "ok outside"
else echo "not ok outside: $(head -n 1 outside.err)"; fi
