#!/bin/sh
# Ports that do nothing, whatever the events, are told once, by compile alone.
check() { if eval "$2"; then echo "ok $1"; else echo "not ok $1: $2"; fi; }
cd "$WORK" || exit 1
cat > some.bxc << 'END'
bxc graph 1
graph "some"
%0 = input() "x" : [1,3] real
%1 = constant() "w" : [3,3] real {1, 0, -1, 0, 0, 0, 2, 0, 0.5}
%2 = matmul(%0, %1) "dense" : [1,3] real
%3 = constant() "b" : [3] real {0, 1.5, -1000}
%4 = add(%2, %3) "bias" : [1,3] real
%5 = relu(%4) "relu" : [1,3] real
output "y" %5
END
notes() { grep ': note: ' "$1" | sed 's/.*: note: //'; }
"$BXC" compile some.bxc -o some --input 'fixed<8,4>' > /dev/null 2> err
check "constant and unread numbers are told with their places" "[ \"\$(notes err | tr '\n' ';')\" = \"always the same, whatever the event: \
2 of 3 numbers of output 'y': 1 (1.5), 2 (0);no output depends on 1 of 3 numbers of input 'x': 1;\" ]"
"$BXC" verify some -n 100 --engines emulator > /dev/null 2> err
check "verify does not say it again" "! grep -q -e 'always the same' -e 'no output' err"
printf '1,0,2\n-1,0,0.5\n0.5,0,-2\n' > resting.csv
"$BXC" compile some.bxc -o some --calibrate resting.csv > /dev/null 2> err
check "what calibration has told is not told again" "grep -q 'which never moved: 1 ' err && ! grep -q 'no output depends' err"
printf '1,1,2\n-1,0,0.5\n0.5,0,-2\n' > moving.csv
"$BXC" compile some.bxc -o some --calibrate moving.csv > /dev/null 2> err
check "a number that moved and that nothing reads is told" "grep -q 'no output depends on 1 of 3 numbers of input .x.: 1$' err"
cat > whole.bxc << 'END'
bxc graph 1
graph "whole"
%0 = input() "x" : [1,2] real
%1 = input() "idle" : [1,2] real
%2 = relu(%0) "relu" : [1,2] real
%3 = sub(%1, %1) "nothing" : [1,2] real
output "y" %2
output "z" %3
END
"$BXC" compile whole.bxc -o whole --input 'fixed<8,4>' > /dev/null 2> err
check "a whole port is named alone" "notes err | grep -qx \"no output depends on input 'idle'\" && notes err | grep -qx \"always the same, whatever the event: output 'z': 0 (0), 1 (0)\""
