#!/bin/sh
# A network that its formats ruin is told as such by compile, in a warning and in its last lines; one that they do not is not.
set -u
cd "$WORK" || exit 1
cat > model.bxc << 'END'
bxc graph 1
graph "ruined"
%0 = input() "x" as "x" : [1,3] real
%1 = constant() "w" : [3,2] real {0x1.1p-1, -0x1.9p-2, 0x1.7p-3, 0x1.3p-2, -0x1.dp-4, 0x1.bp-3}
%2 = matmul(%0, %1) "dense" : [1,2] real
%3 = relu(%2) "relu" : [1,2] real
%4 = constant() "v" : [2,2] real {0x1.3p-1, -0x1.5p-1, 0x1.7p-2, 0x1.9p-1}
%5 = matmul(%3, %4) "last" : [1,2] real
output "y" %5
END
awk 'BEGIN { for (i = 0; i < 400; i++) printf "%g,%g,%g\n", sin(i), cos(3 * i), sin(7 * i + 1) }' > events.csv
say() { # NAME WANTED OPTION...
    name=$1 wanted=$2
    shift 2
    "$BXC" compile model.bxc -o fw --calibrate events.csv "$@" > out 2> err || { echo "not ok $name: $(head -n 1 err)"; return; }
    warned=$(grep -c '^warning: this is not the network that was trained\|: warning: this is not the network that was trained' err)
    if [ "$warned" = "$wanted" ] && [ "$(grep -c '^network: NOT as trained' out)" = "$wanted" ]; then echo "ok $name"
    else echo "not ok $name: $(cat err out | tail -n 3)"; fi
}
say ruined 1 --precision 1,2
say as_trained 0 --precision 12,16
